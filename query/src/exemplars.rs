//! Which ones: single events that stand for what was counted, the newest that failed or the slowest.

use plimsoll_storage::{Exemplar, ExemplarsOf, Store, StreamKey};

use crate::{error::Result, grid::Grid, select::Selector};

/// Events that stand out, and where they were counted.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct FoundExemplars {
    /// The newest or slowest first, each set of ids once.
    pub best: Vec<(StreamKey, Exemplar)>,
    /// Whether so many slots have some that not all were looked at.
    pub is_cut: bool,
}

/// The `limit` events that stand out most in what a grid covers. Only events that carried ids are known.
///
/// # Errors
/// When the store cannot be read.
pub fn exemplars(
    store: &Store,
    selector: &Selector,
    grid: &Grid,
    of: &ExemplarsOf,
    limit: usize,
) -> Result<FoundExemplars> {
    let slots = grid.covers(store.slot_width());
    let found = store.exemplars(&selector.streams(store), &slots, of, limit)?;
    let named = |(stream, exemplar)| Some((store.stream_key(stream)?, exemplar));
    Ok(FoundExemplars {
        best: found.best.into_iter().filter_map(named).collect(),
        is_cut: found.is_cut,
    })
}
