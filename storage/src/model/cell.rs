//! The data of one stream in one slot, and how two such cells merge.

use bincode::{Decode, Encode};

use super::gauge::GaugeCell;
use super::histogram::Histogram;
use super::outcome::{Outcome, OutcomeCounts};
use super::time::TimestampMs;

/// The activity of one stream in one slot. Cells are deltas: merging is addition (and the maximum for
/// `last_at`), so cells may arrive late and in any order, and be summed over any labels.
///
/// A cell without counts is a heartbeat: it reports that nothing happened.
#[derive(Debug, Clone, Default, PartialEq, Eq, Encode, Decode)]
pub struct Cell {
    /// Counts by outcome class.
    pub outcomes: OutcomeCounts,
    /// The durations of the items that have one.
    pub durations: Histogram,
    /// The newest event time; `None` for a heartbeat.
    pub last_at: Option<TimestampMs>,
}

impl Cell {
    /// Counts one event. `duration_s` must be within the range of [`Histogram::record`].
    pub fn record(&mut self, outcome: Outcome, duration_s: Option<f64>, at: TimestampMs) {
        self.outcomes.add(outcome, 1);
        if let Some(seconds) = duration_s {
            self.durations.record(seconds);
        }
        self.last_at = self.last_at.max(Some(at));
    }

    /// Adds all of `other`. An empty cell takes its memory.
    pub fn absorb(&mut self, other: Self) {
        if *self == Self::default() {
            *self = other;
        } else {
            self.merge(&other);
        }
    }

    /// Adds all of `other`.
    pub fn merge(&mut self, other: &Self) {
        self.outcomes.merge(&other.outcomes);
        if !other.durations.is_empty() || other.durations.sum_us() > 0 {
            self.durations.merge(&other.durations);
        }
        self.last_at = self.last_at.max(other.last_at);
    }
}

/// The value of one stream in one slot, of either kind.
#[derive(Debug, Clone, PartialEq, Encode, Decode)]
pub enum SlotValue {
    /// The value of an activity stream.
    Activity(Cell),
    /// The value of a gauge.
    Gauge(GaugeCell),
}

impl SlotValue {
    /// Adds all of `other`, which must be of the same kind; otherwise the value does not change.
    pub fn merge(&mut self, other: &Self) {
        match (self, other) {
            (Self::Activity(mine), Self::Activity(theirs)) => mine.merge(theirs),
            (Self::Gauge(mine), Self::Gauge(theirs)) => mine.merge(theirs),
            (Self::Activity(_), Self::Gauge(_)) | (Self::Gauge(_), Self::Activity(_)) => {
                debug_assert!(false, "a stream changed its kind");
            }
        }
    }

    /// The newest event time.
    #[must_use]
    pub fn last_at(&self) -> Option<TimestampMs> {
        match self {
            Self::Activity(cell) => cell.last_at,
            Self::Gauge(gauge) => Some(gauge.last_at),
        }
    }

    /// Frees unused memory.
    pub(crate) fn shrink_to_fit(&mut self) {
        if let Self::Activity(cell) = self {
            cell.durations.shrink_to_fit();
        }
    }

    /// Bytes in memory, including the value itself.
    #[must_use]
    pub(crate) fn memory_bytes(&self) -> usize {
        let heap = match self {
            Self::Activity(cell) => cell.durations.heap_bytes(),
            Self::Gauge(_) => 0,
        };
        size_of::<Self>() + heap
    }
}

#[cfg(test)]
mod tests;
