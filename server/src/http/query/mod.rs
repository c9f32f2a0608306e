//! Queries: one file each, and what they have in common.

pub(crate) mod baseline;
mod compare;
pub(crate) mod exemplars;
pub(crate) mod flow;
pub(crate) mod freshness;
pub(crate) mod gauges;
pub(crate) mod latency;
pub(crate) mod outcomes;
mod ratio;
pub(crate) mod retry_amplification;
mod top;

use axum::response::Response;
use plimsoll_query::{
    Grid, Group, Pair, Rank, Selector, Series, filter_by_label, groups, pair, top as top_groups,
};
use plimsoll_storage::Label;

use self::compare::Comparison;
use crate::app::App;
use crate::error::ApiError;
use crate::http::params::Params;
use crate::http::params::grid::{SlotClock, WINDOW_MS_DEFAULT};
use crate::http::reply::Reply;
use crate::wire::query::series::{
    CoversBody, ExampleBody, Point, PointBodyOf, PointsBody, ReleasesBody, SeriesBody, alone,
    compared, released, written,
};
use crate::wire::time::Times;

pub(crate) type Answer = Result<Response, ApiError>;

/// An answer made of points of a kind.
type Points<P> = SeriesBody<PointsBody<PointBodyOf<'static, P>>>;

const DAY_MS: i64 = 86_400_000;

/// The stream and window of a query that names none.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Defaults {
    /// `None` for every stream.
    stream: Option<&'static str>,
    window_ms: i64,
}

impl Defaults {
    /// Of queries about any stream.
    const ANY: Self = Self { stream: None, window_ms: WINDOW_MS_DEFAULT };

    /// Of queries about a flow, where an event takes hours.
    const fn flow(stream: &'static str) -> Self {
        Self { stream: Some(stream), window_ms: DAY_MS }
    }
}

/// A query for the points of some groups.
#[derive(Debug)]
struct QueryRequest {
    selector: Selector,
    by: Vec<Label>,
    grid: Grid,
    /// How many groups, and by what they are chosen; `None` for all.
    top: Option<(Rank, usize)>,
    comparison: Comparison,
}

impl QueryRequest {
    /// Reads the parameters that all such queries share.
    fn read(
        app: &App,
        params: &mut Params,
        selector: Selector,
        window_ms_default: i64,
    ) -> Result<Self, ApiError> {
        let by = params.by()?;
        let grid = params.grid(slot_clock(app), window_ms_default)?;
        Ok(Self { selector, by, grid, top: None, comparison: Comparison::None })
    }

    fn groups(&self, app: &App) -> Result<Vec<Group>, ApiError> {
        let found = groups(&app.store, &self.selector, &self.by);
        let Some((rank, count)) = self.top else { return Ok(found) };
        Ok(top_groups(&app.store, found, &self.grid, rank, count)?)
    }

    /// Answers with the points of all groups, compared as asked. `example` has what each point has.
    fn answer<P: Point + Clone + Sync>(
        &self,
        app: &App,
        reply: Reply,
        example: &P,
        ask: impl Fn(Vec<Group>, &Grid) -> plimsoll_query::Result<Vec<Series<P>>>,
    ) -> Answer {
        let groups = self.groups(app)?;
        let times = self.times(app);
        let reply = reply.like(|| self.example(example, &times))?;
        let answered = match &self.comparison {
            Comparison::None => written(&ask(groups, &self.grid)?, |point| alone(point, &times)),
            Comparison::Earlier(ms) => {
                let earlier = ask(groups.clone(), &self.grid.earlier(*ms))?;
                let now = ask(groups, &self.grid)?;
                written(&pair(now, earlier, *ms, P::t), |both| compared(both, &times))
            }
            Comparison::Releases(releases) => {
                let [a, b] = releases.each_ref().map(|release| {
                    ask(filter_by_label(&app.store, &groups, Label::Release, release), &self.grid)
                });
                written(&pair(a?, b?, 0, P::t), |both| released(both, &times))
            }
        };
        let series = answered.map_err(|error| ApiError::internal(&error))?;
        let (covers, damaged) = (self.covers(app), self.damaged(app));
        let releases = match &self.comparison {
            Comparison::Releases([a, b]) => Some(ReleasesBody { a: a.clone(), b: b.clone() }),
            Comparison::None | Comparison::Earlier(_) => None,
        };
        self.caching(app, reply, &damaged).send(&SeriesBody { series, covers, releases, damaged })
    }

    fn example<'t, P: Point + Clone>(
        &self,
        point: &P,
        times: &'t Times,
    ) -> ExampleBody<PointsBody<PointBodyOf<'t, P>>> {
        let both = Pair { t: point.t(), a: Some(point.clone()), b: Some(point.clone()) };
        let point = match &self.comparison {
            Comparison::None => alone(point, times),
            Comparison::Earlier(_) => compared(&both, times),
            Comparison::Releases(_) => released(&both, times),
        };
        ExampleBody { series: [PointsBody::example(&self.by, point)] }
    }

    /// Sets how long the answer may be cached.
    fn caching(&self, app: &App, reply: Reply, damaged: &[String]) -> Reply {
        reply.ends_at(self.grid.last(), app.now()).damaged(damaged.len())
    }

    /// The times of the points, as text.
    fn times(&self, app: &App) -> Times {
        let earlier = match self.comparison {
            Comparison::Earlier(ms) => Some(self.grid.earlier(ms)),
            Comparison::None | Comparison::Releases(_) => None,
        };
        let width = app.store.slot_width();
        let grids = [Some(self.grid), earlier];
        let points = grids.iter().flatten().flat_map(|grid| grid.points(width));
        points.map(|(t, _)| t).collect()
    }

    fn covers(&self, app: &App) -> CoversBody {
        CoversBody::new(&app.store, &self.grid, app.now())
    }

    /// The damaged blocks among those that were just read.
    fn damaged(&self, app: &App) -> Vec<String> {
        let mut damaged = damaged(app, &self.selector, &self.grid);
        if let Comparison::Earlier(ms) = self.comparison {
            damaged.extend(self::damaged(app, &self.selector, &self.grid.earlier(ms)));
        }
        damaged
    }
}

/// The clock of a query that is answered now.
fn slot_clock(app: &App) -> SlotClock {
    SlotClock { now: app.now(), width: app.store.slot_width() }
}

/// The damaged blocks of the selected streams within a grid.
fn damaged(app: &App, selector: &Selector, grid: &Grid) -> Vec<String> {
    if !app.store.has_damage() {
        return Vec::new();
    }
    let slots = grid.covers(app.store.slot_width());
    app.store.damaged(&selector.streams(&app.store), &slots)
}

/// Reads every parameter that some query takes, in the order of the handlers.
#[cfg(any(test, fuzzing))]
pub(crate) fn read_all(mut params: Params, clock: SlotClock) -> Result<(), ApiError> {
    let heatmap = latency::heatmap(&mut params)?;
    let selector = params.selector(None)?;
    let by = params.by()?;
    params.grid(clock, WINDOW_MS_DEFAULT)?;
    top::top(&mut params, &by, Rank::P95)?;
    if heatmap.is_none() {
        compare::comparison(&mut params, &selector, &by)?;
        latency::measures(&mut params)?;
    }
    outcomes::rating(&mut params)?;
    baseline::weeks_and_zone(&mut params)?;
    exemplars::kind_and_limit(&mut params)?;
    params.end()
}

#[cfg(test)]
mod tests;
