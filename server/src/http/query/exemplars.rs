//! `GET /api/v1/query/exemplars`: single events with the ids they carried.

use axum::extract::State;
use plimsoll_query::{Error, FoundExemplars};
use plimsoll_storage::limits::EXEMPLARS_LIMIT_MAX;
use plimsoll_storage::{ExemplarKind, Outcome};

use super::{Answer, damaged, slot_clock};
use crate::access::Scope;
use crate::app::App;
use crate::error::{ApiError, ErrorCode};
use crate::http::call::Call;
use crate::http::params::Params;
use crate::http::params::declare::{Query, Repeated, WithDefault};
use crate::http::params::grid::RANGE;
use crate::http::params::kind::{Choice, FailureClass, Integer};
use crate::http::params::labels::{LABELS, STREAM};
use crate::http::reply::Reply;
use crate::wire::query::exemplar::{ExemplarBody, ExemplarsBody};
use crate::wire::query::series::CoversBody;

const WHICH: WithDefault<Choice<Which>> = Query::new(
    "which",
    Choice(&[("failed", Which::Failed), ("slow", Which::Slow)]),
    "failed",
    "The newest that failed, or the slowest.",
)
.or(Which::Failed);
const OF: Repeated<FailureClass> =
    Query::new("of", FailureClass, "5xx", "Classes of failures; all of them when left out.")
        .repeated();
const LIMIT: WithDefault<Integer> =
    Query::new("limit", Integer(1, EXEMPLARS_LIMIT_MAX), "3", "How many, at most.").or(10);

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Which {
    Failed,
    Slow,
}

pub(crate) fn calls() -> Vec<Call> {
    vec![
        Call::get("/api/v1/query/exemplars", exemplars)
            .about(
                "Single events to look at, by the ids they carried",
                "The newest that failed, or the slowest. Of each slot of a stream up to three are kept of \
                 each class, as long as slots are, and the three slowest for a day.",
            )
            .takes(&[&WHICH, &OF, &LIMIT, &STREAM, &LABELS, &RANGE])
            .answers_rows::<ExemplarsBody>()
            .errors(&[ErrorCode::Busy]),
    ]
}

async fn exemplars(State(app): State<App>, mut params: Params, reply: Reply) -> Answer {
    let (of, limit) = kind_and_limit(&mut params)?;
    let selector = params.selector(None)?;
    let grid = params.range(slot_clock(&app))?;
    let with_ids = params.caller().may(Scope::Ids);
    params.end()?;
    app.ask(move |app, _| {
        let found = plimsoll_query::exemplars(&app.store, &selector, &grid, &of, limit)?;
        // Reading the cells of a long range can cost more than finding its exemplars.
        let events = match plimsoll_query::exemplar_events(&app.store, &selector, &grid, &of) {
            Ok(events) => Some(events),
            Err(Error::TooManyCells { .. } | Error::TimedOut) => None,
            Err(error) => return Err(error.into()),
        };
        let is_cut = is_cut(&found, events);
        let mut damaged = damaged(app, &selector, &grid);
        damaged.extend_from_slice(&found.damaged);
        let reply = reply.ends_at(grid.last(), app.now()).damaged(damaged.len());
        reply.rows_of(&["exemplars"]).send(&ExemplarsBody {
            exemplars: {
                let bodies = found.best.into_iter().map(ExemplarBody::from);
                bodies.map(|body| if with_ids { body } else { body.redacted() }).collect()
            },
            covers: CoversBody::new(&app.store, &grid, app.now()),
            is_cut,
            events,
            damaged,
        })
    })
    .await
}

/// Whether more events happened than are listed, as far as they were counted.
fn is_cut(found: &FoundExemplars, events: Option<u64>) -> bool {
    found.is_cut || events.is_some_and(|events| events > found.best.len() as u64)
}

/// Which events, and how many: the newest failures of some classes (all by default) or the slowest events.
pub(crate) fn kind_and_limit(params: &mut Params) -> Result<(ExemplarKind, usize), ApiError> {
    let which = params.read(&WHICH)?;
    let limit = params.read(&LIMIT)?;
    if which == Which::Slow {
        params.reject(&OF, "needs `which=failed`: slow events are of any class")?;
        return Ok((ExemplarKind::Slow, limit));
    }
    let mut of = params.read(&OF)?;
    if of.is_empty() {
        of.extend(Outcome::FAILURES);
    }
    of.sort_unstable();
    of.dedup();
    Ok((ExemplarKind::Failed(of), limit))
}

#[cfg(test)]
mod tests;
