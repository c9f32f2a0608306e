//! Time: milliseconds since 1970 UTC, divided into slots of equal width.

use bincode::{Decode, Encode};

/// An event time: milliseconds since 1970-01-01T00:00:00Z.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Encode, Decode)]
pub struct TimestampMs(pub i64);

impl TimestampMs {
    /// This time plus `ms`, which may be negative. Saturates.
    #[must_use]
    pub const fn plus_ms(self, ms: i64) -> Self {
        Self(self.0.saturating_add(ms))
    }

    /// Milliseconds from `earlier` to this time; negative when `earlier` is later. Saturates.
    #[must_use]
    pub const fn since_ms(self, earlier: Self) -> i64 {
        self.0.saturating_sub(earlier.0)
    }
}

/// The number of a slot: slot `n` covers `[n, n + 1)` slot widths since 1970.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Encode, Decode)]
pub struct Slot(pub u32);

impl Slot {
    /// The slot `count` slots later. Saturates.
    #[must_use]
    pub const fn plus(self, count: u32) -> Self {
        Self(self.0.saturating_add(count))
    }

    /// The slot `count` slots earlier. Saturates.
    #[must_use]
    pub const fn minus(self, count: u32) -> Self {
        Self(self.0.saturating_sub(count))
    }
}

/// The width of a slot. It is chosen once, when a database is created.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SlotWidth {
    ms: u32,
}

impl SlotWidth {
    /// Ten seconds.
    pub const DEFAULT: Self = Self { ms: 10_000 };
    /// The smallest width: a second.
    pub const MIN: Self = Self { ms: 1_000 };

    /// A width of `ms` milliseconds. It must be whole seconds that divide a minute, so that minutes and hours
    /// consist of whole slots; `None` otherwise.
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

    /// The slot that contains `at`. Times out of range give the first or the last slot.
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

    /// The start of a slot.
    #[must_use]
    pub fn start(self, slot: Slot) -> TimestampMs {
        TimestampMs(i64::from(slot.0) * self.ms())
    }

    /// The end of a slot, which is the start of the next.
    #[must_use]
    pub fn end(self, slot: Slot) -> TimestampMs {
        TimestampMs((i64::from(slot.0) + 1) * self.ms())
    }

    /// How many slots `ms` milliseconds take, rounded up, at least one.
    #[must_use]
    pub fn slots_in(self, ms: i64) -> u32 {
        let width = self.ms();
        let count = (ms.max(1) + width - 1) / width;
        u32::try_from(count).unwrap_or(u32::MAX)
    }

    /// `ms` rounded up to whole slots, at least one, in ms.
    #[must_use]
    pub fn whole_slots_ms(self, ms: i64) -> i64 {
        i64::from(self.slots_in(ms)) * self.ms()
    }

    /// Slots in an hour.
    #[must_use]
    pub const fn slots_per_hour(self) -> u32 {
        3_600_000 / self.ms
    }
}

#[cfg(test)]
mod tests;
