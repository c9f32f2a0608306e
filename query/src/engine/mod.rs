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

use plimsoll_storage::{Reader, StreamId};

/// Streams that are read between two checks of the budget, unless they may have too many cells.
const STREAMS_AT_ONCE: usize = 1_024;
/// Cells that are read at most between two checks, but for those of one stream: some 400 ms.
const CELLS_AT_ONCE: usize = 16_000_000;

/// Parts of some streams, each to be read between two checks of the budget.
fn parts_to_read<'s>(
    reader: &Reader<'_>,
    streams: &'s [StreamId],
) -> impl Iterator<Item = &'s [StreamId]> {
    let fitting = CELLS_AT_ONCE / reader.cells_per_stream().max(1) as usize;
    streams.chunks(fitting.clamp(1, STREAMS_AT_ONCE))
}
