//! A running sum of cells, for reading: dense counts by bucket, so that adding a cell is a few array
//! additions and taking one away again is exact.

use super::{
    cell::Cell,
    histogram::{Bucket, Histogram, SCALE_MAX},
    outcome::OutcomeCounts,
    time::TimestampMs,
};

/// The sum of any number of cells, over time, streams or both.
#[derive(Clone, Debug)]
pub struct CellSum {
    outcomes: OutcomeCounts,
    last_at: Option<TimestampMs>,
    cells: u64,
    scale: i8,
    zero_count: u64,
    sum_us: u64,
    /// Bucket index of `counts[0]`.
    offset: i32,
    counts: Vec<u64>,
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
        self.outcomes.merge(&cell.outcomes);
        self.last_at = self.last_at.max(cell.last_at);
        self.cells += 1;
        let durations = &cell.durations;
        self.zero_count = self.zero_count.saturating_add(durations.zero_count());
        self.sum_us = self.sum_us.saturating_add(durations.sum_us());
        self.lower_scale(durations.scale(), durations.buckets().is_empty());
        let coarser = durations.scale().saturating_sub(self.scale).max(0);
        self.add_buckets(durations.buckets(), coarser);
    }

    /// Adds everything another sum holds.
    pub fn add_sum(&mut self, other: &Self) {
        self.outcomes.merge(&other.outcomes);
        self.last_at = self.last_at.max(other.last_at);
        self.cells += other.cells;
        self.zero_count = self.zero_count.saturating_add(other.zero_count);
        self.sum_us = self.sum_us.saturating_add(other.sum_us);
        self.lower_scale(other.scale, other.counts.is_empty());
        let coarser = other.scale.saturating_sub(self.scale).max(0);
        let buckets: Vec<Bucket> = other.buckets().collect();
        self.add_buckets(&buckets, coarser);
    }

    /// Takes away a sum that was added before. `last_at` stays, because a maximum cannot be taken
    /// back; windows that slide read it elsewhere.
    pub fn remove_sum(&mut self, other: &Self) {
        self.outcomes.unmerge(&other.outcomes);
        self.cells = self.cells.saturating_sub(other.cells);
        self.zero_count = self.zero_count.saturating_sub(other.zero_count);
        self.sum_us = self.sum_us.saturating_sub(other.sum_us);
        let coarser = other.scale.saturating_sub(self.scale).max(0);
        for bucket in other.buckets() {
            let position = (bucket.index >> coarser).wrapping_sub(self.offset);
            if let Some(held) =
                usize::try_from(position).ok().and_then(|at| self.counts.get_mut(at))
            {
                *held = held.saturating_sub(bucket.count);
            }
        }
    }

    /// How many cells were added: 0 means that nothing was reported.
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
            // The buckets came from valid histograms and are read out in order.
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

    fn add_buckets(&mut self, buckets: &[Bucket], coarser: i8) {
        let (Some(first), Some(last)) = (buckets.first(), buckets.last()) else { return };
        self.make_room(first.index >> coarser, last.index >> coarser);
        for bucket in buckets {
            let position = ((bucket.index >> coarser) - self.offset) as usize;
            if let Some(held) = self.counts.get_mut(position) {
                *held = held.saturating_add(bucket.count);
            }
        }
    }

    /// Widens `counts` to hold buckets `first` to `last`. Bucket indexes are bounded by the range of
    /// durations, so this is at most a few thousand counts.
    fn make_room(&mut self, first: i32, last: i32) {
        if self.counts.is_empty() {
            self.offset = first;
        }
        if first < self.offset {
            let missing = (self.offset - first) as usize;
            self.counts.splice(0..0, std::iter::repeat_n(0, missing));
            self.offset = first;
        }
        let needed = (last - self.offset) as usize + 1;
        if self.counts.len() < needed {
            self.counts.resize(needed, 0);
        }
    }

    fn lower_scale(&mut self, scale: i8, input_is_empty: bool) {
        if scale >= self.scale || input_is_empty {
            return;
        }
        let coarser = self.scale - scale;
        let finer: Vec<Bucket> = self.buckets().collect();
        self.counts.clear();
        self.scale = scale;
        self.add_buckets(&finer, coarser);
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::model::{histogram::SCALE_MIN, outcome::Outcome};

    fn cell(values: &[f64], scale: i8) -> Cell {
        let mut cell = Cell::default();
        for value in values {
            cell.record(Outcome::Status2xx, Some(*value), TimestampMs((*value * 1e3) as i64));
        }
        cell.durations.lower_scale(scale);
        cell
    }

    proptest! {
        #[test]
        fn a_sum_equals_merging_the_cells(
            cells in prop::collection::vec(
                (prop::collection::vec(0.0..50.0_f64, 1..20), SCALE_MIN..=SCALE_MAX), 0..8),
        ) {
            let cells: Vec<Cell> = cells.iter().map(|(values, scale)| cell(values, *scale)).collect();
            let mut merged = Cell::default();
            let mut sum = CellSum::default();
            for one in &cells {
                merged.merge(one);
                sum.add(one);
            }
            let summed = sum.to_cell();
            prop_assert_eq!(summed.durations.count(), merged.durations.count());
            prop_assert_eq!(summed.durations.quantile(0.95), merged.durations.quantile(0.95));
            prop_assert_eq!(summed.outcomes, merged.outcomes);
            prop_assert_eq!(summed.last_at, merged.last_at);
        }

        #[test]
        fn removing_a_sum_undoes_adding_it(
            kept in prop::collection::vec(0.0..50.0_f64, 1..20),
            removed in prop::collection::vec(0.0..50.0_f64, 1..20),
        ) {
            let mut sum = CellSum::default();
            sum.add(&cell(&kept, SCALE_MAX));
            let before = sum.to_cell();
            let mut other = CellSum::default();
            other.add(&cell(&removed, SCALE_MAX));
            sum.add_sum(&other);
            sum.remove_sum(&other);
            prop_assert_eq!(sum.to_cell().durations, before.durations);
            prop_assert_eq!(sum.cells(), 1);
        }
    }
}
