//! A run of cells as the folded encodings see it: the numbers that are coded as such, and the scale
//! that all cells share.

use super::{bytes::zigzag, frame};
use crate::model::cell::{Cell, SlotValue};
use crate::model::histogram::{Histogram, SCALE_MAX};
use crate::model::outcome::{Outcome, OutcomeCounts};
use crate::model::time::{Slot, TimestampMs};

/// The numbers of a cell that are coded as such.
pub(super) struct CellNumbers {
    pub(super) durations: u32,
    pub(super) zeros: u64,
    pub(super) other_items: u64,
    pub(super) last_at: u64,
}

/// A sum that fits 32 bits.
fn sum_of(mut counts: impl Iterator<Item = u64>) -> Option<u32> {
    u32::try_from(counts.try_fold(0, u64::checked_add)?).ok()
}

impl CellNumbers {
    /// `None` of a cell with more than 4 G items.
    fn of(cell: &Cell, slot: Slot, period_ms: i64) -> Option<Self> {
        let zeros = cell.durations.zero_count();
        let buckets = cell.durations.buckets().iter().map(|bucket| bucket.count);
        let durations = sum_of(buckets.chain([zeros]))?;
        let items = sum_of(cell.outcomes.iter().map(|(_, count)| count))?;
        let start = i64::from(slot.0).wrapping_mul(period_ms);
        let last_at = match cell.last_at {
            Some(TimestampMs(at)) => zigzag(at.wrapping_sub(start)).checked_add(1)?,
            None => 0,
        };
        let other_items = zigzag(i64::from(items) - i64::from(durations));
        Some(Self { durations, zeros, other_items, last_at })
    }
}

/// A run of activity cells of one scale.
pub(super) struct Run<'a> {
    pub(super) cells: Vec<(&'a Cell, CellNumbers)>,
    pub(super) scale: i8,
    pub(super) period_ms: i64,
}

impl<'a> Run<'a> {
    /// `None` of gauges, of a scale that changes, and of a cell with more than 4 G items.
    pub(super) fn of(run: &'a [(Slot, SlotValue)]) -> Option<Self> {
        let period_ms = frame::period_ms(run);
        let mut cells = Vec::with_capacity(run.len());
        let mut scale = None;
        for (slot, value) in run {
            let SlotValue::Activity(cell) = value else { return None };
            let numbers = CellNumbers::of(cell, *slot, period_ms)?;
            let own = cell.durations.scale();
            // A cell without durations is read back at the finest scale.
            let fits = if numbers.durations == 0 {
                own == SCALE_MAX
            } else {
                *scale.get_or_insert(own) == own
            };
            if !fits {
                return None;
            }
            cells.push((cell, numbers));
        }
        Some(Self { cells, scale: scale.unwrap_or(SCALE_MAX), period_ms })
    }

    /// The durations of all cells.
    pub(super) fn durations(&self) -> Histogram {
        let mut all = Histogram::default();
        all.lower_scale(self.scale);
        for (cell, _) in self.cells.iter().filter(|(_, numbers)| numbers.durations > 0) {
            all.merge(&cell.durations);
        }
        all
    }

    /// The classes that occur with their counts over all cells, the most frequent first.
    pub(super) fn classes(&self) -> Vec<(Outcome, u64)> {
        let mut outcomes = OutcomeCounts::default();
        for (cell, _) in &self.cells {
            outcomes.merge(&cell.outcomes);
        }
        let mut classes: Vec<(Outcome, u64)> = outcomes.iter().collect();
        classes.sort_by_key(|(_, count)| std::cmp::Reverse(*count));
        classes
    }
}
