//! The buckets of histograms. At scale `s` bucket `i` covers `(2^(i/2^s), 2^((i+1)/2^s)]` seconds. Scale 5
//! has a bucket ratio of 2^(1/32), so that the geometric middle of a bucket is within 1.1 % of every value in
//! it.
//!
//! Source of the bucket scheme: OpenTelemetry metrics data model, "ExponentialHistogram".

use bincode::{Decode, Encode};

/// The finest scale that is stored. Finer input is lowered to it.
pub const SCALE_MAX: i8 = 5;
/// The coarsest scale that is accepted.
pub(crate) const SCALE_MIN: i8 = -4;
/// The finest scale that is accepted as input.
pub(crate) const SCALE_INPUT_MAX: i8 = 20;

/// The lowest bucket at [`SCALE_MAX`] (2^-40 s, below a picosecond); it counts smaller durations too.
const INDEX_MIN: i32 = -40 * 32;
/// The highest bucket at [`SCALE_MAX`], which ends at [`DURATION_S_MAX`](crate::limits::DURATION_S_MAX).
const INDEX_MAX: i32 = 30 * 32 - 1;

/// 2^(k/32) for k in 0..32, correctly rounded: the bucket borders of one octave at scale 5.
#[expect(clippy::approx_constant, reason = "one of the 2^(k/32) is the square root of 2")]
const OCTAVE: [f64; 32] = [
    1.0,
    1.0218971486541166,
    1.0442737824274138,
    1.0671404006768237,
    1.0905077326652577,
    1.1143867425958924,
    1.1387886347566916,
    1.1637248587775775,
    1.189207115002721,
    1.215247359980469,
    1.241857812073484,
    1.2690509571917332,
    1.2968395546510096,
    1.3252366431597413,
    1.3542555469368927,
    1.383909881963832,
    1.4142135623730951,
    1.4451808069770467,
    1.4768261459394993,
    1.5091644275934228,
    1.5422108254079407,
    1.5759808451078865,
    1.6104903319492543,
    1.645755478153965,
    1.681792830507429,
    1.718619298122478,
    1.7562521603732995,
    1.7947090750031072,
    1.8340080864093424,
    1.8741676341103,
    1.9152065613971474,
    1.9571441241754002,
];

/// The bucket at [`SCALE_MAX`] that contains a duration of `seconds` > 0.
pub(crate) fn bucket_of(seconds: f64) -> i32 {
    let bits = seconds.to_bits();
    let exponent = ((bits >> 52) & 0x7ff) as i32 - 1023;
    let mantissa = f64::from_bits((bits & 0x000f_ffff_ffff_ffff) | 0x3ff0_0000_0000_0000);
    let borders_below = OCTAVE.partition_point(|border| *border < mantissa) as i32;
    (exponent * 32 + borders_below - 1).clamp(INDEX_MIN, INDEX_MAX)
}

/// The lower border of bucket `index` at `scale`, in seconds. Values in the bucket are greater.
#[must_use]
pub fn bucket_lower_s(scale: i8, index: i32) -> f64 {
    let finer = index << (SCALE_MAX - scale.clamp(SCALE_MIN, SCALE_MAX));
    let border = OCTAVE.get(finer.rem_euclid(32) as usize).copied().unwrap_or(1.0);
    border * 2f64.powi(finer.div_euclid(32))
}

/// The upper border of bucket `index` at `scale`, in seconds. Values in the bucket are at most this.
#[must_use]
pub fn bucket_upper_s(scale: i8, index: i32) -> f64 {
    bucket_lower_s(scale, index.saturating_add(1))
}

/// The valid bucket indexes of a scale.
pub(crate) const fn bucket_range(scale: i8) -> std::ops::RangeInclusive<i32> {
    let coarser = SCALE_MAX.saturating_sub(scale);
    (INDEX_MIN >> coarser)..=(INDEX_MAX >> coarser)
}

/// A bucket with its count.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Encode, Decode)]
pub struct Bucket {
    /// The bucket's index at the histogram's scale.
    pub index: i32,
    /// How many values are in it; never 0.
    pub count: u64,
}

#[cfg(test)]
mod tests;
