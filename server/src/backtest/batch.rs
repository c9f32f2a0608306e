//! Batch ids of the last day, as a server would remember them: what was sent twice counts once.
//!
//! A file has one batch id a line, or one for all the lines of an arrival. So a line is new when its
//! id was not seen, or when it goes on with the arrival that is under way: the same id and time as the
//! line before. An arrival that begins again with its own first line is the batch sent a second time.

use std::collections::{HashSet, VecDeque};
use std::hash::BuildHasher;

use foldhash::fast::RandomState;
use plimsoll_storage::{TimestampMs, limits::IDEMPOTENCY_KEPT_MS};

use super::limits::BATCHES_MAX;

/// The arrival that is under way.
#[derive(Debug, PartialEq, Eq)]
struct Arrival {
    id: u64,
    at: Option<TimestampMs>,
    first_line: u64,
    repeated: bool,
}

/// Which batches were seen. Ids are kept as 64-bit hashes: among four million of them two collide
/// once in two million files.
#[derive(Debug, Default)]
pub(crate) struct Batches {
    hasher: RandomState,
    seen: HashSet<u64, RandomState>,
    /// When each is forgotten, oldest first.
    expiries: VecDeque<(TimestampMs, u64)>,
    under_way: Option<Arrival>,
}

impl Batches {
    /// Whether `line` with this batch id was counted before. `at` is when the line says that it
    /// arrived, `clock` the time of the replay.
    pub(crate) fn is_repeated(
        &mut self,
        batch: &str,
        line: &[u8],
        at: Option<TimestampMs>,
        clock: TimestampMs,
    ) -> bool {
        let (id, line) = (self.hasher.hash_one(batch), self.hasher.hash_one(line));
        match &mut self.under_way {
            Some(arrival) if arrival.id == id && arrival.at == at => {
                arrival.repeated |= arrival.first_line == line;
                arrival.repeated
            }
            _ => {
                let repeated = !self.remember(id, clock);
                self.under_way = Some(Arrival { id, at, first_line: line, repeated });
                repeated
            }
        }
    }

    /// A line without a batch id ends the arrival that is under way.
    pub(crate) fn end_arrival(&mut self) {
        self.under_way = None;
    }

    /// Answers whether the id is new.
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
