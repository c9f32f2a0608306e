//! The cell loop that the cold encodings share. Each column of a segment is a stream of its own:
//!
//! ```text
//! Counts    = per cell: n = number of durations, number of zeros among them
//! Outcomes  = per cell: zigzag(items - n), then how the items are distributed over the classes
//! LastAt    = per cell: 0 for none, else 1 + zigzag(distance to the start of the slot)
//! Durations = per cell: the buckets of the n - zeros other values
//! Sums      = per cell: the residual of the sum (see `residual`)
//! ```
//!
//! Outcomes are decoded with Counts, Durations with Counts, Sums with both.

use std::ops::Range;

use super::run::{CellNumbers, Run};
use crate::codec::columns::Columns;
use crate::codec::error::PartError;
use crate::codec::fields::last_at_of_number;
use crate::codec::frame::{self, CellReader, Column, Frame, Segment, SegmentOut};
use crate::codec::primitives::bytes::unzigzag;
use crate::codec::sink::Sink;
use crate::model::bucket::{Bucket, SCALE_MAX};
use crate::model::cell::{Cell, SlotValue};
use crate::model::histogram::Histogram;
use crate::model::outcome::OutcomeCounts;
use crate::model::time::Slot;

/// Cells of a segment: 10 minutes of slots. Each segment costs some 16 bytes.
pub(crate) const SEGMENT_CELLS: usize = 60;

/// The codes of the numbers of a cell.
#[derive(Debug)]
pub(crate) struct NumberCodes<C> {
    pub(crate) durations: C,
    pub(crate) zeros: C,
    pub(crate) other_items: C,
    pub(crate) last_at: C,
}

/// Reads a column.
pub(crate) trait ColumnReader<'a> {
    /// A reader of a whole column.
    fn new(column: &'a [u8]) -> Self;

    /// Checks that the column has been valid so far.
    fn check(&self) -> Result<(), PartError>;

    /// Checks that the column was read completely.
    fn finish(&self) -> Result<(), PartError>;
}

/// A cold encoding: its model, which is what the segments of a part share, and how it codes the parts of a
/// cell.
pub(crate) trait Encoding: Sized {
    /// Writes a column.
    type Writer: Default;
    /// Reads a column.
    type Reader<'a>: ColumnReader<'a>;
    /// The code of a column of numbers.
    type Code;
    /// The decoded values of a cell; reused from cell to cell.
    type Values: Default;

    /// Writes the model for a run; `None` when it cannot be encoded.
    fn put_model(run: &Run<'_>, out: &mut Vec<u8>) -> Option<()>;

    /// Reads a model.
    fn read_model(bytes: &[u8]) -> Result<Self, PartError>;

    /// The scale of the durations of all cells.
    fn scale(&self) -> i8;

    /// The codes of the numbers of a cell.
    fn numbers(&self) -> &NumberCodes<Self::Code>;

    /// Writes a number.
    fn put_number(code: &Self::Code, number: u64, out: &mut Self::Writer);

    /// Reads a number.
    fn read_number(code: &Self::Code, column: &mut Self::Reader<'_>) -> u64;

    /// Writes how the items of a cell are distributed over the classes.
    fn put_classes(&self, outcomes: &OutcomeCounts, out: &mut Self::Writer);

    /// Reads how `items` are distributed over the classes; `None` when that is impossible.
    fn read_classes(
        &self,
        items: i64,
        column: &mut Self::Reader<'_>,
        sink: &mut impl Sink,
    ) -> Option<()>;

    /// Writes the buckets and the sum of a cell.
    fn put_durations(
        &self,
        durations: &Histogram,
        values: &mut Self::Writer,
        sums: &mut Self::Writer,
    );

    /// Reads the buckets of `number` values.
    fn read_values(&self, number: u32, column: &mut Self::Reader<'_>, values: &mut Self::Values);

    /// Reads the sum of these values, in µs.
    fn read_sum_us(&self, values: &Self::Values, column: &mut Self::Reader<'_>) -> u64;

    /// The buckets of values, in any order and some several times.
    fn buckets(&self, values: &Self::Values) -> impl Iterator<Item = Bucket>;

    /// The bytes of a column.
    fn finish(column: Self::Writer) -> Vec<u8>;
}

/// Encodes a run as the body of a part; `None` when this encoding cannot.
pub(crate) fn encode<E: Encoding>(run: &[(Slot, SlotValue)]) -> Option<Vec<u8>> {
    let cells = Run::of(run)?;
    let mut model = Vec::new();
    E::put_model(&cells, &mut model)?;
    let encoding = E::read_model(&model).ok()?;
    let segments = cells.cells.chunks(SEGMENT_CELLS).map(|cells| encode_segment(&encoding, cells));
    let mut body = Vec::new();
    frame::write(run, cells.period_ms, &model, &segments.collect::<Vec<_>>(), &mut body);
    Some(body)
}

fn encode_segment<E: Encoding>(encoding: &E, cells: &[(&Cell, CellNumbers)]) -> SegmentOut {
    let mut columns: [E::Writer; frame::COLUMNS] = Default::default();
    let [counts, outcomes, last_ats, values, sums] = &mut columns;
    let codes = encoding.numbers();
    for (cell, numbers) in cells {
        E::put_number(&codes.durations, numbers.durations.into(), counts);
        E::put_number(&codes.zeros, numbers.zeros, counts);
        E::put_number(&codes.other_items, numbers.other_items, outcomes);
        encoding.put_classes(&cell.outcomes, outcomes);
        E::put_number(&codes.last_at, numbers.last_at, last_ats);
        encoding.put_durations(&cell.durations, values, sums);
    }
    SegmentOut { columns: columns.map(E::finish) }
}

/// Gives the selected columns of some cells of a part to a sink.
///
/// # Errors
/// When the model or columns are damaged.
pub(crate) fn decode<E: Encoding>(
    frame: &Frame<'_>,
    cells: &Range<usize>,
    columns: Columns,
    sink: &mut impl Sink,
) -> Result<(), PartError> {
    let encoding = E::read_model(frame.model)?;
    frame.segments(cells, |selected, segment| {
        let mut streams = Streams::new(&segment);
        let mut reader = SegmentReader { encoding: &encoding, columns, streams: &mut streams };
        reader.read_selected(frame, selected, sink)?;
        if selected.reaches_end { streams.finish(columns) } else { Ok(()) }
    })
}

/// The columns of a segment while they are read.
struct Streams<'a, E: Encoding> {
    counts: E::Reader<'a>,
    outcomes: E::Reader<'a>,
    last_ats: E::Reader<'a>,
    durations: E::Reader<'a>,
    sums: E::Reader<'a>,
    /// Of the current cell.
    values: E::Values,
}

impl<'a, E: Encoding> Streams<'a, E> {
    fn new(segment: &Segment<'a>) -> Self {
        let reader = |column| E::Reader::new(segment.bytes(column));
        Self {
            counts: reader(Column::Counts),
            outcomes: reader(Column::Outcomes),
            last_ats: reader(Column::LastAt),
            durations: reader(Column::Durations),
            sums: reader(Column::Sums),
            values: E::Values::default(),
        }
    }

    /// Checks that the selected columns are read completely.
    fn finish(&self, columns: Columns) -> Result<(), PartError> {
        let Columns { outcomes, durations, sums, last_at } = columns;
        let used = [
            (outcomes || durations || sums, &self.counts),
            (outcomes, &self.outcomes),
            (last_at, &self.last_ats),
            (durations || sums, &self.durations),
            (sums, &self.sums),
        ];
        used.into_iter().filter(|(is_used, _)| *is_used).try_for_each(|(_, one)| one.finish())
    }
}

/// Reads the cells of a segment. The streams are apart from it, so that its fields stay in registers.
struct SegmentReader<'r, 'a, E: Encoding> {
    encoding: &'r E,
    columns: Columns,
    streams: &'r mut Streams<'a, E>,
}

impl<E: Encoding> SegmentReader<'_, '_, E> {
    #[inline]
    fn read_outcomes(&mut self, durations: u32, sink: &mut impl Sink) -> Result<(), PartError> {
        let codes = self.encoding.numbers();
        let others = unzigzag(E::read_number(&codes.other_items, &mut self.streams.outcomes));
        let items = i64::from(durations).checked_add(others);
        let read = items
            .and_then(|items| self.encoding.read_classes(items, &mut self.streams.outcomes, sink));
        read.ok_or(PartError::Columns)
    }

    #[inline]
    fn read_durations(
        &mut self,
        (number, zeros): (u32, u32),
        sink: &mut impl Sink,
    ) -> Result<(), PartError> {
        let encoding = self.encoding;
        encoding.read_values(number - zeros, &mut self.streams.durations, &mut self.streams.values);
        self.streams.durations.check()?;
        let mut sum_us = 0;
        if self.columns.sums {
            sum_us = encoding.read_sum_us(&self.streams.values, &mut self.streams.sums);
        }
        let taken = if self.columns.durations {
            let scale = if number == 0 { SCALE_MAX } else { encoding.scale() };
            sink.durations(scale, zeros.into(), sum_us, encoding.buckets(&self.streams.values))
        } else {
            sink.durations(SCALE_MAX, 0, sum_us, std::iter::empty())
        };
        taken.ok_or(PartError::Columns)
    }
}

impl<E: Encoding> CellReader for SegmentReader<'_, '_, E> {
    #[inline]
    fn read(
        &mut self,
        frame: &Frame<'_>,
        number: usize,
        sink: &mut impl Sink,
    ) -> Result<(), PartError> {
        let Columns { outcomes, durations, sums, last_at } = self.columns;
        let slot = frame.slot(number);
        sink.begin(slot);
        if last_at {
            let stored =
                E::read_number(&self.encoding.numbers().last_at, &mut self.streams.last_ats);
            sink.last_at(last_at_of_number(stored, frame.start_ms(slot)));
        }
        if outcomes || durations || sums {
            let codes = self.encoding.numbers();
            let number = E::read_number(&codes.durations, &mut self.streams.counts);
            let zeros = E::read_number(&codes.zeros, &mut self.streams.counts);
            let fitting = u32::try_from(number).ok().filter(|number| zeros <= u64::from(*number));
            let number = fitting.ok_or(PartError::Columns)?;
            if outcomes {
                self.read_outcomes(number, sink)?;
            }
            if durations || sums {
                self.read_durations((number, zeros as u32), sink)?;
            }
        }
        sink.end();
        Ok(())
    }
}
