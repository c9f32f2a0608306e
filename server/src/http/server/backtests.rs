//! `/api/v1/backtests`: rules tried on what is stored, beside the work of the server.

use std::collections::BTreeSet;
use std::time::Duration;

use axum::Json;
use axum::body::{Body, to_bytes};
use axum::extract::{Path, State};
use axum::http::{HeaderMap, HeaderName, StatusCode};
use plimsoll_alerting::report::Incident;
use plimsoll_storage::TimestampMs;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::app::App;
use crate::backtest::jobs::{JobBody, JobRequest};
use crate::backtest::limits::{JOB_BODY_BYTES_MAX, JOB_WAIT_MAX};
use crate::backtest::posted;
use crate::error::ApiError;
use crate::wire::time;

/// What is asked for.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct BacktestRequest {
    /// A rules file as text, or what it says as an object; the rules in force when left out.
    rules: Option<Value>,
    from: Option<Value>,
    to: Option<Value>,
    #[serde(default)]
    partners: BTreeSet<String>,
    /// The release that a drill pushed under: only that is judged.
    drill: Option<String>,
    incidents: Option<Value>,
    /// Whether the result holds a page with charts as well.
    #[serde(default)]
    page: bool,
}

/// Every backtest that is known.
#[derive(Debug, Serialize, JsonSchema)]
pub(crate) struct JobsBody {
    /// Newest first, without results.
    backtests: Vec<JobBody>,
}

pub(crate) async fn create(
    State(app): State<App>,
    body: Body,
) -> Result<(StatusCode, Json<JobBody>), ApiError> {
    let body = to_bytes(body, JOB_BODY_BYTES_MAX)
        .await
        .map_err(|_| ApiError::too_large("the body", JOB_BODY_BYTES_MAX))?;
    let request: BacktestRequest = serde_json::from_slice(&body).map_err(|error| {
        ApiError::malformed(format!(
            "the body must be {{\"rules\":\"…\",\"from\":\"…\",\"to\":\"…\",\"partners\":[…],\"drill\":\"…\",\"page\":false}}, each optional: {error}"
        ))
    })?;
    let request = checked(&app, request)?;
    let job = app.backtests.start(&app.store, request);
    let job = job.ok_or_else(|| ApiError::busy("too many backtests wait for their turn"))?;
    Ok((StatusCode::ACCEPTED, Json(job)))
}

pub(crate) async fn list(State(app): State<App>) -> Json<JobsBody> {
    Json(JobsBody { backtests: app.backtests.list() })
}

pub(crate) async fn one(
    State(app): State<App>,
    Path(id): Path<String>,
    headers: HeaderMap,
) -> Result<Json<JobBody>, ApiError> {
    let job = app.backtests.wait_for(&id, patience(&headers)).await;
    job.map(Json).ok_or_else(|| ApiError::not_found("such backtest"))
}

pub(crate) async fn cancel(
    State(app): State<App>,
    Path(id): Path<String>,
) -> Result<Json<JobBody>, ApiError> {
    app.backtests.cancel(&id).map(Json).ok_or_else(|| ApiError::not_found("such backtest"))
}

fn checked(app: &App, request: BacktestRequest) -> Result<JobRequest, ApiError> {
    let wrong = |field: &str, detail: String| ApiError::malformed(format!("`{field}`: {detail}"));
    let rules = match request.rules {
        None => (*app.rules.get()).clone(),
        Some(Value::String(text)) => posted::read(&text).map_err(|it| wrong("rules", it))?,
        Some(file) => posted::of_value(file).map_err(|it| wrong("rules", it))?,
    };
    let incidents = request.incidents.map(|list| {
        Incident::read_list(list.to_string().as_bytes()).map_err(|it| wrong("incidents", it))
    });
    Ok(JobRequest {
        rules,
        partners: request.partners,
        drill: request.drill,
        from: moment("from", request.from)?,
        // Nothing that is still to come is judged.
        to: moment("to", request.to)?.map(|to| to.min(app.now())),
        incidents: incidents.transpose()?,
        with_page: request.page,
    })
}

fn moment(field: &str, value: Option<Value>) -> Result<Option<TimestampMs>, ApiError> {
    let at = match value {
        None | Some(Value::Null) => return Ok(None),
        Some(Value::String(text)) => time::parse(&text),
        Some(Value::Number(number)) => number.as_i64().map(TimestampMs),
        Some(_) => None,
    };
    let refusal = || {
        let detail = format!("`{field}` must be RFC 3339 or milliseconds since 1970");
        ApiError::malformed(detail)
    };
    at.map(Some).ok_or_else(refusal)
}

/// How long the caller would wait: `Prefer: wait=10` (RFC 7240), in seconds.
fn patience(headers: &HeaderMap) -> Duration {
    let values = headers.get_all(HeaderName::from_static("prefer")).iter();
    let mut preferences =
        values.filter_map(|value| value.to_str().ok()).flat_map(|it| it.split(','));
    let seconds = preferences.find_map(|one| one.trim().strip_prefix("wait=")?.parse().ok());
    Duration::from_secs(seconds.unwrap_or(0)).min(JOB_WAIT_MAX)
}
