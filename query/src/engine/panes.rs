//! The panes of a grid and the windows that consist of them.

use std::ops::Range;

use plimsoll_storage::{Slot, Store, TimestampMs};

use crate::select::{Grid, Group, Result};

/// The panes of a grid and the windows that consist of them.
pub(super) struct Panes {
    /// Where panes begin, ascending. The last border only ends a pane.
    pub(super) borders: Vec<Slot>,
    /// The width in slots of the coarsest cells that still fit: every border is a multiple of it.
    pub(super) grain: u32,
    /// One window for each point of the grid, in that order.
    pub(super) windows: Vec<Window>,
}

/// The window of one point.
pub(super) struct Window {
    /// The point: the end of the window.
    pub(super) t: TimestampMs,
    /// The whole slots in the window.
    pub(super) slots: Range<Slot>,
    /// The positions of its panes.
    pub(super) panes: Range<usize>,
}

impl Panes {
    /// Cuts a grid into panes.
    pub(super) fn new(store: &Store, grid: &Grid) -> Self {
        let points: Vec<_> = grid.points(store.slot_width()).collect();
        let mut borders: Vec<Slot> =
            points.iter().flat_map(|(_, slots)| [slots.start, slots.end]).collect();
        borders.sort_unstable();
        borders.dedup();
        let position = |slot: Slot| borders.partition_point(|border| *border < slot);
        let window = |(t, slots): (TimestampMs, Range<Slot>)| {
            let panes = position(slots.start)..position(slots.end);
            Window { t, slots, panes }
        };
        let windows = points.into_iter().map(window).collect();
        let grain = borders.iter().fold(0, |grain, border| common_divisor(grain, border.0)).max(1);
        Self { borders, grain, windows }
    }

    /// As [`Panes::new`], after a check that an answer for the groups stays within the budget of the grid.
    pub(super) fn admitted(store: &Store, groups: &[Group], grid: &Grid) -> Result<Self> {
        let panes = Self::new(store, grid);
        grid.budget().admit(groups.len() as u64 * panes.windows.len() as u64)?;
        Ok(panes)
    }

    /// How many panes there are.
    pub(super) const fn count(&self) -> usize {
        self.borders.len().saturating_sub(1)
    }

    /// All slots from the first border to the last.
    pub(super) fn slots(&self) -> Range<Slot> {
        let first = self.borders.first().copied().unwrap_or_default();
        first..self.borders.last().copied().unwrap_or_default()
    }

    /// The pane that holds a slot of [`Panes::slots`].
    pub(super) fn of_slot(&self, slot: Slot) -> usize {
        self.borders.partition_point(|border| *border <= slot).saturating_sub(1)
    }
}

/// The greatest common divisor (Euclid). That of 0 and a number is the number.
pub(super) const fn common_divisor(mut a: u32, mut b: u32) -> u32 {
    while b != 0 {
        (a, b) = (b, a % b);
    }
    a
}
