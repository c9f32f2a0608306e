//! `GET /api/v1/query/latency`: quantiles, shares under a threshold, heat maps.

use axum::extract::{RawQuery, State};
use plimsoll_query::Rank;
use plimsoll_storage::StreamKind;

use super::{Answer, Question};
use crate::app::App;
use crate::http::params::Params;
use crate::http::params::question::Defaults;
use crate::http::reply::Reply;
use crate::wire::query::latency::HeatmapBody;
use crate::wire::query::series::series;

pub(crate) async fn latency(
    State(app): State<App>,
    RawQuery(query): RawQuery,
    reply: Reply,
) -> Answer {
    answer(&app, query.as_deref(), reply, Defaults::ANY).await
}

/// Answers about latencies, with the stream and the window that are meant when none is named.
pub(crate) async fn answer(
    app: &App,
    query: Option<&str>,
    reply: Reply,
    defaults: Defaults,
) -> Answer {
    let mut params = Params::new(query)?;
    let heatmap = params.heatmap()?;
    let mut question = Question::read(app, &mut params, StreamKind::Activity, defaults)?;
    question.top = params.top(&question.by, Rank::P95)?;
    if let Some(buckets_max) = heatmap {
        params.end()?;
        return send_heatmap(app, reply, question, buckets_max).await;
    }
    question.contrast = params.contrast(&question.selector, &question.by)?;
    let timing = params.timing()?;
    params.end()?;
    app.ask(move |app, budget| {
        question.grid = question.grid.within(budget);
        question.answer(app, reply, |groups, grid| {
            plimsoll_query::latency(&app.store, groups, grid, &timing)
        })
    })
    .await
}

async fn send_heatmap(
    app: &App,
    reply: Reply,
    mut question: Question,
    buckets_max: usize,
) -> Answer {
    app.ask(move |app, budget| {
        question.grid = question.grid.within(budget);
        let groups = question.groups(app)?;
        let found = plimsoll_query::heatmap(&app.store, groups, &question.grid, buckets_max)?;
        let damaged = question.damaged(app);
        let reply = question.caching(app, reply, &damaged);
        reply.send(&HeatmapBody {
            buckets: found.buckets.into_iter().map(Into::into).collect(),
            series: series(found.series, Into::into),
            covers: question.covers(app),
            damaged,
        })
    })
    .await
}
