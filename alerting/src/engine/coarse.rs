//! Durations in coarse buckets, for what need not be exact: what a group is used to, and the quantile
//! that a page tells.

use plimsoll_storage::{Histogram, bucket_lower_s, quantile_rank};

/// Scale of the buckets: a ratio of 2^(1/8), 9 %.
const SCALE: i8 = 3;

/// Counts of the buckets from the first to the last that holds something. Counts saturate.
#[derive(Debug, Clone, Default)]
pub(super) struct Coarse {
    zero_count: u32,
    /// Index of the first bucket.
    first: i16,
    counts: Vec<u32>,
}

impl Coarse {
    /// Adds all of a histogram.
    pub(super) fn add(&mut self, durations: &Histogram) {
        self.zero_count = self.zero_count.saturating_add(narrow(durations.zero_count()));
        let finer = durations.scale() - SCALE;
        for bucket in durations.buckets() {
            // The middle of a coarser bucket stands for it.
            let index = if finer >= 0 {
                bucket.index >> finer
            } else {
                (bucket.index << -finer) + (1 << -finer) / 2
            };
            self.add_bucket(index as i16, narrow(bucket.count));
        }
    }

    /// Adds all of another.
    pub(super) fn merge(&mut self, other: &Self) {
        self.zero_count = self.zero_count.saturating_add(other.zero_count);
        for (index, count) in (other.first..).zip(&other.counts) {
            if *count > 0 {
                self.add_bucket(index, *count);
            }
        }
    }

    /// The q-quantile in seconds; `None` when nothing was counted.
    pub(super) fn quantile(&self, q: f64) -> Option<f64> {
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

fn narrow(count: u64) -> u32 {
    u32::try_from(count).unwrap_or(u32::MAX)
}

#[cfg(test)]
mod tests;
