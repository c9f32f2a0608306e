//! Cells of slots that are not evaluated yet. They wait, so that no evaluation sees the future.

use std::collections::BTreeMap;

use plimsoll_storage::{Slot, SlotValue};

use crate::engine::streams::StreamNumber;
use crate::limits::AHEAD_CELLS_MAX;

/// The cells of one slot. They are large, and a map that held them by value would move them.
pub(super) type SlotCells = BTreeMap<StreamNumber, Box<SlotValue>>;

/// Cells that wait for their slot, at most [`AHEAD_CELLS_MAX`].
#[derive(Debug, Default)]
pub(super) struct WaitingCells {
    slots: BTreeMap<Slot, SlotCells>,
    count: usize,
    dropped: u64,
}

impl WaitingCells {
    /// Adds a cell, as a delta. A cell beyond the limit is dropped and counted.
    pub(super) fn add(&mut self, stream: StreamNumber, slot: Slot, value: &SlotValue) {
        let cells = self.slots.entry(slot).or_default();
        if let Some(held) = cells.get_mut(&stream) {
            held.merge(value);
        } else if self.count < AHEAD_CELLS_MAX {
            cells.insert(stream, Box::new(value.clone()));
            self.count += 1;
        } else {
            self.dropped += 1;
        }
    }

    /// The first slot with waiting cells.
    pub(super) fn first_slot(&self) -> Option<Slot> {
        self.slots.keys().next().copied()
    }

    /// Removes the first slot with waiting cells, unless it is later than `last`.
    pub(super) fn pop(&mut self, last: Slot) -> Option<(Slot, SlotCells)> {
        let entry = self.slots.first_entry().filter(|entry| *entry.key() <= last)?;
        let (slot, cells) = entry.remove_entry();
        self.count -= cells.len();
        Some((slot, cells))
    }

    /// How many cells were dropped because too many waited.
    pub(super) const fn dropped(&self) -> u64 {
        self.dropped
    }
}
