//! `GET /api/v1/flow/…`: the progress of orders, labels and parcels. Each call is a query about one stream,
//! over a day by default.

use axum::extract::State;
use plimsoll_storage::Outcome;

use super::freshness::{self, of_freshness};
use super::latency::{self, of_latency};
use super::outcomes::{of_share, share};
use super::{Answer, Defaults};
use crate::app::App;
use crate::http::call::Call;
use crate::http::params::Params;
use crate::http::reply::Reply;

/// From order to shipment.
const ORDER_TO_SHIP: Defaults = Defaults::flow("order_to_ship");
/// Labels created by carriers.
const LABEL_CREATION: Defaults = Defaults::flow("label_creation");
/// Tracking events received.
const TRACKING: Defaults = Defaults::flow("tracking");

pub(crate) fn calls() -> Vec<Call> {
    vec![
        of_latency(Call::get("/api/v1/flow/lead_time", lead_time)).about(
            "How long it takes from order to shipment",
            "`query/latency` of the stream `order_to_ship`, over a day by default.",
        ),
        of_share(Call::get("/api/v1/flow/exception_rate", exception_rate)).about(
            "The share of orders that end as an exception",
            "`query/outcomes?of=exception` of the stream `order_to_ship`.",
        ),
        of_share(Call::get("/api/v1/flow/label_success_rate", label_success_rate)).about(
            "The share of labels that are created without a failure",
            "`query/outcomes?of=success,2xx` of the stream `label_creation`.",
        ),
        of_freshness(Call::get("/api/v1/flow/tracking_freshness", tracking_freshness))
            .about("How old the newest tracking event is", "`query/freshness?stream=tracking`."),
    ]
}

async fn lead_time(State(app): State<App>, params: Params, reply: Reply) -> Answer {
    latency::answer(&app, params, reply, ORDER_TO_SHIP).await
}

async fn exception_rate(State(app): State<App>, params: Params, reply: Reply) -> Answer {
    share(&app, params, reply, ORDER_TO_SHIP, &[Outcome::Exception]).await
}

async fn label_success_rate(State(app): State<App>, params: Params, reply: Reply) -> Answer {
    let of = [Outcome::Success, Outcome::Status2xx];
    share(&app, params, reply, LABEL_CREATION, &of).await
}

async fn tracking_freshness(State(app): State<App>, params: Params, reply: Reply) -> Answer {
    freshness::answer(&app, params, reply, TRACKING).await
}
