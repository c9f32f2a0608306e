//! The time that is evaluated, and a cell with its time.

mod clock_set;

use plimsoll_storage::{Slot, SlotValue, SlotWidth, TimestampMs};

pub(crate) use self::clock_set::{ClockStep, CountedAge};

/// Length of a minute and of an hour, in ms.
pub(super) const MINUTE_MS: i64 = 60_000;
pub(super) const HOUR_MS: i64 = 3_600_000;

/// The end of the slot that is evaluated.
#[derive(Debug, Clone, Copy)]
pub(super) struct SlotEnd {
    pub(super) slot: Slot,
    pub(super) at: TimestampMs,
    pub(super) width: SlotWidth,
}

impl SlotEnd {
    pub(super) fn new(slot: Slot, width: SlotWidth) -> Self {
        Self { slot, at: width.end(slot), width }
    }

    /// The first slot of a window that ends here.
    pub(super) fn window_start(self, window_ms: i64) -> Slot {
        self.slot.plus(1).minus(self.width.slots_in(window_ms))
    }

    /// The newest minute that is complete, numbered since 1970.
    pub(super) const fn last_minute(self) -> i64 {
        self.at.0.div_euclid(MINUTE_MS) - 1
    }
}

/// A cell that is added to a sensor.
#[derive(Debug, Clone, Copy)]
pub(super) struct IncomingCell<'a> {
    pub(super) slot: Slot,
    pub(super) width: SlotWidth,
    pub(super) value: &'a SlotValue,
    /// How much its stream reports at once.
    pub(super) step_ms: i64,
    /// The newest minute that may have been evaluated, numbered since 1970.
    pub(super) evaluated_minute: i64,
}

impl IncomingCell<'_> {
    pub(super) fn start_ms(&self) -> i64 {
        self.width.start(self.slot).0
    }

    pub(super) fn minute(&self) -> i64 {
        self.start_ms().div_euclid(MINUTE_MS)
    }

    /// Whether its minute may have been evaluated already, and must then be evaluated again.
    pub(super) fn is_late(&self) -> bool {
        self.minute() <= self.evaluated_minute
    }
}
