//! The resolutions cells are kept at: as they came, by the minute, by the quarter of an hour.
//!
//! Sealing adds every cell to the block of each resolution in one write. Cells are deltas, so a
//! roll-up is built exactly once from every sealed cell, and late data corrects it by being added.

use std::ops::Range;

use crate::model::stream::StreamId;
use crate::model::time::{Slot, SlotWidth};

/// A resolution.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Resolution {
    /// Slots as they came.
    Slot,
    /// One cell a minute.
    Minute,
    /// One cell every 15 minutes.
    Quarter,
}

impl Resolution {
    /// Every resolution, the finest first.
    pub const ALL: [Self; 3] = [Self::Slot, Self::Minute, Self::Quarter];

    /// How many slots one of its cells covers.
    #[must_use]
    pub const fn slots(self, width: SlotWidth) -> u32 {
        let cell_ms = match self {
            Self::Slot => return 1,
            Self::Minute => 60_000,
            Self::Quarter => 15 * 60_000,
        };
        (cell_ms / width.ms()) as u32
    }

    /// How many blocks a stream has in a day. A block has room for some 100 to 400 cells of the
    /// default slot width.
    pub(crate) const fn blocks_per_day(self) -> u32 {
        match self {
            Self::Slot => 24,
            Self::Minute => 4,
            Self::Quarter => 1,
        }
    }

    /// Whether cells are kept at this resolution; the minute is not when a slot is a minute long.
    pub(crate) fn is_kept(self, width: SlotWidth) -> bool {
        self == Self::Slot || self.slots(width) > 1
    }

    /// The number of the cell that holds a slot.
    pub(crate) const fn cell_of(self, slot: Slot, width: SlotWidth) -> Slot {
        Slot(slot.0 / self.slots(width))
    }

    /// The first slot of a cell.
    pub(crate) const fn first_slot(self, cell: Slot, width: SlotWidth) -> Slot {
        Slot(cell.0.saturating_mul(self.slots(width)))
    }

    /// The cells whose first slot is in `slots`.
    pub(crate) fn cells_of(self, slots: &Range<Slot>, width: SlotWidth) -> Range<Slot> {
        let first_from = |slot: Slot| Slot(slot.0.div_ceil(self.slots(width)));
        first_from(slots.start)..first_from(slots.end)
    }

    /// The block that holds a slot of a stream.
    pub(crate) const fn block_of(self, stream: StreamId, slot: Slot, width: SlotWidth) -> BlockKey {
        let number = slot.0 / self.block_slots(width);
        let per_day = self.blocks_per_day();
        BlockKey { day: number / per_day, stream, block: (number % per_day) as u8 }
    }

    /// The slot after the last one of a block.
    pub(crate) const fn block_end(self, key: BlockKey, width: SlotWidth) -> Slot {
        let number = key.day.saturating_mul(self.blocks_per_day()).saturating_add(key.block as u32);
        Slot(number.saturating_add(1).saturating_mul(self.block_slots(width)))
    }

    const fn block_slots(self, width: SlotWidth) -> u32 {
        width.slots_per_hour() * (24 / self.blocks_per_day())
    }
}

/// Where a block lies: days sort first, so that new days append at the end of the key space and an
/// old day is one range; within a day the blocks of one stream are neighbours.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct BlockKey {
    /// Days since 1970.
    pub(crate) day: u32,
    pub(crate) stream: StreamId,
    /// Number within the day.
    pub(crate) block: u8,
}

#[cfg(test)]
mod tests;
