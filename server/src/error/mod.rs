//! Every way a request can fail, as RFC 9457 `application/problem+json` with a stable `code`.

use axum::Json;
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use schemars::JsonSchema;
use serde::Serialize;

use crate::wire::push::answer::RefusalBody;

/// A request that failed.
#[derive(Debug)]
pub(crate) struct ApiError {
    status: StatusCode,
    code: &'static str,
    detail: String,
    /// The parameter, header or field at fault.
    field: Option<String>,
    retry_after_s: Option<u32>,
    rejected: Option<(Vec<RefusalBody>, u64)>,
}

/// Every code with its status and what it means.
pub(crate) const CODES: [(&str, u16, &str); 26] = [
    ("malformed_body", 400, "the body cannot be read"),
    ("empty_body", 400, "there is no body"),
    (
        "invalid_parameter",
        400,
        "a parameter is wrong; `field` names it, `detail` says what it takes",
    ),
    ("invalid_header", 400, "a header is wrong; `field` names it"),
    ("unsigned", 401, "the body is not signed with a secret that is known here"),
    ("backups_off", 403, "the server makes no backups"),
    ("outside_backup_dir", 403, "backups are not made there"),
    ("not_found", 404, "there is no such thing"),
    ("method_not_allowed", 405, "the path does not take that method"),
    ("not_acceptable", 406, "the answer is offered in none of the forms asked for"),
    ("body_timeout", 408, "the body did not arrive in time"),
    ("not_empty", 409, "there is something at the target"),
    ("too_many_silences", 409, "there is no room for another silence"),
    ("alert_ended", 409, "the alert has ended"),
    ("not_replayable", 409, "the delivery cannot be tried again; `detail` says why"),
    ("backup_failed", 409, "the backup cannot be written"),
    ("body_too_large", 413, "the body is too large; send it in parts"),
    ("unsupported_media_type", 415, "the body is of a type or packing that is not taken"),
    ("nothing_accepted", 422, "no item was accepted; `rejected` says why"),
    ("stream_limit", 422, "there would be too many streams"),
    ("too_many_cells", 422, "the question reads too much; `detail` says how to narrow it"),
    ("answer_too_large", 422, "the answer has too many points; `detail` says how to narrow it"),
    ("overloaded", 429, "more is pushed than can be taken now; come back after `Retry-After`"),
    ("internal", 500, "the server failed; its log has the cause under the correlation id"),
    ("busy", 503, "the same request can succeed after `Retry-After`"),
    ("query_timeout", 503, "the question took too long"),
];

/// The body of a failure.
#[derive(Debug, Serialize, JsonSchema)]
pub(crate) struct Problem<'a> {
    #[serde(rename = "type")]
    kind: String,
    title: &'static str,
    status: u16,
    detail: &'a str,
    code: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    field: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    rejected: Option<&'a [RefusalBody]>,
    #[serde(skip_serializing_if = "Option::is_none")]
    rejected_count: Option<u64>,
}

impl ApiError {
    fn new(status: StatusCode, code: &'static str, detail: impl Into<String>) -> Self {
        debug_assert!(CODES.iter().any(|known| (known.0, known.1) == (code, status.as_u16())));
        let (field, retry_after_s, rejected) = (None, None, None);
        Self { status, code, detail: detail.into(), field, retry_after_s, rejected }
    }

    /// 400: the body cannot be read.
    pub(crate) fn malformed(detail: impl Into<String>) -> Self {
        Self::new(StatusCode::BAD_REQUEST, "malformed_body", detail)
    }

    /// 400: there is no body.
    pub(crate) fn empty_body() -> Self {
        let detail = "the body is empty; send {\"events\":[…]}, \"summaries\" or \"gauges\"";
        Self::new(StatusCode::BAD_REQUEST, "empty_body", detail)
    }

    /// 400: a parameter is wrong.
    pub(crate) fn parameter(name: &str, detail: impl std::fmt::Display) -> Self {
        let detail = format!("parameter `{name}` {detail}");
        let error = Self::new(StatusCode::BAD_REQUEST, "invalid_parameter", detail);
        Self { field: Some(name.to_owned()), ..error }
    }

    /// 400: a header is wrong.
    pub(crate) fn header(name: &'static str, detail: &str) -> Self {
        let error = Self::new(
            StatusCode::BAD_REQUEST,
            "invalid_header",
            format!("header `{name}` {detail}"),
        );
        Self { field: Some(name.to_owned()), ..error }
    }

    /// 403: that is not allowed here.
    pub(crate) fn forbidden(code: &'static str, detail: impl Into<String>) -> Self {
        Self::new(StatusCode::FORBIDDEN, code, detail)
    }

    /// 401: the body is not signed with a known secret.
    pub(crate) fn unsigned() -> Self {
        let detail = "header `x-pagerduty-signature` must hold a signature of the body with the `webhook_secret` of a receiver";
        Self::new(StatusCode::UNAUTHORIZED, "unsigned", detail)
    }

    /// 404: there is no such thing.
    pub(crate) fn not_found(what: impl std::fmt::Display) -> Self {
        Self::new(StatusCode::NOT_FOUND, "not_found", format!("there is no {what}"))
    }

    /// 405: the path exists, the method does not.
    pub(crate) fn method_not_allowed() -> Self {
        let detail = "this path does not take that method";
        Self::new(StatusCode::METHOD_NOT_ALLOWED, "method_not_allowed", detail)
    }

    /// 406: the answer is offered in none of the forms asked for.
    pub(crate) fn not_acceptable(offered: &[&str]) -> Self {
        let detail = format!("header `accept` must allow one of {}", offered.join(", "));
        let error = Self::new(StatusCode::NOT_ACCEPTABLE, "not_acceptable", detail);
        Self { field: Some("accept".to_owned()), ..error }
    }

    /// 408: the body did not arrive in time.
    pub(crate) fn body_timeout(seconds: u64) -> Self {
        let detail = format!("the body did not arrive within {seconds} s");
        Self::new(StatusCode::REQUEST_TIMEOUT, "body_timeout", detail)
    }

    /// 413: the body is too large.
    pub(crate) fn too_large(what: &str, limit_bytes: usize) -> Self {
        let detail = format!("{what} is larger than {limit_bytes} bytes; send it in parts");
        Self::new(StatusCode::PAYLOAD_TOO_LARGE, "body_too_large", detail)
    }

    /// 415: the body is of a type or encoding that is not taken.
    pub(crate) fn unsupported(detail: impl Into<String>) -> Self {
        Self::new(StatusCode::UNSUPPORTED_MEDIA_TYPE, "unsupported_media_type", detail)
    }

    /// 409: the request does not fit what is there.
    pub(crate) fn conflict(code: &'static str, detail: impl Into<String>) -> Self {
        Self::new(StatusCode::CONFLICT, code, detail)
    }

    /// 422: no item was accepted.
    pub(crate) fn nothing_accepted(rejected: Vec<RefusalBody>, count: u64) -> Self {
        let detail = match rejected.first() {
            Some(first) => format!(
                "none of the {count} items was accepted; {} {}",
                first.pointer, first.detail
            ),
            None => {
                "the body holds no items; send \"events\", \"summaries\" or \"gauges\"".to_owned()
            }
        };
        let error = Self::new(StatusCode::UNPROCESSABLE_ENTITY, "nothing_accepted", detail);
        Self { rejected: Some((rejected, count)), ..error }
    }

    /// 503: the same request can succeed in a moment.
    pub(crate) fn busy(detail: impl Into<String>) -> Self {
        let error = Self::new(StatusCode::SERVICE_UNAVAILABLE, "busy", detail);
        Self { retry_after_s: Some(1), ..error }
    }

    /// 429: more was pushed than can be taken now.
    fn overloaded(detail: impl Into<String>) -> Self {
        let error = Self::new(StatusCode::TOO_MANY_REQUESTS, "overloaded", detail);
        Self { retry_after_s: Some(1), ..error }
    }

    /// 500: our own fault; the cause is logged and not shown.
    pub(crate) fn internal(cause: &dyn std::error::Error) -> Self {
        tracing::error!(%cause, "a request failed");
        let detail = "the server failed; its log has the cause under this correlation id";
        Self::new(StatusCode::INTERNAL_SERVER_ERROR, "internal", detail)
    }
}

impl From<plimsoll_storage::Error> for ApiError {
    fn from(error: plimsoll_storage::Error) -> Self {
        use plimsoll_storage::Error;
        match &error {
            Error::Busy { .. } => Self::overloaded(error.to_string()),
            Error::StreamLimit { .. } => {
                Self::new(StatusCode::UNPROCESSABLE_ENTITY, "stream_limit", error.to_string())
            }
            Error::BatchTooLarge { limit, .. } => Self::too_large("the batch", *limit),
            Error::NotEmpty { .. } => Self::conflict("not_empty", error.to_string()),
            Error::Closed => Self::busy("the server is shutting down"),
            Error::Database(_) => {
                tracing::error!(cause = %error, "the store failed");
                Self::busy("the store cannot be written or read at the moment")
            }
            _ => Self::internal(&error),
        }
    }
}

impl From<plimsoll_query::Error> for ApiError {
    fn from(error: plimsoll_query::Error) -> Self {
        use plimsoll_query::Error;
        match error {
            Error::Storage(error) => error.into(),
            Error::EndBeforeStart => Self::parameter("end", "lies before `start`"),
            Error::NotPositive { name } => Self::parameter(name, "must be longer than zero"),
            Error::TooManyPoints { .. } => {
                Self::parameter("step", format!("is too short: {error}"))
            }
            Error::TooManyCells { .. } => {
                Self::new(StatusCode::UNPROCESSABLE_ENTITY, "too_many_cells", error.to_string())
            }
            Error::AnswerTooLarge { .. } | Error::TooManyNumbers { .. } => {
                Self::new(StatusCode::UNPROCESSABLE_ENTITY, "answer_too_large", error.to_string())
            }
            Error::TimedOut => {
                Self::new(StatusCode::SERVICE_UNAVAILABLE, "query_timeout", error.to_string())
            }
            other => Self::internal(&other),
        }
    }
}

impl From<plimsoll_alerting::Error> for ApiError {
    fn from(error: plimsoll_alerting::Error) -> Self {
        Self::internal(&error)
    }
}

impl IntoResponse for ApiError {
    fn into_response(self) -> Response {
        let problem = Problem {
            kind: format!("urn:plimsoll:problem:{}", self.code),
            title: self.status.canonical_reason().unwrap_or("Error"),
            status: self.status.as_u16(),
            detail: &self.detail,
            code: self.code,
            field: self.field.as_deref(),
            rejected: self.rejected.as_ref().map(|(rejected, _)| rejected.as_slice()),
            rejected_count: self.rejected.as_ref().map(|(_, count)| *count),
        };
        let mut response = (self.status, Json(problem)).into_response();
        let headers = response.headers_mut();
        headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("application/problem+json"));
        if let Some(seconds) = self.retry_after_s {
            headers.insert(header::RETRY_AFTER, seconds.into());
        }
        response
    }
}
