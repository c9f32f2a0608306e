//! The outcomes query: counts, rates and ratios by outcome class.

use plimsoll_storage::{Outcome, OutcomeCounts, Store, TimestampMs};

use crate::engine::{OUTCOMES, activity_series};
use crate::select::{Grid, Group, Result, Series};

/// The outcomes of one window.
#[derive(Debug, Clone, PartialEq)]
pub struct OutcomePoint {
    /// The end of the window.
    pub t: TimestampMs,
    /// The counts by class.
    pub counts: OutcomeCounts,
    /// Seconds in the slots covered.
    pub covered_s: f64,
}

impl OutcomePoint {
    /// The count of a class for each second covered.
    #[must_use]
    pub fn per_second(&self, class: Outcome) -> f64 {
        self.counts.get(class) as f64 / self.covered_s
    }

    /// The share of a class in all outcomes, 0 to 1; 0 when there was none.
    #[must_use]
    pub fn ratio(&self, class: Outcome) -> f64 {
        self.counts.get(class) as f64 / self.counts.total().max(1) as f64
    }
}

/// Outcome counts by group. A window with only heartbeats has a point with zero counts. A window in which
/// nothing was reported has no point.
///
/// # Errors
/// The store cannot be read, or the budget of the grid is exceeded.
pub fn outcomes(
    store: &Store,
    groups: Vec<Group>,
    grid: &Grid,
) -> Result<Vec<Series<OutcomePoint>>> {
    let slot_s = store.slot_width().ms() as f64 / 1e3;
    activity_series(store, groups, grid, OUTCOMES, |t, slots, sum| {
        let covered_s = f64::from(slots.end.0 - slots.start.0) * slot_s;
        Some(OutcomePoint { t, counts: *sum.outcomes(), covered_s })
    })
}
