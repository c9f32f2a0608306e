//! A running sum of cells, for queries: dense counts by bucket, so that adding a cell is a few array
//! additions, and subtracting it again is exact.

use super::bucket::{Bucket, SCALE_MAX, SCALE_MIN, bucket_range};
use super::cell::Cell;
use super::histogram::Histogram;
use super::outcome::{Outcome, OutcomeCounts};
use super::quantile::{Quantile, quantile_in, quantile_rank};
use super::time::TimestampMs;

/// The counts grow in steps of this many buckets.
const ROOM: i32 = 64;
/// A quantile is searched in steps of this many buckets, because adding counts up is faster than comparing
/// each.
const STRIDE: usize = 16;

/// Buckets that can be added to a sum.
pub(crate) trait Buckets: IntoIterator<Item = Bucket> {
    /// Adds buckets to counts, of which the first is that of bucket `offset`. Stops at the first bucket that
    /// lies outside of the counts, and returns it.
    fn add_to(&mut self, counts: &mut [u64], offset: i32) -> Option<Bucket>;
}

impl<I: Iterator<Item = Bucket>> Buckets for I {
    #[inline]
    fn add_to(&mut self, counts: &mut [u64], offset: i32) -> Option<Bucket> {
        self.find(|bucket| !add_inside(counts, offset, *bucket))
    }
}

/// Adds a bucket to its count; false when there is none. Counts of items stay far below 64 bits, and a check
/// for overflow would cost a fifth of the time.
#[inline]
pub(crate) fn add_inside(counts: &mut [u64], offset: i32, bucket: Bucket) -> bool {
    let count = counts.get_mut(bucket.index.wrapping_sub(offset) as u32 as usize);
    count.map(|count| *count = count.wrapping_add(bucket.count)).is_some()
}

/// The sum of any number of cells, over time, streams or both.
#[derive(Debug, Clone)]
pub struct CellSum {
    outcomes: OutcomeCounts,
    last_at: Option<TimestampMs>,
    cells: u64,
    scale: i8,
    zero_count: u64,
    sum_us: u64,
    /// The bucket index of `counts[0]`.
    offset: i32,
    counts: Vec<u64>,
}

/// The durations of a sum.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Durations<'a> {
    pub(crate) scale: i8,
    pub(crate) zero_count: u64,
    pub(crate) sum_us: u64,
    /// The bucket index of the first count.
    pub(crate) offset: i32,
    pub(crate) counts: &'a [u64],
}

impl Default for CellSum {
    fn default() -> Self {
        Self {
            outcomes: OutcomeCounts::default(),
            last_at: None,
            cells: 0,
            scale: SCALE_MAX,
            zero_count: 0,
            sum_us: 0,
            offset: 0,
            counts: Vec::new(),
        }
    }
}

impl CellSum {
    /// Adds a cell.
    pub fn add(&mut self, cell: &Cell) {
        self.add_reported();
        self.outcomes.merge(&cell.outcomes);
        self.add_last_at(cell.last_at);
        let durations = &cell.durations;
        let buckets = durations.buckets().iter().copied();
        let (zeros, sum_us) = (durations.zero_count(), durations.sum_us());
        // The buckets of a histogram are in range.
        let _ = self.add_durations(durations.scale(), zeros, sum_us, buckets);
    }

    /// Counts a cell. Its columns are added separately.
    pub(crate) const fn add_reported(&mut self) {
        self.cells += 1;
    }

    /// Adds to the count of one class.
    pub(crate) const fn add_outcome(&mut self, class: Outcome, count: u64) {
        self.outcomes.add(class, count);
    }

    /// Adds an event time.
    pub(crate) fn add_last_at(&mut self, at: Option<TimestampMs>) {
        self.last_at = self.last_at.max(at);
    }

    /// Adds the durations of a cell. `None` when the scale or a bucket is out of range; some buckets may have
    /// been added then.
    #[inline]
    pub(crate) fn add_durations(
        &mut self,
        scale: i8,
        zero_count: u64,
        sum_us: u64,
        buckets: impl Buckets,
    ) -> Option<()> {
        if !(SCALE_MIN..=SCALE_MAX).contains(&scale) {
            return None;
        }
        self.zero_count = self.zero_count.saturating_add(zero_count);
        self.sum_us = self.sum_us.saturating_add(sum_us);
        if scale == self.scale { self.add_buckets(buckets) } else { self.rescale(scale, buckets) }
    }

    /// Adds buckets of this sum's scale.
    #[inline]
    fn add_buckets(&mut self, mut buckets: impl Buckets) -> Option<()> {
        while let Some(bucket) = buckets.add_to(&mut self.counts, self.offset) {
            self.add_outside(bucket)?;
        }
        Some(())
    }

    /// Adds buckets of another scale. The sum takes the coarser scale of the two.
    #[cold]
    fn rescale(&mut self, scale: i8, buckets: impl Buckets) -> Option<()> {
        let mut buckets = buckets.into_iter().peekable();
        // Without buckets the scale does not matter.
        if scale < self.scale && buckets.peek().is_some() {
            self.lower_scale(scale)?;
        }
        let coarser = scale - self.scale;
        self.add_buckets(buckets.map(|it| Bucket { index: it.index >> coarser, ..it }))
    }

    /// Adds another sum.
    pub fn add_sum(&mut self, other: &Self) {
        self.outcomes.merge(&other.outcomes);
        self.last_at = self.last_at.max(other.last_at);
        self.cells += other.cells;
        // The buckets of a sum are in range.
        let _ = self.add_durations(other.scale, other.zero_count, other.sum_us, other.buckets());
    }

    /// Subtracts a sum that was added before. `last_at` does not change, because a maximum cannot be undone;
    /// sliding windows compute it separately.
    pub fn remove_sum(&mut self, other: &Self) {
        self.outcomes.unmerge(&other.outcomes);
        self.cells = self.cells.saturating_sub(other.cells);
        self.zero_count = self.zero_count.saturating_sub(other.zero_count);
        self.sum_us = self.sum_us.saturating_sub(other.sum_us);
        let coarser = other.scale.saturating_sub(self.scale).max(0);
        for bucket in other.buckets() {
            let position = (bucket.index >> coarser).wrapping_sub(self.offset);
            if let Some(count) = self.counts.get_mut(position as u32 as usize) {
                *count = count.wrapping_sub(bucket.count);
            }
        }
    }

    /// Resets the sum to zero and keeps its memory.
    pub fn clear(&mut self) {
        let (mut counts, offset) = (std::mem::take(&mut self.counts), self.offset);
        if self.scale == SCALE_MAX {
            counts.fill(0);
        } else {
            counts.clear();
        }
        *self = Self { counts, offset, ..Self::default() };
    }

    /// How many cells were added. 0 means that nothing was reported.
    #[must_use]
    pub const fn cells(&self) -> u64 {
        self.cells
    }

    /// The outcome counts.
    #[must_use]
    pub const fn outcomes(&self) -> &OutcomeCounts {
        &self.outcomes
    }

    /// The newest event time of the cells added.
    #[must_use]
    pub const fn last_at(&self) -> Option<TimestampMs> {
        self.last_at
    }

    /// The durations, from the first bucket that is not empty to the last.
    pub(crate) fn durations(&self) -> Durations<'_> {
        let is_filled = |count: &u64| *count > 0;
        let first = self.counts.iter().position(is_filled).unwrap_or(0);
        let end = self.counts.iter().rposition(is_filled).map_or(first, |last| last + 1);
        Durations {
            scale: self.scale,
            zero_count: self.zero_count,
            sum_us: self.sum_us,
            offset: self.offset + first as i32,
            counts: self.counts.get(first..end).unwrap_or_default(),
        }
    }

    /// How many durations were counted.
    #[must_use]
    pub fn count(&self) -> u64 {
        self.counts.iter().fold(self.zero_count, |sum, count| sum.wrapping_add(*count))
    }

    /// The q-quantile of the durations, 0 < q ≤ 1; the same as [`Histogram::quantile`] of
    /// [`CellSum::to_cell`].
    #[must_use]
    pub fn quantile(&self, q: f64) -> Option<Quantile> {
        let all = self.count();
        let rank = quantile_rank(q, all);
        let mut seen = self.zero_count;
        if rank <= seen {
            return Some(Quantile::ZERO);
        }
        let mut reaches = |count: u64| {
            let is_reached = rank <= seen.saturating_add(count);
            seen += if is_reached { 0 } else { count };
            is_reached
        };
        let mut strides = self.counts.chunks(STRIDE).map(|stride| stride.iter().sum());
        let stride = strides.position(&mut reaches)? * STRIDE;
        let within = self.counts.get(stride..)?.iter().copied().position(&mut reaches)?;
        let index = self.offset + (stride + within) as i32;
        Some(quantile_in(self.scale, index, all, self.sum_us))
    }

    /// The sum as one cell.
    #[must_use]
    pub fn to_cell(&self) -> Cell {
        let durations = Histogram::from_parts(
            self.scale,
            self.zero_count,
            self.sum_us,
            self.buckets().collect(),
        );
        Cell {
            outcomes: self.outcomes,
            // The buckets are in range and in order.
            durations: durations.unwrap_or_default(),
            last_at: self.last_at,
        }
    }

    fn buckets(&self) -> impl Iterator<Item = Bucket> + '_ {
        self.counts
            .iter()
            .zip(self.offset..)
            .filter(|(count, _)| **count > 0)
            .map(|(count, index)| Bucket { index, count: *count })
    }

    /// Adds a bucket of this sum's scale, for which `counts` may be too short.
    #[cold]
    fn add_outside(&mut self, bucket: Bucket) -> Option<()> {
        if !bucket_range(self.scale).contains(&bucket.index) {
            return None;
        }
        self.make_room(bucket.index);
        let count = self.counts.get_mut((bucket.index - self.offset) as usize)?;
        *count = count.wrapping_add(bucket.count);
        Some(())
    }

    /// Extends `counts` to include a bucket and its neighbours. Indexes are bounded by the range of
    /// durations, so there are at most a few thousand counts.
    fn make_room(&mut self, index: i32) {
        let first = index.div_euclid(ROOM) * ROOM;
        if self.counts.is_empty() {
            self.offset = first;
        }
        if first < self.offset {
            let missing = (self.offset - first) as usize;
            self.counts.splice(0..0, std::iter::repeat_n(0, missing));
            self.offset = first;
        }
        let needed = (first - self.offset + ROOM) as usize;
        if self.counts.len() < needed {
            self.counts.resize(needed, 0);
        }
    }

    fn lower_scale(&mut self, scale: i8) -> Option<()> {
        let coarser = self.scale - scale;
        let finer: Vec<Bucket> = self.buckets().collect();
        self.counts.clear();
        self.scale = scale;
        finer.into_iter().try_for_each(|Bucket { index, count }| {
            self.add_outside(Bucket { index: index >> coarser, count })
        })
    }
}

#[cfg(test)]
mod tests;
