//! A run of cells as the cold encodings see it: the numbers that are coded as numbers, and the scale that all
//! cells share.

use crate::codec::fields::last_at_to_number;
use crate::codec::frame;
use crate::codec::primitives::bytes::zigzag;
use crate::model::bucket::SCALE_MAX;
use crate::model::cell::{Cell, SlotValue};
use crate::model::histogram::Histogram;
use crate::model::outcome::{Outcome, OutcomeCounts};
use crate::model::time::Slot;

/// The numbers of a cell that are coded as numbers.
#[derive(Debug)]
pub(crate) struct CellNumbers {
    /// How many durations there are.
    pub(crate) durations: u32,
    /// How many of them are zero.
    pub(crate) zeros: u64,
    /// Zigzag of the number of items minus that of durations.
    pub(crate) other_items: u64,
    /// The newest event time; see [`last_at_to_number`].
    pub(crate) last_at: u64,
}

/// A sum that fits 32 bits.
fn sum_of(mut counts: impl Iterator<Item = u64>) -> Option<u32> {
    u32::try_from(counts.try_fold(0, u64::checked_add)?).ok()
}

impl CellNumbers {
    /// `None` for a cell with more than 4 G items.
    fn of(cell: &Cell, slot: Slot, period_ms: i64) -> Option<Self> {
        let zeros = cell.durations.zero_count();
        let buckets = cell.durations.buckets().iter().map(|bucket| bucket.count);
        let durations = sum_of(buckets.chain([zeros]))?;
        let items = sum_of(cell.outcomes.iter().map(|(_, count)| count))?;
        let last_at = last_at_to_number(cell.last_at, frame::start_ms(slot, period_ms))?;
        let other_items = zigzag(i64::from(items) - i64::from(durations));
        Some(Self { durations, zeros, other_items, last_at })
    }
}

/// A run of activity cells of one scale.
#[derive(Debug)]
pub(crate) struct Run<'a> {
    pub(crate) cells: Vec<(&'a Cell, CellNumbers)>,
    pub(crate) scale: i8,
    pub(crate) period_ms: i64,
}

impl<'a> Run<'a> {
    /// `None` for gauges, for cells of different scales, and for a cell with more than 4 G items.
    pub(crate) fn of(run: &'a [(Slot, SlotValue)]) -> Option<Self> {
        let period_ms = frame::period_ms(run);
        let mut cells = Vec::with_capacity(run.len());
        let mut scale = None;
        for (slot, value) in run {
            let SlotValue::Activity(cell) = value else { return None };
            let numbers = CellNumbers::of(cell, *slot, period_ms)?;
            let cell_scale = cell.durations.scale();
            // A cell without durations is decoded with the finest scale.
            let fits = if numbers.durations == 0 {
                cell_scale == SCALE_MAX
            } else {
                *scale.get_or_insert(cell_scale) == cell_scale
            };
            if !fits {
                return None;
            }
            cells.push((cell, numbers));
        }
        Some(Self { cells, scale: scale.unwrap_or(SCALE_MAX), period_ms })
    }

    /// The durations of all cells.
    pub(crate) fn durations(&self) -> Histogram {
        let mut all = Histogram::default();
        all.lower_scale(self.scale);
        for (cell, _) in self.cells.iter().filter(|(_, numbers)| numbers.durations > 0) {
            all.merge(&cell.durations);
        }
        all
    }

    /// The sums of durations of all cells, in µs.
    pub(crate) fn sums_us(&self) -> impl Iterator<Item = u64> + '_ {
        self.cells.iter().map(|(cell, _)| cell.durations.sum_us())
    }

    /// The classes that occur with their counts over all cells, the most frequent first.
    pub(crate) fn classes(&self) -> Vec<(Outcome, u64)> {
        let mut outcomes = OutcomeCounts::default();
        for (cell, _) in &self.cells {
            outcomes.merge(&cell.outcomes);
        }
        let mut classes: Vec<(Outcome, u64)> = outcomes.iter().collect();
        classes.sort_by_key(|(_, count)| std::cmp::Reverse(*count));
        classes
    }
}
