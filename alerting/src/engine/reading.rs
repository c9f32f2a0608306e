//! What a sensor says at a moment, and the moment itself.

use plimsoll_storage::{Slot, SlotValue, SlotWidth, TimestampMs};

use crate::engine::evidence::Evidence;
use crate::rule::Severity;

/// Length of a minute and of an hour, in ms.
pub(super) const MINUTE_MS: i64 = 60_000;
pub(super) const HOUR_MS: i64 = 3_600_000;

/// The end of the slot that is judged.
#[derive(Debug, Clone, Copy)]
pub(super) struct Moment {
    pub(super) slot: Slot,
    pub(super) at: TimestampMs,
    pub(super) width: SlotWidth,
}

impl Moment {
    pub(super) fn new(slot: Slot, width: SlotWidth) -> Self {
        Self { slot, at: width.end(slot), width }
    }

    /// The first slot of a window that ends now.
    pub(super) fn first(self, window_ms: i64) -> Slot {
        self.slot.plus(1).minus(self.width.slots_in(window_ms))
    }

    /// The newest minute that is over, numbered since 1970.
    pub(super) const fn minute(self) -> i64 {
        self.at.0.div_euclid(MINUTE_MS) - 1
    }
}

/// What is added to a sensor.
#[derive(Debug, Clone, Copy)]
pub(super) struct Incoming<'a> {
    pub(super) slot: Slot,
    pub(super) width: SlotWidth,
    pub(super) value: &'a SlotValue,
    /// The newest minute that may have been judged, numbered since 1970.
    pub(super) judged_minute: i64,
}

impl Incoming<'_> {
    pub(super) fn start_ms(&self) -> i64 {
        self.width.start(self.slot).0
    }

    pub(super) fn minute(&self) -> i64 {
        self.start_ms().div_euclid(MINUTE_MS)
    }

    /// A judgement that has been made may have to be made again.
    pub(super) fn is_late(&self) -> bool {
        self.minute() <= self.judged_minute
    }
}

/// What a sensor says.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) enum Reading {
    /// There is nothing to judge.
    NoData,
    /// The condition does not hold, and nobody asked for more.
    Quiet,
    /// A judgement.
    Judged(Evidence),
}

impl Reading {
    /// The severity that is reached.
    pub(super) const fn reached(&self) -> Option<Severity> {
        match self {
            Self::Judged(evidence) => evidence.reached,
            Self::NoData | Self::Quiet => None,
        }
    }

    /// The judgement, when there is one.
    pub(super) const fn evidence(&self) -> Option<Evidence> {
        match self {
            Self::Judged(evidence) => Some(*evidence),
            Self::NoData | Self::Quiet => None,
        }
    }
}
