//! The past of a feed: everything that was appended before the feed begins.

use std::sync::Arc;

use super::scan::{ReadView, Reader, Scan};
use crate::db::Database;
use crate::error::Result;
use crate::memory::{Head, Timeline};
use crate::model::cell::SlotValue;
use crate::model::stream::StreamId;
use crate::model::time::Slot;

/// Everything that was appended before a feed begins. What it shows stays in memory and on disk as long as it
/// lives, so drop it once it is read.
pub struct FeedPast<'a> {
    db: &'a Database,
    timeline: &'a Timeline,
    view: ReadView,
}

impl<'a> FeedPast<'a> {
    /// What is sealed or frozen now. The caller prevents seals meanwhile.
    pub(crate) fn new(db: &'a Database, head: &Head, timeline: &'a Timeline) -> Self {
        let view = head.past(|| Some(Arc::new(db.snapshot())));
        Self { db, timeline, view }
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
        Reader::of(self.db, self.timeline, view, &scan.slots, scan.grain, scan.columns)
            .scan(scan.streams, visit)
    }
}

impl std::fmt::Debug for FeedPast<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let cached_from = self.view.cached_from;
        f.debug_struct("FeedPast").field("cached_from", &cached_from).finish_non_exhaustive()
    }
}
