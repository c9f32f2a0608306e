//! Batch ids of the last day, as a server remembers idempotency keys: a batch that was sent twice counts
//! once.
//!
//! A recording has one batch id for each line, or one for all lines of an arrival. So a line is new if its id
//! is new, or if it continues the current batch: the same id and time as the line before. If the first line
//! of the current batch appears again, the batch was sent a second time.

use std::collections::{HashSet, VecDeque};
use std::hash::BuildHasher;

use foldhash::fast::RandomState;
use plimsoll_storage::TimestampMs;
use plimsoll_storage::limits::IDEMPOTENCY_KEPT_MS;

use crate::backtest::limits::BATCHES_MAX;

/// The batch that the last line belonged to.
#[derive(Debug, PartialEq, Eq)]
struct CurrentBatch {
    id: u64,
    at: Option<TimestampMs>,
    first_line: u64,
    repeated: bool,
}

/// Batches that were seen. Ids are kept as 64-bit hashes: among four million, two collide once in two million
/// files.
#[derive(Debug, Default)]
pub(crate) struct Batches {
    hasher: RandomState,
    seen: HashSet<u64, RandomState>,
    /// When each expires, oldest first.
    expiries: VecDeque<(TimestampMs, u64)>,
    current: Option<CurrentBatch>,
}

impl Batches {
    /// Whether `line` with this batch id was counted before. `at` is the arrival time in the line, `clock`
    /// the time of the replay.
    pub(crate) fn is_repeated(
        &mut self,
        batch: &str,
        line: &[u8],
        at: Option<TimestampMs>,
        clock: TimestampMs,
    ) -> bool {
        let (id, line) = (self.hasher.hash_one(batch), self.hasher.hash_one(line));
        match &mut self.current {
            Some(current) if current.id == id && current.at == at => {
                current.repeated |= current.first_line == line;
                current.repeated
            }
            _ => {
                let repeated = !self.remember(id, clock);
                self.current = Some(CurrentBatch { id, at, first_line: line, repeated });
                repeated
            }
        }
    }

    /// Notes a line without a batch id: the next line begins an arrival.
    pub(crate) fn end_batch(&mut self) {
        self.current = None;
    }

    /// Remembers an id; returns whether it is new.
    fn remember(&mut self, id: u64, clock: TimestampMs) -> bool {
        while let Some((expires_at, old)) = self.expiries.front()
            && (*expires_at <= clock || self.expiries.len() >= BATCHES_MAX)
        {
            self.seen.remove(old);
            self.expiries.pop_front();
        }
        let new = self.seen.insert(id);
        if new {
            self.expiries.push_back((clock.plus_ms(IDEMPOTENCY_KEPT_MS), id));
        }
        new
    }
}

#[cfg(test)]
mod tests;
