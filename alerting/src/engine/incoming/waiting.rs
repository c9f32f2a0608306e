//! Cells of slots that are not evaluated yet. They wait, so that no evaluation sees the future. Cells of
//! streams that report many slots at once wait for longer, see [`TakenBy`].

use std::collections::BTreeMap;

use plimsoll_storage::{Slot, SlotValue};

use crate::engine::streams::StreamNumber;
use crate::limits::AHEAD_CELLS_MAX;

/// Which sensors take a cell.
///
/// A stream that reports an hour at once is known an hour late: a window of minutes would see nothing but the
/// last minutes of each hour, once an hour. So a sensor whose windows are short compared with the step takes
/// its cells one step later. It then sees a steady stream, one step late.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(in crate::engine) enum TakenBy {
    /// All sensors: the stream reports slot by slot.
    All,
    /// Those whose windows are long enough.
    Prompt,
    /// Those of them that count by the minute, or only need the newest report.
    PromptByMinute,
    /// The others of them, which count by the slot.
    PromptBySlot,
    /// Those whose windows are too short.
    Delayed,
}

/// The cells of one slot. They are large, and a map that held them by value would move them.
pub(in crate::engine) type SlotCells = BTreeMap<(StreamNumber, TakenBy), Box<SlotValue>>;

/// Cells that wait for their slot, at most [`AHEAD_CELLS_MAX`].
#[derive(Debug, Default)]
pub(in crate::engine) struct WaitingCells {
    slots: BTreeMap<Slot, SlotCells>,
    count: usize,
    dropped: u64,
}

impl WaitingCells {
    /// Adds a cell, as a delta. A cell beyond the limit is dropped and counted.
    pub(in crate::engine) fn add(
        &mut self,
        (stream, taken_by): (StreamNumber, TakenBy),
        slot: Slot,
        value: &SlotValue,
    ) {
        let cells = self.slots.entry(slot).or_default();
        if let Some(held) = cells.get_mut(&(stream, taken_by)) {
            held.merge(value);
        } else if self.count < AHEAD_CELLS_MAX {
            cells.insert((stream, taken_by), Box::new(value.clone()));
            self.count += 1;
        } else {
            self.dropped += 1;
        }
    }

    /// The first slot with waiting cells.
    pub(in crate::engine) fn first_slot(&self) -> Option<Slot> {
        self.slots.keys().next().copied()
    }

    /// The last slot with waiting cells.
    pub(in crate::engine) fn last_slot(&self) -> Option<Slot> {
        self.slots.keys().next_back().copied()
    }

    /// The last slot before `end` with waiting cells.
    pub(in crate::engine) fn last_slot_before(&self, end: Slot) -> Option<Slot> {
        self.slots.range(..end).next_back().map(|(slot, _)| *slot)
    }

    /// Removes the first slot with waiting cells, unless it is later than `last`.
    pub(in crate::engine) fn pop(&mut self, last: Slot) -> Option<(Slot, SlotCells)> {
        let entry = self.slots.first_entry().filter(|entry| *entry.key() <= last)?;
        let (slot, cells) = entry.remove_entry();
        self.count -= cells.len();
        Some((slot, cells))
    }

    /// How many cells were dropped because too many waited.
    pub(in crate::engine) const fn dropped(&self) -> u64 {
        self.dropped
    }
}
