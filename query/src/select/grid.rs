//! The points in time of an answer, and which whole slots each covers.

use std::ops::Range;

use plimsoll_storage::{Slot, SlotWidth, TimestampMs};

use super::budget::Budget;
use super::error::{Error, Result};
use crate::limits::POINTS_MAX;

/// Points `step` apart. The point at `t` covers the slots in `[t − window, t)`.
///
/// Points lie between two slots, and step and window are whole slots, so that no slot is cut: with a step as
/// long as the window each slot is in exactly one window. A time inside a slot stands for the end of that
/// slot, as it does for a window that ends now.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Grid {
    first: TimestampMs,
    step_ms: i64,
    count: u64,
    window_ms: i64,
    is_rounded: bool,
    budget: Budget,
}

impl Grid {
    /// One point at `t`, rounded up to the end of its slot.
    ///
    /// # Errors
    /// The window is not one or more whole slots.
    pub fn at(t: TimestampMs, window_ms: i64, width: SlotWidth) -> Result<Self> {
        Self::range((t, t), width.ms(), window_ms, width)
    }

    /// One point for the window that ends now: it includes the slot that is still open.
    ///
    /// # Errors
    /// The window is not one or more whole slots.
    pub fn now(now: TimestampMs, window_ms: i64, width: SlotWidth) -> Result<Self> {
        Self::at(width.end(width.slot_of(now)), window_ms, width)
    }

    /// One point for every slot that a period touches, at least one slot.
    ///
    /// # Errors
    /// The period ends before it starts.
    pub fn span((start, end): (TimestampMs, TimestampMs), width: SlotWidth) -> Result<Self> {
        if end < start {
            return Err(Error::EndBeforeStart);
        }
        let from = width.start(width.slot_of(start));
        let until = slot_border(end, width).max(from.plus_ms(width.ms()));
        let grid = Self::at(until, until.since_ms(from), width)?;
        Ok(Self { is_rounded: from != start || until != end, ..grid })
    }

    /// Points at `start`, `start + step`, … up to and including `end`. Both are rounded up to the end of
    /// their slot.
    ///
    /// # Errors
    /// `end` lies before `start`, the step or window is not one or more whole slots, or there would be more
    /// than [`POINTS_MAX`] points.
    pub fn range(
        (start, end): (TimestampMs, TimestampMs),
        step_ms: i64,
        window_ms: i64,
        width: SlotWidth,
    ) -> Result<Self> {
        // The step first: a window that is not given is as long as it.
        check_whole("step", step_ms, width)?;
        check_whole("window", window_ms, width)?;
        if end < start {
            return Err(Error::EndBeforeStart);
        }
        let (first, last) = (slot_border(start, width), slot_border(end, width));
        let count = (last.since_ms(first) / step_ms) as u64 + 1;
        if count > POINTS_MAX {
            return Err(Error::TooManyPoints { points: count });
        }
        let is_rounded = first != start || last != end;
        Ok(Self { first, step_ms, count, window_ms, is_rounded, budget: Budget::UNLIMITED })
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

    /// Whether a time that it was made from lay inside a slot and was rounded.
    #[must_use]
    pub const fn is_rounded(&self) -> bool {
        self.is_rounded
    }

    /// How long is left out between two windows, in ms; 0 when the windows touch or overlap.
    #[must_use]
    pub const fn gap_ms(&self) -> i64 {
        if self.count > 1 && self.step_ms > self.window_ms {
            self.step_ms - self.window_ms
        } else {
            0
        }
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

    /// The same points, each with a window of at least `window_ms`, which must be whole slots.
    #[must_use]
    pub const fn with_window_min(self, window_ms: i64) -> Self {
        if self.window_ms >= window_ms { self } else { Self { window_ms, ..self } }
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

/// The first border between two slots at or after a time.
fn slot_border(at: TimestampMs, width: SlotWidth) -> TimestampMs {
    let ms = width.ms();
    TimestampMs(at.plus_ms(ms - 1).0.div_euclid(ms) * ms)
}

const fn check_whole(name: &'static str, ms: i64, width: SlotWidth) -> Result<()> {
    if ms <= 0 {
        return Err(Error::NotPositive { name });
    }
    if ms % width.ms() == 0 { Ok(()) } else { Err(Error::NotWholeSlots { name, ms, width }) }
}

#[cfg(test)]
mod tests;
