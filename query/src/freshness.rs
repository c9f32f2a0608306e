//! How long ago: the newest event of a group.

use plimsoll_storage::{Label, Slot, Store, StreamId, TimestampMs};

use crate::{
    error::Result,
    fold::fold,
    select::{Selector, groups},
};

/// The newest event of one group.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Freshness {
    /// The labels grouped by, with their values; empty where a label is absent.
    pub labels: Vec<(Label, String)>,
    /// The newest event time; `None` when only heartbeats ever came.
    pub last_at: Option<TimestampMs>,
}

/// The newest event by group, over all time.
#[must_use]
pub fn freshness(store: &Store, selector: &Selector, by: &[Label]) -> Vec<Freshness> {
    groups(store, selector, by)
        .into_iter()
        .map(|group| Freshness { last_at: newest(store, &group.streams), labels: group.labels })
        .collect()
}

fn newest(store: &Store, streams: &[StreamId]) -> Option<TimestampMs> {
    streams.iter().filter_map(|stream| store.last_seen(*stream)).max()
}

/// The newest event as it was known when slot `until` began: only slots before it count. Looks back
/// up to 8 days.
///
/// # Errors
/// When the store cannot be read.
pub fn newest_before(
    store: &Store,
    streams: &[StreamId],
    until: Slot,
) -> Result<Option<TimestampMs>> {
    let width = store.slot_width();
    let border = width.start(until);
    let Some(newest) = newest(store, streams) else { return Ok(None) };
    if newest < border {
        return Ok(Some(newest));
    }
    // Something newer is known: look back in growing strides for what was known then.
    let per_hour = width.slots_per_hour();
    let mut end = until;
    for stride in [per_hour / 60, per_hour, 24 * per_hour, 168 * per_hour] {
        let start = end.minus(stride);
        if let Some(at) = fold(store, streams, start..end)?.last_at {
            // A step longer than a slot is kept at its first slot but may end later.
            return Ok(Some(at.min(border)));
        }
        end = start;
    }
    Ok(None)
}
