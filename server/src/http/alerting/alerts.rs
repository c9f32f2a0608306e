//! `/api/v1/alerts`: what is or was open, and who takes care of it.

use axum::Json;
use axum::body::{Body, to_bytes};
use axum::extract::{Path, RawQuery, State};
use axum::http::HeaderMap;
use plimsoll_alerting::acknowledgement::{self, AcknowledgeResult};
use plimsoll_alerting::{Alert, AlertFilter, WebhookError, alerts};
use plimsoll_storage::{Label, Store};

use crate::app::App;
use crate::error::ApiError;
use crate::http::params::Params;
use crate::wire::alerting::alert::{AcknowledgeRequest, AlertBody, AlertsBody, HeardBody};
use crate::wire::push::truncated;

/// Alerts listed unless `limit` says otherwise.
const LIMIT_DEFAULT: usize = 100;
/// Bodies here are a few fields.
const BODY_BYTES_MAX: usize = 16 << 10;
/// PagerDuty sends whole incidents.
const WEBHOOK_BYTES_MAX: usize = 512 << 10;
/// Characters of an author.
const AUTHOR_CHARS_MAX: usize = 100;
/// Where PagerDuty signs.
const SIGNATURE: &str = "x-pagerduty-signature";

/// Alerts, newest first: `state=firing|resolved`, `rule`, any label, `limit`.
pub(crate) async fn list(
    State(app): State<App>,
    RawQuery(query): RawQuery,
) -> Result<Json<AlertsBody>, ApiError> {
    let mut params = Params::new(query.as_deref())?;
    let open = match params.one("state")?.as_deref() {
        None => None,
        Some("firing") => Some(true),
        Some("resolved") => Some(false),
        Some(other) => {
            let given = truncated(other);
            return Err(ApiError::parameter(
                "state",
                format!("is {given:?}; use firing or resolved"),
            ));
        }
    };
    let rule = params.one("rule")?;
    let mut labels = Vec::new();
    for label in Label::ALL {
        labels.extend(params.one(label.as_str())?.map(|value| (label, value)));
    }
    let limit = limit(&mut params)?;
    params.end()?;
    let filter = AlertFilter { open, rule, labels };
    let found = tokio::task::block_in_place(|| alerts::list(&app.store, &filter, limit))?;
    Ok(Json(AlertsBody { alerts: bodies(&app.store, found)? }))
}

pub(crate) async fn one(
    State(app): State<App>,
    Path(id): Path<String>,
) -> Result<Json<AlertBody>, ApiError> {
    let found = alerts::get(&app.store, &id)?;
    let alert = found.ok_or_else(|| ApiError::not_found(format!("alert {:?}", truncated(&id))))?;
    let acknowledged = acknowledgement::get(&app.store, &id)?;
    Ok(Json(AlertBody::new(alert, acknowledged)))
}

/// Someone takes care of an alert.
pub(crate) async fn acknowledge(
    State(app): State<App>,
    Path(id): Path<String>,
    body: Body,
) -> Result<Json<AlertBody>, ApiError> {
    let body = to_bytes(body, BODY_BYTES_MAX)
        .await
        .map_err(|_| ApiError::too_large("the body", BODY_BYTES_MAX))?;
    let request = serde_json::from_slice(&body).map_err(|error| {
        ApiError::malformed(format!("the body must be like {{\"author\":\"ann\"}}: {error}"))
    });
    let AcknowledgeRequest { author } = request?;
    if author.trim().is_empty() || author.chars().count() > AUTHOR_CHARS_MAX {
        let detail = "field `author` must say who takes care, in at most 100 characters";
        return Err(ApiError::malformed(detail));
    }
    match tokio::task::block_in_place(|| app.control().acknowledge(&id, author.trim()))? {
        AcknowledgeResult::Stands(alert, said) => Ok(Json(AlertBody::new(*alert, Some(said)))),
        AcknowledgeResult::Ended => Err(ApiError::conflict(
            "alert_ended",
            "the alert has ended, and nobody is told of it any more",
        )),
        AcknowledgeResult::Unknown => {
            Err(ApiError::not_found(format!("alert {:?}", truncated(&id))))
        }
    }
}

/// A webhook of PagerDuty, v3.
pub(crate) async fn pagerduty_webhook(
    State(app): State<App>,
    headers: HeaderMap,
    body: Body,
) -> Result<Json<HeardBody>, ApiError> {
    let body = to_bytes(body, WEBHOOK_BYTES_MAX)
        .await
        .map_err(|_| ApiError::too_large("the body", WEBHOOK_BYTES_MAX))?;
    let signature = headers.get(SIGNATURE).and_then(|value| value.to_str().ok());
    let signature = signature.unwrap_or_default();
    let heard = tokio::task::block_in_place(|| app.control().pagerduty_webhook(signature, &body))?;
    match heard {
        Ok(Some(AcknowledgeResult::Stands(alert, _))) => {
            Ok(Json(HeardBody { acknowledged: Some(alert.id) }))
        }
        // Nothing that PagerDuty could do better next time.
        Ok(_) => Ok(Json(HeardBody { acknowledged: None })),
        Err(WebhookError::Unsigned) => Err(ApiError::unsigned()),
        Err(WebhookError::Malformed(detail)) => Err(ApiError::malformed(detail)),
    }
}

/// Alerts with who takes care of them.
pub(crate) fn bodies(store: &Store, alerts: Vec<Alert>) -> Result<Vec<AlertBody>, ApiError> {
    let mut said = acknowledgement::of_alerts(store, &alerts)?;
    let body = |alert: Alert| {
        let acknowledged = said.remove(&alert.id);
        AlertBody::new(alert, acknowledged)
    };
    Ok(alerts.into_iter().map(body).collect())
}

fn limit(params: &mut Params) -> Result<usize, ApiError> {
    let Some(text) = params.one("limit")? else { return Ok(LIMIT_DEFAULT) };
    text.parse().ok().filter(|limit| (1..=1_000).contains(limit)).ok_or_else(|| {
        ApiError::parameter("limit", format!("is {:?}; use 1 to 1000", truncated(&text)))
    })
}
