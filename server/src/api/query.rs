//! `GET /api/v1/query/…`.

use axum::{
    Json,
    extract::{RawQuery, State},
};
use plimsoll_query::{Grid, Selector};
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
    let damaged = damaged(&app, &selector, &grid);
    Ok(Json(SeriesBody { damaged, ..answer::series(series, LatencyBody::from) }))
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
    let damaged = damaged(&app, &selector, &grid);
    Ok(Json(SeriesBody { damaged, ..answer::series(series, OutcomesBody::from) }))
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
    Ok(Json(SeriesBody { series, damaged: Vec::new() }))
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
    let damaged = damaged(&app, &selector, &grid);
    Ok(Json(SeriesBody { damaged, ..answer::series(series, GaugeBody::from) }))
}

/// The blocks that were found damaged where a question has just looked.
fn damaged(app: &App, selector: &Selector, grid: &Grid) -> Vec<String> {
    if !app.store.has_damage() {
        return Vec::new();
    }
    let slots = grid.points(app.store.slot_width()).map(|(_, slots)| slots);
    let all = slots.reduce(|a, b| a.start.min(b.start)..a.end.max(b.end));
    all.map_or_else(Vec::new, |slots| app.store.damaged(&selector.streams(&app.store), &slots))
}
