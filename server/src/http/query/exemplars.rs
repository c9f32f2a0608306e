//! `GET /api/v1/query/exemplars`: single events to look at, by the ids they carried.

use axum::extract::{RawQuery, State};
use plimsoll_storage::StreamKind;

use super::Answer;
use crate::app::App;
use crate::http::params::Params;
use crate::http::params::grid::Asked;
use crate::http::params::question::Defaults;
use crate::http::reply::Reply;
use crate::wire::query::exemplar::{ExemplarBody, ExemplarsBody};
use crate::wire::query::series::CoversBody;

pub(crate) async fn exemplars(
    State(app): State<App>,
    RawQuery(query): RawQuery,
    reply: Reply,
) -> Answer {
    let mut params = Params::new(query.as_deref())?;
    let (of, limit) = params.exemplars()?;
    let selector = params.selector(StreamKind::Activity, Defaults::ANY)?;
    let asked = Asked { now: app.now(), width: app.store.slot_width() };
    let grid = params.stretch(asked, Defaults::ANY)?;
    params.end()?;
    app.ask(move |app, _| {
        let found = plimsoll_query::exemplars(&app.store, &selector, &grid, &of, limit)?;
        reply.settled(grid.last(), app.now()).send(&ExemplarsBody {
            exemplars: found.best.into_iter().map(ExemplarBody::from).collect(),
            covers: CoversBody::new(&app.store, &grid, app.now()),
            is_cut: found.is_cut,
        })
    })
    .await
}
