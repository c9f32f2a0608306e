//! A recording: a file of pushed items in the order in which they arrived, read as a stream.
//!
//! Each line goes through the checks of a push. A line that fails is counted and skipped; the first few are
//! reported with their line number.

use std::collections::BTreeSet;
use std::{fmt, io};

use plimsoll_alerting::SANDBOX;
use plimsoll_storage::{Cell, Label, SlotValue, SlotWidth, TimestampMs};

use super::batch::Batches;
use super::chunk::{Arrival, Chunk, StreamNumbers};
use super::line::RawLine;
use crate::backtest::limits::{BROKEN_LINES_SHOWN_MAX, CHUNK_ARRIVALS_MAX};
use crate::error::RejectCode;
use crate::import::{Input, InputLine};
use crate::ingest::check::{Delta, Item};
use crate::ingest::field::{Checked, wrong};

/// Which part of a recording is replayed.
#[derive(Debug, Clone)]
pub(crate) struct Selection {
    pub(crate) width: SlotWidth,
    /// Only these partners; all when empty.
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
pub(crate) struct RecordingSummary {
    /// Lines, without empty ones.
    pub(crate) lines: u64,
    /// Lines that were replayed.
    pub(crate) replayed: u64,
    /// Lines of a batch that arrived before.
    pub(crate) repeated: u64,
    /// Lines that could not be used.
    pub(crate) broken: u64,
    /// The first of the broken lines.
    pub(crate) first_broken: Vec<BrokenLine>,
    /// Bytes of the lines, uncompressed.
    pub(crate) bytes: u64,
}

/// Why reading stopped.
#[derive(Debug, thiserror::Error)]
pub(crate) enum RecordingError {
    /// The file could not be read to its end.
    #[error("the recording could not be read after line {line_number}: {source}")]
    Read {
        /// The last line that was read, from 1.
        line_number: u64,
        /// The system's error.
        source: io::Error,
    },
}

/// What was done with a line.
enum LineResult {
    Replayed,
    Repeated,
    /// It belongs to a partner that was not requested, or to a drill.
    LeftOut,
    /// It arrived at or after `to`, and so did all further lines.
    Late,
}

/// Reads a recording to its end or to `to`, and passes it to `on_chunk` chunk by chunk. Reading ends early
/// when `on_chunk` returns `false`.
///
/// # Errors
/// The file cannot be read to its end. A broken line is not an error: it is counted.
pub(crate) fn read(
    mut input: Input,
    selection: &Selection,
    mut on_chunk: impl FnMut(Chunk) -> bool,
) -> Result<RecordingSummary, RecordingError> {
    let mut reader = Reader::new(selection);
    let mut summary = RecordingSummary::default();
    let mut line_number = 0;
    loop {
        let line = input.next_line().map_err(|source| RecordingError::Read { line_number, source });
        let Some(line) = line? else { break };
        line_number += 1;
        summary.bytes += line.size_bytes() as u64 + 1;
        let result = match line {
            InputLine::Whole(bytes) | InputLine::NoEnd(bytes) if bytes.trim_ascii().is_empty() => {
                continue;
            }
            InputLine::Whole(bytes) | InputLine::NoEnd(bytes) => reader.line(bytes),
            InputLine::TooLong => wrong("", RejectCode::TooLong, "the line is longer than 64 KiB"),
        };
        summary.lines += 1;
        match result {
            Ok(LineResult::Replayed) => summary.replayed += 1,
            Ok(LineResult::Repeated) => summary.repeated += 1,
            Ok(LineResult::LeftOut) => {}
            Ok(LineResult::Late) => break,
            Err(error) => summary.count_broken(line_number, &error.field, error.detail),
        }
        if reader.chunk.arrivals.len() >= CHUNK_ARRIVALS_MAX {
            let chunk =
                Chunk { progress: input.bytes_read(), read: summary.lines, ..reader.take() };
            if !on_chunk(chunk) {
                return Ok(summary);
            }
        }
    }
    on_chunk(Chunk { progress: input.bytes_read(), read: summary.lines, ..reader.take() });
    Ok(summary)
}

impl RecordingSummary {
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
    /// The latest arrival time so far.
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

    /// The arrivals collected so far.
    fn take(&mut self) -> Chunk {
        let empty = Chunk { arrivals: Vec::with_capacity(CHUNK_ARRIVALS_MAX), ..Chunk::default() };
        std::mem::replace(&mut self.chunk, empty)
    }

    fn line(&mut self, bytes: &[u8]) -> Checked<LineResult> {
        let line = RawLine::read(bytes)?;
        let partners = &self.selection.partners;
        if !partners.is_empty() && line.partner().is_some_and(|one| !partners.contains(one)) {
            return Ok(LineResult::LeftOut);
        }
        let received_at = line.received_at()?;
        let item = line.check(self.selection.width, received_at)?;
        let at = self.clock.max(received_at.unwrap_or(item.end));
        if self.selection.to.is_some_and(|to| at >= to) {
            return Ok(LineResult::Late);
        }
        self.clock = at;
        match line.batch()? {
            Some(batch) if self.batches.is_repeated(batch, bytes, received_at, at) => {
                return Ok(LineResult::Repeated);
            }
            Some(_) => {}
            None => self.batches.end_batch(),
        }
        self.add(item)
    }

    fn add(&mut self, item: Item<'_>) -> Checked<LineResult> {
        let stream = item.stream.as_ref();
        if stream.labels[Label::Environment as usize] == SANDBOX {
            return Ok(LineResult::LeftOut);
        }
        let Some(stream) = self.streams.number(stream, &mut self.chunk.new_streams) else {
            return wrong(
                "",
                RejectCode::StreamLimit,
                "has a new stream, and a database has no room for more",
            );
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
        Ok(LineResult::Replayed)
    }
}

#[cfg(test)]
mod tests;
