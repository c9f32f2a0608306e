//! Tidying up while little is appended: what was sealed lately is folded and the write-ahead log let
//! go, so that a database at rest is as small as it can be.
//!
//! Under load RocksDB's compaction folds parts by itself, some files at a time; the last of them, and
//! the log of what is in them, would stay as they are until more is written.

use std::{ops::RangeInclusive, sync::atomic::Ordering};

use parking_lot::Mutex;

use crate::db::schema::Family;
use crate::error::Result;
use crate::limits::{QUIET_BYTES_PER_S, TIDY_BYTES_MIN, TIDY_SHARE};
use crate::model::resolution::Resolution;
use crate::model::time::TimestampMs;
use crate::store::Store;

/// What has been sealed since the last time everything was tidy.
#[derive(Debug, Default)]
pub(crate) struct Untidy(Mutex<Since>);

#[derive(Debug, Default)]
struct Since {
    /// Bytes of the parts.
    part_bytes: u64,
    /// The days they are of.
    days: Option<RangeInclusive<u32>>,
    /// When it was last looked, and how many bytes had been appended by then.
    looked: Option<(TimestampMs, u64)>,
}

impl Untidy {
    /// Notes that parts of some day were sealed.
    pub(crate) fn note(&self, bytes: u64, days: RangeInclusive<u32>) {
        let mut since = self.0.lock();
        since.part_bytes += bytes;
        since.days = Some(spanning(since.days.take(), days));
    }

    /// Whether it is worth tidying up in a database of `file_bytes`: little has been appended since
    /// the last look, and what has not been folded is a good share of all there is.
    pub(crate) fn is_due(
        &self,
        now: TimestampMs,
        appended_bytes: u64,
        journal_bytes: u64,
        file_bytes: u64,
    ) -> bool {
        let mut since = self.0.lock();
        let untidy = since.part_bytes + journal_bytes;
        let Some((at, before)) = since.looked.replace((now, appended_bytes)) else { return false };
        let quiet_ms = u64::try_from(now.since_ms(at)).unwrap_or(0);
        let is_quiet = (appended_bytes - before) * 1000 <= QUIET_BYTES_PER_S * quiet_ms;
        is_quiet && quiet_ms > 0 && untidy >= TIDY_BYTES_MIN.max(file_bytes / TIDY_SHARE)
    }

    /// The days that are to be folded; from now on they count as tidy.
    fn take(&self) -> Option<RangeInclusive<u32>> {
        let mut since = self.0.lock();
        since.part_bytes = 0;
        since.days.take()
    }
}

/// The days from the first of both to the last of both.
pub(crate) fn spanning(
    held: Option<RangeInclusive<u32>>,
    more: RangeInclusive<u32>,
) -> RangeInclusive<u32> {
    let Some(held) = held else { return more };
    *held.start().min(more.start())..=*held.end().max(more.end())
}

impl Store {
    /// Tidies up when little is being appended and there is much to gain: seals, folds what was sealed
    /// lately and lets the write-ahead log go. Returns whether it did. Call it every few seconds, not
    /// on the thread that calls [`Store::maintain`]: it may take as long as rewriting the database.
    /// Before each day it asks `go_on`; what is left then is folded as more is written.
    ///
    /// # Errors
    /// When the database cannot be written.
    pub fn compact_when_idle(&self, now: TimestampMs, go_on: impl Fn() -> bool) -> Result<bool> {
        let shared = self.shared();
        let appended_bytes = shared.groups.bytes.load(Ordering::Relaxed);
        let journal_bytes = shared.head.journal_bytes() as u64;
        let file_bytes = shared.db.file_bytes();
        if !shared.untidy.is_due(now, appended_bytes, journal_bytes, file_bytes) {
            return Ok(false);
        }
        self.flush()?;
        let days = shared.untidy.take();
        // What was sealed leaves files behind that hold nothing.
        shared.db.compact_family(Family::Journal);
        for day in days.into_iter().flatten().take_while(|_| go_on()) {
            for family in Resolution::ALL.map(Family::of) {
                shared.db.fold_day(family, day);
            }
        }
        Ok(true)
    }

    /// Seals everything and writes it to its files, so that the next start has nothing to replay.
    /// For a stop that was asked for; without it nothing is lost either.
    ///
    /// # Errors
    /// When the database cannot be written.
    pub fn flush(&self) -> Result<()> {
        self.seal()?;
        self.shared().db.flush()
    }
}

#[cfg(test)]
mod tests;
