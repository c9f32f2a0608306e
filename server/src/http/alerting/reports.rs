//! `GET /api/v1/reports/noise`, and `GET /noise` for people.

use axum::extract::State;
use axum::http::HeaderMap;
use axum::response::Response;
use plimsoll_alerting::limits::LIST_ROWS_MAX;
use plimsoll_alerting::report::noise;
use plimsoll_alerting::{AlertFilter, acknowledgement, alerts};

use crate::app::App;
use crate::error::ApiError;
use crate::http::call::Call;
use crate::http::params::Params;
use crate::http::params::declare::Query;
use crate::http::params::kind::Time;
use crate::http::query::Answer;
use crate::http::reply::Reply;
use crate::http::reply::markdown::rendered;
use crate::wire::alerting::noise::NoiseBody;

const START: Query<Time> = Query::new(
    "start",
    Time,
    "2026-11-20T00:00:00Z",
    "From when; a week before `end` when left out.",
)
.needs("end=2026-11-27T00:00:00Z");
const END: Query<Time> =
    Query::new("end", Time, "2026-11-27T00:00:00Z", "Until when; now when left out.");

/// The time that a report covers by default.
const WEEK_MS: i64 = 7 * 86_400_000;

pub(crate) fn calls() -> Vec<Call> {
    vec![
        Call::get("/api/v1/reports/noise", noise_report)
            .about(
                "How noisy alerting was",
                "Notified alerts by rule and partner, how many ended within five minutes, flaps, and rules \
                 that never fired; over the week that ends now by default.",
            )
            .takes(&[&START, &END])
            .answers_rows::<NoiseBody>(),
        Call::get("/noise", noise_page)
            .about(
                "How noisy alerting was, as a page for the weekly review",
                "Markdown, or HTML for browsers.",
            )
            .takes(&[&START, &END])
            .answers_text("text/markdown"),
    ]
}

async fn noise_report(State(app): State<App>, params: Params, reply: Reply) -> Answer {
    reply.rows_of(&["rules", "partners"]).send(&noise_of(&app, params)?)
}

async fn noise_page(
    State(app): State<App>,
    headers: HeaderMap,
    params: Params,
) -> Result<Response, ApiError> {
    let body = noise_of(&app, params)?;
    Ok(rendered(&headers, "Noise of alerting", &body.to_markdown()))
}

fn noise_of(app: &App, mut params: Params) -> Result<NoiseBody, ApiError> {
    let (start, end) = (params.read(&START)?, params.read(&END)?);
    params.end()?;
    let end = end.unwrap_or_else(|| app.now());
    let start = start.unwrap_or_else(|| end.plus_ms(-WEEK_MS));
    if start >= end {
        return Err(ApiError::parameter("end", "must lie after `start`"));
    }
    let all = AlertFilter::default();
    let found = tokio::task::block_in_place(|| alerts::list(&app.store, &all, LIST_ROWS_MAX))?;
    let oldest = found.last().map(|alert| alert.fired_at);
    let truncated = found.len() >= LIST_ROWS_MAX && oldest.is_some_and(|oldest| oldest > start);
    let notified =
        found.iter().filter(|alert| alert.notify.notified.is_some() && alert.fired_at >= start);
    let acknowledged =
        tokio::task::block_in_place(|| acknowledgement::of_alerts(&app.store, notified))?;
    let acknowledged = acknowledged.into_keys().collect();
    let noise = noise(&found, &acknowledged, &app.rules.get(), (start, end));
    Ok(NoiseBody::new(noise, (start, end), truncated))
}
