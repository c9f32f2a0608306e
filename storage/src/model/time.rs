//! Time as the engine sees it: milliseconds since 1970 UTC, cut into slots of equal width.

use bincode::{Decode, Encode};

/// A moment of event time: milliseconds since 1970-01-01T00:00:00Z.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Encode, Decode)]
pub struct TimestampMs(pub i64);

impl TimestampMs {
    /// This moment moved by `ms`, which may be negative; stops at the ends of the range.
    #[must_use]
    pub const fn plus_ms(self, ms: i64) -> Self {
        Self(self.0.saturating_add(ms))
    }

    /// Milliseconds from `earlier` to this moment; negative when `earlier` is later.
    #[must_use]
    pub const fn since_ms(self, earlier: Self) -> i64 {
        self.0.saturating_sub(earlier.0)
    }
}

/// The number of a slot: slot `n` covers `[n, n + 1)` slot widths since 1970.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Encode, Decode)]
pub struct Slot(pub u32);

impl Slot {
    /// The slot `count` further on; stops at the last one.
    #[must_use]
    pub const fn plus(self, count: u32) -> Self {
        Self(self.0.saturating_add(count))
    }

    /// The slot `count` before; stops at the first one.
    #[must_use]
    pub const fn minus(self, count: u32) -> Self {
        Self(self.0.saturating_sub(count))
    }
}

/// How long a slot is. Chosen once, when a database is created.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SlotWidth {
    ms: u32,
}

impl SlotWidth {
    /// Ten seconds.
    pub const DEFAULT: Self = Self { ms: 10_000 };

    /// A width of `ms` milliseconds: whole seconds that divide a minute, so that minutes and hours
    /// are made of whole slots. `None` for any other width.
    #[must_use]
    pub const fn from_ms(ms: i64) -> Option<Self> {
        if ms >= 1_000 && ms <= 60_000 && ms % 1_000 == 0 && 60_000 % ms == 0 {
            Some(Self { ms: ms as u32 })
        } else {
            None
        }
    }

    /// The width in milliseconds.
    #[must_use]
    pub const fn ms(self) -> i64 {
        self.ms as i64
    }

    /// The slot that holds `at`; moments outside the range go to its ends.
    #[must_use]
    pub fn slot_of(self, at: TimestampMs) -> Slot {
        let number = at.0.div_euclid(self.ms());
        Slot(u32::try_from(number.clamp(0, i64::from(u32::MAX))).unwrap_or(u32::MAX))
    }

    /// The first slot that starts at or after `at`.
    #[must_use]
    pub fn slot_from(self, at: TimestampMs) -> Slot {
        self.slot_of(at.plus_ms(self.ms() - 1))
    }

    /// The moment a slot begins.
    #[must_use]
    pub fn start(self, slot: Slot) -> TimestampMs {
        TimestampMs(i64::from(slot.0) * self.ms())
    }

    /// The moment a slot ends, which is the start of the next.
    #[must_use]
    pub fn end(self, slot: Slot) -> TimestampMs {
        TimestampMs((i64::from(slot.0) + 1) * self.ms())
    }

    /// How many slots a span of `ms` takes, rounded up, at least one.
    #[must_use]
    pub fn slots_in(self, ms: i64) -> u32 {
        let width = self.ms();
        let count = (ms.max(1) + width - 1) / width;
        u32::try_from(count).unwrap_or(u32::MAX)
    }

    /// Slots in an hour.
    #[must_use]
    pub const fn slots_per_hour(self) -> u32 {
        3_600_000 / self.ms
    }
}

#[cfg(test)]
mod tests;
