//! How long it took: quantiles with their bounds, and shares under a threshold.

use plimsoll_storage::{CellSum, Histogram, Quantile, Store, TimestampMs, Wanted};

use crate::error::Result;
use crate::estimate::Estimate;
use crate::fold::activity_series;
use crate::grid::Grid;
use crate::select::{Group, Series};
use crate::under::{apdex, share_under};

/// What is asked about durations.
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

/// Sums tell a single value exactly.
pub(crate) const WANTED: Wanted =
    Wanted { outcomes: false, durations: true, sums: true, last_at: false };

/// Durations by group. Windows without a duration have no point.
///
/// # Errors
/// When the store cannot be read.
pub fn latency(
    store: &Store,
    groups: Vec<Group>,
    grid: &Grid,
    timing: &LatencyMeasures,
) -> Result<Vec<Series<LatencyPoint>>> {
    activity_series(store, groups, grid, WANTED, |t, _, sum| {
        let count = sum.count();
        (count > 0).then(|| measure(t, count, sum, timing))
    })
}

fn measure(t: TimestampMs, count: u64, sum: &CellSum, timing: &LatencyMeasures) -> LatencyPoint {
    let quantiles = timing.quantiles.iter().filter_map(|q| Some((*q, sum.quantile(*q)?)));
    // Quantiles are read off the sum; only shares need the histogram itself.
    let is_shared = timing.apdex_ms.is_some() || !timing.under_ms.is_empty();
    let durations = if is_shared { sum.to_cell().durations } else { Histogram::default() };
    let under =
        timing.under_ms.iter().filter_map(|ms| Some((*ms, share_under(&durations, s(*ms))?)));
    LatencyPoint {
        t,
        count,
        quantiles: quantiles.collect(),
        under: under.collect(),
        apdex: timing.apdex_ms.and_then(|ms| apdex(&durations, s(ms))),
    }
}

fn s(ms: i64) -> f64 {
    ms as f64 / 1e3
}
