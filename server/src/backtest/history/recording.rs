//! A recording: a file of pushed items with the times of their arrival, read as a stream.
//!
//! Each line goes through the checks of a push. A line that fails is counted and skipped; the first few are
//! reported with their line number.
//!
//! Lines are replayed in the order of their arrival, also when they are not in that order in the file: the
//! newest of them wait in memory until so many came later. Of a small recording that is all of them.

use std::collections::BTreeSet;
use std::{fmt, io};

use plimsoll_alerting::{SANDBOX, grace_ms};
use plimsoll_storage::{
    Cell, Label, LabelMatchers, SlotValue, SlotWidth, Steps, StreamKey, TimestampMs,
};

use super::batch::Batches;
use super::chunk::{Arrival, Chunk, StepChange, StreamNumbers};
use super::line::RawLine;
use crate::backtest::limits::{BROKEN_LINES_SHOWN_MAX, CHUNK_ARRIVALS_MAX, WAITING_ARRIVALS_MAX};
use crate::error::RejectCode;
use crate::import::{Input, InputLine};
use crate::ingest::check::{Delta, Item};
use crate::ingest::field::{Checked, wrong};
use crate::wire::time;

/// Partners that were not asked for and are remembered.
const OTHER_PARTNERS_MAX: usize = 21;

/// Which part of a recording is replayed.
#[derive(Debug, Clone)]
pub(crate) struct Selection {
    pub(crate) width: SlotWidth,
    /// Conditions on the partner.
    pub(crate) partners: LabelMatchers,
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
    /// Of those, lines of a batch that had other lines when it arrived before.
    pub(crate) conflicting: u64,
    /// Lines of partners that were not asked for, and of drills.
    pub(crate) left_out: u64,
    /// Partners of such lines, the first few of very many.
    pub(crate) other_partners: BTreeSet<String>,
    /// Lines that arrived at or after the end of the replay.
    pub(crate) after_end: u64,
    /// Replayed lines that arrived after their slots were evaluated.
    pub(crate) late: u64,
    /// Replayed lines that arrived before a line above them.
    pub(crate) moved: u64,
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
    /// A line arrived before what has been replayed.
    #[error(
        "line {line_number} of the recording arrived at {}, before lines that are more than {} lines above \
         it; sort the lines by the time of their arrival",
        time::format(*.at), WAITING_ARRIVALS_MAX / 2
    )]
    OutOfOrder {
        /// From 1.
        line_number: u64,
        /// When it arrived.
        at: TimestampMs,
    },
}

/// What was done with a line.
enum LineResult {
    Replayed,
    Repeated,
    /// It belongs to a partner that was not requested, or to a drill.
    LeftOut,
    /// It arrived at or after `to`.
    AfterEnd,
}

/// Reads a recording to its end and passes it to `on_chunk` chunk by chunk. Reading ends early when
/// `on_chunk` returns `false`.
///
/// # Errors
/// The file cannot be read to its end, or its lines are far from the order of their arrival. A broken line is
/// not an error: it is counted.
pub(crate) fn read(
    mut input: Input,
    selection: &Selection,
    mut on_chunk: impl FnMut(Chunk) -> bool,
) -> Result<RecordingSummary, RecordingError> {
    let mut reader = Reader::new(selection);
    let mut line_number = 0;
    loop {
        let line = input.next_line().map_err(|source| RecordingError::Read { line_number, source });
        let Some(line) = line? else { break };
        line_number += 1;
        reader.summary.bytes += line.size_bytes() as u64 + 1;
        let result = match line {
            InputLine::Whole(bytes) | InputLine::NoEnd(bytes) if bytes.trim_ascii().is_empty() => {
                continue;
            }
            InputLine::Whole(bytes) | InputLine::NoEnd(bytes) => reader.line(bytes),
            InputLine::TooLong => wrong("", RejectCode::TooLong, "the line is longer than 64 KiB"),
        };
        reader.summary.count(line_number, result);
        let newest = reader.waiting.last().map(|arrival| arrival.at);
        if let Some(at) = newest.filter(|at| *at < reader.replayed_until) {
            return Err(RecordingError::OutOfOrder { line_number, at });
        }
        let half = WAITING_ARRIVALS_MAX / 2;
        if reader.waiting.len() >= WAITING_ARRIVALS_MAX
            && !reader.pass_on(half, input.bytes_read(), &mut on_chunk)
        {
            return Ok(reader.summary);
        }
    }
    reader.pass_on(reader.waiting.len(), input.bytes_read(), &mut on_chunk);
    reader.summary.conflicting = reader.batches.conflicting();
    Ok(reader.summary)
}

impl RecordingSummary {
    fn count(&mut self, line_number: u64, result: Checked<LineResult>) {
        self.lines += 1;
        match result {
            Ok(LineResult::Replayed) => self.replayed += 1,
            Ok(LineResult::Repeated) => self.repeated += 1,
            Ok(LineResult::LeftOut) => self.left_out += 1,
            Ok(LineResult::AfterEnd) => self.after_end += 1,
            Err(error) => self.count_broken(line_number, &error.field, error.detail),
        }
    }

    fn note_other(&mut self, partner: &str) {
        if self.other_partners.len() < OTHER_PARTNERS_MAX && !self.other_partners.contains(partner)
        {
            self.other_partners.insert(partner.to_owned());
        }
    }

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
    /// Streams that no chunk has named.
    new_streams: Vec<StreamKey>,
    /// Which streams report several slots at once, by the arrivals that were passed on.
    steps: Steps<u32>,
    /// The latest arrival time so far.
    clock: TimestampMs,
    /// Arrivals that no chunk holds; the newest line is the last.
    waiting: Vec<Arrival>,
    /// The time of the last arrival that was passed on.
    replayed_until: TimestampMs,
    summary: RecordingSummary,
}

impl<'s> Reader<'s> {
    fn new(selection: &'s Selection) -> Self {
        Self {
            selection,
            batches: Batches::default(),
            streams: StreamNumbers::default(),
            new_streams: Vec::new(),
            steps: Steps::default(),
            clock: TimestampMs(i64::MIN),
            waiting: Vec::new(),
            replayed_until: TimestampMs(i64::MIN),
            summary: RecordingSummary::default(),
        }
    }

    /// Passes on the first `count` of the waiting arrivals, in order; returns whether to continue.
    fn pass_on(
        &mut self,
        count: usize,
        bytes_read: u64,
        on_chunk: &mut impl FnMut(Chunk) -> bool,
    ) -> bool {
        // Stable, and linear when they are in order already.
        self.waiting.sort_by_key(|arrival| arrival.at);
        let mut first = self.waiting.drain(..count);
        loop {
            let arrivals: Vec<Arrival> = first.by_ref().take(CHUNK_ARRIVALS_MAX).collect();
            self.replayed_until = arrivals.last().map_or(self.replayed_until, |last| last.at);
            let is_last = first.len() == 0;
            let new_streams = std::mem::take(&mut self.new_streams);
            let steps = step_changes(&mut self.steps, &arrivals);
            let (progress, read) = (bytes_read, self.summary.lines);
            let chunk = Chunk { new_streams, steps, arrivals, progress, read, ..Chunk::default() };
            let continues = on_chunk(chunk);
            if is_last || !continues {
                return continues;
            }
        }
    }

    fn line(&mut self, bytes: &[u8]) -> Checked<LineResult> {
        let line = RawLine::read(bytes)?;
        let received_at = line.received_at()?;
        let item = line.check(self.selection.width, received_at)?;
        let labels = item.stream.as_ref().labels;
        let partner = labels[Label::Partner as usize];
        let is_asked_for = self.selection.partners.accept(|_| Some(partner));
        if !is_asked_for {
            self.summary.note_other(partner);
        }
        if !is_asked_for || labels[Label::Environment as usize] == SANDBOX {
            return Ok(LineResult::LeftOut);
        }
        let at = received_at.unwrap_or(item.end);
        if self.selection.to.is_some_and(|to| at >= to) {
            return Ok(LineResult::AfterEnd);
        }
        let is_moved = at < self.clock;
        self.clock = self.clock.max(at);
        match line.batch()? {
            Some(batch) if self.batches.is_repeated(batch, bytes, received_at, self.clock) => {
                return Ok(LineResult::Repeated);
            }
            Some(_) => {}
            None => self.batches.end_batch(),
        }
        let width = self.selection.width;
        let evaluated_at = width.end(width.slot_of(item.end.plus_ms(-1))).plus_ms(grace_ms(width));
        self.add(item, at)?;
        self.summary.moved += u64::from(is_moved);
        self.summary.late += u64::from(at >= evaluated_at);
        Ok(LineResult::Replayed)
    }

    fn add(&mut self, item: Item<'_>, at: TimestampMs) -> Checked<()> {
        let stream = item.stream.as_ref();
        let Some(stream) = self.streams.number(stream, &mut self.new_streams) else {
            return wrong(
                "",
                RejectCode::StreamLimit,
                "has a new stream, and a database has no room for more",
            );
        };
        let (mut slots, mut step_slots) = (1, 1);
        let value = match item.delta {
            Delta::Event { outcome, seconds, at } => {
                let mut cell = Cell::default();
                cell.record(outcome, seconds, at);
                SlotValue::Activity(cell)
            }
            Delta::Summary { summary, step_slots: step, covered_slots } => {
                // That nothing happened makes nothing known late.
                let is_heartbeat = summary.outcomes.total() == 0;
                (slots, step_slots) = (covered_slots, if is_heartbeat { 1 } else { step });
                SlotValue::Activity(summary)
            }
            Delta::Gauge(reading) => SlotValue::Gauge(reading),
        };
        self.waiting.push(Arrival { at, stream, slot: item.slot, slots, step_slots, value });
        Ok(())
    }
}

/// Which arrivals change how many slots their stream reports at once: as a push does.
fn step_changes(steps: &mut Steps<u32>, arrivals: &[Arrival]) -> Vec<StepChange> {
    let mut changes = Vec::new();
    for (position, arrival) in arrivals.iter().enumerate() {
        let Arrival { stream, step_slots, .. } = *arrival;
        if step_slots == 1 && steps.is_empty() {
            continue;
        }
        if steps.note(stream, step_slots, arrival.slot.plus(arrival.slots)) {
            changes.push(StepChange { arrival: position, stream, step_slots });
        }
    }
    changes
}

#[cfg(test)]
mod tests;
