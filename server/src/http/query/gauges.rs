//! `GET /api/v1/query/gauges`.

use axum::extract::State;
use plimsoll_query::{GaugePoint, Selector};
use plimsoll_storage::{GaugeCell, StreamKind, TimestampMs};

use super::compare::{COMPARE, compare};
use super::{Answer, Points, QueryRequest};
use crate::app::App;
use crate::http::call::Call;
use crate::http::params::Params;
use crate::http::params::declare::Query;
use crate::http::params::grid::{GRID, WINDOW_MS_DEFAULT};
use crate::http::params::kind::StreamName;
use crate::http::params::labels::{BY, LABELS};
use crate::http::reply::Reply;

const NAME: Query<StreamName> =
    Query::new("name", StreamName, "queue_depth", "The gauge; every one when it is left out.");

pub(crate) fn calls() -> Vec<Call> {
    vec![
        Call::get("/api/v1/query/gauges", gauges)
            .about("Last, lowest, highest and mean reading of gauges", "")
            .takes(&[&NAME, &BY, &COMPARE, &LABELS, &GRID])
            .answers_rows::<Points<GaugePoint>>()
            .reads_cells(),
    ]
}

async fn gauges(State(app): State<App>, mut params: Params, reply: Reply) -> Answer {
    let (stream, labels) = (params.read(&NAME)?, params.labels()?);
    let selector = Selector { kind: StreamKind::Gauge, stream, labels };
    let mut query = QueryRequest::read(&app, &mut params, selector, WINDOW_MS_DEFAULT)?;
    query.comparison = compare(&mut params)?;
    params.end()?;
    app.ask(move |app, budget| {
        query.grid = query.grid.within(budget);
        let example = GaugePoint { t: TimestampMs(0), gauge: GaugeCell::new(0.0, TimestampMs(0)) };
        query.answer(app, reply, &example, |groups, grid| {
            plimsoll_query::gauges(&app.store, groups, grid)
        })
    })
    .await
}
