//! How long it took: quantiles with their bounds.

use plimsoll_storage::{Label, Quantile, Store, TimestampMs, Wanted};

use crate::{
    error::Result,
    fold::activity_series,
    grid::Grid,
    select::{Selector, Series, groups},
};

/// The latency of one window.
#[derive(Clone, Debug, PartialEq)]
pub struct LatencyPoint {
    /// The end of the window.
    pub t: TimestampMs,
    /// How many durations there were.
    pub count: u64,
    /// The quantiles asked for, in that order.
    pub quantiles: Vec<(f64, Quantile)>,
}

/// Sums tell a single value exactly.
const WANTED: Wanted = Wanted { outcomes: false, durations: true, sums: true, last_at: false };

/// The q-quantiles of durations, by group. Windows without a duration have no point.
///
/// # Errors
/// When the store cannot be read.
pub fn latency(
    store: &Store,
    selector: &Selector,
    by: &[Label],
    grid: &Grid,
    quantiles: &[f64],
) -> Result<Vec<Series<LatencyPoint>>> {
    let groups = groups(store, selector, by);
    activity_series(store, groups, grid, WANTED, |t, _, sum| {
        let count = sum.count();
        let known = quantiles.iter().filter_map(|q| Some((*q, sum.quantile(*q)?)));
        (count > 0).then(|| LatencyPoint { t, count, quantiles: known.collect() })
    })
}
