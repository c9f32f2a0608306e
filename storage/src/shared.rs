//! What the threads of an open store share.

use std::ops::Range;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use parking_lot::RwLock;

use crate::catalog::{Catalog, Pending};
use crate::db::{Database, Loss};
use crate::memory::{Head, Timeline, cache_bytes_max};
use crate::model::resolution::Resolution;
use crate::model::stream::StreamId;
use crate::model::time::Slot;

/// The parts of an open store. Readers, the writer and maintenance use them side by side.
#[derive(Debug)]
pub(crate) struct Shared {
    pub(crate) db: Database,
    pub(crate) catalog: RwLock<Catalog>,
    /// New streams on their way to the catalog.
    pub(crate) pending: Arc<Pending>,
    pub(crate) head: Head,
    pub(crate) timeline: Timeline,
    pub(crate) counts: AppendCounts,
    /// What damage had lost when the store was opened.
    pub(crate) losses: Vec<Loss>,
    /// How often the step of a stream has changed since the store was opened.
    pub(crate) step_changes: AtomicU64,
    /// Memory for cells, in bytes.
    pub(crate) memory_bytes: usize,
    /// See [`crate::Options::cache_growth_bytes_max`].
    pub(crate) cache_growth_bytes_max: usize,
}

/// How many appends shared how many journal writes since the store was opened.
#[derive(Debug, Default)]
pub(crate) struct AppendCounts {
    pub(crate) appends: AtomicU64,
    /// Bytes of the appends in the journal.
    pub(crate) bytes: AtomicU64,
    pub(crate) writes: AtomicU64,
}

impl Shared {
    /// How often the step of a stream has changed since the store was opened.
    pub(crate) fn step_changes(&self) -> u64 {
        self.step_changes.load(Ordering::Acquire)
    }

    /// Those of some streams that may have cells in some slots.
    pub(crate) fn with_cells_in(&self, streams: &[StreamId], slots: &Range<Slot>) -> Vec<StreamId> {
        let cell_slots = Resolution::Quarter.slots(self.timeline.slot_width());
        self.catalog.read().with_cells_in(streams, slots, cell_slots)
    }

    /// How many bytes of sealed cells the cache may hold.
    pub(crate) fn cache_bytes_max(&self) -> usize {
        let streams = self.catalog.read().len();
        cache_bytes_max(self.memory_bytes, streams, self.cache_growth_bytes_max)
    }
}
