//! The histogram of durations of a cell: OpenTelemetry's base-2 exponential histogram, in seconds.
//!
//! Merging is exact; merging two scales lowers the finer one by joining neighbouring buckets. Zeros have a
//! count of their own. The sum is in whole microseconds, so that merging is exact in any order.

use bincode::{Decode, Encode};

use super::bucket::{
    Bucket, SCALE_INPUT_MAX, SCALE_MAX, SCALE_MIN, bucket_lower_s, bucket_of, bucket_range,
};
use super::quantile::{Quantile, quantile_in, quantile_rank};
use crate::limits::DURATION_S_MAX;

/// Why a received histogram is invalid.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum HistogramError {
    /// The scale is not accepted.
    #[error("scale {0} is outside {SCALE_MIN} to {SCALE_INPUT_MAX}")]
    Scale(i64),
    /// The sum is negative, too large or not a number.
    #[error("sum must be a number of seconds, 0 or more")]
    Sum,
    /// A bucket with a count is outside the range of durations.
    #[error("bucket {0} is outside the durations taken, 2^-40 s to 2^30 s")]
    Bucket(i64),
}

/// A histogram of durations: the buckets that are not empty, ascending by index.
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
    /// A histogram from its parts, for decoders. `None` unless the buckets ascend by index, have no count of
    /// 0 and are inside the range of durations.
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

    /// Replaces the content and reuses the memory of the buckets. The new buckets may be in any order and
    /// repeated, but have no count of 0. `None` when something is out of range; the histogram is empty then.
    #[inline]
    pub(crate) fn refill(
        &mut self,
        scale: i8,
        zero_count: u64,
        sum_us: u64,
        buckets: impl Iterator<Item = Bucket>,
    ) -> Option<()> {
        let mut refilled = std::mem::take(self).buckets;
        refilled.clear();
        refilled.extend(buckets);
        if !refilled.is_sorted_by(|a, b| a.index < b.index) {
            refilled.sort_unstable_by_key(|bucket| bucket.index);
            refilled.dedup_by(|bucket, before| {
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
        if !is_inside(refilled.first()) || !is_inside(refilled.last()) {
            return None;
        }
        *self = Self { scale, zero_count, sum_us, buckets: refilled };
        Some(())
    }

    /// A histogram in the form of OpenTelemetry: `bucket_counts[k]` is the count of bucket `offset + k`,
    /// `sum_s` the sum in seconds.
    ///
    /// # Errors
    /// The part that is out of range.
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
        let range = bucket_range(kept);
        let filled = bucket_counts.iter().filter(|count| **count > 0).count();
        let mut buckets: Vec<Bucket> = Vec::with_capacity(filled);
        for (position, &count) in bucket_counts.iter().enumerate().filter(|(_, count)| **count > 0)
        {
            let input_index = offset.saturating_add(position as i64);
            let index = i32::try_from(input_index >> merged_down).ok();
            let index = index.filter(|index| range.contains(index));
            let index = index.ok_or(HistogramError::Bucket(input_index))?;
            push_ascending(&mut buckets, Bucket { index, count });
        }
        Ok(Self { scale: kept, zero_count, sum_us: (sum_s * 1e6).round() as u64, buckets })
    }

    /// Counts one duration. It must be within `0..=`[`DURATION_S_MAX`].
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

    /// The scale: 5, or less when coarser input was merged in.
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

    /// The buckets that are not empty, ascending.
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

    /// How many durations are certainly above `seconds`: those in buckets whose lower border is at or above
    /// it.
    #[must_use]
    pub fn count_above(&self, seconds: f64) -> u64 {
        self.buckets
            .iter()
            .rev()
            .take_while(|bucket| bucket_lower_s(self.scale, bucket.index) >= seconds)
            .fold(0, |sum, bucket| sum.saturating_add(bucket.count))
    }

    /// The q-quantile, 0 < q ≤ 1; `None` when the histogram is empty.
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
        let reached = self.buckets.iter().find(|bucket| {
            seen = seen.saturating_add(bucket.count);
            rank <= seen
        })?;
        Some(quantile_in(self.scale, reached.index, count, self.sum_us))
    }

    /// Frees unused memory.
    pub(crate) fn shrink_to_fit(&mut self) {
        self.buckets.shrink_to_fit();
    }

    /// Bytes on the heap.
    #[must_use]
    pub(crate) fn heap_bytes(&self) -> usize {
        self.buckets.capacity() * size_of::<Bucket>()
    }

    fn add_bucket(&mut self, bucket: Bucket) {
        match self.buckets.binary_search_by_key(&bucket.index, |it| it.index) {
            Ok(position) => {
                if let Some(existing) = self.buckets.get_mut(position) {
                    existing.count = existing.count.saturating_add(bucket.count);
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
