//! Every way a request can fail, as RFC 9457 `application/problem+json` with a stable `code`.

mod code;
mod rejected;

pub(crate) use code::ErrorCode;
pub(crate) use rejected::{IgnoredField, RejectCode, RejectedItem};

use axum::Json;
use axum::http::{HeaderValue, header};
use axum::response::{IntoResponse, Response};
use plimsoll_query::not_whole_slots;
use schemars::JsonSchema;
use serde::Serialize;

/// A request that failed.
#[derive(Debug)]
pub(crate) struct ApiError {
    code: ErrorCode,
    detail: String,
    /// The parameter or header at fault.
    field: Option<String>,
    retry_after_s: Option<u32>,
    /// The rejected items that are listed, and how many there are in all.
    rejected: Option<(Vec<RejectedItem>, u64)>,
    /// The fields that were not used.
    ignored: Vec<IgnoredField>,
}

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
    rejected: Option<&'a [RejectedItem]>,
    #[serde(skip_serializing_if = "Option::is_none")]
    rejected_count: Option<u64>,
    #[serde(skip_serializing_if = "<[_]>::is_empty")]
    ignored: &'a [IgnoredField],
}

impl ApiError {
    /// A failure with a code and a sentence about this case.
    pub(crate) fn new(code: ErrorCode, detail: impl Into<String>) -> Self {
        Self {
            code,
            detail: detail.into(),
            field: None,
            retry_after_s: None,
            rejected: None,
            ignored: Vec::new(),
        }
    }

    /// 400: the body cannot be read.
    pub(crate) fn malformed(detail: impl Into<String>) -> Self {
        Self::new(ErrorCode::MalformedBody, detail)
    }

    /// 400: a parameter is wrong; `detail` follows its name.
    pub(crate) fn parameter(name: &str, detail: impl std::fmt::Display) -> Self {
        let error = Self::new(ErrorCode::InvalidParameter, format!("parameter `{name}` {detail}"));
        Self { field: Some(name.to_owned()), ..error }
    }

    /// A header is wrong; `detail` follows its name.
    pub(crate) fn header(code: ErrorCode, name: &str, detail: impl std::fmt::Display) -> Self {
        let error = Self::new(code, format!("header `{name}` {detail}"));
        Self { field: Some(name.to_owned()), ..error }
    }

    /// 404: `what` does not exist.
    pub(crate) fn not_found(what: impl std::fmt::Display) -> Self {
        Self::new(ErrorCode::NotFound, format!("there is no {what}"))
    }

    /// 413: a body is too large.
    pub(crate) fn too_large(what: &str, limit_bytes: usize) -> Self {
        let detail = format!("{what} is larger than {limit_bytes} bytes; send it in parts");
        Self::new(ErrorCode::BodyTooLarge, detail)
    }

    /// 422: no item was accepted. `count` items were rejected; `rejected` lists the first of them.
    pub(crate) fn nothing_accepted(
        rejected: Vec<RejectedItem>,
        count: u64,
        ignored: Vec<IgnoredField>,
    ) -> Self {
        let detail = match rejected.first() {
            Some(RejectedItem { pointer, detail, .. }) => {
                format!("none of the {count} items was accepted; {pointer} {detail}")
            }
            None => {
                "the body holds no items; send \"events\", \"summaries\" or \"gauges\"".to_owned()
            }
        };
        let error = Self::new(ErrorCode::NothingAccepted, detail);
        Self { rejected: Some((rejected, count)), ignored, ..error }
    }

    /// 503: the same request can succeed soon.
    pub(crate) fn busy(detail: impl Into<String>) -> Self {
        Self::new(ErrorCode::Busy, detail).retry_soon()
    }

    /// 500: the server is at fault; the cause is logged and not shown.
    pub(crate) fn internal(cause: &dyn std::error::Error) -> Self {
        tracing::error!(%cause, "a request failed");
        let detail = "the server failed; its log has the cause under this correlation id";
        Self::new(ErrorCode::Internal, detail)
    }

    /// With a `Retry-After` of a second.
    fn retry_soon(self) -> Self {
        Self { retry_after_s: Some(1), ..self }
    }
}

impl From<plimsoll_storage::Error> for ApiError {
    fn from(error: plimsoll_storage::Error) -> Self {
        use plimsoll_storage::Error;
        match &error {
            Error::Busy { .. } => Self::new(ErrorCode::Overloaded, error.to_string()).retry_soon(),
            Error::KeyReused => Self::header(
                ErrorCode::KeyReused,
                "idempotency-key",
                "was sent with another body within 24 hours, and nothing of this one is stored; \
                 send each body with a key of its own",
            ),
            Error::BatchTooLarge { limit, .. } => Self::too_large("the batch", *limit),
            Error::NotEmpty { .. } => Self::new(ErrorCode::NotEmpty, error.to_string()),
            Error::TooManyBackups { .. } | Error::TooManyFolders { .. } => {
                Self::new(ErrorCode::TooManyBackups, error.to_string())
            }
            Error::TooDeep { .. } => Self::new(ErrorCode::BackupTooDeep, error.to_string()),
            Error::Closed => Self::busy("the server is shutting down"),
            // The health of the server says why, once.
            Error::NotWritable { .. } => Self::busy("the store cannot be written at the moment"),
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
            Error::NotWholeSlots { name, ms, width } => {
                Self::parameter(name, not_whole_slots(ms, width))
            }
            Error::TooManyPoints { .. } => {
                Self::parameter("step", format!("is too short: {error}"))
            }
            Error::TooManyCells { .. } => Self::new(ErrorCode::TooManyCells, error.to_string()),
            Error::AnswerTooLarge { .. } | Error::TooManyNumbers { .. } => {
                Self::new(ErrorCode::AnswerTooLarge, error.to_string())
            }
            Error::TimedOut => Self::new(ErrorCode::QueryTimeout, error.to_string()),
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
        let status = self.code.status();
        let problem = Problem {
            kind: format!("urn:plimsoll:problem:{}", self.code.as_str()),
            title: status.canonical_reason().unwrap_or("Error"),
            status: status.as_u16(),
            detail: &self.detail,
            code: self.code.as_str(),
            field: self.field.as_deref(),
            rejected: self.rejected.as_ref().map(|(rejected, _)| rejected.as_slice()),
            rejected_count: self.rejected.as_ref().map(|(_, count)| *count),
            ignored: &self.ignored,
        };
        let mut response = (status, Json(problem)).into_response();
        let headers = response.headers_mut();
        headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("application/problem+json"));
        if let Some(seconds) = self.retry_after_s {
            headers.insert(header::RETRY_AFTER, seconds.into());
        }
        response
    }
}

#[cfg(test)]
mod tests;
