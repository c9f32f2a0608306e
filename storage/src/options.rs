//! How a store is opened, and how long it keeps what it holds.

use std::path::PathBuf;

use crate::limits::{MEMORY_BYTES_DEFAULT, STREAMS_MAX};
use crate::model::resolution::Resolution;
use crate::model::time::{SlotWidth, TimestampMs};

const DAY_MS: i64 = 24 * 60 * 60 * 1000;

/// When an append is acknowledged.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Durability {
    /// After fsync of the write-ahead log: survives kill -9 and power loss.
    #[default]
    Fsync,
    /// After the write-ahead log was written to the system: survives kill -9.
    Wal,
    /// Once it is in memory: unsealed data is lost when the process ends abruptly.
    Memory,
}

/// How long cells are kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Retention {
    /// Cells by the slot, in ms.
    pub slot_ms: i64,
    /// Cells by the minute, in ms.
    pub minute_ms: i64,
    /// Cells by the quarter of an hour, in ms.
    pub quarter_ms: i64,
    /// Bytes of files above which the oldest days are dropped early; `None` for no such limit.
    pub size_bytes: Option<u64>,
}

impl Default for Retention {
    /// 8 days, 60 days, 2 years.
    fn default() -> Self {
        Self {
            slot_ms: 8 * DAY_MS,
            minute_ms: 60 * DAY_MS,
            quarter_ms: 730 * DAY_MS,
            size_bytes: None,
        }
    }
}

impl Retention {
    /// The same for slots of that width. Where slots are as wide as a roll-up there is no such roll-up, and
    /// slots are kept for as long instead.
    pub(crate) fn with_slots_of(mut self, width: SlotWidth) -> Self {
        for missing in Resolution::ALL.into_iter().filter(|one| !one.is_kept(width)) {
            self.slot_ms = self.slot_ms.max(self.kept_ms(missing));
        }
        self
    }

    /// How long cells of a resolution are kept, in ms.
    #[must_use]
    pub const fn kept_ms(&self, resolution: Resolution) -> i64 {
        match resolution {
            Resolution::Slot => self.slot_ms,
            Resolution::Minute => self.minute_ms,
            Resolution::Quarter => self.quarter_ms,
        }
    }

    /// The oldest time that any resolution still keeps.
    #[must_use]
    pub fn oldest(&self, now: TimestampMs) -> TimestampMs {
        let longest = Resolution::ALL.map(|resolution| self.kept_ms(resolution)).into_iter().max();
        now.plus_ms(-longest.unwrap_or(0))
    }

    /// The first day, since 1970, of which a resolution still keeps something.
    pub(crate) fn first_day(&self, resolution: Resolution, now: TimestampMs) -> u32 {
        let oldest = now.plus_ms(-self.kept_ms(resolution));
        u32::try_from(oldest.0.div_euclid(DAY_MS)).unwrap_or(0)
    }
}

/// How to open a [`crate::Store`].
#[derive(Debug, Clone)]
pub struct Options {
    /// The data directory. It is created when missing.
    pub path: PathBuf,
    /// The slot width. `None` takes that of the database, or the default for a new one.
    pub slot_width: Option<SlotWidth>,
    /// When an append is acknowledged.
    pub durability: Durability,
    /// How long cells are kept.
    pub retention: Retention,
    /// Memory for cells, in bytes: at least [`crate::limits::MEMORY_BYTES_MIN`]. The database, the index and
    /// requests need memory besides.
    pub memory_bytes: usize,
    /// Bytes up to which the cache of sealed cells may grow when there are more streams than a quarter of
    /// `memory_bytes` is enough for: [`crate::limits::CACHE_BYTES_PER_STREAM`].
    pub cache_growth_bytes_max: usize,
    /// Streams that the database may have, from [`crate::limits::STREAMS_MAX_MIN`] to
    /// [`crate::limits::STREAMS_MAX`]. A database that has more keeps them.
    pub streams_max: usize,
}

impl Options {
    /// Defaults for a data directory.
    #[must_use]
    pub fn new(path: impl Into<PathBuf>) -> Self {
        Self {
            path: path.into(),
            slot_width: None,
            durability: Durability::default(),
            retention: Retention::default(),
            memory_bytes: MEMORY_BYTES_DEFAULT,
            cache_growth_bytes_max: 0,
            streams_max: STREAMS_MAX,
        }
    }
}

#[cfg(test)]
mod tests;
