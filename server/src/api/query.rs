//! `GET /api/v1/query/…`.

use axum::{
    extract::{RawQuery, State},
    response::Response,
};
use plimsoll_query::{Grid, Selector};
use plimsoll_storage::StreamKind;
use serde::Serialize;

use super::reply::Reply;
use crate::{
    app::App,
    error::ApiError,
    wire::{
        answer::{self, FreshnessBody, GaugeBody, LatencyBody, OutcomesBody, SeriesBody},
        param::Params,
    },
};

type Answer = Result<Response, ApiError>;

pub(crate) async fn latency(
    State(app): State<App>,
    RawQuery(query): RawQuery,
    reply: Reply,
) -> Answer {
    let mut params = Params::new(query.as_deref())?;
    let selector = params.selector(StreamKind::Activity)?;
    let by = params.by()?;
    let quantiles = params.quantiles()?;
    let grid = params.grid(app.now(), app.store.slot_width())?;
    params.end()?;
    app.ask(move |app, budget| {
        let grid = grid.within(budget);
        let series = plimsoll_query::latency(&app.store, &selector, &by, &grid, &quantiles)?;
        send(app, reply, &selector, &grid, answer::series(series, LatencyBody::from))
    })
    .await
}

pub(crate) async fn outcomes(
    State(app): State<App>,
    RawQuery(query): RawQuery,
    reply: Reply,
) -> Answer {
    let mut params = Params::new(query.as_deref())?;
    let selector = params.selector(StreamKind::Activity)?;
    let by = params.by()?;
    let grid = params.grid(app.now(), app.store.slot_width())?;
    params.end()?;
    app.ask(move |app, budget| {
        let grid = grid.within(budget);
        let series = plimsoll_query::outcomes(&app.store, &selector, &by, &grid)?;
        send(app, reply, &selector, &grid, answer::series(series, OutcomesBody::from))
    })
    .await
}

pub(crate) async fn freshness(
    State(app): State<App>,
    RawQuery(query): RawQuery,
    reply: Reply,
) -> Answer {
    let mut params = Params::new(query.as_deref())?;
    let selector = params.selector(StreamKind::Activity)?;
    let by = params.by()?;
    params.end()?;
    app.ask(move |app, _| {
        let now = app.now();
        let groups = plimsoll_query::freshness(&app.store, &selector, &by);
        let series = groups.iter().map(|group| FreshnessBody::new(group, now)).collect();
        reply.send(&SeriesBody { series, damaged: Vec::new() })
    })
    .await
}

pub(crate) async fn gauges(
    State(app): State<App>,
    RawQuery(query): RawQuery,
    reply: Reply,
) -> Answer {
    let mut params = Params::new(query.as_deref())?;
    let selector = params.selector(StreamKind::Gauge)?;
    let by = params.by()?;
    let grid = params.grid(app.now(), app.store.slot_width())?;
    params.end()?;
    app.ask(move |app, budget| {
        let grid = grid.within(budget);
        let series = plimsoll_query::gauges(&app.store, &selector, &by, &grid)?;
        send(app, reply, &selector, &grid, answer::series(series, GaugeBody::from))
    })
    .await
}

/// Sends the answer to a question about the windows of a grid.
fn send<S: Serialize>(
    app: &App,
    reply: Reply,
    selector: &Selector,
    grid: &Grid,
    body: SeriesBody<S>,
) -> Answer {
    let damaged = damaged(app, selector, grid);
    let reply = reply.settled(grid.last(), app.now()).damaged(damaged.len());
    reply.send(&SeriesBody { damaged, ..body })
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
