//! The points in time of an answer, and which whole slots each covers.

use std::ops::Range;

use plimsoll_storage::{Slot, SlotWidth, TimestampMs};

use crate::budget::Budget;
use crate::error::{Error, Result};
use crate::limits::POINTS_MAX;

/// Points `step` apart. The point at `t` covers the whole slots in `[t − window, t)`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
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
mod tests;
