//! `GET /api/v1/query/…`.

use axum::{
    Json,
    extract::{RawQuery, State},
};
use plimsoll_storage::StreamKind;

use crate::{
    app::App,
    error::ApiError,
    wire::{
        answer::{
            self, FreshnessBody, GaugeBody, LatencyBody, OutcomesBody, PointsBody, SeriesBody,
        },
        param::Params,
    },
};

type Answer<B> = Result<Json<SeriesBody<B>>, ApiError>;

pub(crate) async fn latency(
    State(app): State<App>,
    RawQuery(query): RawQuery,
) -> Answer<PointsBody<LatencyBody>> {
    let mut params = Params::new(query.as_deref())?;
    let selector = params.selector(StreamKind::Activity)?;
    let by = params.by()?;
    let quantiles = params.quantiles()?;
    let grid = params.grid(app.now(), app.store.slot_width())?;
    params.end()?;
    let series = tokio::task::block_in_place(|| {
        plimsoll_query::latency(&app.store, &selector, &by, &grid, &quantiles)
    })?;
    Ok(Json(answer::series(series, LatencyBody::from)))
}

pub(crate) async fn outcomes(
    State(app): State<App>,
    RawQuery(query): RawQuery,
) -> Answer<PointsBody<OutcomesBody>> {
    let mut params = Params::new(query.as_deref())?;
    let selector = params.selector(StreamKind::Activity)?;
    let by = params.by()?;
    let grid = params.grid(app.now(), app.store.slot_width())?;
    params.end()?;
    let series = tokio::task::block_in_place(|| {
        plimsoll_query::outcomes(&app.store, &selector, &by, &grid)
    })?;
    Ok(Json(answer::series(series, OutcomesBody::from)))
}

pub(crate) async fn freshness(
    State(app): State<App>,
    RawQuery(query): RawQuery,
) -> Answer<FreshnessBody> {
    let mut params = Params::new(query.as_deref())?;
    let selector = params.selector(StreamKind::Activity)?;
    let by = params.by()?;
    params.end()?;
    let now = app.now();
    let groups = plimsoll_query::freshness(&app.store, &selector, &by);
    let series = groups.iter().map(|group| FreshnessBody::new(group, now)).collect();
    Ok(Json(SeriesBody { series }))
}

pub(crate) async fn gauges(
    State(app): State<App>,
    RawQuery(query): RawQuery,
) -> Answer<PointsBody<GaugeBody>> {
    let mut params = Params::new(query.as_deref())?;
    let selector = params.selector(StreamKind::Gauge)?;
    let by = params.by()?;
    let grid = params.grid(app.now(), app.store.slot_width())?;
    params.end()?;
    let series =
        tokio::task::block_in_place(|| plimsoll_query::gauges(&app.store, &selector, &by, &grid))?;
    Ok(Json(answer::series(series, GaugeBody::from)))
}
