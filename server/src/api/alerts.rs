//! `GET /api/v1/alerts`.

use axum::{
    Json,
    extract::{Path, RawQuery, State},
};
use plimsoll_alerting::{AlertFilter, alerts};
use plimsoll_storage::Label;

use crate::{
    app::App,
    error::ApiError,
    wire::{
        alert::{AlertBody, AlertsBody},
        param::Params,
        push::truncated,
    },
};

/// Alerts listed unless `limit` says otherwise.
const LIMIT_DEFAULT: usize = 100;

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
    Ok(Json(AlertsBody { alerts: found.into_iter().map(AlertBody::from).collect() }))
}

pub(crate) async fn one(
    State(app): State<App>,
    Path(id): Path<String>,
) -> Result<Json<AlertBody>, ApiError> {
    let found = alerts::get(&app.store, &id)?;
    let alert = found.ok_or_else(|| ApiError::not_found(format!("alert {:?}", truncated(&id))))?;
    Ok(Json(alert.into()))
}

fn limit(params: &mut Params) -> Result<usize, ApiError> {
    let Some(text) = params.one("limit")? else { return Ok(LIMIT_DEFAULT) };
    text.parse().ok().filter(|limit| (1..=1_000).contains(limit)).ok_or_else(|| {
        ApiError::parameter("limit", format!("is {:?}; use 1 to 1000", truncated(&text)))
    })
}
