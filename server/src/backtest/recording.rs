//! A recording: a file of pushed items in the order in which they arrived, read as a stream.
//!
//! Each line goes through the checks of a push. What fails is counted, remembered by line number while
//! there are few, and passed over.

use std::{collections::BTreeSet, fmt, io};

use plimsoll_alerting::SANDBOX;
use plimsoll_storage::{Cell, Label, SlotValue, SlotWidth, TimestampMs};

use super::batch::Batches;
use super::limits::{BROKEN_LINES_SHOWN_MAX, CHUNK_ARRIVALS_MAX};
use super::line::RawLine;
use super::source::{Arrival, Chunk, StreamNumbers};
use crate::import::{Input, Line};
use crate::ingest::check::{Delta, Item};
use crate::ingest::field::{Checked, fault};

/// What of a recording is replayed.
#[derive(Debug, Clone)]
pub(crate) struct Selection {
    pub(crate) width: SlotWidth,
    /// Only these partners; everyone when empty.
    pub(crate) partners: BTreeSet<String>,
    /// Nothing that arrived at or after this time.
    pub(crate) to: Option<TimestampMs>,
}

/// A line that could not be used.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct BrokenLine {
    /// From 1.
    pub(crate) number: u64,
    /// JSON pointer to the field; empty for the line as a whole.
    pub(crate) field: String,
    pub(crate) detail: String,
}

impl fmt::Display for BrokenLine {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "line {}: ", self.number)?;
        if !self.field.is_empty() {
            write!(f, "{} ", self.field)?;
        }
        f.write_str(&self.detail)
    }
}

/// What was read.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Reading {
    /// Lines, empty ones left out.
    pub(crate) lines: u64,
    /// Lines that were replayed.
    pub(crate) replayed: u64,
    /// Lines of a batch that had arrived before.
    pub(crate) repeated: u64,
    /// Lines that could not be used.
    pub(crate) broken: u64,
    /// The first of them.
    pub(crate) first_broken: Vec<BrokenLine>,
    /// Bytes of the lines, unpacked.
    pub(crate) bytes: u64,
}

/// Why reading stopped.
#[derive(Debug, thiserror::Error)]
pub(crate) enum RecordingError {
    /// The file could not be read on.
    #[error("the recording could not be read after line {line_number}: {source}")]
    Read {
        /// The last line that was read, from 1.
        line_number: u64,
        /// What the system says.
        source: io::Error,
    },
}

/// What becomes of a line.
enum Fate {
    Replayed,
    Repeated,
    /// Of a partner that is not asked for, or of a drill.
    LeftOut,
    /// It arrived after the time asked for, and so did everything behind it.
    Late,
}

/// Reads a recording to its end, or to the time asked for, and hands it to `take` chunk by chunk.
/// Reading ends early when `take` answers that nobody listens any more.
///
/// # Errors
/// The file cannot be read on. A broken line is no error: it is counted.
pub(crate) fn read(
    mut input: Input,
    selection: &Selection,
    mut take: impl FnMut(Chunk) -> bool,
) -> Result<Reading, RecordingError> {
    let mut reader = Reader::new(selection);
    let mut reading = Reading::default();
    let mut line_number = 0;
    loop {
        let line = input.next_line().map_err(|source| RecordingError::Read { line_number, source });
        let Some(line) = line? else { break };
        line_number += 1;
        reading.bytes += line.size_bytes() as u64 + 1;
        let fate = match line {
            Line::Whole(bytes) if bytes.trim_ascii().is_empty() => continue,
            Line::Whole(bytes) => reader.line(bytes),
            Line::TooLong => fault("", "too_long", "the line is longer than 64 KiB"),
        };
        reading.lines += 1;
        match fate {
            Ok(Fate::Replayed) => reading.replayed += 1,
            Ok(Fate::Repeated) => reading.repeated += 1,
            Ok(Fate::LeftOut) => {}
            Ok(Fate::Late) => break,
            Err((field, problem)) => reading.count_broken(line_number, &field, problem.detail),
        }
        if reader.chunk.arrivals.len() >= CHUNK_ARRIVALS_MAX {
            let chunk =
                Chunk { progress: input.bytes_read(), read: reading.lines, ..reader.take() };
            if !take(chunk) {
                return Ok(reading);
            }
        }
    }
    take(Chunk { progress: input.bytes_read(), read: reading.lines, ..reader.take() });
    Ok(reading)
}

impl Reading {
    fn count_broken(&mut self, number: u64, field: &str, detail: String) {
        self.broken += 1;
        if self.first_broken.len() < BROKEN_LINES_SHOWN_MAX {
            self.first_broken.push(BrokenLine { number, field: field.to_owned(), detail });
        }
    }
}

/// Turns lines into arrivals.
struct Reader<'s> {
    selection: &'s Selection,
    batches: Batches,
    streams: StreamNumbers,
    /// The newest time at which something arrived. It never goes back.
    clock: TimestampMs,
    chunk: Chunk,
}

impl<'s> Reader<'s> {
    fn new(selection: &'s Selection) -> Self {
        Self {
            selection,
            batches: Batches::default(),
            streams: StreamNumbers::default(),
            clock: TimestampMs(i64::MIN),
            chunk: Chunk::default(),
        }
    }

    /// What was collected so far.
    fn take(&mut self) -> Chunk {
        let empty = Chunk { arrivals: Vec::with_capacity(CHUNK_ARRIVALS_MAX), ..Chunk::default() };
        std::mem::replace(&mut self.chunk, empty)
    }

    fn line(&mut self, bytes: &[u8]) -> Checked<Fate> {
        let line = RawLine::read(bytes)?;
        let partners = &self.selection.partners;
        if !partners.is_empty() && line.partner().is_some_and(|one| !partners.contains(one)) {
            return Ok(Fate::LeftOut);
        }
        let received_at = line.received_at()?;
        let item = line.check(self.selection.width, received_at)?;
        let at = self.clock.max(received_at.unwrap_or(item.end));
        if self.selection.to.is_some_and(|to| at >= to) {
            return Ok(Fate::Late);
        }
        self.clock = at;
        match line.batch()? {
            Some(batch) if self.batches.is_repeated(batch, bytes, received_at, at) => {
                return Ok(Fate::Repeated);
            }
            Some(_) => {}
            None => self.batches.end_arrival(),
        }
        self.add(item)
    }

    fn add(&mut self, item: Item<'_>) -> Checked<Fate> {
        if item.stream.labels[Label::Environment as usize] == SANDBOX {
            return Ok(Fate::LeftOut);
        }
        let Some(stream) = self.streams.number(item.stream, &mut self.chunk.new_streams) else {
            return fault("", "stream_limit", "is of one stream more than a database takes");
        };
        let value = match item.delta {
            Delta::Event { outcome, seconds, at } => {
                let mut cell = Cell::default();
                cell.record(outcome, seconds, at);
                SlotValue::Activity(cell)
            }
            Delta::Summary(cell) => SlotValue::Activity(cell),
            Delta::Gauge(reading) => SlotValue::Gauge(reading),
        };
        self.chunk.arrivals.push(Arrival { at: self.clock, stream, slot: item.slot, value });
        Ok(Fate::Replayed)
    }
}

#[cfg(test)]
mod tests;
