//! The resolutions of stored cells: one slot, one minute, 15 minutes. Coarser cells are roll-ups of slots;
//! late data is added to them as it is to slots.

use std::ops::Range;

use crate::model::stream::StreamId;
use crate::model::time::{Slot, SlotWidth};

/// The width of stored cells.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Resolution {
    /// One cell a slot.
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

    /// How many blocks a stream has in a day. With the default slot width a block has 96 to 360 cells.
    pub(crate) const fn blocks_per_day(self) -> u32 {
        match self {
            Self::Slot => 24,
            Self::Minute => 4,
            Self::Quarter => 1,
        }
    }

    /// Whether cells are stored at this resolution. Minutes are not when a slot is a minute long.
    pub(crate) fn is_kept(self, width: SlotWidth) -> bool {
        self == Self::Slot || self.slots(width) > 1
    }

    /// The number of the cell that contains a slot.
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

    /// The block that contains a slot of a stream.
    pub(crate) const fn block_of(self, stream: StreamId, slot: Slot, width: SlotWidth) -> BlockKey {
        let number = slot.0 / self.block_slots(width);
        let per_day = self.blocks_per_day();
        BlockKey { day: number / per_day, stream, block: (number % per_day) as u8 }
    }

    /// The slot after the last slot of a block.
    pub(crate) const fn block_end(self, key: BlockKey, width: SlotWidth) -> Slot {
        let number = key.day.saturating_mul(self.blocks_per_day()).saturating_add(key.block as u32);
        Slot(number.saturating_add(1).saturating_mul(self.block_slots(width)))
    }

    const fn block_slots(self, width: SlotWidth) -> u32 {
        width.slots_per_hour() * (24 / self.blocks_per_day())
    }
}

/// The key of a block. Days sort first, so that new days are appended at the end of the key space and an old
/// day is one range. Within a day the blocks of one stream are neighbours.
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
