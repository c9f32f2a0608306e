//! Keeping a store in shape: sealing, retention, compaction, and recovery from failures of the disk.

use super::Store;
use crate::db::{DamagedFile, WriteFailure};
use crate::error::Result;
use crate::maintain::{self, Sealed};
use crate::model::time::TimestampMs;

/// Maintenance.
impl Store {
    /// Takes every later time that calls pass for `until` from now on, so that nothing expires by it: neither
    /// data nor idempotency keys. For a server whose clock may be set to any time; call it again as time
    /// passes. Without it every time is trusted.
    pub fn trust_clock_until(&self, until: TimestampMs) {
        self.shared.timeline.trust_until(until);
    }

    /// Seals the head when it is large or old, drops days past their retention, some of a day at a time,
    /// and forgets streams without data, some at a time. Call it every second or so.
    ///
    /// # Errors
    /// When the database cannot be written; the head then stays as it is.
    pub fn maintain(&self, now: TimestampMs) -> Result<Option<Sealed>> {
        self.maintenance.run(&self.shared, &self.queue, now)
    }

    /// Whether the head or its journal is so large that it should be sealed.
    #[must_use]
    pub fn needs_seal(&self) -> bool {
        maintain::needs_seal(&self.shared)
    }

    /// Seals everything appended so far into blocks.
    ///
    /// # Errors
    /// When the database cannot be written; nothing is lost and the next call tries again.
    pub fn seal(&self) -> Result<Sealed> {
        self.maintenance.seal(&self.shared, &self.queue)
    }

    /// Seals everything and writes it to its files, so that the next start has nothing to replay. For an
    /// orderly stop; without it nothing is lost either.
    ///
    /// # Errors
    /// When the database cannot be written.
    pub fn flush(&self) -> Result<()> {
        self.maintenance.flush(&self.shared, &self.queue)
    }

    /// [`Store::flush`] for a stop that must not take long: a large head stays in the journal, which the next
    /// start replays, if there is a log on disk. Returns whether it flushed.
    ///
    /// # Errors
    /// When the database cannot be written.
    pub fn flush_for_stop(&self) -> Result<bool> {
        self.maintenance.flush_for_stop(&self.shared, &self.queue)
    }

    /// Ends reads of cells, those that run and those to come: they fail with
    /// [`Error::Closed`](crate::Error::Closed). For a stop that does not wait for them; everything else
    /// works as before.
    pub fn end_reads(&self) {
        self.shared.db.end_reads();
    }

    /// Ends compactions that run. It is the last call before the store is dropped: afterwards nothing is
    /// flushed any more.
    pub fn end_compactions(&self) {
        self.shared.db.end_compactions();
    }

    /// Drops expired days, and the oldest while the files are too large, and forgets streams without data.
    /// Returns how many days were dropped.
    ///
    /// # Errors
    /// When the database cannot be written.
    pub fn retain(&self) -> Result<u32> {
        self.maintenance.retain(&self.shared, &self.queue)
    }

    /// The oldest time of which anything is kept: older data need not be appended. It lies the longest
    /// retention before the newest data, or before `now` when that is earlier, so a store without data takes
    /// data of any age.
    #[must_use]
    pub fn oldest_kept(&self, now: TimestampMs) -> TimestampMs {
        let timeline = &self.shared.timeline;
        timeline.retention().oldest(timeline.newest().min(timeline.trusted(now)))
    }

    /// Flushes and compacts when little is being appended and much is uncompacted. Returns whether it did.
    /// Call it every few seconds, not on the thread that calls [`Store::maintain`]: it may take as long as
    /// rewriting the database. `go_on` is asked before each day; the rest is compacted as more is written.
    ///
    /// # Errors
    /// When the database cannot be written.
    pub fn compact_when_idle(&self, now: TimestampMs, go_on: impl Fn() -> bool) -> Result<bool> {
        self.maintenance.compact_when_idle(&self.shared, &self.queue, now, go_on)
    }

    /// Compacts every sealed block, for measurements and before a backup. RocksDB compacts by itself.
    ///
    /// # Errors
    /// When the database cannot be written.
    pub fn compact(&self) -> Result<()> {
        self.shared.db.compact()
    }

    /// Fills the cache with the cells that were sealed last: those of an hour, or of less when that is all
    /// that fits or a block is damaged. Returns how many slots further back queries read no blocks. Call it
    /// after a start; appends and readers continue meanwhile. Every now and then it asks `go_on`.
    ///
    /// # Errors
    /// When the database cannot be read; what was cached by then stays.
    pub fn preload(&self, go_on: impl Fn() -> bool) -> Result<u32> {
        self.maintenance.preload(&self.shared, go_on)
    }
}

/// Failures of the disk.
impl Store {
    /// The failure since which nothing can be appended or committed; `None` when the store works.
    #[must_use]
    pub fn write_failure(&self) -> Option<WriteFailure> {
        self.shared.db.failure()
    }

    /// Whether appends are written. When they are not any more, only opening the store again helps.
    #[must_use]
    pub fn has_writer(&self) -> bool {
        self.queue.is_running()
    }

    /// Whether what is stored can be read. It cannot while the files could not be opened again.
    #[must_use]
    pub fn is_readable(&self) -> bool {
        self.shared.db.is_open()
    }

    /// Checks that the data directory is the one that was opened; otherwise nothing is written. Makes the
    /// store writable again after a failure, once the disk works. Appends and commits that failed are not in
    /// it. Readers wait while the files are opened. Returns whether there was anything to recover from. Call
    /// it every second or so.
    ///
    /// # Errors
    /// When the data directory has changed, or the disk does not work yet.
    pub fn recover(&self) -> Result<bool> {
        self.shared.db.recover()
    }

    /// Files that could not be read when they were to be compacted. Everything else works; answers lack what
    /// cannot be read of them.
    #[must_use]
    pub fn damaged_files(&self) -> Vec<DamagedFile> {
        self.shared.db.damaged_files()
    }

    /// How often the store recovered from a failure since it was opened.
    #[must_use]
    pub fn recoveries(&self) -> u64 {
        self.shared.db.recoveries()
    }
}
