//! The gauges query: last, lowest, highest and mean reading of each window.

use plimsoll_storage::{GaugeCell, Store, TimestampMs};

use crate::engine::gauge_series;
use crate::select::{Grid, Group, Result, Series};

/// A gauge over one window.
#[derive(Debug, Clone, PartialEq)]
pub struct GaugePoint {
    /// The end of the window.
    pub t: TimestampMs,
    /// Last, lowest, highest and mean reading.
    pub gauge: GaugeCell,
}

/// Gauges by group. Windows without a reading have no point.
///
/// # Errors
/// The store cannot be read, or the budget of the grid is exceeded.
pub fn gauges(store: &Store, groups: Vec<Group>, grid: &Grid) -> Result<Vec<Series<GaugePoint>>> {
    gauge_series(store, groups, grid, |t, gauge| GaugePoint { t, gauge })
}
