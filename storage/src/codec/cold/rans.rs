//! The cold encoding *rans*, for cells with many values: as close to the entropy of the cells as possible.
//! Every column of a segment is a stream of entropy-coded symbols (see [`crate::codec::primitives::rans`]),
//! whose frequencies are stored in the part.
//!
//! ```text
//! model     = tree of buckets | weights of counts, zeros, other items, times | unit of sums in µs, weights
//!             of the steps of residuals | scale u8 | k u8, k x class u8, (k - 1) x chance u16
//! Outcomes  = per cell: how many items are of the first class, then, while any are left, of the second …
//! Durations = per cell: how the values split at each node of the tree
//! Sums      = per cell: the residual of the sum
//! ```
//!
//! What all columns have in common is described in `cells`. Classes are in the order of their frequency, so
//! that most cells need only the first number of Outcomes. The unit of sums is their greatest common divisor.
//!
//! A run that this cannot encode (cells of different scales, more than 4 G items) stays in the hot encoding.

use super::cells::{ColumnReader, Encoding, NumberCodes};
use super::residual::{BucketTable, Expected, Residual, unit_of};
use super::run::Run;
use super::tree::{Shape, Tree};
use crate::codec::error::PartError;
use crate::codec::fields::class_of;
use crate::codec::primitives::binomial::{Binomial, Chance};
use crate::codec::primitives::bytes::{Reader, put};
use crate::codec::primitives::number_class::ClassCounts;
use crate::codec::primitives::rans::{RansReader, RansWriter};
use crate::codec::primitives::rans_number::NumberModel;
use crate::codec::primitives::weights::Weights;
use crate::codec::sink::Sink;
use crate::model::bucket::Bucket;
use crate::model::histogram::Histogram;
use crate::model::outcome::{Outcome, OutcomeCounts};

/// The model of a part.
#[derive(Debug)]
pub(crate) struct RansEncoding {
    tree: Tree,
    scale: i8,
    sums: SumCode,
    numbers: NumberCodes<NumberModel>,
    residual_steps: NumberModel,
    /// The most frequent first, each with its chance against the classes after it.
    classes: Vec<(Outcome, Chance)>,
    binomial: Binomial,
}

impl<'a> ColumnReader<'a> for RansReader<'a> {
    fn new(column: &'a [u8]) -> Self {
        RansReader::new(column)
    }

    #[inline]
    fn check(&self) -> Result<(), PartError> {
        RansReader::check(self)
    }

    fn finish(&self) -> Result<(), PartError> {
        RansReader::finish(self)
    }
}

fn put_classes(classes: &[(Outcome, u64)], out: &mut Vec<u8>) {
    out.push(classes.len() as u8);
    out.extend(classes.iter().map(|(class, _)| *class as u8));
    let mut later = classes.iter().map(|(_, count)| count).sum::<u64>();
    for (_, count) in classes.iter().take(classes.len().saturating_sub(1)) {
        later = later.saturating_sub(*count);
        out.extend_from_slice(&Chance::of(*count, later).bits().to_be_bytes());
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

impl Encoding for RansEncoding {
    type Code = NumberModel;
    type Reader<'a> = RansReader<'a>;
    type Values = Vec<Bucket>;
    type Writer = RansWriter;

    fn put_model(run: &Run<'_>, out: &mut Vec<u8>) -> Option<()> {
        let sums = SumCode::new(unit_of(run.sums_us()), run.scale);
        let mut columns: [ClassCounts; 5] = std::array::from_fn(|_| ClassCounts::default());
        let [counts, zeros, other_items, last_ats, steps] = &mut columns;
        for (cell, numbers) in &run.cells {
            counts.add(numbers.durations.into());
            zeros.add(numbers.zeros);
            other_items.add(numbers.other_items);
            last_ats.add(numbers.last_at);
            steps.add(sums.residual(&cell.durations).1.steps);
        }
        let [columns @ .., steps] = columns.map(|counts| Weights::of(counts.counts()));
        Shape::of(run.durations().buckets()).put(out);
        columns.iter().for_each(|weights| weights.put(out));
        put(out, sums.unit_us);
        steps.put(out);
        out.push(run.scale as u8);
        put_classes(&run.classes(), out);
        Some(())
    }

    fn read_model(bytes: &[u8]) -> Result<Self, PartError> {
        let mut reader = Reader::new(bytes);
        let tree = Tree::new(&Shape::take(&mut reader)?);
        let mut code = || NumberModel::take(&mut reader);
        let (durations, zeros, other_items, last_at) = (code()?, code()?, code()?, code()?);
        let numbers = NumberCodes { durations, zeros, other_items, last_at };
        let unit_us = reader.varint()?;
        if unit_us == 0 {
            return Err(PartError::Columns);
        }
        let residual_steps = NumberModel::take(&mut reader)?;
        let scale = reader.byte()? as i8;
        let classes = take_classes(&mut reader)?;
        let (sums, binomial) = (SumCode::new(unit_us, scale), Binomial::new());
        Ok(Self { tree, scale, sums, numbers, residual_steps, classes, binomial })
    }

    #[inline]
    fn scale(&self) -> i8 {
        self.scale
    }

    #[inline]
    fn numbers(&self) -> &NumberCodes<NumberModel> {
        &self.numbers
    }

    fn put_number(code: &NumberModel, number: u64, out: &mut RansWriter) {
        code.put(number, out);
    }

    #[inline]
    fn read_number(code: &NumberModel, column: &mut RansReader<'_>) -> u64 {
        code.read(column)
    }

    fn put_classes(&self, outcomes: &OutcomeCounts, out: &mut RansWriter) {
        let mut left = outcomes.total() as u32;
        for (class, chance) in self.classes.iter().rev().skip(1).rev() {
            if left == 0 {
                return;
            }
            let count = outcomes.get(*class) as u32;
            self.binomial.put(count, left, *chance, out);
            left -= count;
        }
    }

    fn read_classes(
        &self,
        items: i64,
        column: &mut RansReader<'_>,
        sink: &mut impl Sink,
    ) -> Option<()> {
        let mut left = u32::try_from(items).ok()?;
        let Some(((last, _), earlier)) = self.classes.split_last() else {
            return (left == 0).then_some(());
        };
        for (class, chance) in earlier {
            if left == 0 {
                return Some(());
            }
            let count = self.binomial.take(left, *chance, column);
            sink.outcome(*class, count.into());
            left -= count;
        }
        sink.outcome(*last, left.into());
        Some(())
    }

    fn put_durations(&self, durations: &Histogram, values: &mut RansWriter, sums: &mut RansWriter) {
        self.tree.put(durations.buckets(), values);
        let (expected, residual) = self.sums.residual(durations);
        self.residual_steps.put(residual.steps, sums);
        sums.bits(residual.rest, expected.rest_bits);
    }

    fn read_values(&self, number: u32, column: &mut RansReader<'_>, buckets: &mut Vec<Bucket>) {
        buckets.clear();
        self.tree.take(number, column, buckets);
    }

    #[inline]
    fn read_sum_us(&self, buckets: &Vec<Bucket>, column: &mut RansReader<'_>) -> u64 {
        let expected = self.sums.expected(buckets);
        let steps = self.residual_steps.read(column);
        let rest = column.bits(expected.rest_bits);
        expected.join(Residual { steps, rest }).wrapping_mul(self.sums.unit_us)
    }

    #[inline]
    fn buckets(&self, buckets: &Vec<Bucket>) -> impl Iterator<Item = Bucket> {
        buckets.iter().copied()
    }

    fn finish(column: RansWriter) -> Vec<u8> {
        column.finish()
    }
}

/// How buckets predict sums.
#[derive(Debug)]
struct SumCode {
    unit_us: u64,
    table: BucketTable,
}

impl SumCode {
    fn new(unit_us: u64, scale: i8) -> Self {
        Self { unit_us, table: BucketTable::new(scale) }
    }

    /// The expected sum of the values in some buckets, ascending.
    #[inline]
    fn expected(&self, buckets: &[Bucket]) -> Expected {
        let (mut middle_us, mut variance) = (0_u64, 0.0);
        for bucket in buckets {
            let stats = self.table.stats(bucket.index);
            middle_us = middle_us.wrapping_add(stats.middle_us.wrapping_mul(bucket.count));
            variance += stats.variance * bucket.count as f64;
        }
        let unit = self.unit_us as f64;
        // The exponent of a double is the logarithm of the variance; half of it is that of the standard
        // deviation.
        let exponent = ((variance / (unit * unit)).to_bits() >> 52) as u32;
        let rest_bits = (exponent.saturating_sub(1023) / 2).saturating_sub(1).min(48);
        Expected { middle: (middle_us / self.unit_us) as i64, rest_bits }
    }

    /// The sum of a cell as it is coded, and the expected sum.
    fn residual(&self, durations: &Histogram) -> (Expected, Residual) {
        let expected = self.expected(durations.buckets());
        (expected, expected.split(durations.sum_us() / self.unit_us))
    }
}
