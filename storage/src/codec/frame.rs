//! The body of a part. Cells are divided into *segments* of 32 or 60. Each column of a segment is a byte
//! string of its own, so that a reader touches only the segments and columns it needs.
//!
//! ```text
//! kind u8 | cells | first slot | period_ms | slots (sized) | model (sized)
//! | length of every column of segment 0 | of segment 1 | …      the directory
//! | column, column, …  of segment 0     | of segment 1 | …      the data
//! ```
//!
//! Numbers are varints; *sized* is a length and that many bytes. `slots` is empty for a run without gaps,
//! else one varint for each cell but the first: the number of missing slots before it. `period_ms` is the
//! width of a slot as estimated from the newest event times; a time is stored as the distance to the start of
//! its slot. `model` is what the segments share; each encoding defines its content.

use std::ops::Range;

use super::error::PartError;
use super::primitives::bytes::{Reader, put, put_sized};
use super::sink::{Discard, Sink};
use crate::model::cell::SlotValue;
use crate::model::stream::StreamKind;
use crate::model::time::{Slot, TimestampMs};

/// The largest number of cells in a part; longer runs are split. An hour of one-second slots fits.
pub(super) const CELLS_MAX: usize = 3_600;

/// Cells of a segment in hot parts and of gauges. Decoding one to reach its last cell costs about a
/// microsecond.
pub(super) const HOT_SEGMENT_CELLS: usize = 32;

/// The number of columns of a segment.
pub(super) const COLUMNS: usize = 5;

/// A column of a segment, by its position in the directory.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Column {
    /// Hot: what does not fit tokens. Cold: the number of durations and of zeros.
    Counts = 0,
    /// Counts by outcome class.
    Outcomes = 1,
    /// The newest event times.
    LastAt = 2,
    /// Buckets of durations; the values of gauges.
    Durations = 3,
    /// The sums of durations.
    Sums = 4,
}

/// The columns of one segment.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Segment<'a> {
    columns: [&'a [u8]; COLUMNS],
}

impl<'a> Segment<'a> {
    /// A reader of a column.
    pub(super) const fn column(&self, column: Column) -> Reader<'a> {
        // In bounds: the discriminants are 0..COLUMNS.
        Reader::new(self.columns[column as usize])
    }

    /// The bytes of a column.
    pub(super) const fn bytes(&self, column: Column) -> &'a [u8] {
        self.columns[column as usize]
    }
}

/// A part whose head is decoded, and whose segments are not.
#[derive(Debug)]
pub(super) struct Frame<'a> {
    pub(super) kind: StreamKind,
    pub(super) period_ms: i64,
    pub(super) model: &'a [u8],
    cells: usize,
    first: u32,
    /// The slot of each cell; empty when there are no gaps.
    slots: Vec<u32>,
    segment_cells: usize,
    directory: Reader<'a>,
    data: Reader<'a>,
}

impl<'a> Frame<'a> {
    /// Reads the head of a body.
    ///
    /// # Errors
    /// When it cannot be one.
    pub(super) fn read(bytes: &'a [u8], segment_cells: usize) -> Result<Self, PartError> {
        let mut reader = Reader::new(bytes);
        let kind = match reader.byte()? {
            0 => StreamKind::Activity,
            1 => StreamKind::Gauge,
            _ => return Err(PartError::Columns),
        };
        let cells = reader.varint()? as usize;
        if cells > CELLS_MAX {
            return Err(PartError::Columns);
        }
        let first = reader.varint32()?;
        let period_ms = i64::try_from(reader.varint()?).map_err(|_| PartError::Columns)?;
        let slots = read_slots(reader.sized()?, first, cells)?;
        let model = reader.sized()?;
        let directory = reader;
        for _ in 0..cells.div_ceil(segment_cells) * COLUMNS {
            reader.varint()?;
        }
        Ok(Self {
            kind,
            period_ms,
            model,
            cells,
            first,
            slots,
            segment_cells,
            directory,
            data: reader,
        })
    }

    /// The slot of a cell.
    #[inline]
    pub(super) fn slot(&self, cell: usize) -> Slot {
        Slot(self.slots.get(cell).copied().unwrap_or(self.first.wrapping_add(cell as u32)))
    }

    /// The start of a slot in ms.
    #[inline]
    pub(super) fn start_ms(&self, slot: Slot) -> i64 {
        start_ms(slot, self.period_ms)
    }

    /// The cells whose slots are in `slots`; without `slots`, all of them.
    pub(super) fn cells_in(&self, slots: Option<&Range<Slot>>) -> Range<usize> {
        let Some(slots) = slots else { return 0..self.cells };
        let position = |slot: Slot| {
            if self.slots.is_empty() {
                (slot.0.saturating_sub(self.first) as usize).min(self.cells)
            } else {
                self.slots.partition_point(|it| *it < slot.0)
            }
        };
        position(slots.start)..position(slots.end)
    }

    /// Calls `visit` with each segment that contains some of `cells`, and with which of its cells those are.
    ///
    /// # Errors
    /// The first error of `visit`, and when the lengths do not add up.
    pub(super) fn segments(
        &self,
        cells: &Range<usize>,
        mut visit: impl FnMut(&Selected, Segment<'a>) -> Result<(), PartError>,
    ) -> Result<(), PartError> {
        let (mut directory, mut data) = (self.directory, self.data);
        for number in 0..self.cells.div_ceil(self.segment_cells) {
            let first = number * self.segment_cells;
            let end = self.cells.min(first + self.segment_cells);
            let mut segment = Segment::default();
            for column in &mut segment.columns {
                let length = usize::try_from(directory.varint()?);
                *column = data.take(length.map_err(|_| PartError::Columns)?)?;
            }
            if first >= cells.end {
                return Ok(());
            }
            if end > cells.start {
                let cells = cells.start.max(first)..cells.end.min(end);
                let reaches_end = cells.end == end;
                visit(&Selected { skipped: first..cells.start, cells, reaches_end }, segment)?;
            }
        }
        if data.is_empty() { Ok(()) } else { Err(PartError::Columns) }
    }
}

/// The cells of a segment that are selected.
#[derive(Debug, Clone)]
pub(super) struct Selected {
    /// The cells before them, which are decoded and discarded.
    pub(super) skipped: Range<usize>,
    /// The selected cells.
    pub(super) cells: Range<usize>,
    /// Whether the last of them is the last of the segment.
    pub(super) reaches_end: bool,
}

/// Decodes the cells of a segment in order.
pub(super) trait CellReader {
    /// Decodes the next cell, which has this number in the part.
    ///
    /// # Errors
    /// When its columns are damaged.
    fn read(
        &mut self,
        frame: &Frame<'_>,
        number: usize,
        sink: &mut impl Sink,
    ) -> Result<(), PartError>;

    /// Gives the selected cells to a sink.
    ///
    /// # Errors
    /// When a column is damaged.
    fn read_selected(
        &mut self,
        frame: &Frame<'_>,
        selected: &Selected,
        sink: &mut impl Sink,
    ) -> Result<(), PartError> {
        for number in selected.skipped.clone() {
            self.read(frame, number, &mut Discard)?;
        }
        for number in selected.cells.clone() {
            self.read(frame, number, sink)?;
        }
        Ok(())
    }
}

fn read_slots(bytes: &[u8], first: u32, cells: usize) -> Result<Vec<u32>, PartError> {
    let last = u64::from(first) + cells.saturating_sub(1) as u64;
    let mut slots = Vec::new();
    if bytes.is_empty() {
        return if last <= u32::MAX.into() { Ok(slots) } else { Err(PartError::Columns) };
    }
    let mut reader = Reader::new(bytes);
    let mut slot = first;
    slots.reserve(cells);
    slots.push(slot);
    for _ in 1..cells {
        let missing = reader.varint32()?;
        slot = slot
            .checked_add(missing)
            .and_then(|slot| slot.checked_add(1))
            .ok_or(PartError::Columns)?;
        slots.push(slot);
    }
    if reader.is_empty() { Ok(slots) } else { Err(PartError::Columns) }
}

/// The columns of one segment while it is written.
#[derive(Debug, Default)]
pub(super) struct SegmentOut {
    pub(super) columns: [Vec<u8>; COLUMNS],
}

impl SegmentOut {
    /// The bytes of a column.
    pub(super) const fn column(&mut self, column: Column) -> &mut Vec<u8> {
        // In bounds: the discriminants are 0..COLUMNS.
        &mut self.columns[column as usize]
    }
}

/// The start of a slot in ms, wrapping.
#[inline]
pub(super) fn start_ms(slot: Slot, period_ms: i64) -> i64 {
    i64::from(slot.0).wrapping_mul(period_ms)
}

/// The width of a slot in ms, estimated from the first event time: it lies in its slot or near it, and slot
/// numbers are far larger than widths. 0 when there is no event time.
pub(super) fn period_ms(run: &[(Slot, SlotValue)]) -> i64 {
    let known = run.iter().find_map(|(slot, value)| match value.last_at() {
        Some(TimestampMs(at)) if slot.0 > 0 && at > 0 => {
            let number = i64::from(slot.0);
            Some(at.saturating_add(number / 2) / number)
        }
        _ => None,
    });
    known.unwrap_or(0)
}

/// Appends a part's body: the head, then the segments.
pub(super) fn write(
    run: &[(Slot, SlotValue)],
    period_ms: i64,
    model: &[u8],
    segments: &[SegmentOut],
    out: &mut Vec<u8>,
) {
    let first = run.first().map_or(0, |(slot, _)| slot.0);
    let is_gauge = matches!(run.first(), Some((_, SlotValue::Gauge(_))));
    out.push(is_gauge.into());
    put(out, run.len() as u64);
    put(out, first.into());
    put(out, period_ms as u64);
    let mut slots = Vec::new();
    let has_no_gaps = run.last().is_none_or(|(last, _)| (last.0 - first) as usize + 1 == run.len());
    if !has_no_gaps {
        for pair in run.windows(2) {
            if let [(before, _), (slot, _)] = pair {
                put(&mut slots, (slot.0 - before.0 - 1).into());
            }
        }
    }
    put_sized(out, &slots);
    put_sized(out, model);
    for column in segments.iter().flat_map(|segment| &segment.columns) {
        put(out, column.len() as u64);
    }
    for column in segments.iter().flat_map(|segment| &segment.columns) {
        out.extend_from_slice(column);
    }
}
