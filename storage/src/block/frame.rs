//! What the columns of a part lie in. Cells are cut into *segments* of 32 or 60; a segment
//! has each of its columns as a run of bytes of its own, so that a reader touches only the segments
//! and the columns it asks for.
//!
//! ```text
//! kind u8 | cells | first slot | period_ms | slots (sized) | model (sized)
//! | length of every column of segment 0 | of segment 1 | …      the directory
//! | column, column, …  of segment 0     | of segment 1 | …      the data
//! ```
//!
//! Numbers are varints; *sized* is a length and that many bytes. `slots` is empty for a run without
//! gaps, else one varint for each cell but the first: how many slots were left out before it.
//! `period_ms` is the width of a slot, as the newest event times tell it: a time is stored as the
//! distance to the start of its slot. `model` is what the segments share; its meaning is the encoding's.

use std::ops::Range;

use super::PartError;
use super::bytes::{Reader, put, put_sized};
use crate::model::cell::SlotValue;
use crate::model::time::{Slot, TimestampMs};

/// Cells in one part; longer runs are cut. An hour of one-second slots fits.
pub(super) const CELLS_MAX: usize = 3_600;

/// Columns of a segment.
pub(super) const COLUMNS: usize = 5;

/// A column of a segment, by its place in the directory.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Column {
    /// Of packed parts what goes beyond tokens; of dense ones how many durations there are.
    Counts = 0,
    Outcomes = 1,
    LastAt = 2,
    /// Buckets; of gauges the values.
    Durations = 3,
    Sums = 4,
}

/// The kind of a part's cells.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    Activity,
    Gauge,
}

/// The columns of one segment.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Segment<'a> {
    columns: [&'a [u8]; COLUMNS],
}

impl<'a> Segment<'a> {
    pub(super) const fn column(&self, column: Column) -> Reader<'a> {
        // In bounds: the discriminants are 0..COLUMNS.
        Reader::new(self.columns[column as usize])
    }

    pub(super) const fn bytes(&self, column: Column) -> &'a [u8] {
        self.columns[column as usize]
    }
}

/// A part taken apart into segments; nothing but its head is decoded yet.
#[derive(Debug)]
pub(super) struct Frame<'a> {
    pub(super) kind: Kind,
    pub(super) period_ms: i64,
    pub(super) model: &'a [u8],
    cells: usize,
    first: u32,
    /// The slot of each cell, when there are gaps.
    slots: Vec<u32>,
    segment_cells: usize,
    directory: Reader<'a>,
    data: Reader<'a>,
}

impl<'a> Frame<'a> {
    pub(super) fn read(bytes: &'a [u8], segment_cells: usize) -> Result<Self, PartError> {
        let mut reader = Reader::new(bytes);
        let kind = match reader.byte()? {
            0 => Kind::Activity,
            1 => Kind::Gauge,
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

    /// The start of a cell's slot in ms.
    #[inline]
    pub(super) fn start_ms(&self, slot: Slot) -> i64 {
        i64::from(slot.0).wrapping_mul(self.period_ms)
    }

    /// The cells whose slots are in `slots`; without, all of them.
    pub(super) fn cells_in(&self, slots: Option<&Range<Slot>>) -> Range<usize> {
        let Some(slots) = slots else { return 0..self.cells };
        let position = |slot: Slot| {
            if self.slots.is_empty() {
                (slot.0.saturating_sub(self.first) as usize).min(self.cells)
            } else {
                self.slots.partition_point(|held| *held < slot.0)
            }
        };
        position(slots.start)..position(slots.end)
    }

    /// Calls `visit` with each segment that holds some of `cells`, and which of its cells those are.
    pub(super) fn segments(
        &self,
        cells: &Range<usize>,
        mut visit: impl FnMut(Asked, Segment<'a>) -> Result<(), PartError>,
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
                let asked = cells.start.max(first)..cells.end.min(end);
                let is_whole = asked.end == end;
                visit(Asked { before: first..asked.start, asked, is_whole }, segment)?;
            }
        }
        if data.is_empty() { Ok(()) } else { Err(PartError::Columns) }
    }
}

/// Which cells of a segment are asked for.
#[derive(Debug, Clone)]
pub(super) struct Asked {
    /// Those that are only gone past.
    pub(super) before: Range<usize>,
    pub(super) asked: Range<usize>,
    /// Whether the last of them is the last of the segment.
    pub(super) is_whole: bool,
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
        let left_out = reader.varint32()?;
        slot = slot
            .checked_add(left_out)
            .and_then(|slot| slot.checked_add(1))
            .ok_or(PartError::Columns)?;
        slots.push(slot);
    }
    if reader.is_empty() { Ok(slots) } else { Err(PartError::Columns) }
}

/// The columns of one segment as they are written.
#[derive(Debug, Default)]
pub(super) struct SegmentOut {
    pub(super) columns: [Vec<u8>; COLUMNS],
}

impl SegmentOut {
    pub(super) const fn column(&mut self, column: Column) -> &mut Vec<u8> {
        // In bounds: the discriminants are 0..COLUMNS.
        &mut self.columns[column as usize]
    }
}

/// The width of a slot in ms as the first event time tells it: `last_at` lies within its slot or not
/// far from it, and slot numbers are far larger than widths. 0 when nothing tells it.
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
    let is_whole = run.last().is_none_or(|(last, _)| (last.0 - first) as usize + 1 == run.len());
    if !is_whole {
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
