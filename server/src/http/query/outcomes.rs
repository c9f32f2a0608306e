//! `GET /api/v1/query/outcomes`: counts, rates, shares, and the ratio of sets of classes.

use axum::extract::{RawQuery, State};
use plimsoll_query::{ClassRatio, Confidence, OutcomePoint, Rank, Series};
use plimsoll_storage::{Outcome, StreamKind};

use super::{Answer, Question};
use crate::app::App;
use crate::http::params::Params;
use crate::http::params::question::Defaults;
use crate::http::reply::Reply;
use crate::wire::query::outcomes::RatedOutcomes;

type Rating = Option<(ClassRatio, Confidence)>;

pub(crate) async fn outcomes(
    State(app): State<App>,
    RawQuery(query): RawQuery,
    reply: Reply,
) -> Answer {
    let mut params = Params::new(query.as_deref())?;
    let rating = params.class_ratio()?;
    answer(&app, params, reply, Defaults::ANY, rating).await
}

/// Answers with the share that some classes have in all.
pub(crate) async fn share(
    app: &App,
    query: Option<&str>,
    reply: Reply,
    defaults: Defaults,
    of: &[Outcome],
) -> Answer {
    let mut params = Params::new(query)?;
    let rating = Some((ClassRatio::of_all(of), params.confidence()?));
    answer(app, params, reply, defaults, rating).await
}

async fn answer(
    app: &App,
    mut params: Params,
    reply: Reply,
    defaults: Defaults,
    rating: Rating,
) -> Answer {
    let mut question = Question::read(app, &mut params, StreamKind::Activity, defaults)?;
    question.top = params.top(&question.by, Rank::Errors)?;
    question.contrast = params.contrast(&question.selector, &question.by)?;
    params.end()?;
    app.ask(move |app, budget| {
        question.grid = question.grid.within(budget);
        question.answer(app, reply, |groups, grid| {
            let found = plimsoll_query::outcomes(&app.store, groups, grid)?;
            Ok(found.into_iter().map(|series| rated(series, rating.as_ref())).collect())
        })
    })
    .await
}

fn rated(
    series: Series<OutcomePoint>,
    rating: Option<&(ClassRatio, Confidence)>,
) -> Series<RatedOutcomes> {
    let one = |outcomes: OutcomePoint| RatedOutcomes {
        ratio: rating.map(|(ratio, confidence)| ratio.measure(&outcomes.counts, *confidence)),
        is_share: rating.is_some_and(|(ratio, _)| ratio.is_share()),
        outcomes,
    };
    Series { labels: series.labels, points: series.points.into_iter().map(one).collect() }
}
