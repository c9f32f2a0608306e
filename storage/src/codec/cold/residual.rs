//! The sum of a cell's durations, relative to its buckets. Each value lies somewhere in its bucket, so the
//! sum is near that of the middles of the buckets, and only the distance is coded.
//!
//! The size of the distance is known as well: if values are spread evenly over their buckets, its standard
//! deviation is the square root of the sum of `width² / 12`. The distance is divided into steps of a quarter
//! to a half of that; the number of steps is coded as a number, the rest below a step as plain bits.

use std::sync::LazyLock;

use crate::codec::primitives::bytes::{unzigzag, zigzag};
use crate::model::bucket::{SCALE_MAX, bucket_lower_s, bucket_upper_s};

/// What is known of a value in a bucket: its expected value in µs, and its variance in µs².
#[derive(Debug, Clone, Copy)]
pub(crate) struct BucketStats {
    pub(crate) middle_us: u64,
    pub(crate) variance: f64,
}

impl BucketStats {
    fn compute(scale: i8, index: i32) -> Self {
        let (lower, upper) =
            (bucket_lower_s(scale, index) * 1e6, bucket_upper_s(scale, index) * 1e6);
        let width = upper - lower;
        Self { middle_us: ((lower + upper) / 2.0) as u64, variance: width * width / 12.0 }
    }
}

/// Lowest bucket in the table.
const TABLE_FIRST: i32 = -1_280;

/// The buckets at the finest scale.
static TABLE: LazyLock<Vec<BucketStats>> = LazyLock::new(|| {
    (TABLE_FIRST..960).map(|index| BucketStats::compute(SCALE_MAX, index)).collect()
});

/// The [`BucketStats`] of the buckets of a scale. Those of the finest scale are computed once.
#[derive(Debug, Clone, Copy)]
pub(crate) struct BucketTable {
    scale: i8,
    known: &'static [BucketStats],
}

impl BucketTable {
    /// The table of a scale.
    pub(crate) fn new(scale: i8) -> Self {
        Self { scale, known: if scale == SCALE_MAX { TABLE.as_slice() } else { &[] } }
    }

    /// What is known of a value in a bucket.
    #[inline]
    pub(crate) fn stats(self, index: i32) -> BucketStats {
        let position = usize::try_from(index - TABLE_FIRST).ok();
        let known = position.and_then(|position| self.known.get(position).copied());
        known.unwrap_or_else(|| BucketStats::compute(self.scale, index))
    }
}

/// The unit of sums in µs: their greatest common divisor (Euclid), at least 1.
pub(crate) fn unit_of(sums_us: impl Iterator<Item = u64>) -> u64 {
    let common_divisor = |mut a: u64, mut b: u64| {
        while b != 0 {
            (a, b) = (b, a % b);
        }
        a
    };
    sums_us.fold(0, common_divisor).max(1)
}

/// A sum as it is coded.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Residual {
    /// Zigzag of the number of steps from the expected sum.
    pub(crate) steps: u64,
    /// What is left below a step, in the low bits, of which there are [`Expected::rest_bits`].
    pub(crate) rest: u64,
}

/// The expected sum of a cell, in units.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Expected {
    pub(crate) middle: i64,
    /// The bits below a step.
    pub(crate) rest_bits: u32,
}

impl Expected {
    /// The residual of a sum in units.
    pub(crate) fn split(self, sum: u64) -> Residual {
        let distance = (sum as i64).wrapping_sub(self.middle);
        Residual { steps: zigzag(distance >> self.rest_bits), rest: distance as u64 }
    }

    /// The inverse of [`Expected::split`]; `rest` has no higher bits than [`Expected::rest_bits`].
    #[inline]
    pub(crate) fn join(self, residual: Residual) -> u64 {
        let distance = unzigzag(residual.steps) << self.rest_bits | residual.rest as i64;
        self.middle.wrapping_add(distance) as u64
    }
}

#[cfg(test)]
mod tests;
