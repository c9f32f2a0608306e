//! The exemplars query: single events behind the counts, the newest that failed or the slowest.

use plimsoll_storage::{Exemplar, ExemplarKind, ExemplarQuery, Store, StreamKey};

use crate::select::{Grid, Result, Selector};

/// Exemplars and the streams they were counted in.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct FoundExemplars {
    /// The newest or slowest first, each set of ids once.
    pub best: Vec<(StreamKey, Exemplar)>,
    /// Whether some exemplars were not read because too many slots have any.
    pub is_cut: bool,
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
    Ok(FoundExemplars { best, is_cut: found.is_cut })
}
