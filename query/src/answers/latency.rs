//! The latency query: quantiles with their bounds, shares under a threshold, and the Apdex score.

use plimsoll_storage::{CellSum, Histogram, Quantile, Store, TimestampMs};

use crate::engine::{DURATIONS, activity_series};
use crate::select::{Grid, Group, Result, Series};
use crate::statistics::{Estimate, apdex, share_under};

/// What is measured of durations.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct LatencyMeasures {
    /// Quantiles, each above 0 and up to 1.
    pub quantiles: Vec<f64>,
    /// Thresholds in ms, for the share of durations that are at most that long.
    pub under_ms: Vec<i64>,
    /// Target of the Apdex score, in ms.
    pub apdex_ms: Option<i64>,
}

impl LatencyMeasures {
    /// Quantiles and nothing else.
    #[must_use]
    pub fn quantiles(quantiles: &[f64]) -> Self {
        Self { quantiles: quantiles.to_vec(), ..Self::default() }
    }

    /// Measures the durations of a window that has `count` of them.
    fn of(&self, t: TimestampMs, count: u64, sum: &CellSum) -> LatencyPoint {
        // Quantiles are read from the sum. Only shares need the histogram itself.
        let needs_histogram = self.apdex_ms.is_some() || !self.under_ms.is_empty();
        let durations =
            if needs_histogram { sum.to_cell().durations } else { Histogram::default() };
        let seconds = |ms: i64| ms as f64 / 1e3;
        let quantile = |q: &f64| Some((*q, sum.quantile(*q)?));
        let under = |ms: &i64| Some((*ms, share_under(&durations, seconds(*ms))?));
        LatencyPoint {
            t,
            count,
            quantiles: self.quantiles.iter().filter_map(quantile).collect(),
            under: self.under_ms.iter().filter_map(under).collect(),
            apdex: self.apdex_ms.and_then(|ms| apdex(&durations, seconds(ms))),
        }
    }
}

/// The latency of one window.
#[derive(Debug, Clone, PartialEq)]
pub struct LatencyPoint {
    /// The end of the window.
    pub t: TimestampMs,
    /// How many durations there were.
    pub count: u64,
    /// The quantiles asked for, in that order.
    pub quantiles: Vec<(f64, Quantile)>,
    /// The thresholds asked for in ms, in that order, with the share of durations up to each.
    pub under: Vec<(i64, Estimate)>,
    /// The Apdex score, when asked for.
    pub apdex: Option<Estimate>,
}

/// Latency by group. Windows without a duration have no point.
///
/// # Errors
/// The store cannot be read, or the budget of the grid is exceeded.
pub fn latency(
    store: &Store,
    groups: Vec<Group>,
    grid: &Grid,
    measures: &LatencyMeasures,
) -> Result<Vec<Series<LatencyPoint>>> {
    activity_series(store, groups, grid, DURATIONS, |t, _, sum| {
        let count = sum.count();
        (count > 0).then(|| measures.of(t, count, sum))
    })
}
