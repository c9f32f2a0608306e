//! The points in time of an answer, and which whole slots each covers.

use std::ops::Range;

use plimsoll_storage::{Slot, SlotWidth, TimestampMs};

use crate::{
    budget::Budget,
    error::{Error, Result},
    limits::POINTS_MAX,
};

/// Points `step` apart. The point at `t` covers the whole slots in `[t − window, t)`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Grid {
    first: TimestampMs,
    step_ms: i64,
    count: u64,
    window_ms: i64,
    budget: Budget,
}

impl Grid {
    /// One point at `t`.
    ///
    /// # Errors
    /// When the window is not longer than zero.
    pub const fn at(t: TimestampMs, window_ms: i64) -> Result<Self> {
        if window_ms <= 0 {
            return Err(Error::NotPositive { name: "window" });
        }
        let budget = Budget::UNLIMITED;
        Ok(Self { first: t, step_ms: 1, count: 1, window_ms, budget })
    }

    /// One point for the window that ends now: it includes the slot that is still open.
    ///
    /// # Errors
    /// When the window is not longer than zero.
    pub fn now(now: TimestampMs, window_ms: i64, width: SlotWidth) -> Result<Self> {
        Self::at(width.end(width.slot_of(now)), window_ms)
    }

    /// Points at `start`, `start + step`, … up to and with `end`.
    ///
    /// # Errors
    /// When the range runs backwards, the step or window is not longer than zero, or there would be
    /// more than [`POINTS_MAX`] points.
    pub const fn range(
        start: TimestampMs,
        end: TimestampMs,
        step_ms: i64,
        window_ms: i64,
    ) -> Result<Self> {
        if window_ms <= 0 {
            return Err(Error::NotPositive { name: "window" });
        }
        if step_ms <= 0 {
            return Err(Error::NotPositive { name: "step" });
        }
        if end.0 < start.0 {
            return Err(Error::EndBeforeStart);
        }
        let count = (end.since_ms(start) / step_ms) as u64 + 1;
        if count > POINTS_MAX {
            return Err(Error::TooManyPoints { points: count });
        }
        let budget = Budget::UNLIMITED;
        Ok(Self { first: start, step_ms, count, window_ms, budget })
    }

    /// The same points, for which no more is spent than a budget.
    #[must_use]
    pub const fn within(self, budget: Budget) -> Self {
        Self { budget, ..self }
    }

    /// What answering may cost.
    #[must_use]
    pub const fn budget(&self) -> Budget {
        self.budget
    }

    /// The last point.
    #[must_use]
    pub const fn last(&self) -> TimestampMs {
        self.first.plus_ms(self.step_ms.saturating_mul(self.count as i64 - 1))
    }

    /// How many points there are.
    #[must_use]
    pub const fn count(&self) -> u64 {
        self.count
    }

    /// How long the window before each point is, in ms.
    #[must_use]
    pub const fn window_ms(&self) -> i64 {
        self.window_ms
    }

    /// The same points earlier by `ms`.
    #[must_use]
    pub const fn earlier(self, ms: i64) -> Self {
        Self { first: self.first.plus_ms(-ms), ..self }
    }

    /// The same points with another window before each.
    ///
    /// # Errors
    /// When the window is not longer than zero.
    pub const fn with_window(self, window_ms: i64) -> Result<Self> {
        if window_ms <= 0 {
            return Err(Error::NotPositive { name: "window" });
        }
        Ok(Self { window_ms, ..self })
    }

    /// Every slot that some point covers, and those between them.
    #[must_use]
    pub fn covers(&self, width: SlotWidth) -> Range<Slot> {
        let from = width.slot_from(self.first.plus_ms(-self.window_ms));
        from..width.slot_of(self.last()).max(from)
    }

    /// One point for everything that the points cover.
    #[must_use]
    pub fn as_one(&self, width: SlotWidth) -> Self {
        let Range { start, end } = self.covers(width);
        let (start, end) = (width.start(start), width.start(end));
        Self { first: end, step_ms: 1, count: 1, window_ms: end.since_ms(start), ..*self }
    }

    /// The points with the slots each covers, ascending.
    pub fn points(&self, width: SlotWidth) -> impl Iterator<Item = (TimestampMs, Range<Slot>)> {
        let Self { first, step_ms, count, window_ms, .. } = *self;
        (0..count as i64).map(move |number| {
            let t = first.plus_ms(number.saturating_mul(step_ms));
            let from = width.slot_from(t.plus_ms(-window_ms));
            (t, from..width.slot_of(t).max(from))
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn slots(grid: Grid) -> Vec<(i64, Range<u32>)> {
        grid.points(SlotWidth::DEFAULT)
            .map(|(t, slots)| (t.0, slots.start.0..slots.end.0))
            .collect()
    }

    #[test]
    fn a_point_covers_the_whole_slots_before_it() {
        let at = |t, window| slots(Grid::at(TimestampMs(t), window).expect("valid"));
        assert_eq!(at(60_000, 30_000), [(60_000, 3..6)]);
        assert_eq!(at(65_000, 30_000), [(65_000, 4..6)]);
        assert_eq!(at(65_000, 1_000), [(65_000, 7..7)], "no whole slot in it");
        assert_eq!(at(20_000, 60_000), [(20_000, 0..2)]);
    }

    #[test]
    fn a_window_that_ends_now_includes_the_open_slot() {
        let grid = Grid::now(TimestampMs(63_000), 30_000, SlotWidth::DEFAULT).expect("valid");
        assert_eq!(slots(grid), [(70_000, 4..7)]);
    }

    #[test]
    fn a_range_has_a_point_at_both_ends() {
        let grid = Grid::range(TimestampMs(60_000), TimestampMs(99_000), 15_000, 20_000);
        let grid = grid.expect("valid");
        let starts: Vec<i64> = slots(grid).iter().map(|(t, _)| *t).collect();
        assert_eq!(starts, [60_000, 75_000, 90_000]);
        assert_eq!(grid.last(), TimestampMs(90_000));
    }

    #[test]
    fn all_points_together_cover_what_each_covers() {
        let grid = Grid::range(TimestampMs(65_000), TimestampMs(125_000), 30_000, 25_000);
        let grid = grid.expect("valid");
        assert_eq!(grid.covers(SlotWidth::DEFAULT), Slot(4)..Slot(12));
        assert_eq!(slots(grid.as_one(SlotWidth::DEFAULT)), [(120_000, 4..12)]);
        assert_eq!(slots(grid.earlier(60_000))[2], (65_000, 4..6));
        let none = Grid::at(TimestampMs(65_000), 1_000).expect("valid");
        assert!(none.covers(SlotWidth::DEFAULT).is_empty());
    }

    #[test]
    fn impossible_grids_are_refused() {
        let range = |start, end, step, window| {
            Grid::range(TimestampMs(start), TimestampMs(end), step, window)
        };
        assert!(matches!(range(1, 0, 1, 1), Err(Error::EndBeforeStart)));
        assert!(matches!(range(0, 1, 0, 1), Err(Error::NotPositive { name: "step" })));
        assert!(matches!(range(0, 1, 1, 0), Err(Error::NotPositive { name: "window" })));
        assert!(matches!(range(0, i64::MAX, 1, 1), Err(Error::TooManyPoints { .. })));
    }
}
