//! The duration histogram of a cell: OpenTelemetry's base-2 exponential histogram, in seconds.
//!
//! At scale `s` bucket `i` covers `(2^(i/2^s), 2^((i+1)/2^s)]`. Scale 5 has a bucket ratio of
//! 2^(1/32), so the geometric middle of a bucket is within 1.1 % of every value in it. Merging loses
//! nothing; merging two scales lowers the finer one by joining neighbours. Zero has a count of its
//! own. The sum is kept in whole microseconds, so that merging is exact in any order.
//!
//! Source of the bucket scheme: OpenTelemetry metrics data model, "ExponentialHistogram".

use bincode::{Decode, Encode};

use crate::limits::DURATION_S_MAX;

/// The finest scale kept. Finer input is merged down to it.
pub const SCALE_MAX: i8 = 5;
/// The coarsest scale taken.
pub(crate) const SCALE_MIN: i8 = -4;
/// The finest scale taken as input.
pub(crate) const SCALE_INPUT_MAX: i8 = 20;

/// Lowest bucket at [`SCALE_MAX`] (2^-40 s, below a picosecond); smaller durations count there.
const INDEX_MIN: i32 = -40 * 32;
/// Highest bucket at [`SCALE_MAX`], which ends at [`DURATION_S_MAX`].
const INDEX_MAX: i32 = 30 * 32 - 1;

/// 2^(k/32) for k in 0..32, correctly rounded: the bucket borders of one octave at scale 5.
#[expect(clippy::approx_constant, reason = "the row of 2^(k/32) happens to hold the root of 2")]
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

/// The bucket at [`SCALE_MAX`] that holds a duration of `seconds` > 0.
fn bucket_of(seconds: f64) -> i32 {
    let bits = seconds.to_bits();
    let exponent = ((bits >> 52) & 0x7ff) as i32 - 1023;
    let mantissa = f64::from_bits((bits & 0x000f_ffff_ffff_ffff) | 0x3ff0_0000_0000_0000);
    let borders_below = OCTAVE.partition_point(|border| *border < mantissa) as i32;
    (exponent * 32 + borders_below - 1).clamp(INDEX_MIN, INDEX_MAX)
}

/// The border below bucket `index` at `scale`, in seconds: values of the bucket are greater.
#[must_use]
pub fn bucket_lower_s(scale: i8, index: i32) -> f64 {
    let finer = index << (SCALE_MAX - scale.clamp(SCALE_MIN, SCALE_MAX));
    let border = OCTAVE.get(finer.rem_euclid(32) as usize).copied().unwrap_or(1.0);
    border * 2f64.powi(finer.div_euclid(32))
}

/// The border above bucket `index` at `scale`, in seconds: values of the bucket are at most it.
#[must_use]
pub fn bucket_upper_s(scale: i8, index: i32) -> f64 {
    bucket_lower_s(scale, index.saturating_add(1))
}

/// A quantile of a histogram, in seconds, with the bounds of what is known about it.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Quantile {
    /// The estimate: within 1.1 % of the exact value at scale 5.
    pub value_s: f64,
    /// The exact value is not below this.
    pub lower_s: f64,
    /// The exact value is not above this.
    pub upper_s: f64,
}

impl Quantile {
    pub(crate) const ZERO: Self = Self { value_s: 0.0, lower_s: 0.0, upper_s: 0.0 };
}

/// The indexes that buckets of a scale can have.
pub(crate) const fn bucket_range(scale: i8) -> std::ops::RangeInclusive<i32> {
    let coarser = SCALE_MAX.saturating_sub(scale);
    (INDEX_MIN >> coarser)..=(INDEX_MAX >> coarser)
}

/// What is known of a quantile that lies in a bucket, when there are `count` values with that sum.
pub(crate) fn quantile_in(scale: i8, index: i32, count: u64, sum_us: u64) -> Quantile {
    let (lower_s, upper_s) = (bucket_lower_s(scale, index), bucket_upper_s(scale, index));
    if count == 1 {
        // The one value is the sum, known to half a microsecond.
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

/// Rank of the q-quantile of `count` values: ⌈q·n⌉, at least 1 and at most n. A product that is an
/// integer but for rounding counts as that integer.
#[must_use]
pub fn quantile_rank(q: f64, count: u64) -> u64 {
    let product = q * count as f64;
    let nearest = product.round();
    let rank =
        if (product - nearest).abs() <= 1e-9 * nearest.max(1.0) { nearest } else { product.ceil() };
    (rank as u64).clamp(1, count.max(1))
}

/// Why a histogram from outside was refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum HistogramError {
    /// The scale is outside what is taken.
    #[error("scale {0} is outside {SCALE_MIN} to {SCALE_INPUT_MAX}")]
    Scale(i64),
    /// The sum is not a number of seconds from 0 upward.
    #[error("sum must be a number of seconds, 0 or more")]
    Sum,
    /// A bucket with a count lies outside the range of durations.
    #[error("bucket {0} is outside the durations taken, 2^-40 s to 2^30 s")]
    Bucket(i64),
}

/// One bucket with its count.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Encode, Decode)]
pub struct Bucket {
    /// The bucket's index at the histogram's scale.
    pub index: i32,
    /// How many values it holds; never 0.
    pub count: u64,
}

/// A histogram of durations: the buckets that hold something, ascending by index.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
pub struct Histogram {
    scale: i8,
    zero_count: u64,
    sum_us: u64,
    buckets: Vec<Bucket>,
}

impl Default for Histogram {
    fn default() -> Self {
        Self { scale: SCALE_MAX, zero_count: 0, sum_us: 0, buckets: Vec::new() }
    }
}

impl Histogram {
    /// A histogram from its parts, for decoders: buckets ascending by index, no count of 0, and
    /// every bucket inside the range of durations. `None` when they are not.
    #[must_use]
    pub fn from_parts(
        scale: i8,
        zero_count: u64,
        sum_us: u64,
        buckets: Vec<Bucket>,
    ) -> Option<Self> {
        if !(SCALE_MIN..=SCALE_MAX).contains(&scale) {
            return None;
        }
        let range = bucket_range(scale);
        let inside = buckets.iter().all(|bucket| bucket.count > 0 && range.contains(&bucket.index));
        let ascending = buckets.is_sorted_by(|a, b| a.index < b.index);
        (inside && ascending).then_some(Self { scale, zero_count, sum_us, buckets })
    }

    /// Becomes a histogram of these buckets, in any order and some of them several times, without a
    /// count of 0, in the room of the buckets it had. `None` when something is out of range; it is empty
    /// then.
    #[inline]
    pub(crate) fn refill(
        &mut self,
        scale: i8,
        zero_count: u64,
        sum_us: u64,
        buckets: impl Iterator<Item = Bucket>,
    ) -> Option<()> {
        let mut held = std::mem::take(self).buckets;
        held.clear();
        held.extend(buckets);
        if !held.is_sorted_by(|a, b| a.index < b.index) {
            held.sort_unstable_by_key(|bucket| bucket.index);
            held.dedup_by(|bucket, before| {
                let is_same = bucket.index == before.index;
                if is_same {
                    before.count = before.count.saturating_add(bucket.count);
                }
                is_same
            });
        }
        if !(SCALE_MIN..=SCALE_MAX).contains(&scale) {
            return None;
        }
        let range = bucket_range(scale);
        let is_inside = |bucket: Option<&Bucket>| bucket.is_none_or(|it| range.contains(&it.index));
        if !is_inside(held.first()) || !is_inside(held.last()) {
            return None;
        }
        *self = Self { scale, zero_count, sum_us, buckets: held };
        Some(())
    }

    /// A histogram as OpenTelemetry sends it: `bucket_counts[k]` belongs to bucket `offset + k`.
    ///
    /// # Errors
    /// Names the part that is out of range.
    pub fn from_otel(
        scale: i64,
        sum_s: f64,
        zero_count: u64,
        offset: i64,
        bucket_counts: &[u64],
    ) -> Result<Self, HistogramError> {
        if !(i64::from(SCALE_MIN)..=i64::from(SCALE_INPUT_MAX)).contains(&scale) {
            return Err(HistogramError::Scale(scale));
        }
        if !sum_s.is_finite() || sum_s < 0.0 || sum_s > u64::MAX as f64 / 1e6 {
            return Err(HistogramError::Sum);
        }
        let kept = (scale as i8).min(SCALE_MAX);
        let merged_down = scale - i64::from(kept);
        let to_finest = SCALE_MAX - kept;
        let held = bucket_counts.iter().filter(|count| **count > 0).count();
        let mut buckets: Vec<Bucket> = Vec::with_capacity(held);
        for (position, &count) in bucket_counts.iter().enumerate().filter(|(_, count)| **count > 0)
        {
            let index = offset.saturating_add(position as i64) >> merged_down;
            let range = i64::from(INDEX_MIN >> to_finest)..=i64::from(INDEX_MAX >> to_finest);
            if !range.contains(&index) {
                return Err(HistogramError::Bucket(offset.saturating_add(position as i64)));
            }
            push_ascending(&mut buckets, Bucket { index: index as i32, count });
        }
        Ok(Self { scale: kept, zero_count, sum_us: (sum_s * 1e6).round() as u64, buckets })
    }

    /// Counts one duration. The caller has checked that it is finite and within
    /// `0..=`[`DURATION_S_MAX`].
    pub fn record(&mut self, seconds: f64) {
        debug_assert!((0.0..=DURATION_S_MAX).contains(&seconds), "{seconds}");
        self.sum_us = self.sum_us.saturating_add((seconds * 1e6).round() as u64);
        if seconds > 0.0 {
            let index = bucket_of(seconds) >> (SCALE_MAX - self.scale);
            self.add_bucket(Bucket { index, count: 1 });
        } else {
            self.zero_count = self.zero_count.saturating_add(1);
        }
    }

    /// Adds all of `other`. The result has the coarser scale of the two.
    pub fn merge(&mut self, other: &Self) {
        self.zero_count = self.zero_count.saturating_add(other.zero_count);
        self.sum_us = self.sum_us.saturating_add(other.sum_us);
        self.lower_scale(other.scale);
        let coarser = other.scale - self.scale;
        if self.buckets.is_empty() && coarser == 0 {
            self.buckets.clone_from(&other.buckets);
            return;
        }
        for bucket in &other.buckets {
            self.add_bucket(Bucket { index: bucket.index >> coarser, count: bucket.count });
        }
    }

    /// Joins neighbouring buckets until the scale is at most `scale`.
    pub fn lower_scale(&mut self, scale: i8) {
        if scale >= self.scale {
            return;
        }
        let coarser = self.scale - scale;
        let finer = std::mem::take(&mut self.buckets);
        for bucket in finer {
            push_ascending(
                &mut self.buckets,
                Bucket { index: bucket.index >> coarser, count: bucket.count },
            );
        }
        self.scale = scale;
    }

    /// The scale: 5, or coarser where coarser input came in.
    #[must_use]
    pub const fn scale(&self) -> i8 {
        self.scale
    }

    /// How many durations were exactly 0.
    #[must_use]
    pub const fn zero_count(&self) -> u64 {
        self.zero_count
    }

    /// The sum of all durations, in microseconds.
    #[must_use]
    pub const fn sum_us(&self) -> u64 {
        self.sum_us
    }

    /// The buckets that hold something, ascending.
    #[must_use]
    pub fn buckets(&self) -> &[Bucket] {
        &self.buckets
    }

    /// How many durations were counted.
    #[must_use]
    pub fn count(&self) -> u64 {
        self.buckets.iter().fold(self.zero_count, |sum, bucket| sum.saturating_add(bucket.count))
    }

    /// Whether nothing was counted.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.zero_count == 0 && self.buckets.is_empty()
    }

    /// How many durations are certainly above `seconds`: those in buckets that begin at or above it.
    #[must_use]
    pub fn count_above(&self, seconds: f64) -> u64 {
        self.buckets
            .iter()
            .rev()
            .take_while(|bucket| bucket_lower_s(self.scale, bucket.index) >= seconds)
            .fold(0, |sum, bucket| sum.saturating_add(bucket.count))
    }

    /// The q-quantile, 0 < q ≤ 1, or `None` of an empty histogram.
    #[must_use]
    pub fn quantile(&self, q: f64) -> Option<Quantile> {
        let count = self.count();
        if count == 0 {
            return None;
        }
        let rank = quantile_rank(q, count);
        let mut seen = self.zero_count;
        if rank <= seen {
            return Some(Quantile::ZERO);
        }
        let held = self.buckets.iter().find(|bucket| {
            seen = seen.saturating_add(bucket.count);
            rank <= seen
        })?;
        Some(quantile_in(self.scale, held.index, count, self.sum_us))
    }

    /// Gives room back that no bucket takes.
    pub(crate) fn shrink_to_fit(&mut self) {
        self.buckets.shrink_to_fit();
    }

    /// Bytes on the heap.
    #[must_use]
    pub(crate) fn heap_bytes(&self) -> usize {
        self.buckets.capacity() * size_of::<Bucket>()
    }

    fn add_bucket(&mut self, bucket: Bucket) {
        match self.buckets.binary_search_by_key(&bucket.index, |held| held.index) {
            Ok(position) => {
                if let Some(held) = self.buckets.get_mut(position) {
                    held.count = held.count.saturating_add(bucket.count);
                }
            }
            Err(position) => self.buckets.insert(position, bucket),
        }
    }
}

/// Appends a bucket to an ascending list, joining it with the last when the index is the same.
fn push_ascending(buckets: &mut Vec<Bucket>, bucket: Bucket) {
    match buckets.last_mut() {
        Some(last) if last.index == bucket.index => {
            last.count = last.count.saturating_add(bucket.count);
        }
        _ => buckets.push(bucket),
    }
}

#[cfg(test)]
mod tests;
