//! How it ended: counts, rates and shares by outcome class.

use plimsoll_storage::{Outcome, OutcomeCounts, Store, TimestampMs, Wanted};

use crate::error::Result;
use crate::fold::activity_series;
use crate::grid::Grid;
use crate::select::{Group, Series};

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
    /// A class's count for each second covered.
    #[must_use]
    pub fn per_second(&self, class: Outcome) -> f64 {
        self.counts.get(class) as f64 / self.covered_s
    }

    /// A class's share of all outcomes; 0 when there was none.
    #[must_use]
    pub fn ratio(&self, class: Outcome) -> f64 {
        self.counts.get(class) as f64 / self.counts.total().max(1) as f64
    }
}

pub(crate) const WANTED: Wanted =
    Wanted { outcomes: true, durations: false, sums: false, last_at: false };

/// Outcome counts by group. A window in which only heartbeats came has a point with zero counts; one
/// in which nothing was reported has none.
///
/// # Errors
/// When the store cannot be read.
pub fn outcomes(
    store: &Store,
    groups: Vec<Group>,
    grid: &Grid,
) -> Result<Vec<Series<OutcomePoint>>> {
    let slot_s = store.slot_width().ms() as f64 / 1e3;
    activity_series(store, groups, grid, WANTED, |t, slots, sum| {
        let covered_s = f64::from(slots.end.0 - slots.start.0) * slot_s;
        Some(OutcomePoint { t, counts: *sum.outcomes(), covered_s })
    })
}
