//! `GET /api/v1/flow/…`: how orders, labels and parcels get on. Each is a question of
//! [`super::query`] about the stream that tells it, over a day unless said otherwise.

use axum::extract::{RawQuery, State};
use plimsoll_storage::Outcome;

use super::{Answer, freshness, latency, outcomes};
use crate::app::App;
use crate::http::params::question::Defaults;
use crate::http::reply::Reply;

/// From order to shipment.
const ORDER_TO_SHIP: Defaults = Defaults::flow("order_to_ship");
/// Labels made by carriers.
const LABEL_CREATION: Defaults = Defaults::flow("label_creation");
/// Tracking events received.
const TRACKING: Defaults = Defaults::flow("tracking");

/// How long it takes from order to shipment: p50 and p95.
pub(crate) async fn lead_time(
    State(app): State<App>,
    RawQuery(query): RawQuery,
    reply: Reply,
) -> Answer {
    latency::answer(&app, query.as_deref(), reply, ORDER_TO_SHIP).await
}

/// What share of orders ends as an exception.
pub(crate) async fn exception_rate(
    State(app): State<App>,
    RawQuery(query): RawQuery,
    reply: Reply,
) -> Answer {
    let of = &[Outcome::Exception];
    outcomes::share(&app, query.as_deref(), reply, ORDER_TO_SHIP, of).await
}

/// What share of labels is made without a failure.
pub(crate) async fn label_success_rate(
    State(app): State<App>,
    RawQuery(query): RawQuery,
    reply: Reply,
) -> Answer {
    let of = &[Outcome::Success, Outcome::Status2xx];
    outcomes::share(&app, query.as_deref(), reply, LABEL_CREATION, of).await
}

/// How old the newest tracking event is.
pub(crate) async fn tracking_freshness(
    State(app): State<App>,
    RawQuery(query): RawQuery,
    reply: Reply,
) -> Answer {
    freshness::answer(&app, query.as_deref(), reply, TRACKING).await
}
