//! The past of a feed: everything that was appended before the feed begins.

use std::sync::Arc;

use super::scan::{ReadView, Reader, Scan};
use crate::error::Result;
use crate::model::cell::SlotValue;
use crate::model::stream::StreamId;
use crate::model::time::Slot;
use crate::shared::Shared;

/// Everything that was appended before a feed begins. What it shows stays in memory and on disk as long as it
/// lives, so drop it once it is read.
pub struct FeedPast<'a> {
    shared: &'a Shared,
    view: ReadView,
}

impl<'a> FeedPast<'a> {
    /// What is sealed or frozen now. The caller prevents seals meanwhile.
    pub(crate) fn new(shared: &'a Shared) -> Self {
        let view = shared.head.past(|| Some(Arc::new(shared.db.snapshot())));
        Self { shared, view }
    }

    /// [`Store::scan`](crate::Store::scan) over the past.
    ///
    /// # Errors
    /// As that.
    pub fn scan(
        &self,
        scan: &Scan<'_>,
        visit: &mut dyn FnMut(StreamId, Slot, &SlotValue),
    ) -> Result<()> {
        let view = self.view.clone();
        let streams = self.shared.with_cells_in(scan.streams, &scan.slots);
        let Shared { db, timeline, .. } = self.shared;
        Reader::of(db, timeline, view, &scan.slots, scan.grain, scan.columns).scan(&streams, visit)
    }
}

impl std::fmt::Debug for FeedPast<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let cached_from = self.view.cached_from;
        f.debug_struct("FeedPast").field("cached_from", &cached_from).finish_non_exhaustive()
    }
}
