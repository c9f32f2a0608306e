//! `/api/v1/deliveries`: who was told what, and what became of it.

use axum::Json;
use axum::body::{Body, to_bytes};
use axum::extract::{Path, RawQuery, State};
use plimsoll_alerting::{DeliveryFilter, DeliveryState, ReplayDenied, ReplayError, ledger};
use serde::de::DeserializeOwned;

use crate::app::App;
use crate::error::ApiError;
use crate::http::params::Params;
use crate::wire::alerting::delivery::{
    DeliveriesBody, DeliveryBody, PurgeBody, PurgeRequest, ReplayBody, ReplayRequest,
};
use crate::wire::push::truncated;

/// Deliveries listed unless `limit` says otherwise.
const LIMIT_DEFAULT: usize = 100;
/// Bodies here are a few fields.
const BODY_BYTES_MAX: usize = 16 << 10;

/// What waits first, then what was settled last: `state`, `receiver`, `alert`, `limit`.
pub(crate) async fn list(
    State(app): State<App>,
    RawQuery(query): RawQuery,
) -> Result<Json<DeliveriesBody>, ApiError> {
    let mut params = Params::new(query.as_deref())?;
    let states = DeliveryState::NAMES.map(|name| (name, name));
    let filter = DeliveryFilter {
        state: params.choice("state", &states)?.map(str::to_owned),
        receiver: params.one("receiver")?,
        alert: params.one("alert")?,
    };
    let limit = params.number("limit", &(1..=1_000))?.unwrap_or(LIMIT_DEFAULT);
    params.end()?;
    let found = tokio::task::block_in_place(|| ledger::list(&app.store, &filter, limit))?;
    Ok(Json(DeliveriesBody { deliveries: found.into_iter().map(DeliveryBody::from).collect() }))
}

pub(crate) async fn one(
    State(app): State<App>,
    Path(id): Path<String>,
) -> Result<Json<DeliveryBody>, ApiError> {
    let found = tokio::task::block_in_place(|| ledger::get(&app.store, &id))?;
    found.map(|delivery| Json(delivery.into())).ok_or_else(|| unknown(&id))
}

pub(crate) async fn replay(
    State(app): State<App>,
    Path(id): Path<String>,
    body: Body,
) -> Result<Json<ReplayBody>, ApiError> {
    let ReplayRequest { dry_run } = read(body).await?.unwrap_or_default();
    let replayed = tokio::task::block_in_place(|| app.control().replay(&id, dry_run))?;
    let delivery = replayed.map_err(|refusal| refused(&id, &refusal))?;
    Ok(Json(ReplayBody { dry_run, delivery: delivery.into() }))
}

fn refused(id: &str, refusal: &ReplayDenied) -> ApiError {
    let detail = match refusal {
        ReplayDenied::Unknown => return unknown(id),
        ReplayDenied::NoReceiver(name) => {
            format!("the rules file has no receiver {name:?} any more")
        }
        ReplayDenied::Delivery(ReplayError::NotDead) => "it was not given up".to_owned(),
        ReplayDenied::Delivery(ReplayError::AlertEnded) => {
            "it tells that an alert began that has ended since: nothing would tell its end"
                .to_owned()
        }
    };
    ApiError::conflict("not_replayable", detail)
}

pub(crate) async fn purge(State(app): State<App>, body: Body) -> Result<Json<PurgeBody>, ApiError> {
    let request: Option<PurgeRequest> = read(body).await?;
    let PurgeRequest { dry_run, receiver, alert } = request.ok_or_else(|| {
        ApiError::malformed("the body must say what goes: {} for all dead letters, {\"dry_run\":true} to see them first")
    })?;
    let filter = DeliveryFilter { receiver, alert, state: None };
    let purged = tokio::task::block_in_place(|| app.control().purge(&filter, dry_run))?;
    let count = purged.len();
    let shown = purged.into_iter().take(LIMIT_DEFAULT).map(DeliveryBody::from);
    Ok(Json(PurgeBody { dry_run, count, deliveries: shown.collect() }))
}

fn unknown(id: &str) -> ApiError {
    ApiError::not_found(format!("delivery {:?}", truncated(id)))
}

/// A small JSON body; `None` when it is empty.
async fn read<T: DeserializeOwned>(body: Body) -> Result<Option<T>, ApiError> {
    let body = to_bytes(body, BODY_BYTES_MAX)
        .await
        .map_err(|_| ApiError::too_large("the body", BODY_BYTES_MAX))?;
    if body.is_empty() {
        return Ok(None);
    }
    let read = serde_json::from_slice(&body);
    read.map(Some).map_err(|error| ApiError::malformed(format!("the body is wrong: {error}")))
}
