//! Encoding for parts that rest and whose cells have few values: near the entropy of the cells, in
//! prefix codes that the part tells and that are read by looking a few bits up. Every column of a
//! segment is a stream of [`super::bits`].
//!
//! ```text
//! model     = scale u8 | sections (sized) | unit_us | codes of counts, zeros, other items, items that are
//!             not of the first class, times, residuals | k u8, k x class u8
//! Counts    = per cell: n = number of durations, number of zeros among them
//! Outcomes  = per cell: zigzag(items - n), then how many items are not of the first class, then, while
//!             any are left, how many of those are of the second class, of the third …
//! LastAt    = per cell: 0 for none, else 1 + zigzag(distance to the start of the slot)
//! Durations = per cell: how the n - zeros values fall into sections, then the bucket of each, in an order
//!             that tells low bits of the residual
//! Sums      = per cell: the residual of the sum against the middles of the buckets, but for these bits
//! ```
//!
//! Outcomes are read with Counts, Durations with Counts, Sums with both. Classes stand in the order
//! of their frequency, so that most cells are told by their first two numbers. Sums are in units of
//! `unit_us`, the greatest common divisor of them all.
//!
//! An earlier version, which is still read, wrote the whole residual and values in ascending order.
//!
//! Cells that this cannot tell (a scale that changes, many values) are left to [`super::dense`].

use super::bits::{BitReader, BitWriter};
use super::bytes::{Reader, put_sized, unzigzag};
use super::columns::Code;
use super::frame::{self, Asked, Column, Frame, Segment, SegmentOut};
use super::numbers::Census;
use super::order::{Order, Told};
use super::packed::class_of;
use super::run::{CellNumbers, Run};
use super::sections::{Sections, VALUES_MAX};
use super::sink::{Nowhere, Sink};
use super::spread::Spreads;
use super::{PartError, Wanted};
use crate::model::cell::{Cell, SlotValue};
use crate::model::histogram::SCALE_MAX;
use crate::model::outcome::{Outcome, OutcomeCounts};
use crate::model::time::{Slot, TimestampMs};

/// Cells of a segment: 10 minutes of slots.
pub(super) const SEGMENT_CELLS: usize = 60;

/// Values that a cell has on average at the most: with more of them the order that a section tells
/// costs more than reading fast is worth, and [`super::dense`] is the better encoding.
const MEAN_VALUES_MAX: u64 = 24;

/// What the order of a cell's values tells.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum OfOrder {
    /// In the earlier version.
    Nothing,
    /// Low bits of it.
    Sum,
}

/// Everything that the segments of a part share.
#[derive(Debug)]
pub(super) struct Models {
    meaning: OfOrder,
    scale: i8,
    sections: Sections,
    spreads: Spreads,
    counts: Code,
    zeros: Code,
    other_items: Code,
    others: Code,
    last_ats: Code,
    residuals: Code,
    /// The most frequent first.
    classes: Vec<Outcome>,
}

/// A run of cells that can be told so, and what they share.
struct Plan<'a> {
    run: Run<'a>,
    classes: Vec<Outcome>,
    sections: Sections,
    /// The sections as they are written.
    told: Vec<u8>,
}

impl<'a> Plan<'a> {
    fn of(run: &'a [(Slot, SlotValue)]) -> Option<Self> {
        let run = Run::of(run)?;
        let durations = run.durations();
        let values = durations.count() - durations.zero_count();
        let most = run.cells.iter().map(|(_, numbers)| numbers.durations).max().unwrap_or(0);
        if values > MEAN_VALUES_MAX * run.cells.len() as u64 || most > VALUES_MAX {
            return None;
        }
        let mut bits = BitWriter::default();
        Sections::put_for(durations.buckets(), &mut bits)?;
        let told = bits.finish();
        let sections = Sections::take(&mut BitReader::new(&told)).ok()?;
        let classes = run.classes().into_iter().map(|(class, _)| class).collect();
        Some(Self { run, classes, sections, told })
    }

    /// How many items of a cell are not of the first class.
    fn others(&self, outcomes: &OutcomeCounts) -> u64 {
        outcomes.total() - self.classes.first().map_or(0, |first| outcomes.get(*first))
    }

    /// Writes the model.
    fn put_model(&self, out: &mut Vec<u8>) {
        out.push(self.run.scale as u8);
        put_sized(out, &self.told);
        let sums = self.run.cells.iter().map(|(cell, _)| cell.durations.sum_us());
        let spreads = Spreads::of(sums, self.run.scale, self.sections.indexes());
        spreads.put(out);
        let mut censuses: [Census; 6] = std::array::from_fn(|_| Census::default());
        let [counts, zeros, other_items, others, last_ats, residuals] = &mut censuses;
        for (cell, numbers) in &self.run.cells {
            counts.add(numbers.durations.into());
            zeros.add(numbers.zeros);
            other_items.add(numbers.other_items);
            others.add(self.others(&cell.outcomes));
            last_ats.add(numbers.last_at);
            let ranks = self.sections.ranks(cell.durations.buckets());
            spreads.count(cell.durations.sum_us(), &ranks, residuals);
        }
        censuses.iter().for_each(|census| Code::put_for(census, out));
        out.push(self.classes.len() as u8);
        out.extend(self.classes.iter().map(|class| *class as u8));
    }
}

/// Encodes a run, if its cells can be told so.
pub(super) fn encode(run: &[(Slot, SlotValue)]) -> Option<Vec<u8>> {
    let plan = Plan::of(run)?;
    let mut model = Vec::new();
    plan.put_model(&mut model);
    let models = Models::read(&model, OfOrder::Sum).ok()?;
    let segments: Vec<_> =
        plan.run.cells.chunks(SEGMENT_CELLS).map(|cells| models.encode(&plan, cells)).collect();
    let mut body = Vec::new();
    frame::write(run, plan.run.period_ms, &model, &segments, &mut body);
    Some(body)
}

impl Models {
    pub(super) fn read(bytes: &[u8], meaning: OfOrder) -> Result<Self, PartError> {
        let mut reader = Reader::new(bytes);
        let scale = reader.byte()? as i8;
        let sections = Sections::take(&mut BitReader::new(reader.sized()?))?;
        let spreads = Spreads::take(&mut reader, scale, sections.indexes())?;
        Ok(Self {
            meaning,
            scale,
            sections,
            spreads,
            counts: Code::take(&mut reader)?,
            zeros: Code::take(&mut reader)?,
            other_items: Code::take(&mut reader)?,
            others: Code::take(&mut reader)?,
            last_ats: Code::take(&mut reader)?,
            residuals: Code::take(&mut reader)?,
            classes: take_classes(&mut reader)?,
        })
    }

    fn encode(&self, plan: &Plan<'_>, cells: &[(&Cell, CellNumbers)]) -> SegmentOut {
        let mut streams: [BitWriter; frame::COLUMNS] = Default::default();
        let [counts, outcomes, last_ats, durations, sums] = &mut streams;
        for (cell, numbers) in cells {
            self.counts.put(numbers.durations.into(), counts);
            self.zeros.put(numbers.zeros, counts);
            self.other_items.put(numbers.other_items, outcomes);
            self.others.put(plan.others(&cell.outcomes), outcomes);
            self.encode_others(&cell.outcomes, plan.others(&cell.outcomes), outcomes);
            self.last_ats.put(numbers.last_at, last_ats);
            let ranks = self.sections.ranks(cell.durations.buckets());
            let order = Order::of(self.sections.cut(&ranks));
            let (sum_us, told) = (cell.durations.sum_us(), order.told());
            let number = self.spreads.encode(sum_us, &ranks, told, &self.residuals, sums);
            self.sections.encode(&order.tell(number), durations);
        }
        let mut out = SegmentOut::default();
        for (stream, column) in streams.into_iter().zip(&mut out.columns) {
            *column = stream.finish();
        }
        out
    }

    /// The classes between the first and the last: the rest is of the last.
    fn middle_classes(&self) -> &[Outcome] {
        self.classes.get(1..self.classes.len().saturating_sub(1)).unwrap_or_default()
    }

    fn encode_others(&self, outcomes: &OutcomeCounts, mut left: u64, out: &mut BitWriter) {
        for class in self.middle_classes() {
            let count = outcomes.get(*class);
            out.put_long(count, bits_of(left));
            left -= count;
        }
    }

    /// Reads how `items` fall into classes.
    #[inline]
    fn decode_classes(
        &self,
        items: u64,
        stream: &mut BitReader<'_>,
        sink: &mut impl Sink,
    ) -> Option<()> {
        let mut left = self.others.read(stream);
        let first_count = items.checked_sub(left)?;
        if first_count > 0 {
            sink.outcome(*self.classes.first()?, first_count);
        }
        if left == 0 {
            return Some(());
        }
        for class in self.middle_classes() {
            let count = stream.take_long(bits_of(left));
            left = left.checked_sub(count)?;
            sink.outcome(*class, count);
        }
        sink.outcome(*self.classes.get(1..)?.last()?, left);
        Some(())
    }
}

/// How many bits tell a number up to `most`.
const fn bits_of(most: u64) -> u32 {
    64 - most.leading_zeros()
}

fn take_classes(reader: &mut Reader<'_>) -> Result<Vec<Outcome>, PartError> {
    let number = reader.byte()?.into();
    reader.take(number)?.iter().map(|class| class_of(*class)).collect()
}

/// Gives the columns `wanted` of a segment's cells that are asked for to a sink.
pub(super) fn decode(
    frame: &Frame<'_>,
    models: &Models,
    segment: &Segment<'_>,
    cells: Asked,
    wanted: Wanted,
    sink: &mut impl Sink,
) -> Result<(), PartError> {
    let mut streams = Streams::new(segment, models, wanted);
    for number in cells.before {
        streams.read(frame, number, &mut Nowhere)?;
    }
    for number in cells.asked {
        streams.read(frame, number, sink)?;
    }
    if cells.is_whole { streams.finish() } else { Ok(()) }
}

/// The columns of a segment while they are read.
struct Streams<'a> {
    models: &'a Models,
    wanted: Wanted,
    counts: BitReader<'a>,
    outcomes: BitReader<'a>,
    last_ats: BitReader<'a>,
    durations: BitReader<'a>,
    sums: BitReader<'a>,
    /// Of the values of the cell that is read.
    ranks: Vec<u16>,
}

impl<'a> Streams<'a> {
    const fn new(segment: &Segment<'a>, models: &'a Models, wanted: Wanted) -> Self {
        Self {
            models,
            wanted,
            counts: BitReader::new(segment.bytes(Column::Counts)),
            outcomes: BitReader::new(segment.bytes(Column::Outcomes)),
            last_ats: BitReader::new(segment.bytes(Column::LastAt)),
            durations: BitReader::new(segment.bytes(Column::Durations)),
            sums: BitReader::new(segment.bytes(Column::Sums)),
            ranks: Vec::new(),
        }
    }

    /// Reads the next cell.
    #[inline]
    fn read(
        &mut self,
        frame: &Frame<'_>,
        number: usize,
        sink: &mut impl Sink,
    ) -> Result<(), PartError> {
        let (models, wanted) = (self.models, self.wanted);
        let slot = frame.slot(number);
        sink.begin(slot);
        if wanted.last_at {
            let stored = models.last_ats.read(&mut self.last_ats);
            let distance = stored.checked_sub(1).map(unzigzag);
            let start_ms = frame.start_ms(slot);
            sink.last_at(distance.map(|by| TimestampMs(start_ms.wrapping_add(by))));
        }
        if wanted.outcomes || wanted.durations || wanted.sums {
            let number = models.counts.read(&mut self.counts);
            let zeros = models.zeros.read(&mut self.counts);
            let fitting = u32::try_from(number).ok().filter(|number| zeros <= u64::from(*number));
            let number = fitting.ok_or(PartError::Columns)?;
            if wanted.outcomes {
                let other = unzigzag(models.other_items.read(&mut self.outcomes));
                let items = i64::from(number).checked_add(other).map(u64::try_from);
                let items = items.and_then(Result::ok).ok_or(PartError::Columns)?;
                let read = models.decode_classes(items, &mut self.outcomes, sink);
                read.ok_or(PartError::Columns)?;
            }
            if wanted.durations || wanted.sums {
                self.read_durations(number, zeros as u32, sink)?;
            }
        }
        sink.end();
        Ok(())
    }

    #[inline]
    fn read_durations(
        &mut self,
        number: u32,
        zeros: u32,
        sink: &mut impl Sink,
    ) -> Result<(), PartError> {
        let (models, wanted) = (self.models, self.wanted);
        let values = number - zeros;
        let starts = models.sections.decode(values, &mut self.durations, &mut self.ranks);
        self.durations.check()?;
        let mut sum_us = 0;
        if wanted.sums {
            let told = match models.meaning {
                OfOrder::Nothing => Told::NOTHING,
                OfOrder::Sum => Told::of(&self.ranks, &starts),
            };
            sum_us = models.spreads.decode(&self.ranks, told, &models.residuals, &mut self.sums);
        }
        let taken = if wanted.durations {
            let scale = if number == 0 { SCALE_MAX } else { models.scale };
            let buckets = self.ranks.iter().map(|rank| models.sections.bucket(*rank));
            sink.durations(scale, zeros.into(), sum_us, buckets)
        } else {
            sink.durations(SCALE_MAX, 0, sum_us, std::iter::empty())
        };
        taken.ok_or(PartError::Columns)
    }

    fn finish(&self) -> Result<(), PartError> {
        let wanted = self.wanted;
        let has_durations = wanted.durations || wanted.sums;
        let used = [
            (wanted.outcomes || has_durations, &self.counts),
            (wanted.outcomes, &self.outcomes),
            (wanted.last_at, &self.last_ats),
            (has_durations, &self.durations),
            (wanted.sums, &self.sums),
        ];
        used.into_iter().filter(|(is_used, _)| *is_used).try_for_each(|(_, one)| one.finish())
    }
}
