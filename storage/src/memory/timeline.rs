//! The times that the store has seen: the clock, the newest data, what is sealed, and how far back each
//! resolution reaches.

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, AtomicU32, Ordering};

use crate::model::resolution::Resolution;
use crate::model::time::{Slot, SlotWidth, TimestampMs};
use crate::options::Retention;

/// The clock before the store has seen a time.
pub(crate) const NO_TIME: i64 = i64::MIN;

/// The times that the store has seen.
#[derive(Debug)]
pub(crate) struct Timeline {
    slot_width: SlotWidth,
    retention: Retention,
    /// The newest trusted time of a call, in ms; [`NO_TIME`] before the first.
    clock: Arc<AtomicI64>,
    /// The latest time that is trusted, in ms. It only ever rises, once it is set.
    trusted_until: AtomicI64,
    newest_slot: AtomicU32,
    sealed_slot: AtomicU32,
    /// The first day whose slots are kept. It only ever rises.
    slots_from: AtomicU32,
}

impl Timeline {
    /// The timeline of a database that is sealed up to a slot and keeps slots from the day `slots_from` on.
    pub(crate) fn new(
        slot_width: SlotWidth,
        retention: Retention,
        clock: Arc<AtomicI64>,
        sealed_slot: Slot,
        slots_from: u32,
    ) -> Self {
        Self {
            slot_width,
            retention,
            clock,
            trusted_until: AtomicI64::new(i64::MAX),
            newest_slot: AtomicU32::new(sealed_slot.0),
            sealed_slot: AtomicU32::new(sealed_slot.0),
            slots_from: AtomicU32::new(slots_from),
        }
    }

    /// The width of a slot.
    pub(crate) const fn slot_width(&self) -> SlotWidth {
        self.slot_width
    }

    /// How long cells are kept.
    pub(crate) const fn retention(&self) -> &Retention {
        &self.retention
    }

    /// Trusts no later time of a call than `until` from now on.
    pub(crate) fn trust_until(&self, until: TimestampMs) {
        self.trusted_until.store(until.0, Ordering::Relaxed);
    }

    /// Moves the clock forward to a trusted time. An older time changes nothing.
    pub(crate) fn saw_time(&self, now: TimestampMs) {
        self.clock.fetch_max(now.0, Ordering::Relaxed);
    }

    /// A time, or the latest one that is trusted when that is earlier.
    pub(crate) fn trusted(&self, now: TimestampMs) -> TimestampMs {
        now.min(TimestampMs(self.trusted_until.load(Ordering::Relaxed)))
    }

    /// Notes that cells up to `slot` are stored.
    pub(crate) fn saw_slot(&self, slot: Slot) {
        self.newest_slot.fetch_max(slot.0, Ordering::AcqRel);
    }

    /// The end of the newest slot that has a cell.
    pub(crate) fn newest(&self) -> TimestampMs {
        self.slot_width.end(Slot(self.newest_slot.load(Ordering::Acquire)))
    }

    /// The time by which cells expire: that of the newest data, but never later than the clock's. So a store
    /// without new data keeps what it has, and a clock that jumps ahead expires nothing, also when connectors
    /// follow it.
    pub(crate) fn data_now(&self) -> TimestampMs {
        match self.clock.load(Ordering::Relaxed) {
            NO_TIME => self.newest(),
            clock => self.newest().min(TimestampMs(clock)),
        }
    }

    /// The newest slot that was ever sealed: no block holds a later one.
    pub(crate) fn sealed_slot(&self) -> Slot {
        Slot(self.sealed_slot.load(Ordering::Acquire))
    }

    /// Notes that cells up to `slot` are sealed.
    pub(crate) fn set_sealed_slot(&self, slot: Slot) {
        debug_assert!(slot >= self.sealed_slot(), "the newest sealed slot never falls");
        self.sealed_slot.store(slot.0, Ordering::Release);
    }

    /// The first day of which a resolution still keeps something. That of slots only ever rises.
    pub(crate) fn first_day(&self, resolution: Resolution) -> u32 {
        match resolution {
            Resolution::Slot => self.slots_from.load(Ordering::Acquire),
            _ => self.retention.first_day(resolution, self.data_now()),
        }
    }

    /// Has slots of days before `day` downsampled from now on. Returns the first day whose slots are kept.
    pub(crate) fn raise_first_day(&self, day: u32) -> u32 {
        self.slots_from.fetch_max(day, Ordering::AcqRel).max(day)
    }

    /// The first slot that is kept as a slot. Earlier ones have been downsampled, or are about to be.
    pub(crate) fn slots_from(&self) -> Slot {
        self.day_start(self.first_day(Resolution::Slot))
    }

    /// The first slot of a day.
    pub(crate) const fn day_start(&self, day: u32) -> Slot {
        Slot(day.saturating_mul(self.slots_per_day()))
    }

    /// The day of a slot, since 1970.
    pub(crate) const fn day_of(&self, slot: Slot) -> u32 {
        slot.0 / self.slots_per_day()
    }

    const fn slots_per_day(&self) -> u32 {
        24 * self.slot_width.slots_per_hour()
    }
}

#[cfg(test)]
mod tests;
