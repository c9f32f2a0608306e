//! `/api/v1/deliveries`: the notifications for each receiver and their attempts.

use axum::Json;
use axum::body::Body;
use axum::extract::{Path, State};
use plimsoll_alerting::{
    DeliveryFilter, DeliveryState, ReplayDenied, ReplayError, ledger, read_json_object,
};
use serde::de::DeserializeOwned;

use super::LIMIT;
use crate::access::Scope;
use crate::app::App;
use crate::error::{ApiError, ErrorCode};
use crate::http::body;
use crate::http::call::Call;
use crate::http::params::Params;
use crate::http::params::declare::{InPath, Query};
use crate::http::params::kind::{Choice, Text, same};
use crate::http::query::Answer;
use crate::http::reply::Reply;
use crate::wire::alerting::delivery::{
    DeliveriesBody, DeliveryBody, PurgeBody, PurgeRequest, ReplayBody, ReplayRequest,
};
use crate::wire::excerpt;

const STATE: Query<Choice<&str>> =
    Query::new("state", Choice(&STATES), "dead", "The state of the delivery.");
const STATES: [(&str, &str); DeliveryState::NAMES.len()] = same(DeliveryState::NAMES);
const RECEIVER: Query<Text> = Query::new("receiver", Text, "oncall", "The receiver they go to.");
const ALERT: Query<Text> =
    Query::new("alert", Text, "01HZX", "The id of the alert they are about.");
const ID: InPath = InPath { name: "id", example: "01HZX", about: "The delivery's id." };

/// Deliveries that a purge shows.
const PURGED_SHOWN_MAX: usize = 100;
/// Bodies here are a few fields.
const BODY_BYTES_MAX: usize = 16 << 10;

pub(crate) fn calls() -> Vec<Call> {
    use ErrorCode::{BodyTooLarge, MalformedBody, NotReplayable};
    vec![
        Call::get("/api/v1/deliveries", list)
            .about(
                "Deliveries, with their state and attempts",
                "Those that wait come first, then those that ended last. `dead` are the dead letters.",
            )
            .takes(&[&STATE, &RECEIVER, &ALERT, &LIMIT])
            .answers_rows::<DeliveriesBody>(),
        Call::get("/api/v1/deliveries/{id}", one)
            .about("One delivery", "")
            .takes(&[&ID])
            .answers::<DeliveryBody>(),
        Call::post("/api/v1/deliveries/{id}/replay", replay)
            .about(
                "Try a dead delivery again",
                "For the receiver as it is configured now. With `dry_run`, nothing is sent and the answer \
                 shows what would be. The trigger of an alert that has ended is rejected, because no \
                 resolve would follow.",
            )
            .takes(&[&ID])
            .body(&[("application/json", r#"{"dry_run":true}"#)])
            .answers::<ReplayBody>()
            .errors(&[MalformedBody, BodyTooLarge, NotReplayable]),
        Call::post("/api/v1/deliveries/purge", purge)
            .scope(Scope::Admin)
            .about("Remove dead deliveries", "All of them, or those of a `receiver` or an `alert`.")
            .body(&[("application/json", r#"{"receiver":"oncall","dry_run":true}"#)])
            .answers::<PurgeBody>()
            .errors(&[MalformedBody, BodyTooLarge]),
    ]
}

async fn list(State(app): State<App>, mut params: Params, reply: Reply) -> Answer {
    let filter = DeliveryFilter {
        state: params.read(&STATE)?.map(str::to_owned),
        receiver: params.read(&RECEIVER)?,
        alert: params.read(&ALERT)?,
    };
    let limit = params.read(&LIMIT)?;
    params.end()?;
    let found = tokio::task::block_in_place(|| ledger::list(&app.store, &filter, limit))?;
    let deliveries = found.newest.into_iter().map(DeliveryBody::from).collect();
    let body = DeliveriesBody { deliveries, is_cut: found.is_cut };
    reply.rows_of(&["deliveries"]).send(&body)
}

async fn one(
    State(app): State<App>,
    Path(id): Path<String>,
) -> Result<Json<DeliveryBody>, ApiError> {
    let found = tokio::task::block_in_place(|| ledger::get(&app.store, &id))?;
    found.map(|delivery| Json(delivery.into())).ok_or_else(|| unknown(&id))
}

async fn replay(
    State(app): State<App>,
    Path(id): Path<String>,
    body: Body,
) -> Result<Json<ReplayBody>, ApiError> {
    let ReplayRequest { dry_run } = read(body).await?.unwrap_or_default();
    let replayed = tokio::task::block_in_place(|| app.control().replay(&id, dry_run))?;
    let delivery = replayed.map_err(|denial| denied(&id, &denial))?;
    Ok(Json(ReplayBody { dry_run, delivery: delivery.into() }))
}

fn denied(id: &str, denial: &ReplayDenied) -> ApiError {
    let detail = match denial {
        ReplayDenied::Unknown => return unknown(id),
        ReplayDenied::NoReceiver(name) => {
            format!("the rules file has no receiver {name:?} any more")
        }
        ReplayDenied::Delivery(ReplayError::NotDead) => "it is not a dead letter".to_owned(),
        ReplayDenied::Delivery(ReplayError::AlertEnded) => {
            "it is the trigger of an alert that has since resolved: no resolve would follow"
                .to_owned()
        }
    };
    ApiError::new(ErrorCode::NotReplayable, detail)
}

async fn purge(State(app): State<App>, body: Body) -> Result<Json<PurgeBody>, ApiError> {
    let request: Option<PurgeRequest> = read(body).await?;
    let PurgeRequest { dry_run, receiver, alert } = request.ok_or_else(|| {
        ApiError::malformed("the body must name what is removed: {} for all dead letters, {\"dry_run\":true} to see them first")
    })?;
    let filter = DeliveryFilter { receiver, alert, state: None };
    let purged = tokio::task::block_in_place(|| app.control().purge(&filter, dry_run))?;
    let (count, is_cut) = (purged.newest.len(), purged.is_cut);
    let shown = purged.newest.into_iter().take(PURGED_SHOWN_MAX).map(DeliveryBody::from);
    Ok(Json(PurgeBody { dry_run, count, is_cut, deliveries: shown.collect() }))
}

fn unknown(id: &str) -> ApiError {
    ApiError::not_found(format!("delivery {:?}", excerpt(id)))
}

/// A small JSON body; `None` when it is empty.
async fn read<T: DeserializeOwned>(body: Body) -> Result<Option<T>, ApiError> {
    let body = body::small(body, BODY_BYTES_MAX).await?;
    if body.is_empty() {
        return Ok(None);
    }
    let read = read_json_object(&body);
    read.map(Some).map_err(|error| ApiError::malformed(format!("the body is wrong: {error}")))
}
