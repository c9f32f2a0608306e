//! `GET /api/v1/query/…`: one file a question, and here what they have in common.

pub(crate) mod baseline;
pub(crate) mod exemplars;
pub(crate) mod flow;
pub(crate) mod freshness;
pub(crate) mod gauges;
pub(crate) mod labels;
pub(crate) mod latency;
pub(crate) mod outcomes;
pub(crate) mod partners;
pub(crate) mod retry_amplification;

use axum::response::Response;
use plimsoll_query::{Grid, Group, Rank, Selector, Series, filter_by_label, groups, pair, top};
use plimsoll_storage::{Label, StreamKind};

use crate::app::App;
use crate::error::ApiError;
use crate::http::params::Params;
use crate::http::params::grid::Asked;
use crate::http::params::question::{Contrast, Defaults};
use crate::http::reply::Reply;
use crate::wire::query::series::{
    CoversBody, Point, ReleasesBody, SeriesBody, alone, compared, released, written,
};
use crate::wire::time::Times;

pub(crate) type Answer = Result<Response, ApiError>;

/// What a question about the windows of some groups says.
#[derive(Debug)]
struct Question {
    selector: Selector,
    by: Vec<Label>,
    grid: Grid,
    /// How many groups, and by what they are chosen; `None` for all.
    top: Option<(Rank, usize)>,
    contrast: Contrast,
}

impl Question {
    /// Reads what every such question takes.
    fn read(
        app: &App,
        params: &mut Params,
        kind: StreamKind,
        defaults: Defaults,
    ) -> Result<Self, ApiError> {
        let selector = params.selector(kind, defaults)?;
        let by = params.by()?;
        let asked = Asked { now: app.now(), width: app.store.slot_width() };
        let grid = params.grid(asked, defaults)?;
        Ok(Self { selector, by, grid, top: None, contrast: Contrast::Alone })
    }

    fn groups(&self, app: &App) -> Result<Vec<Group>, ApiError> {
        let found = groups(&app.store, &self.selector, &self.by);
        let Some((rank, count)) = self.top else { return Ok(found) };
        Ok(top(&app.store, found, &self.grid, rank, count)?)
    }

    /// Asks for the points of all groups, and for what they are put beside.
    fn answer<P: Point + Sync>(
        &self,
        app: &App,
        reply: Reply,
        ask: impl Fn(Vec<Group>, &Grid) -> plimsoll_query::Result<Vec<Series<P>>>,
    ) -> Answer {
        let groups = self.groups(app)?;
        let times = self.times(app);
        let answered = match &self.contrast {
            Contrast::Alone => written(&ask(groups, &self.grid)?, |point| alone(point, &times)),
            Contrast::Earlier(ms) => {
                let earlier = ask(groups.clone(), &self.grid.earlier(*ms))?;
                let now = ask(groups, &self.grid)?;
                written(&pair(now, earlier, *ms, P::t), |both| compared(both, &times))
            }
            Contrast::Releases(releases) => {
                let [a, b] = releases.each_ref().map(|release| {
                    ask(filter_by_label(&app.store, &groups, Label::Release, release), &self.grid)
                });
                written(&pair(a?, b?, 0, P::t), |both| released(both, &times))
            }
        };
        let series = answered.map_err(|error| ApiError::internal(&error))?;
        let (covers, damaged) = (self.covers(app), self.damaged(app));
        let releases = match &self.contrast {
            Contrast::Releases([a, b]) => Some(ReleasesBody { a: a.clone(), b: b.clone() }),
            Contrast::Alone | Contrast::Earlier(_) => None,
        };
        self.caching(app, reply, &damaged).send(&SeriesBody { series, covers, releases, damaged })
    }

    /// How long the answer may be kept.
    fn caching(&self, app: &App, reply: Reply, damaged: &[String]) -> Reply {
        reply.settled(self.grid.last(), app.now()).damaged(damaged.len())
    }

    /// The moments of the answer, as text.
    fn times(&self, app: &App) -> Times {
        let earlier = match self.contrast {
            Contrast::Earlier(ms) => Some(self.grid.earlier(ms)),
            Contrast::Alone | Contrast::Releases(_) => None,
        };
        let width = app.store.slot_width();
        let grids = [Some(self.grid), earlier];
        let points = grids.iter().flatten().flat_map(|grid| grid.points(width));
        points.map(|(t, _)| t).collect()
    }

    fn covers(&self, app: &App) -> CoversBody {
        CoversBody::new(&app.store, &self.grid, app.now())
    }

    /// The blocks that were found damaged where the question has just looked.
    fn damaged(&self, app: &App) -> Vec<String> {
        let mut damaged = damaged(app, &self.selector, &self.grid);
        if let Contrast::Earlier(ms) = self.contrast {
            damaged.extend(self::damaged(app, &self.selector, &self.grid.earlier(ms)));
        }
        damaged
    }
}

fn damaged(app: &App, selector: &Selector, grid: &Grid) -> Vec<String> {
    if !app.store.has_damage() {
        return Vec::new();
    }
    let slots = grid.covers(app.store.slot_width());
    app.store.damaged(&selector.streams(&app.store), &slots)
}
