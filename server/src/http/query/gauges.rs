//! `GET /api/v1/query/gauges`.

use axum::extract::{RawQuery, State};
use plimsoll_storage::StreamKind;

use super::{Answer, Question};
use crate::app::App;
use crate::http::params::Params;
use crate::http::params::question::Defaults;
use crate::http::reply::Reply;

pub(crate) async fn gauges(
    State(app): State<App>,
    RawQuery(query): RawQuery,
    reply: Reply,
) -> Answer {
    let mut params = Params::new(query.as_deref())?;
    let mut question = Question::read(&app, &mut params, StreamKind::Gauge, Defaults::ANY)?;
    question.contrast = params.compare()?;
    params.end()?;
    app.ask(move |app, budget| {
        question.grid = question.grid.within(budget);
        question.answer(app, reply, |groups, grid| plimsoll_query::gauges(&app.store, groups, grid))
    })
    .await
}
