//! The sum of a cell's durations, given its buckets: each value is somewhere in its bucket, so the sum
//! is near that of the middles, and only the distance needs telling.
//!
//! How far off it may be is known as well: values that are spread evenly over their buckets miss by
//! the square root of the sum of `width² / 12`. The distance is told in steps of a quarter to a half
//! of that as a [`super::numbers`] column, and the rest in plain bits.

use std::sync::LazyLock;

use super::PartError;
use super::bytes::{Reader, put, unzigzag, zigzag};
use super::numbers::{Census, Model};
use super::rans::{Decoder, Encoder};
use crate::model::histogram::{Bucket, Histogram, SCALE_MAX, bucket_lower_s, bucket_upper_s};

/// Middle and squared width of a bucket, the former in µs, the latter in µs² / 12.
#[derive(Debug, Clone, Copy)]
struct Spread {
    middle_us: u64,
    variance: f64,
}

impl Spread {
    fn of(scale: i8, index: i32) -> Self {
        let (lower, upper) =
            (bucket_lower_s(scale, index) * 1e6, bucket_upper_s(scale, index) * 1e6);
        let width = upper - lower;
        Self { middle_us: ((lower + upper) / 2.0) as u64, variance: width * width / 12.0 }
    }
}

/// Lowest index in the table of spreads.
const TABLE_FIRST: i32 = -1_280;

/// The spreads of the buckets at the usual scale.
static SPREADS: LazyLock<Vec<Spread>> =
    LazyLock::new(|| (TABLE_FIRST..960).map(|index| Spread::of(SCALE_MAX, index)).collect());

/// Sums are multiples of a unit; their residuals have a model.
#[derive(Debug)]
pub(super) struct Residuals {
    unit_us: u64,
    model: Model,
    spreads: &'static [Spread],
}

/// What buckets tell of a sum, in units: where it is expected, and how many low bits say nothing.
struct Expected {
    middle: i64,
    shift: u32,
}

impl Expected {
    fn of(unit_us: u64, spreads: &[Spread], scale: i8, buckets: &[Bucket]) -> Self {
        let (mut middle_us, mut variance) = (0_u64, 0.0);
        for bucket in buckets {
            let held = usize::try_from(bucket.index - TABLE_FIRST).ok();
            let held = held.filter(|_| scale == SCALE_MAX).and_then(|at| spreads.get(at).copied());
            let spread = held.unwrap_or_else(|| Spread::of(scale, bucket.index));
            middle_us = middle_us.wrapping_add(spread.middle_us.wrapping_mul(bucket.count));
            variance += spread.variance * bucket.count as f64;
        }
        let unit = unit_us as f64;
        // The exponent of a double is the logarithm of the variance, half of it that of its root.
        let exponent = ((variance / (unit * unit)).to_bits() >> 52) as u32;
        let shift = (exponent.saturating_sub(1023) / 2).saturating_sub(1).min(48);
        Self { middle: (middle_us / unit_us) as i64, shift }
    }
}

/// The greatest common divisor (Euclid); that of 0 and a number is the number.
const fn common_divisor(mut a: u64, mut b: u64) -> u64 {
    while b != 0 {
        (a, b) = (b, a % b);
    }
    a
}

impl Residuals {
    /// Writes the model of these cells' sums.
    pub(super) fn put_model<'h>(
        durations: impl Iterator<Item = &'h Histogram> + Clone,
        out: &mut Vec<u8>,
    ) {
        let sums = durations.clone().map(Histogram::sum_us);
        let unit_us = sums.fold(0, common_divisor).max(1);
        let mut census = Census::default();
        for one in durations {
            census.add(Self::split(unit_us, one).0);
        }
        put(out, unit_us);
        census.weights().put(out);
    }

    pub(super) fn read_model(reader: &mut Reader<'_>) -> Result<Self, PartError> {
        let unit_us = reader.varint()?;
        if unit_us == 0 {
            return Err(PartError::Columns);
        }
        Ok(Self { unit_us, model: Model::take(reader)?, spreads: &SPREADS })
    }

    /// The steps from what is expected, what is left below a step, and in how many bits.
    fn split(unit_us: u64, durations: &Histogram) -> (u64, u64, u32) {
        let expected = Expected::of(unit_us, &SPREADS, durations.scale(), durations.buckets());
        let distance = ((durations.sum_us() / unit_us) as i64).wrapping_sub(expected.middle);
        (zigzag(distance >> expected.shift), distance as u64, expected.shift)
    }

    /// Writes the sum of a cell that the model was made with.
    pub(super) fn encode(&self, durations: &Histogram, out: &mut Encoder) {
        let (steps, rest, shift) = Self::split(self.unit_us, durations);
        self.model.encode(steps, out);
        out.bits(rest, shift);
    }

    /// Reads the sum of a cell with these buckets, in µs.
    #[inline]
    pub(super) fn decode(&self, scale: i8, buckets: &[Bucket], stream: &mut Decoder<'_>) -> u64 {
        let expected = Expected::of(self.unit_us, self.spreads, scale, buckets);
        let steps = unzigzag(self.model.decode(stream));
        let distance = steps << expected.shift | stream.bits(expected.shift) as i64;
        (expected.middle.wrapping_add(distance) as u64).wrapping_mul(self.unit_us)
    }
}
