//! Durations in coarse buckets, for values that need not be exact: the baseline of a group, and the
//! quantile that a notification shows.

use plimsoll_storage::{Histogram, bucket_lower_s, quantile_rank};

use crate::engine::compact::ring::saturated;

/// Scale of the buckets: each is 2^(1/8) times as wide as the one below, which is 9 % more.
const SCALE: i8 = 3;

/// Counts of the buckets from the first to the last that is not empty. Counts saturate.
#[derive(Debug, Clone, Default)]
pub(in crate::engine) struct CoarseHistogram {
    zero_count: u32,
    /// Index of the first bucket.
    first: i16,
    counts: Vec<u32>,
}

impl CoarseHistogram {
    /// Adds a histogram.
    pub(in crate::engine) fn add(&mut self, durations: &Histogram) {
        self.zero_count = self.zero_count.saturating_add(saturated(durations.zero_count()));
        let finer = durations.scale() - SCALE;
        for bucket in durations.buckets() {
            // A coarser bucket is counted at its middle.
            let index = if finer >= 0 {
                bucket.index >> finer
            } else {
                (bucket.index << -finer) + (1 << -finer) / 2
            };
            self.add_bucket(index as i16, saturated(bucket.count));
        }
    }

    /// Adds another one.
    pub(in crate::engine) fn merge(&mut self, other: &Self) {
        self.zero_count = self.zero_count.saturating_add(other.zero_count);
        for (index, count) in (other.first..).zip(&other.counts) {
            if *count > 0 {
                self.add_bucket(index, *count);
            }
        }
    }

    /// The q-quantile in seconds; `None` when nothing was counted.
    pub(in crate::engine) fn quantile(&self, q: f64) -> Option<f64> {
        let counts = self.counts.iter().map(|count| u64::from(*count));
        let zero = u64::from(self.zero_count);
        let count = zero + counts.clone().sum::<u64>();
        if count == 0 {
            return None;
        }
        let (rank, mut seen) = (quantile_rank(q, count), zero);
        if rank <= seen {
            return Some(0.0);
        }
        let held = counts.zip(self.first..).find(|(count, _)| {
            seen += count;
            rank <= seen
        });
        held.map(|(_, index)| {
            let border = |index| bucket_lower_s(SCALE, index);
            (border(i32::from(index)) * border(i32::from(index) + 1)).sqrt()
        })
    }

    fn add_bucket(&mut self, index: i16, count: u32) {
        if self.counts.is_empty() {
            self.first = index;
        }
        if index < self.first {
            let missing = usize::from(index.abs_diff(self.first));
            self.counts.splice(0..0, std::iter::repeat_n(0, missing));
            self.first = index;
        }
        let position = usize::from(index.abs_diff(self.first));
        if position >= self.counts.len() {
            self.counts.reserve_exact(position + 1 - self.counts.len());
            self.counts.resize(position + 1, 0);
        }
        let held = &mut self.counts[position];
        *held = held.saturating_add(count);
    }
}

#[cfg(test)]
mod tests;
