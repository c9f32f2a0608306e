//! `GET /api/v1/query/latency`: quantiles, shares under a threshold, heat maps.

use axum::extract::State;
use plimsoll_query::limits::{HEATMAP_BUCKETS_MAX, HEATMAP_BUCKETS_MIN};
use plimsoll_query::{Estimate, HeatPoint, LatencyMeasures, LatencyPoint, Rank};
use plimsoll_storage::{Quantile, TimestampMs};

use super::compare::{COMPARE, COMPARE_RELEASE, comparison};
use super::top::{TOP, top};
use super::{Answer, Defaults, Points, QueryRequest};
use crate::app::App;
use crate::error::ApiError;
use crate::http::call::Call;
use crate::http::params::Params;
use crate::http::params::declare::{Query, Repeated, WithDefault};
use crate::http::params::grid::GRID;
use crate::http::params::kind::{self, Choice, DurationMs, Integer};
use crate::http::params::labels::{BY, LABELS, STREAM};
use crate::http::reply::Reply;
use crate::wire::query::latency::{HeatPointBody, HeatmapBody};
use crate::wire::query::series::{ExampleBody, PointsBody, series};

const Q: Repeated<kind::Quantile> =
    Query::new("q", kind::Quantile, "0.95", "A quantile; 0.5 and 0.95 when left out.").repeated();
const UNDER: Repeated<DurationMs> = Query::new(
    "under",
    DurationMs,
    "500ms",
    "Ask for the share of durations that are at most this long.",
)
.repeated();
const APDEX: Query<DurationMs> =
    Query::new("apdex", DurationMs, "500ms", "Ask for the Apdex score for this target.");
const FORM: WithDefault<Choice<Form>> = Query::new(
    "form",
    Choice(&[("points", Form::Points), ("heatmap", Form::Heatmap)]),
    "points",
    "`heatmap` counts durations by bucket, over time.",
)
.or(Form::Points);
const BUCKETS: WithDefault<Integer> = Query::new(
    "buckets",
    Integer(HEATMAP_BUCKETS_MIN, HEATMAP_BUCKETS_MAX),
    "20",
    "Buckets of a heat map, at most.",
)
.needs("form=heatmap")
.or(40);

/// What a point of the answer is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Form {
    Points,
    Heatmap,
}

pub(crate) fn calls() -> Vec<Call> {
    vec![of_latency(Call::get("/api/v1/query/latency", latency)).about(
        "Latency quantiles with count and bounds",
        "Also shares under a threshold, the Apdex score, and heat maps. A point's `t` is the end of its \
         window, which covers the whole slots before it.",
    )]
}

/// The parameters and answers of calls about latency.
pub(crate) fn of_latency(call: Call) -> Call {
    call.takes(&[&STREAM, &BY, &COMPARE, &COMPARE_RELEASE, &LABELS, &GRID])
        .takes(&[&Q, &UNDER, &APDEX, &FORM, &BUCKETS, &TOP])
        .answers_rows::<Points<LatencyPoint>>()
        .or::<HeatmapBody>()
        .reads_cells()
}

async fn latency(State(app): State<App>, params: Params, reply: Reply) -> Answer {
    answer(&app, params, reply, Defaults::ANY).await
}

/// Answers a query about latencies.
///
/// # Errors
/// 400 naming a parameter that is wrong; those of reading cells.
pub(crate) async fn answer(
    app: &App,
    mut params: Params,
    reply: Reply,
    defaults: Defaults,
) -> Answer {
    let buckets_max = heatmap(&mut params)?;
    let selector = params.selector(defaults.stream)?;
    let mut query = QueryRequest::read(app, &mut params, selector, defaults.window_ms)?;
    query.top = top(&mut params, &query.by, Rank::P95)?;
    if let Some(buckets_max) = buckets_max {
        params.end()?;
        return send_heatmap(app, reply, query, buckets_max).await;
    }
    query.comparison = comparison(&mut params, &query.selector, &query.by)?;
    let measures = measures(&mut params)?;
    params.end()?;
    app.ask(move |app, budget| {
        query.grid = query.grid.within(budget);
        query.answer(app, reply, &example(&measures), |groups, grid| {
            plimsoll_query::latency(&app.store, groups, grid, &measures)
        })
    })
    .await
}

/// The buckets of a heat map, at most; `None` when points are asked for.
pub(crate) fn heatmap(params: &mut Params) -> Result<Option<usize>, ApiError> {
    if params.read(&FORM)? == Form::Points {
        params.reject(&BUCKETS, "needs `form=heatmap`")?;
        return Ok(None);
    }
    let because = "is not answered with `form=heatmap`";
    params.reject(&Q, because)?;
    params.reject(&UNDER, because)?;
    params.reject(&APDEX, because)?;
    params.reject(&COMPARE, because)?;
    params.reject(&COMPARE_RELEASE, because)?;
    params.read(&BUCKETS).map(Some)
}

/// The measures of each point: p50 and p95 when no quantile is named.
pub(crate) fn measures(params: &mut Params) -> Result<LatencyMeasures, ApiError> {
    let quantiles = params.read(&Q)?;
    Ok(LatencyMeasures {
        quantiles: if quantiles.is_empty() { vec![0.5, 0.95] } else { quantiles },
        under_ms: params.read(&UNDER)?,
        apdex_ms: params.read(&APDEX)?,
    })
}

/// A point with these measures.
fn example(measures: &LatencyMeasures) -> LatencyPoint {
    const QUANTILE: Quantile = Quantile { value_s: 0.0, lower_s: 0.0, upper_s: 0.0 };
    const SHARE: Estimate = Estimate { value: 0.0, lower: 0.0, upper: 0.0 };
    LatencyPoint {
        t: TimestampMs(0),
        count: 0,
        quantiles: measures.quantiles.iter().map(|q| (*q, QUANTILE)).collect(),
        under: measures.under_ms.iter().map(|ms| (*ms, SHARE)).collect(),
        apdex: measures.apdex_ms.map(|_| SHARE),
    }
}

async fn send_heatmap(
    app: &App,
    reply: Reply,
    mut query: QueryRequest,
    buckets_max: usize,
) -> Answer {
    app.ask(move |app, budget| {
        query.grid = query.grid.within(budget);
        let groups = query.groups(app)?;
        let found = plimsoll_query::heatmap(&app.store, groups, &query.grid, buckets_max)?;
        let damaged = query.damaged(app);
        let empty = HeatPoint { t: TimestampMs(0), counts: Vec::new() };
        let example = || PointsBody::example(&query.by, HeatPointBody::from(empty));
        let reply = reply.like(|| ExampleBody { series: [example()] })?;
        let reply = query.caching(app, reply, &damaged);
        reply.send(&HeatmapBody {
            buckets: found.buckets.into_iter().map(Into::into).collect(),
            series: series(found.series, Into::into),
            covers: query.covers(app),
            damaged,
        })
    })
    .await
}
