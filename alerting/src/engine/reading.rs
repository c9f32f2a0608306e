//! What a sensor says at a moment, and the moment itself.

use plimsoll_storage::{Slot, SlotWidth, TimestampMs};

use crate::evidence::{Evidence, Severity};

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

    /// The newest minute that is over, numbered since 1970.
    pub(super) const fn minute(self) -> i64 {
        self.at.0.div_euclid(MINUTE_MS) - 1
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

/// The judgement of the newest minute. It holds, for the severity of the alert that was open, until
/// something is added to that minute or one before.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Newest(Option<(i64, Option<Severity>, Reading)>);

impl Newest {
    /// The judgement of a minute, when it was made already and still holds.
    pub(super) fn get(&self, minute: i64, open: Option<Severity>) -> Option<Reading> {
        let held = self.0.filter(|(judged, severity, _)| (*judged, *severity) == (minute, open));
        held.map(|(_, _, reading)| reading)
    }

    pub(super) const fn keep(&mut self, minute: i64, open: Option<Severity>, reading: Reading) {
        self.0 = Some((minute, open, reading));
    }

    /// Something was added to a minute.
    pub(super) fn note_added(&mut self, minute: i64) {
        self.0 = self.0.filter(|(judged, ..)| minute > *judged);
    }

    /// Whether a minute and all before it are judged.
    pub(super) fn covers(&self, minute: i64) -> bool {
        self.0.is_some_and(|(judged, ..)| judged >= minute)
    }

    pub(super) const fn clear(&mut self) {
        self.0 = None;
    }
}
