//! Batch ids of the last day, as a server remembers idempotency keys: a batch that was sent twice counts
//! once.
//!
//! A recording has one batch id for each line, or one for all lines of an arrival. So a line is new if its id
//! is new, or if it continues the current batch: the same id and time as the line before. If the first line
//! of the current batch appears again, the batch was sent a second time. A batch whose id was used for other
//! lines before is not counted either, because a server rejects it.

use std::collections::{HashMap, VecDeque};
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
    /// A hash of its lines without their time of arrival, and how many there are.
    content: u64,
    lines: u64,
}

/// Batches that were seen. Ids are kept as 64-bit hashes: among four million, two collide once in two million
/// files.
#[derive(Debug, Default)]
pub(crate) struct Batches {
    hasher: RandomState,
    /// The content of each, by id.
    seen: HashMap<u64, u64, RandomState>,
    /// Lines of repeated batches whose content differs from that of the first.
    conflicting: u64,
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
        let id = self.hasher.hash_one(batch);
        let line = self.hasher.hash_one(without_arrival(line));
        let continues = |it: &CurrentBatch| it.id == id && it.at == at && it.first_line != line;
        if !self.current.as_ref().is_some_and(continues) {
            self.end_batch();
            let repeated = !self.remember(id, clock);
            let current = CurrentBatch { id, at, first_line: line, repeated, content: 0, lines: 0 };
            self.current = Some(current);
        }
        let Some(current) = &mut self.current else { return false };
        current.lines += 1;
        current.content = self.hasher.hash_one((current.content, line));
        current.repeated
    }

    /// Notes the end of an arrival: the next line begins another.
    pub(crate) fn end_batch(&mut self) {
        let Some(current) = self.current.take() else { return };
        let Some(content) = self.seen.get_mut(&current.id) else { return };
        if !current.repeated {
            *content = current.content;
        } else if *content != current.content {
            self.conflicting += current.lines;
        }
    }

    /// How many lines belong to batches whose id was used for other lines before.
    pub(crate) fn conflicting(&mut self) -> u64 {
        self.end_batch();
        self.conflicting
    }

    /// Remembers an id; returns whether it is new.
    fn remember(&mut self, id: u64, clock: TimestampMs) -> bool {
        while let Some((expires_at, old)) = self.expiries.front()
            && (*expires_at <= clock || self.expiries.len() >= BATCHES_MAX)
        {
            self.seen.remove(old);
            self.expiries.pop_front();
        }
        let new = !self.seen.contains_key(&id);
        if new {
            self.seen.insert(id, 0);
            self.expiries.push_back((clock.plus_ms(IDEMPOTENCY_KEPT_MS), id));
        }
        new
    }
}

/// A line before and after the time of its arrival, which differs when it is sent again.
fn without_arrival(line: &[u8]) -> (&[u8], &[u8]) {
    const FIELD: &[u8] = b"\"received_at\"";
    let Some(start) = memchr::memmem::find(line, FIELD) else {
        return (line, &[]);
    };
    let (before, rest) = line.split_at(start);
    let end = rest.iter().position(|byte| matches!(byte, b',' | b'}')).unwrap_or(rest.len());
    (before, rest.get(end..).unwrap_or_default())
}

#[cfg(test)]
mod tests;
