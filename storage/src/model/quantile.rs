//! Quantiles of histograms.

use super::bucket::{bucket_lower_s, bucket_upper_s};

/// A quantile of a histogram, in seconds, with bounds of the exact value.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Quantile {
    /// The estimate: within 1.1 % of the exact value at scale 5.
    pub value_s: f64,
    /// A lower bound of the exact value.
    pub lower_s: f64,
    /// An upper bound of the exact value.
    pub upper_s: f64,
}

impl Quantile {
    /// A quantile that is 0.
    pub(crate) const ZERO: Self = Self { value_s: 0.0, lower_s: 0.0, upper_s: 0.0 };
}

/// A quantile that lies in a bucket, of `count` values with this sum in µs.
pub(crate) fn quantile_in(scale: i8, index: i32, count: u64, sum_us: u64) -> Quantile {
    let (lower_s, upper_s) = (bucket_lower_s(scale, index), bucket_upper_s(scale, index));
    if count == 1 {
        // The only value is the sum, which is rounded to microseconds.
        let sum_s = sum_us as f64 / 1e6;
        let near = |s: f64| s.clamp(lower_s, upper_s);
        return Quantile {
            value_s: near(sum_s),
            lower_s: near(sum_s - 5e-7),
            upper_s: near(sum_s + 5e-7),
        };
    }
    Quantile { value_s: (lower_s * upper_s).sqrt(), lower_s, upper_s }
}

/// The rank of the q-quantile of `count` values: ⌈q·n⌉, at least 1 and at most n. A product that differs from
/// an integer only by rounding counts as that integer.
#[must_use]
pub fn quantile_rank(q: f64, count: u64) -> u64 {
    let product = q * count as f64;
    let nearest = product.round();
    let rank =
        if (product - nearest).abs() <= 1e-9 * nearest.max(1.0) { nearest } else { product.ceil() };
    (rank as u64).clamp(1, count.max(1))
}

#[cfg(test)]
mod tests;
