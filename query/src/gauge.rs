//! How high it stands: gauges.

use plimsoll_storage::{GaugeCell, Store, TimestampMs};

use crate::error::Result;
use crate::fold::gauge_series;
use crate::grid::Grid;
use crate::select::{Group, Series};

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
/// When the store cannot be read.
pub fn gauges(store: &Store, groups: Vec<Group>, grid: &Grid) -> Result<Vec<Series<GaugePoint>>> {
    gauge_series(store, groups, grid)
}
