//! `GET /api/v1/reports/noise`.

use axum::{
    Json,
    extract::{RawQuery, State},
};
use plimsoll_alerting::{AlertFilter, acknowledge, alerts, limits::LIST_ROWS_MAX, noise::noise};

use crate::{
    app::App,
    error::ApiError,
    wire::{noise::NoiseBody, param::Params},
};

/// What a report covers unless `start` says otherwise.
const WEEK_MS: i64 = 7 * 86_400_000;

/// How noisy alerting was, a week unless said otherwise: `start`, `end`.
pub(crate) async fn noise_report(
    State(app): State<App>,
    RawQuery(query): RawQuery,
) -> Result<Json<NoiseBody>, ApiError> {
    let mut params = Params::new(query.as_deref())?;
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
    let said = tokio::task::block_in_place(|| acknowledge::of_alerts(&app.store, told))?;
    let acknowledged = said.into_keys().collect();
    let noise = noise(&found, &acknowledged, &app.rules.get(), (start, end));
    Ok(Json(NoiseBody::new(noise, (start, end), truncated)))
}
