//! The store: what the crate offers for an open data directory. The work is done in the rooms; this is the
//! only room that calls them all.

mod streams;
mod upkeep;

use std::ops::Range;
use std::path::Path;
use std::sync::Arc;

use parking_lot::Mutex;
use tokio::sync::oneshot;

use crate::backup::{self, Backup};
use crate::codec::Columns;
use crate::db::{Loss, Order, Record, Table, TableBatch};
use crate::error::{Error, Result};
use crate::inspect::{self, Inspection, Stats};
use crate::maintain::Maintenance;
use crate::model::cell::SlotValue;
use crate::model::resolution::Resolution;
use crate::model::stream::StreamId;
use crate::model::time::{Slot, SlotWidth, TimestampMs};
use crate::open;
use crate::options::Options;
use crate::read::{self, BestExemplars, ExemplarQuery, FeedPast, Reader, Scan};
use crate::shared::Shared;
use crate::write::{self, Appended, Batch, BatchBuilder, Feed, IdempotencyKey, Queue};

/// An embedded store in one data directory.
#[derive(Debug)]
pub struct Store {
    /// Dropped first, so that the writer ends before the database is closed.
    queue: Queue,
    shared: Arc<Shared>,
    maintenance: Maintenance,
    /// Held by the backup that is being made.
    backing_up: Mutex<()>,
}

const OTHER_BACKUP: Error = Error::Busy { reason: "another backup is being made" };

/// Opening, appending and following.
impl Store {
    /// Opens the store, creating the data directory when it is missing and replaying what was appended but
    /// not sealed.
    ///
    /// # Errors
    /// When the directory is in use, has another format or slot width, or cannot be read.
    pub fn open(options: &Options) -> Result<Self> {
        let (shared, next_sequence) = open::open(options)?;
        let shared = Arc::new(shared);
        Ok(Self {
            queue: Queue::start(&shared, next_sequence, &options.path)?,
            shared,
            maintenance: Maintenance::default(),
            backing_up: Mutex::default(),
        })
    }

    /// The width of a slot.
    #[must_use]
    pub fn slot_width(&self) -> SlotWidth {
        self.shared.timeline.slot_width()
    }

    /// Starts a batch.
    #[must_use]
    pub fn batch(&self) -> BatchBuilder<'_> {
        BatchBuilder::new(&self.shared.catalog, &self.shared.pending, self.slot_width())
    }

    /// Passes a batch to the writer. The answer arrives once the batch is as durable as the store was opened
    /// to be, and visible to readers. `items` is stored with the idempotency key and returned to every
    /// request that repeats the key with the same digest.
    ///
    /// # Errors
    /// [`Error::Busy`] when too much is waiting, [`Error::BatchTooLarge`], [`Error::Closed`]. The answer
    /// itself can be an error too: then nothing of the batch was stored. [`Error::KeyReused`] is one of them.
    pub fn append(
        &self,
        batch: Batch,
        items: u64,
        idempotency_key: Option<IdempotencyKey>,
        received_at: TimestampMs,
    ) -> Result<oneshot::Receiver<Result<Appended>>> {
        let received_at = self.shared.timeline.trusted(received_at);
        self.queue.append(batch, items, idempotency_key, received_at)
    }

    /// [`Store::append`] for threads that may block: waits for the answer.
    ///
    /// # Errors
    /// As [`Store::append`].
    pub fn append_blocking(
        &self,
        batch: Batch,
        items: u64,
        idempotency_key: Option<IdempotencyKey>,
        received_at: TimestampMs,
    ) -> Result<Appended> {
        let answer = self.append(batch, items, idempotency_key, received_at)?;
        answer.blocking_recv().map_err(|_| Error::Closed)?
    }

    /// How many items counted with a request; `None` when its key is not known or has expired.
    ///
    /// # Errors
    /// [`Error::KeyReused`] if another request counted under the key, or the database cannot be read.
    pub fn counted(&self, request: &IdempotencyKey, now: TimestampMs) -> Result<Option<u64>> {
        write::counted(&self.shared.db, request, self.shared.timeline.trusted(now))
    }

    /// Begins to follow the store: everything appended so far can be read from the past, everything after it
    /// arrives through the feed, each cell in one of the two.
    ///
    /// # Errors
    /// [`Error::Closed`].
    pub fn subscribe(&self) -> Result<(FeedPast<'_>, Feed)> {
        let _nothing_is_sealed = self.maintenance.pause();
        let feed = Feed::default();
        self.queue.freeze(Some(feed.tap()))?;
        Ok((FeedPast::new(&self.shared), feed))
    }
}

/// Reading cells and exemplars.
impl Store {
    /// How many slots a stored cell covers when cells finer than [`Scan::grain`] allows have expired where
    /// `slots` begin, and coarser ones are read instead. Each counts where it begins, so sums between two
    /// borders may be off at them. `None` when no coarser cells are read.
    #[must_use]
    pub fn coarser_slots(&self, slots: &Range<Slot>, grain: u32) -> Option<u32> {
        read::coarser_slots(&self.shared.timeline, slots, grain)
    }

    /// Calls `visit` with the cells of a scan, in any order. Cells of one slot add up.
    ///
    /// # Errors
    /// When the database cannot be read. A damaged block is skipped: [`Store::damaged`] names it.
    pub fn scan(
        &self,
        scan: &Scan<'_>,
        visit: &mut dyn FnMut(StreamId, Slot, &SlotValue),
    ) -> Result<()> {
        let streams = self.shared.with_cells_in(scan.streams, &scan.slots);
        self.reader(scan.slots.clone(), scan.grain, scan.columns).scan(&streams, visit)
    }

    /// What the store holds about some slots now. See [`Scan`] for `grain` and `columns`.
    #[must_use]
    pub fn reader(&self, slots: Range<Slot>, grain: u32, columns: Columns) -> Reader<'_> {
        let Shared { db, head, timeline, .. } = &*self.shared;
        Reader::new(db, head, timeline, &slots, grain, columns)
    }

    /// The best exemplars of a query. Failed events are kept as long as slots are, slow ones for
    /// [`EXEMPLAR_SLOW_KEPT_MS`](crate::limits::EXEMPLAR_SLOW_KEPT_MS).
    ///
    /// # Errors
    /// When the database cannot be read.
    pub fn exemplars(&self, query: &ExemplarQuery<'_>) -> Result<BestExemplars> {
        read::find_exemplars(&self.shared.db, &self.shared.timeline, query)
    }

    /// What damage of files had lost for good when the store was opened.
    #[must_use]
    pub fn losses(&self) -> &[Loss] {
        &self.shared.losses
    }

    /// Whether any read has met damage since the store was opened.
    #[must_use]
    pub fn has_damage(&self) -> bool {
        self.shared.db.damage().count() > 0
    }

    /// The damaged places that scans of these streams and slots have met: their cells are missing.
    #[must_use]
    pub fn damaged(&self, streams: &[StreamId], slots: &Range<Slot>) -> Vec<String> {
        self.shared.db.damage().of(streams, slots, self.slot_width())
    }
}

/// Tables, statistics and backups.
impl Store {
    /// Writes changes to tables: all of them, durably, or none.
    ///
    /// # Errors
    /// When the database cannot be written.
    pub fn commit(&self, batch: TableBatch) -> Result<()> {
        if batch.is_empty() { Ok(()) } else { self.shared.db.commit_tables(batch) }
    }

    /// One record of a table.
    ///
    /// # Errors
    /// When the database cannot be read.
    pub fn get(&self, table: Table, key: &[u8]) -> Result<Option<Vec<u8>>> {
        self.shared.db.table_record(table, key)
    }

    /// Up to `limit` records of a table whose key begins with `prefix`, in key order; with `after`, only
    /// those strictly beyond it.
    ///
    /// # Errors
    /// When the database cannot be read.
    pub fn records(
        &self,
        table: Table,
        prefix: &[u8],
        after: Option<&[u8]>,
        order: Order,
        limit: usize,
    ) -> Result<Vec<Record>> {
        self.shared.db.table_records(table, prefix, after, order, limit)
    }

    /// Numbers for metrics.
    #[must_use]
    pub fn stats(&self) -> Stats {
        inspect::stats(&self.shared, self.queue.waiting())
    }

    /// Counts what the store holds on disk, and reads every block for it.
    ///
    /// # Errors
    /// When the database cannot be read; a damaged block is reported.
    pub fn inspect(&self) -> Result<Inspection> {
        let streams = self.shared.catalog.read().len();
        inspect::inspect(&self.shared.db, self.slot_width(), streams)
    }

    /// The slots of which cells of a resolution may be kept: from the day of its oldest block that has not
    /// expired, or the oldest cell that is not sealed, to the newest event. `None` when there are none.
    ///
    /// # Errors
    /// When the database cannot be read.
    pub fn kept_slots(&self, resolution: Resolution) -> Result<Option<Range<Slot>>> {
        let Shared { db, head, timeline, .. } = &*self.shared;
        inspect::kept_slots(db, head, timeline, resolution)
    }

    /// Makes a backup in a directory that is missing or empty, while the store serves. It holds everything
    /// that was acknowledged before the call. The directory appears once the backup is complete.
    ///
    /// # Errors
    /// [`Error::NotEmpty`], [`Error::Busy`] during another backup, or when the directory cannot be written.
    pub fn backup(&self, to: &Path) -> Result<Backup> {
        let _alone = self.backing_up.try_lock().ok_or(OTHER_BACKUP)?;
        backup::backup(&self.shared.db, to)
    }

    /// As [`Store::backup`], for a directory of backups that this store alone makes: what it has left
    /// unfinished there is removed, and the number of backups there has a limit.
    ///
    /// # Errors
    /// As that, [`Error::TooManyBackups`], [`Error::TooManyFolders`], and [`Error::TooDeep`].
    pub fn backup_below(&self, directory: &Path, to: &Path) -> Result<Backup> {
        let _alone = self.backing_up.try_lock().ok_or(OTHER_BACKUP)?;
        backup::check_place(directory, to)?;
        backup::backup(&self.shared.db, to)
    }

    #[cfg(test)]
    pub(crate) fn shared(&self) -> &Shared {
        &self.shared
    }
}
