//! The points in time of an answer, and which whole slots each covers.

use std::ops::Range;

use plimsoll_storage::{Slot, SlotWidth, TimestampMs};

use super::budget::Budget;
use super::error::{Error, Result};
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
    /// The window is not longer than zero.
    pub fn at(t: TimestampMs, window_ms: i64) -> Result<Self> {
        Self::range(t, t, 1, window_ms)
    }

    /// One point for the window that ends now: it includes the slot that is still open.
    ///
    /// # Errors
    /// The window is not longer than zero.
    pub fn now(now: TimestampMs, window_ms: i64, width: SlotWidth) -> Result<Self> {
        Self::at(width.end(width.slot_of(now)), window_ms)
    }

    /// Points at `start`, `start + step`, … up to and including `end`.
    ///
    /// # Errors
    /// `end` lies before `start`, the step or window is not longer than zero, or there would be more than
    /// [`POINTS_MAX`] points.
    pub fn range(
        start: TimestampMs,
        end: TimestampMs,
        step_ms: i64,
        window_ms: i64,
    ) -> Result<Self> {
        check_positive("window", window_ms)?;
        check_positive("step", step_ms)?;
        if end < start {
            return Err(Error::EndBeforeStart);
        }
        let count = (end.since_ms(start) / step_ms) as u64 + 1;
        if count > POINTS_MAX {
            return Err(Error::TooManyPoints { points: count });
        }
        Ok(Self { first: start, step_ms, count, window_ms, budget: Budget::UNLIMITED })
    }

    /// The same points with a budget.
    #[must_use]
    pub const fn within(self, budget: Budget) -> Self {
        Self { budget, ..self }
    }

    /// How much work the query may cause.
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
    /// The window is not longer than zero.
    pub fn with_window(self, window_ms: i64) -> Result<Self> {
        check_positive("window", window_ms)?;
        Ok(Self { window_ms, ..self })
    }

    /// All slots from the first to the last that a point covers.
    #[must_use]
    pub fn covers(&self, width: SlotWidth) -> Range<Slot> {
        let from = width.slot_from(self.first.plus_ms(-self.window_ms));
        from..width.slot_of(self.last()).max(from)
    }

    /// One point that covers all slots of [`Grid::covers`].
    #[must_use]
    pub fn as_one(&self, width: SlotWidth) -> Self {
        let Range { start, end } = self.covers(width);
        let (start, end) = (width.start(start), width.start(end));
        Self { first: end, step_ms: 1, count: 1, window_ms: end.since_ms(start), ..*self }
    }

    /// The points with the slots each covers, ascending.
    pub fn points(&self, width: SlotWidth) -> impl Iterator<Item = (TimestampMs, Range<Slot>)> {
        let Self { first, step_ms, count, window_ms, .. } = *self;
        (0..count as i64).map(move |position| {
            let t = first.plus_ms(position.saturating_mul(step_ms));
            let from = width.slot_from(t.plus_ms(-window_ms));
            (t, from..width.slot_of(t).max(from))
        })
    }
}

const fn check_positive(name: &'static str, ms: i64) -> Result<()> {
    if ms > 0 { Ok(()) } else { Err(Error::NotPositive { name }) }
}

#[cfg(test)]
mod tests;
