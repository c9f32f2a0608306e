//! The sum of a cell's durations, given the bucket of each value: each value is somewhere in its bucket, so the sum
//! is near that of the middles, and only the distance needs telling.
//!
//! How far off it may be is known as well: values that are spread evenly over their buckets miss by
//! the square root of the sum of `width² / 12`. The distance is told in steps of a quarter to a half
//! of that as a [`super::columns`] code, and the rest in plain bits, of which the order of the values tells the
//! low ones. All of it is done in whole numbers, so that the order of the buckets does not matter.

use std::sync::LazyLock;

use super::PartError;
use super::bits::{BitReader, BitWriter};
use super::bytes::{Reader, put, unzigzag, zigzag};
use super::columns::Code;
use super::numbers::Census;
use super::order::Told;
use crate::model::histogram::{SCALE_MAX, bucket_lower_s, bucket_upper_s};

/// Middle of a bucket in µs, and its squared width in µs² / 12.
#[derive(Debug, Clone, Copy, Default)]
struct Spread {
    middle_us: u64,
    variance: u64,
}

impl Spread {
    fn of(scale: i8, index: i32) -> Self {
        let (lower, upper) =
            (bucket_lower_s(scale, index) * 1e6, bucket_upper_s(scale, index) * 1e6);
        let width = upper - lower;
        Self { middle_us: ((lower + upper) / 2.0) as u64, variance: (width * width / 12.0) as u64 }
    }
}

/// Lowest index in the table of spreads.
const TABLE_FIRST: i32 = -1_280;

/// The spreads of the buckets at the usual scale.
static SPREADS: LazyLock<Vec<Spread>> =
    LazyLock::new(|| (TABLE_FIRST..960).map(|index| Spread::of(SCALE_MAX, index)).collect());

/// What the buckets of a part tell of sums, which are multiples of a unit.
#[derive(Debug)]
pub(super) struct Spreads {
    unit_us: u64,
    /// By rank of the bucket.
    spreads: Vec<Spread>,
}

/// What buckets tell of a sum, in units: where it is expected, and how many low bits say nothing.
struct Expected {
    middle: i64,
    shift: u32,
}

/// The greatest common divisor (Euclid); that of 0 and a number is the number.
const fn common_divisor(mut a: u64, mut b: u64) -> u64 {
    while b != 0 {
        (a, b) = (b, a % b);
    }
    a
}

impl Spreads {
    /// Of sums and of the indexes of buckets by rank.
    pub(super) fn of(sums_us: impl Iterator<Item = u64>, scale: i8, indexes: &[i32]) -> Self {
        Self::new(sums_us.fold(0, common_divisor).max(1), scale, indexes)
    }

    fn new(unit_us: u64, scale: i8, indexes: &[i32]) -> Self {
        let table = if scale == SCALE_MAX { SPREADS.as_slice() } else { &[] };
        let spread = |index: &i32| {
            let held = usize::try_from(index - TABLE_FIRST).ok().and_then(|at| table.get(at));
            held.copied().unwrap_or_else(|| Spread::of(scale, *index))
        };
        Self { unit_us, spreads: indexes.iter().map(spread).collect() }
    }

    pub(super) fn put(&self, out: &mut Vec<u8>) {
        put(out, self.unit_us);
    }

    pub(super) fn take(
        reader: &mut Reader<'_>,
        scale: i8,
        indexes: &[i32],
    ) -> Result<Self, PartError> {
        match reader.varint()? {
            0 => Err(PartError::Columns),
            unit_us => Ok(Self::new(unit_us, scale, indexes)),
        }
    }

    #[inline]
    fn expected(&self, cell: &[u16]) -> Expected {
        let (mut middle_us, mut variance) = (0_u64, 0_u64);
        for rank in cell {
            let spread = self.spreads.get(usize::from(*rank)).copied().unwrap_or_default();
            middle_us = middle_us.wrapping_add(spread.middle_us);
            variance = variance.saturating_add(spread.variance);
        }
        if self.unit_us > 1 {
            middle_us /= self.unit_us;
            variance = variance / self.unit_us / self.unit_us;
        }
        // Half of the logarithm of the variance is that of its root.
        let shift = ((63 - (variance | 1).leading_zeros()) / 2).saturating_sub(1);
        Expected { middle: middle_us as i64, shift }
    }

    /// The steps from what is expected, what is left below a step, and in how many bits.
    fn split(&self, sum_us: u64, cell: &[u16]) -> (u64, u64, u32) {
        let expected = self.expected(cell);
        let distance = ((sum_us / self.unit_us) as i64).wrapping_sub(expected.middle);
        (zigzag(distance >> expected.shift), distance as u64, expected.shift)
    }

    /// Counts the number that will be written for a cell.
    pub(super) fn count(&self, sum_us: u64, cell: &[u16], census: &mut Census) {
        census.add(self.split(sum_us, cell).0);
    }

    /// Writes the sum of a cell with these buckets, all but the bits that `told` says their order can tell, and
    /// returns those.
    pub(super) fn encode(
        &self,
        sum_us: u64,
        cell: &[u16],
        told: Told,
        code: &Code,
        out: &mut BitWriter,
    ) -> u64 {
        let (steps, rest, shift) = self.split(sum_us, cell);
        let told_bits = told.bits(shift);
        code.put(steps, out);
        out.put(rest >> told_bits, shift - told_bits);
        rest & ((1 << told_bits) - 1)
    }

    /// Reads the sum of a cell with these buckets, of which their order has told the low bits, in µs.
    #[inline]
    pub(super) fn decode(
        &self,
        cell: &[u16],
        told: Told,
        code: &Code,
        stream: &mut BitReader<'_>,
    ) -> u64 {
        let expected = self.expected(cell);
        let told_bits = told.bits(expected.shift);
        let steps = unzigzag(code.read(stream));
        let plain = u64::from(stream.take(expected.shift - told_bits));
        if told.number() >> told_bits != 0 {
            stream.damaged();
        }
        let rest = plain << told_bits | told.number();
        let distance = steps << expected.shift | rest as i64;
        (expected.middle.wrapping_add(distance) as u64).wrapping_mul(self.unit_us)
    }
}
