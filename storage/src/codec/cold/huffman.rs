//! The cold encoding *huffman*, for cells with few values: near the entropy of the cells, in Huffman codes
//! that are stored in the part and decoded by table lookups. Every column of a segment is a stream of bits.
//!
//! ```text
//! model     = scale u8 | sections (sized) | unit of sums in µs | codes of counts, zeros, other items, items
//!             that are not of the first class, times, steps of residuals | k u8, k x class u8
//! Outcomes  = per cell: how many items are not of the first class, then, while any are left, how many of
//!             those are of the second class, of the third … but the last
//! Durations = per cell: how the values are distributed over the sections, then the bucket of each, in an
//!             order that encodes the low bits of the residual (see `permutation`)
//! Sums      = per cell: the residual of the sum without these bits
//! ```
//!
//! What all columns have in common is described in `cells`. Classes are in the order of their frequency, so
//! that most cells need only the first two numbers of Outcomes. The unit of sums is their greatest common
//! divisor.
//!
//! A run that this cannot encode (cells of different scales, many values) is encoded by `rans`.

use super::cells::{ColumnReader, Encoding, NumberCodes};
use super::permutation::{OrderNumber, Permutation};
use super::residual::{BucketStats, BucketTable, Expected, Residual, unit_of};
use super::run::Run;
use super::sections::{Sections, Starts, VALUES_MAX};
use crate::codec::error::PartError;
use crate::codec::fields::class_of;
use crate::codec::primitives::bits::{BitReader, BitWriter};
use crate::codec::primitives::bytes::{Reader, put, put_sized};
use crate::codec::primitives::number_class::ClassCounts;
use crate::codec::primitives::prefix_number::NumberCode;
use crate::codec::sink::Sink;
use crate::model::bucket::Bucket;
use crate::model::histogram::Histogram;
use crate::model::outcome::{Outcome, OutcomeCounts};

/// The largest average number of values of a cell: with more, the order within sections costs more bytes than
/// fast decoding is worth, and `rans` is the better encoding.
const MEAN_VALUES_MAX: u64 = 24;

/// The model of a part.
#[derive(Debug)]
pub(crate) struct HuffmanEncoding {
    scale: i8,
    sections: Sections,
    sums: SumCode,
    numbers: NumberCodes<NumberCode>,
    /// How many items are not of the first class.
    other_classes: NumberCode,
    residual_steps: NumberCode,
    /// The most frequent first.
    classes: Vec<Outcome>,
}

/// The decoded values of a cell: the rank of the bucket of each, and where the sections start.
#[derive(Debug, Default)]
pub(crate) struct Values {
    ranks: Vec<u16>,
    starts: Starts,
}

impl<'a> ColumnReader<'a> for BitReader<'a> {
    fn new(column: &'a [u8]) -> Self {
        BitReader::new(column)
    }

    #[inline]
    fn check(&self) -> Result<(), PartError> {
        BitReader::check(self)
    }

    fn finish(&self) -> Result<(), PartError> {
        BitReader::finish(self)
    }
}

/// Writes the sections for a run; `None` when its cells have too many values or buckets.
fn put_sections(run: &Run<'_>, durations: &Histogram) -> Option<Vec<u8>> {
    let values = durations.count() - durations.zero_count();
    let most = run.cells.iter().map(|(_, numbers)| numbers.durations).max().unwrap_or(0);
    if values > MEAN_VALUES_MAX * run.cells.len() as u64 || most > VALUES_MAX {
        return None;
    }
    let mut bits = BitWriter::default();
    Sections::put_for(durations.buckets(), &mut bits)?;
    Some(bits.finish())
}

/// How many items are not of the first class.
fn others_of(outcomes: &OutcomeCounts, classes: &[Outcome]) -> u64 {
    outcomes.total() - classes.first().map_or(0, |first| outcomes.get(*first))
}

/// How many bits a number up to `most` takes.
const fn bits_of(most: u64) -> u32 {
    64 - most.leading_zeros()
}

fn take_classes(reader: &mut Reader<'_>) -> Result<Vec<Outcome>, PartError> {
    let number = reader.byte()?.into();
    reader.take(number)?.iter().map(|class| class_of(*class)).collect()
}

impl HuffmanEncoding {
    /// The classes between the first and the last; the items that are left are of the last.
    fn middle_classes(&self) -> &[Outcome] {
        self.classes.get(1..self.classes.len().saturating_sub(1)).unwrap_or_default()
    }
}

impl Encoding for HuffmanEncoding {
    type Code = NumberCode;
    type Reader<'a> = BitReader<'a>;
    type Values = Values;
    type Writer = BitWriter;

    fn put_model(run: &Run<'_>, out: &mut Vec<u8>) -> Option<()> {
        let encoded = put_sections(run, &run.durations())?;
        let sections = Sections::take(&mut BitReader::new(&encoded)).ok()?;
        let sums = SumCode::new(unit_of(run.sums_us()), run.scale, sections.indexes());
        let classes: Vec<Outcome> = run.classes().into_iter().map(|(class, _)| class).collect();
        let mut columns: [ClassCounts; 6] = std::array::from_fn(|_| ClassCounts::default());
        let [counts, zeros, other_items, other_classes, last_ats, steps] = &mut columns;
        for (cell, numbers) in &run.cells {
            counts.add(numbers.durations.into());
            zeros.add(numbers.zeros);
            other_items.add(numbers.other_items);
            other_classes.add(others_of(&cell.outcomes, &classes));
            last_ats.add(numbers.last_at);
            let ranks = sections.ranks(cell.durations.buckets());
            steps.add(sums.residual(cell.durations.sum_us(), &ranks).1.steps);
        }
        out.push(run.scale as u8);
        put_sized(out, &encoded);
        put(out, sums.unit_us);
        columns.iter().for_each(|counts| NumberCode::put_for(counts, out));
        out.push(classes.len() as u8);
        out.extend(classes.iter().map(|class| *class as u8));
        Some(())
    }

    fn read_model(bytes: &[u8]) -> Result<Self, PartError> {
        let mut reader = Reader::new(bytes);
        let scale = reader.byte()? as i8;
        let sections = Sections::take(&mut BitReader::new(reader.sized()?))?;
        let unit_us = reader.varint()?;
        if unit_us == 0 {
            return Err(PartError::Columns);
        }
        let sums = SumCode::new(unit_us, scale, sections.indexes());
        let mut code = || NumberCode::take(&mut reader);
        let (durations, zeros, other_items) = (code()?, code()?, code()?);
        let (other_classes, last_at, residual_steps) = (code()?, code()?, code()?);
        let numbers = NumberCodes { durations, zeros, other_items, last_at };
        let classes = take_classes(&mut reader)?;
        Ok(Self { scale, sections, sums, numbers, other_classes, residual_steps, classes })
    }

    #[inline]
    fn scale(&self) -> i8 {
        self.scale
    }

    #[inline]
    fn numbers(&self) -> &NumberCodes<NumberCode> {
        &self.numbers
    }

    fn put_number(code: &NumberCode, number: u64, out: &mut BitWriter) {
        code.put(number, out);
    }

    #[inline]
    fn read_number(code: &NumberCode, column: &mut BitReader<'_>) -> u64 {
        code.read(column)
    }

    fn put_classes(&self, outcomes: &OutcomeCounts, out: &mut BitWriter) {
        let mut left = others_of(outcomes, &self.classes);
        self.other_classes.put(left, out);
        for class in self.middle_classes() {
            let count = outcomes.get(*class);
            out.put_long(count, bits_of(left));
            left -= count;
        }
    }

    #[inline]
    fn read_classes(
        &self,
        items: i64,
        column: &mut BitReader<'_>,
        sink: &mut impl Sink,
    ) -> Option<()> {
        let mut left = self.other_classes.read(column);
        let first_count = u64::try_from(items).ok()?.checked_sub(left)?;
        if first_count > 0 {
            sink.outcome(*self.classes.first()?, first_count);
        }
        if left == 0 {
            return Some(());
        }
        for class in self.middle_classes() {
            let count = column.take_long(bits_of(left));
            left = left.checked_sub(count)?;
            sink.outcome(*class, count);
        }
        sink.outcome(*self.classes.get(1..)?.last()?, left);
        Some(())
    }

    fn put_durations(&self, durations: &Histogram, values: &mut BitWriter, sums: &mut BitWriter) {
        let ranks = self.sections.ranks(durations.buckets());
        let (expected, residual) = self.sums.residual(durations.sum_us(), &ranks);
        let permutation = Permutation::of(self.sections.cut(&ranks));
        let order_bits = permutation.ascending().bits(expected.rest_bits);
        self.residual_steps.put(residual.steps, sums);
        sums.put(residual.rest >> order_bits, expected.rest_bits - order_bits);
        let in_order = residual.rest & ((1 << order_bits) - 1);
        self.sections.encode(&permutation.encode(in_order), values);
    }

    #[inline]
    fn read_values(&self, number: u32, column: &mut BitReader<'_>, values: &mut Values) {
        values.starts = self.sections.decode(number, column, &mut values.ranks);
    }

    #[inline]
    fn read_sum_us(&self, values: &Values, column: &mut BitReader<'_>) -> u64 {
        let in_order = OrderNumber::of(&values.ranks, &values.starts);
        let expected = self.sums.expected(&values.ranks);
        let order_bits = in_order.bits(expected.rest_bits);
        let steps = self.residual_steps.read(column);
        let plain = u64::from(column.take(expected.rest_bits - order_bits));
        if in_order.number() >> order_bits != 0 {
            column.mark_damaged();
        }
        let rest = plain << order_bits | in_order.number();
        expected.join(Residual { steps, rest }).wrapping_mul(self.sums.unit_us)
    }

    #[inline]
    fn buckets(&self, values: &Values) -> impl Iterator<Item = Bucket> {
        values.ranks.iter().map(|rank| self.sections.bucket(*rank))
    }

    fn finish(column: BitWriter) -> Vec<u8> {
        column.finish()
    }
}

/// What is known of a value in a bucket, in whole numbers, so that the order of values does not matter.
#[derive(Debug, Clone, Copy, Default)]
struct RankStats {
    middle_us: u64,
    variance: u64,
}

/// How the buckets of a part predict sums.
#[derive(Debug)]
struct SumCode {
    unit_us: u64,
    /// By rank of the bucket.
    stats: Vec<RankStats>,
}

impl SumCode {
    /// Of the indexes of the buckets, by rank.
    fn new(unit_us: u64, scale: i8, indexes: &[i32]) -> Self {
        let table = BucketTable::new(scale);
        let stats = indexes.iter().map(|index| {
            let BucketStats { middle_us, variance } = table.stats(*index);
            RankStats { middle_us, variance: variance as u64 }
        });
        Self { unit_us, stats: stats.collect() }
    }

    /// The expected sum of values with these ranks.
    #[inline]
    fn expected(&self, ranks: &[u16]) -> Expected {
        let (mut middle_us, mut variance) = (0_u64, 0_u64);
        for rank in ranks {
            let stats = self.stats.get(usize::from(*rank)).copied().unwrap_or_default();
            middle_us = middle_us.wrapping_add(stats.middle_us);
            variance = variance.saturating_add(stats.variance);
        }
        if self.unit_us > 1 {
            middle_us /= self.unit_us;
            variance = variance / self.unit_us / self.unit_us;
        }
        // Half of the logarithm of the variance is the logarithm of the standard deviation.
        let rest_bits = ((63 - (variance | 1).leading_zeros()) / 2).saturating_sub(1);
        Expected { middle: middle_us as i64, rest_bits }
    }

    /// A sum of values with these ranks as it is coded, and the expected sum.
    fn residual(&self, sum_us: u64, ranks: &[u16]) -> (Expected, Residual) {
        let expected = self.expected(ranks);
        (expected, expected.split(sum_us / self.unit_us))
    }
}
