//! `GET /api/v1/reports/noise`, and `GET /noise` for people.

use axum::Json;
use axum::extract::{RawQuery, State};
use axum::http::HeaderMap;
use axum::response::Response;
use plimsoll_alerting::limits::LIST_ROWS_MAX;
use plimsoll_alerting::report::noise;
use plimsoll_alerting::{AlertFilter, acknowledgement, alerts};

use crate::app::App;
use crate::error::ApiError;
use crate::http::params::Params;
use crate::http::reply::markdown::rendered;
use crate::wire::alerting::noise::NoiseBody;

/// What a report covers unless `start` says otherwise.
const WEEK_MS: i64 = 7 * 86_400_000;

/// How noisy alerting was, a week unless said otherwise: `start`, `end`.
pub(crate) async fn noise_report(
    State(app): State<App>,
    RawQuery(query): RawQuery,
) -> Result<Json<NoiseBody>, ApiError> {
    noise_of(&app, query.as_deref()).map(Json)
}

/// The same as a page.
pub(crate) async fn noise_page(
    State(app): State<App>,
    headers: HeaderMap,
    RawQuery(query): RawQuery,
) -> Result<Response, ApiError> {
    let body = noise_of(&app, query.as_deref())?;
    Ok(rendered(&headers, "Noise of alerting", &body.to_markdown()))
}

fn noise_of(app: &App, query: Option<&str>) -> Result<NoiseBody, ApiError> {
    let mut params = Params::new(query)?;
    let (start, end) = (params.time("start")?, params.time("end")?);
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
    let told = found.iter().filter(|alert| alert.paged.is_some() && alert.fired_at >= start);
    let said = tokio::task::block_in_place(|| acknowledgement::of_alerts(&app.store, told))?;
    let acknowledged = said.into_keys().collect();
    let noise = noise(&found, &acknowledged, &app.rules.get(), (start, end));
    Ok(NoiseBody::new(noise, (start, end), truncated))
}
