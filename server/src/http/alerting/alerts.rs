//! `/api/v1/alerts`: open and resolved alerts, and their acknowledgement.

use axum::Json;
use axum::body::Body;
use axum::extract::{Path, State};
use plimsoll_alerting::{AcknowledgeResult, Alert, acknowledgement, alerts};
use plimsoll_storage::Store;

use super::{ALERT_LABELS, LIMIT, alert_labels, shown};
use crate::app::App;
use crate::error::{ApiError, ErrorCode};
use crate::http::body;
use crate::http::call::Call;
use crate::http::params::Params;
use crate::http::params::declare::{InPath, Query};
use crate::http::params::kind::{Choice, Text};
use crate::http::query::Answer;
use crate::http::reply::Reply;
use crate::wire::alerting::alert::{AcknowledgeRequest, AlertBody, AlertsBody};
use crate::wire::excerpt;

const STATE: Query<Choice<bool>> = Query::new(
    "state",
    Choice(&[("firing", true), ("resolved", false)]),
    "firing",
    "Whether they are open.",
);
const RULE: Query<Text> = Query::new("rule", Text, "partner-5xx", "The rule of the alert.");
const ID: InPath = InPath { name: "id", example: "01HZX", about: "The alert's id." };
/// Bodies here are a few fields.
const BODY_BYTES_MAX: usize = 16 << 10;
/// Characters of an author.
const AUTHOR_CHARS_MAX: usize = 100;

pub(crate) fn calls() -> Vec<Call> {
    vec![
        Call::get("/api/v1/alerts", list)
            .about("Open and resolved alerts with their evidence, newest first", "")
            .takes(&[&STATE, &RULE, &LIMIT, &ALERT_LABELS])
            .answers_rows::<AlertsBody>(),
        Call::get("/api/v1/alerts/{id}", one)
            .about("One alert", "")
            .takes(&[&ID])
            .answers::<AlertBody>(),
        Call::post("/api/v1/alerts/{id}/acknowledge", acknowledge)
            .about(
                "Acknowledge an alert",
                "It is not escalated any more. The other alerts of the same notification are acknowledged \
                 with it, and so is the incident in PagerDuty. The first acknowledgement stays.",
            )
            .takes(&[&ID])
            .body(&[("application/json", r#"{"author":"ann"}"#)])
            .answers::<AlertBody>()
            .errors(&[ErrorCode::MalformedBody, ErrorCode::BodyTooLarge, ErrorCode::AlertEnded]),
    ]
}

async fn list(State(app): State<App>, mut params: Params, reply: Reply) -> Answer {
    let open = params.read(&STATE)?;
    let rule = params.read(&RULE)?;
    let labels = alert_labels(&mut params)?;
    let limit = params.read(&LIMIT)?;
    params.end()?;
    let filter = shown(open, rule, labels);
    // With one more than is listed, the list is cut.
    let mut found = tokio::task::block_in_place(|| alerts::list(&app.store, &filter, limit + 1))?;
    let is_cut = found.len() > limit;
    found.truncate(limit);
    let alerts = bodies(&app.store, found)?;
    reply.rows_of(&["alerts"]).send(&AlertsBody { alerts, is_cut })
}

async fn one(State(app): State<App>, Path(id): Path<String>) -> Result<Json<AlertBody>, ApiError> {
    let found = alerts::get(&app.store, &id)?;
    let alert = found.ok_or_else(|| ApiError::not_found(format!("alert {:?}", excerpt(&id))))?;
    let acknowledged = acknowledgement::get(&app.store, &id)?;
    Ok(Json(AlertBody::new(alert, acknowledged)))
}

async fn acknowledge(
    State(app): State<App>,
    Path(id): Path<String>,
    body: Body,
) -> Result<Json<AlertBody>, ApiError> {
    let wanted = "the body must be like {\"author\":\"ann\"}";
    let AcknowledgeRequest { author } = body::json(body, BODY_BYTES_MAX, wanted).await?;
    if author.trim().is_empty() || author.chars().count() > AUTHOR_CHARS_MAX {
        let detail = "field `author` must name who acknowledges the alert, in 1 to 100 characters";
        return Err(ApiError::malformed(detail));
    }
    match tokio::task::block_in_place(|| app.control().acknowledge(&id, author.trim()))? {
        AcknowledgeResult::Acknowledged(alert, acknowledgement) => {
            Ok(Json(AlertBody::new(*alert, Some(acknowledgement))))
        }
        AcknowledgeResult::Ended => {
            let detail = "the alert has ended, and nobody is notified of it any more";
            Err(ApiError::new(ErrorCode::AlertEnded, detail))
        }
        AcknowledgeResult::Unknown => Err(ApiError::not_found(format!("alert {:?}", excerpt(&id)))),
    }
}

/// Alerts with their acknowledgements.
pub(crate) fn bodies(store: &Store, alerts: Vec<Alert>) -> Result<Vec<AlertBody>, ApiError> {
    let mut acknowledged = acknowledgement::of_alerts(store, &alerts)?;
    let body = |alert: Alert| {
        let acknowledgement = acknowledged.remove(&alert.id);
        AlertBody::new(alert, acknowledgement)
    };
    Ok(alerts.into_iter().map(body).collect())
}
