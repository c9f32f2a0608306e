//! Runs maintenance: who may write blocks at a time, and what is left to do.

use std::sync::atomic::{AtomicBool, Ordering};

use parking_lot::{Mutex, MutexGuard};

use super::compact::Backlog;
use super::forget::forget_some;
use super::preload::preload;
use super::retention::{Retained, retain};
use super::seal::{Sealed, seal_frozen};
use crate::error::Result;
use crate::limits::{self, HEAD_AGE_SEAL_MS};
use crate::model::time::TimestampMs;
use crate::shared::Shared;
use crate::write::Queue;

/// The maintenance of one store.
#[derive(Debug, Default)]
pub(crate) struct Maintenance {
    /// Held while blocks are written, so that one thread at a time does.
    sealing: Mutex<()>,
    backlog: Backlog,
    /// Whether days were past their retention at the last check.
    has_more_to_retain: AtomicBool,
    /// Whether streams without data were left at the last check, if there was one.
    is_all_forgotten: AtomicBool,
}

impl Maintenance {
    /// Prevents seals as long as the guard lives.
    pub(crate) fn pause(&self) -> MutexGuard<'_, ()> {
        self.sealing.lock()
    }

    /// See [`crate::Store::maintain`].
    pub(crate) fn run(
        &self,
        shared: &Shared,
        queue: &Queue,
        now: TimestampMs,
    ) -> Result<Option<Sealed>> {
        let now = shared.timeline.trusted(now);
        shared.timeline.saw_time(now);
        // After the clock was set back, the oldest append may be of a later time: it must not wait for that.
        let is_old = |oldest| now.since_ms(oldest).abs() >= HEAD_AGE_SEAL_MS;
        let first_append_at = shared.head.first_append_at();
        let is_due = first_append_at.is_some_and(|oldest| is_old(oldest) || needs_seal(shared));
        let sealed = if is_due { Some(self.seal(shared, queue)?) } else { None };
        // Only sealed data makes days expire.
        if sealed.is_some() || self.has_more_to_retain.load(Ordering::Relaxed) {
            self.retain_some(shared)?;
            self.is_all_forgotten.store(false, Ordering::Relaxed);
        } else if !self.is_all_forgotten.load(Ordering::Relaxed) {
            self.forget_some(shared, queue)?;
        }
        Ok(sealed)
    }

    /// See [`crate::Store::seal`].
    pub(crate) fn seal(&self, shared: &Shared, queue: &Queue) -> Result<Sealed> {
        let _one_at_a_time = self.sealing.lock();
        // Generations of an earlier attempt or a subscription first: while they cannot be written, no more
        // generations are frozen.
        let left_over = seal_frozen(shared, &self.backlog)?;
        queue.freeze(None)?;
        Ok(left_over + seal_frozen(shared, &self.backlog)?)
    }

    /// See [`crate::Store::flush`].
    pub(crate) fn flush(&self, shared: &Shared, queue: &Queue) -> Result<()> {
        self.seal(shared, queue)?;
        shared.db.flush()
    }

    /// See [`crate::Store::flush_for_stop`].
    pub(crate) fn flush_for_stop(&self, shared: &Shared, queue: &Queue) -> Result<bool> {
        let is_small = shared.head.size_bytes() <= limits::STOP_SEAL_BYTES_MAX;
        let flushes = is_small || !shared.db.has_log();
        if flushes {
            self.flush(shared, queue)?;
        }
        Ok(flushes)
    }

    /// See [`crate::Store::retain`].
    pub(crate) fn retain(&self, shared: &Shared, queue: &Queue) -> Result<u32> {
        let mut days = 0;
        loop {
            let retained = self.retain_some(shared)?;
            days += retained.days;
            if !retained.has_more {
                break;
            }
        }
        while self.forget_some(shared, queue)? > 0 {}
        Ok(days)
    }

    /// One step of forgetting streams without data. Returns how many were forgotten.
    fn forget_some(&self, shared: &Shared, queue: &Queue) -> Result<usize> {
        let _nothing_is_sealed = self.sealing.lock();
        let forgotten = forget_some(shared, queue)?;
        self.is_all_forgotten.store(forgotten == 0, Ordering::Relaxed);
        Ok(forgotten)
    }

    /// One step of [`Maintenance::retain`].
    fn retain_some(&self, shared: &Shared) -> Result<Retained> {
        let _one_at_a_time = self.sealing.lock();
        let streams = shared.catalog.read().next_id().0;
        let retained = retain(&shared.db, &shared.timeline, streams)?;
        let is_left = retained.has_more || retained.is_waiting;
        self.has_more_to_retain.store(is_left, Ordering::Relaxed);
        Ok(retained)
    }

    /// See [`crate::Store::compact_when_idle`].
    pub(crate) fn compact_when_idle(
        &self,
        shared: &Shared,
        queue: &Queue,
        now: TimestampMs,
        go_on: impl Fn() -> bool,
    ) -> Result<bool> {
        let appended_bytes = shared.counts.bytes.load(Ordering::Relaxed);
        let journal_bytes = shared.head.journal_bytes() as u64;
        let file_bytes = shared.db.file_bytes();
        if !self.backlog.is_due(now, appended_bytes, journal_bytes, file_bytes) {
            return Ok(false);
        }
        self.flush(shared, queue)?;
        self.backlog.compact(&shared.db, go_on);
        Ok(true)
    }

    /// See [`crate::Store::preload`].
    pub(crate) fn preload(&self, shared: &Shared, go_on: impl Fn() -> bool) -> Result<u32> {
        preload(shared, &self.sealing, go_on)
    }
}

/// See [`crate::Store::needs_seal`].
pub(crate) fn needs_seal(shared: &Shared) -> bool {
    let Shared { head, catalog, memory_bytes, .. } = shared;
    head.size_bytes() >= limits::head_bytes_seal(*memory_bytes)
        || head.journal_bytes() >= limits::journal_bytes_seal(catalog.read().len())
}
