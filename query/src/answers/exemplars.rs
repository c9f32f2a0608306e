//! The exemplars query: single events behind the counts, the newest that failed or the slowest.

use plimsoll_storage::{CellSum, Exemplar, ExemplarKind, ExemplarQuery, Store, StreamKey};

use crate::answers::outcomes::outcomes;
use crate::engine::{DURATIONS, activity_series};
use crate::select::{Grid, Result, Selector, groups};

/// Exemplars and the streams they were counted in.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct FoundExemplars {
    /// The newest or slowest first, each set of ids once.
    pub best: Vec<(StreamKey, Exemplar)>,
    /// Whether more are kept than are listed, or some were not read because too many slots have any.
    pub is_cut: bool,
    /// The names of damaged places whose exemplars are missing.
    pub damaged: Vec<String>,
}

/// The `limit` newest failures or slowest events in the slots that a grid covers. Only events with ids are
/// stored as exemplars.
///
/// # Errors
/// The store cannot be read.
pub fn exemplars(
    store: &Store,
    selector: &Selector,
    grid: &Grid,
    kind: &ExemplarKind,
    limit: usize,
) -> Result<FoundExemplars> {
    let (streams, slots) = (selector.streams(store), grid.covers(store.slot_width()));
    let found = store.exemplars(&ExemplarQuery { streams: &streams, slots, kind, limit })?;
    let named = |(stream, exemplar)| Some((store.stream_key(stream)?, exemplar));
    let best = found.best.into_iter().filter_map(named).collect();
    let is_cut = found.has_more || found.is_cut;
    Ok(FoundExemplars { best, is_cut, damaged: found.damaged })
}

/// How many events the cells of a grid of one window count, with or without ids: those of the failure
/// classes, or all that have a duration.
///
/// # Errors
/// The store cannot be read, or the budget of the grid is exceeded.
pub fn exemplar_events(
    store: &Store,
    selector: &Selector,
    grid: &Grid,
    kind: &ExemplarKind,
) -> Result<u64> {
    let all = groups(store, selector, &[]);
    let counts: Vec<u64> = match kind {
        ExemplarKind::Failed(classes) => {
            let points = outcomes(store, all, grid)?.into_iter().flat_map(|series| series.points);
            points
                .flat_map(|point| classes.iter().map(move |class| point.counts.get(*class)))
                .collect()
        }
        ExemplarKind::Slow => {
            let count = |_, _, sum: &CellSum| Some(sum.count());
            let series = activity_series(store, all, grid, DURATIONS, count)?;
            series.into_iter().flat_map(|series| series.points).collect()
        }
    };
    Ok(counts.into_iter().sum())
}
