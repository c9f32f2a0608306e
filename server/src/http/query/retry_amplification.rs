//! `GET /api/v1/query/retry_amplification`: attempts for each request.

use axum::extract::{RawQuery, State};
use plimsoll_query::Selector;
use plimsoll_storage::StreamKind;

use super::{Answer, damaged};
use crate::app::App;
use crate::http::params::Params;
use crate::http::params::grid::Asked;
use crate::http::params::question::Defaults;
use crate::http::reply::Reply;
use crate::wire::query::outcomes::AmplificationBody;
use crate::wire::query::series::{CoversBody, SeriesBody, series};

pub(crate) async fn retry_amplification(
    State(app): State<App>,
    RawQuery(query): RawQuery,
    reply: Reply,
) -> Answer {
    let mut params = Params::new(query.as_deref())?;
    let attempts = params.stream("attempts")?.unwrap_or_else(|| "attempts".to_owned());
    let requests = params.stream("requests")?.unwrap_or_else(|| "requests".to_owned());
    let labels = params.labels()?;
    let by = params.by()?;
    let asked = Asked { now: app.now(), width: app.store.slot_width() };
    let grid = params.grid(asked, Defaults::ANY)?;
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
        let reply = reply.settled(grid.last(), app.now()).damaged(damaged.len());
        reply.send(&SeriesBody {
            series: series(found, AmplificationBody::from),
            covers: CoversBody::new(&app.store, &grid, app.now()),
            releases: None,
            damaged,
        })
    })
    .await
}
