//! `GET /api/v1/query/outcomes`: counts, rates, shares, and the ratio of sets of classes.

use axum::extract::State;
use plimsoll_query::{ClassRatio, Confidence, OutcomePoint, Rank, Series};
use plimsoll_storage::{Outcome, OutcomeCounts, TimestampMs};

use super::compare::{COMPARE, COMPARE_RELEASE, comparison};
use super::ratio::{CONFIDENCE, OF, TO, class_ratio};
use super::top::{TOP, top};
use super::{Answer, Defaults, Points, QueryRequest};
use crate::app::App;
use crate::error::ApiError;
use crate::http::call::Call;
use crate::http::params::Params;
use crate::http::params::grid::GRID;
use crate::http::params::labels::{BY, LABELS, STREAM};
use crate::http::reply::Reply;
use crate::wire::query::outcomes::RatedOutcomes;

/// The ratio that is asked for, and the confidence of its bounds.
type Rating = (ClassRatio, Confidence);

pub(crate) fn calls() -> Vec<Call> {
    vec![
        Call::get("/api/v1/query/outcomes", outcomes)
            .about(
                "Counts, rates per second and shares by outcome class",
                "With `of`, also the ratio of some classes to others, with Wilson bounds.",
            )
            .takes(&[&STREAM, &BY, &COMPARE, &COMPARE_RELEASE, &LABELS, &GRID])
            .takes(&[&OF, &TO, &CONFIDENCE.needs("of=5xx"), &TOP])
            .answers_rows::<Points<RatedOutcomes>>()
            .reads_cells(),
    ]
}

/// The parameters and answers of calls about the share of some classes.
pub(crate) fn of_share(call: Call) -> Call {
    call.takes(&[&STREAM, &BY, &COMPARE, &COMPARE_RELEASE, &CONFIDENCE, &LABELS, &GRID, &TOP])
        .answers_rows::<Points<RatedOutcomes>>()
        .reads_cells()
}

async fn outcomes(State(app): State<App>, mut params: Params, reply: Reply) -> Answer {
    let rating = rating(&mut params)?;
    answer(&app, params, reply, Defaults::ANY, rating).await
}

/// The ratio that is asked for, if any.
pub(crate) fn rating(params: &mut Params) -> Result<Option<Rating>, ApiError> {
    let Some(ratio) = class_ratio(params)? else {
        params.reject(&CONFIDENCE, "needs `of`")?;
        return Ok(None);
    };
    Ok(Some((ratio, params.read(&CONFIDENCE)?)))
}

/// Answers with the share that some classes have in all.
///
/// # Errors
/// 400 naming a parameter that is wrong; those of reading cells.
pub(crate) async fn share(
    app: &App,
    mut params: Params,
    reply: Reply,
    defaults: Defaults,
    of: &[Outcome],
) -> Answer {
    let rating = Some((ClassRatio::of_all(of), params.read(&CONFIDENCE)?));
    answer(app, params, reply, defaults, rating).await
}

async fn answer(
    app: &App,
    mut params: Params,
    reply: Reply,
    defaults: Defaults,
    rating: Option<Rating>,
) -> Answer {
    let selector = params.selector(defaults.stream)?;
    let mut query = QueryRequest::read(app, &mut params, selector, defaults.window_ms)?;
    query.top = top(&mut params, &query.by, Rank::Errors)?;
    query.comparison = comparison(&mut params, &query.selector, &query.by)?;
    params.end()?;
    app.ask(move |app, budget| {
        query.grid = query.grid.within(budget);
        query.answer(app, reply, &example(rating.as_ref()), |groups, grid| {
            let found = plimsoll_query::outcomes(&app.store, groups, grid)?;
            Ok(found.into_iter().map(|series| rated(series, rating.as_ref())).collect())
        })
    })
    .await
}

/// A point with this ratio.
fn example(rating: Option<&Rating>) -> RatedOutcomes {
    let point = |counts| OutcomePoint { t: TimestampMs(0), counts, covered_s: 1.0 };
    let mut one_of_each = OutcomeCounts::default();
    Outcome::ALL.into_iter().for_each(|class| one_of_each.add(class, 1));
    // Which classes a point has depends on the data; whether it has a ratio does not.
    let RatedOutcomes { ratio, is_share, .. } = rated_point(point(one_of_each), rating);
    RatedOutcomes { outcomes: point(OutcomeCounts::default()), ratio, is_share }
}

fn rated(series: Series<OutcomePoint>, rating: Option<&Rating>) -> Series<RatedOutcomes> {
    let one = |point| rated_point(point, rating);
    Series { labels: series.labels, points: series.points.into_iter().map(one).collect() }
}

fn rated_point(outcomes: OutcomePoint, rating: Option<&Rating>) -> RatedOutcomes {
    RatedOutcomes {
        ratio: rating.map(|(ratio, confidence)| ratio.measure(&outcomes.counts, *confidence)),
        is_share: rating.is_some_and(|(ratio, _)| ratio.is_share()),
        outcomes,
    }
}
