//! Compaction while little is appended: blocks that were sealed lately are compacted, so that an idle
//! database is as small as it can be.
//!
//! Under load RocksDB compacts parts by itself, some files at a time. The last of them would stay as they are
//! until more is written.

use std::ops::RangeInclusive;

use parking_lot::Mutex;

use crate::db::{Database, Family};
use crate::limits::{COMPACT_BYTES_MIN, COMPACT_SHARE, IDLE_BYTES_PER_S};
use crate::model::resolution::Resolution;
use crate::model::time::TimestampMs;

/// What has been sealed since the last compaction.
#[derive(Debug, Default)]
pub(crate) struct Backlog(Mutex<Since>);

#[derive(Debug, Default)]
struct Since {
    /// Bytes of the sealed parts.
    part_bytes: u64,
    /// The days of the parts.
    days: Option<RangeInclusive<u32>>,
    /// The time of the last check, and how many bytes had been appended by then.
    checked: Option<(TimestampMs, u64)>,
}

impl Backlog {
    /// Notes that parts of some day were sealed.
    pub(super) fn note(&self, bytes: u64, days: RangeInclusive<u32>) {
        let mut since = self.0.lock();
        since.part_bytes += bytes;
        since.days = Some(spanning(since.days.take(), days));
    }

    /// Whether compaction is worthwhile in a database of `file_bytes`: little has been appended since the
    /// last check, and a good share of the database is uncompacted.
    pub(crate) fn is_due(
        &self,
        now: TimestampMs,
        appended_bytes: u64,
        journal_bytes: u64,
        file_bytes: u64,
    ) -> bool {
        let mut since = self.0.lock();
        let uncompacted = since.part_bytes + journal_bytes;
        let Some((at, before)) = since.checked.replace((now, appended_bytes)) else { return false };
        let idle_ms = u64::try_from(now.since_ms(at)).unwrap_or(0);
        let is_idle = (appended_bytes - before) * 1000 <= IDLE_BYTES_PER_S * idle_ms;
        is_idle && idle_ms > 0 && uncompacted >= COMPACT_BYTES_MIN.max(file_bytes / COMPACT_SHARE)
    }

    /// The days to compact. From now on they count as compacted.
    fn take(&self) -> Option<RangeInclusive<u32>> {
        let mut since = self.0.lock();
        since.part_bytes = 0;
        since.days.take()
    }

    /// Compacts what was sealed since the last compaction, after a flush. `go_on` is asked before each day;
    /// the rest is compacted as more is written.
    pub(crate) fn compact(&self, db: &Database, go_on: impl Fn() -> bool) {
        let days = self.take();
        // Sealing leaves journal files behind that hold nothing.
        db.compact_family(Family::Journal);
        for day in days.into_iter().flatten().take_while(|_| go_on()) {
            for family in Resolution::ALL.map(Family::of) {
                db.compact_day(family, day);
            }
        }
    }
}

/// The days from the first of both to the last of both.
pub(super) fn spanning(
    held: Option<RangeInclusive<u32>>,
    more: RangeInclusive<u32>,
) -> RangeInclusive<u32> {
    let Some(held) = held else { return more };
    *held.start().min(more.start())..=*held.end().max(more.end())
}

#[cfg(test)]
mod tests;
