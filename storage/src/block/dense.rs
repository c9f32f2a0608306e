//! Encoding for parts that rest and whose cells have many values: as close to the entropy of the cells
//! as can be. Every column of a segment is a stream of [`super::rans`] symbols whose frequencies the part's model tells.
//!
//! ```text
//! model     = tree of buckets | weights of counts, zeros, other items, times, residuals
//!           | scale u8 | unit_us | k u8, k x class u8, (k - 1) x chance u16
//! Counts    = per cell: n = number of durations, number of zeros among them
//! Outcomes  = per cell: zigzag(items - n), then how many are of the first class, of the second …
//! LastAt    = per cell: 0 for none, else 1 + zigzag(distance to the start of the slot)
//! Durations = per cell: how the n - zeros values fall down the tree
//! Sums      = per cell: the residual of the sum against the middles of the buckets
//! ```
//!
//! Outcomes are read with Counts, Durations with Counts, Sums with both. Classes stand in the order
//! of their frequency, so that most cells are told by their first number. Sums are in units of
//! `unit_us`, the greatest common divisor of them all.
//!
//! Cells that this cannot tell (a scale that changes, more than 4 G items) stay in the encoding of new
//! parts: see [`encode`].

use super::binomial::{Chance, Coder};
use super::bytes::{Reader, unzigzag};
use super::frame::{self, Asked, Column, Frame, Segment, SegmentOut};
use super::numbers::{Census, Model};
use super::packed::class_of;
use super::rans::{Decoder, Encoder};
use super::residual::Residuals;
use super::run::{CellNumbers, Run};
use super::sink::{Nowhere, Sink};
use super::tree::{Shape, Tree};
use super::{PartError, Wanted};
use crate::model::cell::{Cell, SlotValue};
use crate::model::histogram::{Bucket, SCALE_MAX};
use crate::model::outcome::{Outcome, OutcomeCounts};
use crate::model::time::{Slot, TimestampMs};

/// Cells of a segment: 10 minutes of slots. Each segment costs some 16 bytes.
pub(super) const SEGMENT_CELLS: usize = 60;

/// Everything that the segments of a part share.
#[derive(Debug)]
pub(super) struct Models {
    tree: Tree,
    counts: Model,
    zeros: Model,
    other_items: Model,
    last_ats: Model,
    residuals: Residuals,
    scale: i8,
    /// The most frequent first, each with its chance against those behind it.
    classes: Vec<(Outcome, Chance)>,
    coder: Coder,
}

/// Writes the model of a run.
fn put_model(run: &Run<'_>, out: &mut Vec<u8>) {
    let mut censuses: [Census; 4] = std::array::from_fn(|_| Census::default());
    for (_, numbers) in &run.cells {
        let columns =
            [numbers.durations.into(), numbers.zeros, numbers.other_items, numbers.last_at];
        for (census, number) in censuses.iter_mut().zip(columns) {
            census.add(number);
        }
    }
    Shape::of(run.durations().buckets()).put(out);
    for census in &censuses {
        census.weights().put(out);
    }
    let durations = run.cells.iter().map(|(cell, _)| &cell.durations);
    Residuals::put_model(durations, out);
    out.push(run.scale as u8);
    put_classes(&run.classes(), out);
}

fn put_classes(classes: &[(Outcome, u64)], out: &mut Vec<u8>) {
    out.push(classes.len() as u8);
    out.extend(classes.iter().map(|(class, _)| *class as u8));
    let mut behind = classes.iter().map(|(_, count)| count).sum::<u64>();
    for (_, count) in classes.iter().take(classes.len().saturating_sub(1)) {
        behind = behind.saturating_sub(*count);
        out.extend_from_slice(&Chance::of(*count, behind).bits().to_be_bytes());
    }
}

/// Encodes a run, if its cells can be told densely.
pub(super) fn encode(run: &[(Slot, SlotValue)]) -> Option<Vec<u8>> {
    let told = Run::of(run)?;
    let mut model = Vec::new();
    put_model(&told, &mut model);
    let models = Models::read(&model).ok()?;
    let segments: Vec<_> =
        told.cells.chunks(SEGMENT_CELLS).map(|cells| models.encode(cells)).collect();
    let mut body = Vec::new();
    frame::write(run, told.period_ms, &model, &segments, &mut body);
    Some(body)
}

impl Models {
    pub(super) fn read(bytes: &[u8]) -> Result<Self, PartError> {
        let mut reader = Reader::new(bytes);
        let tree = Tree::new(&Shape::take(&mut reader)?);
        let counts = Model::take(&mut reader)?;
        let zeros = Model::take(&mut reader)?;
        let other_items = Model::take(&mut reader)?;
        let last_ats = Model::take(&mut reader)?;
        let residuals = Residuals::read_model(&mut reader)?;
        let scale = reader.byte()? as i8;
        let classes = take_classes(&mut reader)?;
        let coder = Coder::new();
        Ok(Self { tree, counts, zeros, other_items, last_ats, residuals, scale, classes, coder })
    }

    fn encode(&self, cells: &[(&Cell, CellNumbers)]) -> SegmentOut {
        let mut streams: [Encoder; frame::COLUMNS] = Default::default();
        let [counts, outcomes, last_ats, durations, sums] = &mut streams;
        for (cell, numbers) in cells {
            self.counts.encode(numbers.durations.into(), counts);
            self.zeros.encode(numbers.zeros, counts);
            self.other_items.encode(numbers.other_items, outcomes);
            self.encode_classes(&cell.outcomes, outcomes);
            self.last_ats.encode(numbers.last_at, last_ats);
            self.tree.encode(cell.durations.buckets(), durations);
            self.residuals.encode(&cell.durations, sums);
        }
        let mut out = SegmentOut::default();
        for (stream, column) in streams.into_iter().zip(&mut out.columns) {
            stream.finish(column);
        }
        out
    }

    fn encode_classes(&self, outcomes: &OutcomeCounts, out: &mut Encoder) {
        let mut left = outcomes.total() as u32;
        for (class, chance) in self.classes.iter().rev().skip(1).rev() {
            if left == 0 {
                return;
            }
            let count = outcomes.get(*class) as u32;
            self.coder.encode(count, left, *chance, out);
            left -= count;
        }
    }

    fn decode_classes(&self, items: u32, stream: &mut Decoder<'_>, sink: &mut impl Sink) {
        let mut left = items;
        let Some(((last, _), before)) = self.classes.split_last() else {
            if items > 0 {
                stream.damaged();
            }
            return;
        };
        for (class, chance) in before {
            if left == 0 {
                return;
            }
            let count = self.coder.decode(left, *chance, stream);
            sink.outcome(*class, count.into());
            left -= count;
        }
        sink.outcome(*last, left.into());
    }
}

fn take_classes(reader: &mut Reader<'_>) -> Result<Vec<(Outcome, Chance)>, PartError> {
    let number = reader.byte()?.into();
    let classes = reader.take(number)?;
    let mut taken = Vec::with_capacity(number);
    for (position, class) in classes.iter().enumerate() {
        let chance = if position + 1 < number {
            u16::from_be_bytes([reader.byte()?, reader.byte()?])
        } else {
            u16::MAX
        };
        taken.push((class_of(*class)?, Chance::new(chance)));
    }
    Ok(taken)
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
    let mut streams = Streams::new(segment);
    for number in cells.before {
        streams.read(models, wanted, (frame, number), &mut Nowhere)?;
    }
    for number in cells.asked {
        streams.read(models, wanted, (frame, number), sink)?;
    }
    if cells.is_whole { streams.finish(wanted) } else { Ok(()) }
}

/// The columns of a segment while they are read.
struct Streams<'a> {
    counts: Decoder<'a>,
    outcomes: Decoder<'a>,
    last_ats: Decoder<'a>,
    durations: Decoder<'a>,
    sums: Decoder<'a>,
    /// Of the cell that is read.
    buckets: Vec<Bucket>,
}

impl<'a> Streams<'a> {
    fn new(segment: &Segment<'a>) -> Self {
        let stream = |column| Decoder::new(segment.bytes(column));
        Self {
            counts: stream(Column::Counts),
            outcomes: stream(Column::Outcomes),
            last_ats: stream(Column::LastAt),
            durations: stream(Column::Durations),
            sums: stream(Column::Sums),
            buckets: Vec::new(),
        }
    }

    /// Reads the next cell.
    #[inline]
    fn read(
        &mut self,
        models: &Models,
        wanted: Wanted,
        (frame, number): (&Frame<'_>, usize),
        sink: &mut impl Sink,
    ) -> Result<(), PartError> {
        let slot = frame.slot(number);
        sink.begin(slot);
        if wanted.last_at {
            let stored = models.last_ats.decode(&mut self.last_ats);
            let distance = stored.checked_sub(1).map(unzigzag);
            let start_ms = frame.start_ms(slot);
            sink.last_at(distance.map(|by| TimestampMs(start_ms.wrapping_add(by))));
        }
        if wanted.outcomes || wanted.durations || wanted.sums {
            let number = models.counts.decode(&mut self.counts);
            let zeros = models.zeros.decode(&mut self.counts);
            let fitting = u32::try_from(number).ok().filter(|number| zeros <= u64::from(*number));
            let number = fitting.ok_or(PartError::Columns)?;
            if wanted.outcomes {
                let other = unzigzag(models.other_items.decode(&mut self.outcomes));
                let items = i64::from(number).checked_add(other);
                let items = items.and_then(|items| u32::try_from(items).ok());
                let items = items.ok_or(PartError::Columns)?;
                models.decode_classes(items, &mut self.outcomes, sink);
            }
            if wanted.durations || wanted.sums {
                self.read_durations(models, wanted, (number, zeros as u32), sink)?;
            }
        }
        sink.end();
        Ok(())
    }

    fn read_durations(
        &mut self,
        models: &Models,
        wanted: Wanted,
        (number, zeros): (u32, u32),
        sink: &mut impl Sink,
    ) -> Result<(), PartError> {
        let scale = if number == 0 { SCALE_MAX } else { models.scale };
        self.buckets.clear();
        models.tree.decode(number - zeros, &mut self.durations, &mut self.buckets);
        self.durations.check()?;
        let mut sum_us = 0;
        if wanted.sums {
            sum_us = models.residuals.decode(scale, &self.buckets, &mut self.sums);
        }
        let taken = if wanted.durations {
            sink.durations(scale, zeros.into(), sum_us, self.buckets.iter().copied())
        } else {
            sink.durations(SCALE_MAX, 0, sum_us, std::iter::empty())
        };
        taken.ok_or(PartError::Columns)
    }

    fn finish(&self, wanted: Wanted) -> Result<(), PartError> {
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
