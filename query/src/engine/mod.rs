//! Adds cells up over streams and windows.
//!
//! The windows of a grid begin and end at a number of borders. A *pane* is the stretch of slots between two
//! neighbouring borders. Each cell is added to its pane once. A window is a run of panes: when it slides on,
//! the panes that enter are added and those that leave are subtracted. Counts are integers, so the result is
//! exact. The cost of a range is its slots plus its points, no matter how much the windows overlap.

mod activity;
mod gauges;
mod panes;

pub(crate) use activity::{DURATIONS, OUTCOMES, activity_series};
pub use activity::{aggregate, coarser_cells_ms};
pub(crate) use gauges::gauge_series;
