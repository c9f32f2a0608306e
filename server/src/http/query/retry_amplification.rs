//! `GET /api/v1/query/retry_amplification`: attempts for each request.

use axum::extract::State;
use plimsoll_query::{AmplificationPoint, Selector};
use plimsoll_storage::{StreamKind, TimestampMs};

use super::{Answer, damaged, slot_clock};
use crate::app::App;
use crate::http::call::Call;
use crate::http::params::Params;
use crate::http::params::declare::Query;
use crate::http::params::grid::{GRID, WINDOW_MS_DEFAULT};
use crate::http::params::kind::StreamName;
use crate::http::params::labels::{BY, LABELS};
use crate::http::reply::Reply;
use crate::wire::query::outcomes::AmplificationBody;
use crate::wire::query::series::{CoversBody, ExampleBody, PointsBody, SeriesBody, series};

const ATTEMPTS: Query<StreamName> =
    Query::new("attempts", StreamName, "attempts", "The stream of attempts.");
const REQUESTS: Query<StreamName> =
    Query::new("requests", StreamName, "requests", "The stream of requests.");

pub(crate) fn calls() -> Vec<Call> {
    vec![
        Call::get("/api/v1/query/retry_amplification", retry_amplification)
            .about("Attempts for each request", "Where connectors push both streams.")
            .takes(&[&ATTEMPTS, &REQUESTS, &BY, &LABELS, &GRID])
            .answers_rows::<SeriesBody<PointsBody<AmplificationBody>>>()
            .reads_cells(),
    ]
}

async fn retry_amplification(State(app): State<App>, mut params: Params, reply: Reply) -> Answer {
    let attempts = params.read(&ATTEMPTS)?.unwrap_or_else(|| "attempts".to_owned());
    let requests = params.read(&REQUESTS)?.unwrap_or_else(|| "requests".to_owned());
    let labels = params.labels()?;
    let by = params.by()?;
    let grid = params.grid(slot_clock(&app), WINDOW_MS_DEFAULT)?;
    params.end()?;
    let select = |stream| Selector {
        kind: StreamKind::Activity,
        stream: Some(stream),
        labels: labels.clone(),
    };
    let (attempts, requests) = (select(attempts), select(requests));
    app.ask(move |app, budget| {
        let grid = grid.within(budget);
        let found = plimsoll_query::amplification(&app.store, &attempts, &requests, &by, &grid)?;
        let mut damaged = damaged(app, &attempts, &grid);
        damaged.extend(super::damaged(app, &requests, &grid));
        let empty = AmplificationPoint { t: TimestampMs(0), attempts: 0, requests: 0 };
        let example = || PointsBody::example(&by, AmplificationBody::from(empty));
        let reply = reply.like(|| ExampleBody { series: [example()] })?;
        let reply = reply.ends_at(grid.last(), app.now()).damaged(damaged.len());
        reply.send(&SeriesBody {
            series: series(found, AmplificationBody::from),
            covers: CoversBody::new(&app.store, &grid, app.now()),
            releases: None,
            damaged,
        })
    })
    .await
}
