//! Which slots a query reads from memory and which from blocks, and at which resolution.
//!
//! From the slot `cached_from` of the head on, every sealed cell is in the cache. Older cells are read from
//! blocks, at the coarsest resolution that the query allows.
//!
//! Minutes are in blocks only when their slots have been downsampled. Before, they are added up from slots
//! while they are read. So each cell is in one of the two; days that are being downsampled are read from
//! both.

use std::ops::Range;

use crate::db::Snapshot;
use crate::memory::Timeline;
use crate::model::resolution::Resolution;
use crate::model::stream::StreamId;
use crate::model::time::{Slot, SlotWidth};

/// A range of slots and the resolution they are read at.
pub(super) type ReadRange = (Resolution, Range<Slot>);

/// A query as far as it decides which resolutions are read.
pub(super) struct Request<'a> {
    pub(super) timeline: &'a Timeline,
    pub(super) slots: &'a Range<Slot>,
    /// See [`crate::Scan::grain`].
    pub(super) grain: u32,
}

/// Where the sealed cells of a query are read.
pub(super) struct Plan {
    /// In blocks.
    pub(super) stored: Vec<ReadRange>,
    /// In the cache.
    pub(super) cached: ReadRange,
}

impl Request<'_> {
    /// The plan for a cache that holds everything from `cached_from` on, over the blocks of `snapshot`;
    /// without a snapshot everything is in the cache.
    pub(super) fn plan(&self, cached_from: Slot, snapshot: Option<&Snapshot>) -> Plan {
        let Range { start, end } = *self.slots;
        let cached = |from: Slot| (self.memory_resolution(), from..end);
        let Some(snapshot) = snapshot.filter(|_| start < cached_from) else {
            return Plan { stored: Vec::new(), cached: cached(start) };
        };
        let resolution = self.block_resolution();
        let border = self.border(resolution, cached_from).clamp(start, end);
        let stored = if start < border {
            self.ranges(resolution, start..border, |slots_from| {
                let first = snapshot.first_block().map(|key| self.timeline.day_start(key.day));
                first.map_or(slots_from, |first| first.min(slots_from))
            })
        } else {
            Vec::new()
        };
        Plan { stored, cached: cached(border) }
    }

    /// Where slots that are read at a resolution lie in blocks. `oldest_slot` returns the oldest slot before
    /// the given one that may not have been downsampled yet; it is called when needed.
    fn ranges(
        &self,
        resolution: Resolution,
        slots: Range<Slot>,
        oldest_slot: impl FnOnce(Slot) -> Slot,
    ) -> Vec<ReadRange> {
        let slots_from = self.timeline.slots_from();
        if resolution != Resolution::Minute {
            return vec![(resolution, slots)];
        }
        if slots.start >= slots_from {
            return vec![(Resolution::Slot, slots)];
        }
        let first_slot = oldest_slot(slots_from).clamp(slots.start, slots.end);
        let minutes = (Resolution::Minute, slots.start..slots_from.min(slots.end));
        let slots = (Resolution::Slot, first_slot..slots.end);
        [minutes, slots].into_iter().filter(|(_, slots)| !slots.is_empty()).collect()
    }

    /// Whether the query need not distinguish the slots within a cell of a resolution.
    fn fits(&self, resolution: Resolution) -> bool {
        let width = self.timeline.slot_width();
        let slots = resolution.slots(width);
        let aligned = |slot: Slot| slot.0.is_multiple_of(slots);
        resolution.is_kept(width)
            && self.grain.is_multiple_of(slots)
            && aligned(self.slots.start)
            && aligned(self.slots.end)
    }

    /// The resolution to read from the cache: minutes when they fit.
    fn memory_resolution(&self) -> Resolution {
        if self.fits(Resolution::Minute) { Resolution::Minute } else { Resolution::Slot }
    }

    /// The resolution to read from blocks: the coarsest that fits, or a coarser one when that has expired
    /// where the query begins.
    fn block_resolution(&self) -> Resolution {
        let Self { timeline, slots, .. } = self;
        let width = timeline.slot_width();
        let fitting = |resolution: &Resolution| self.fits(*resolution);
        let coarsest = Resolution::ALL.into_iter().rfind(fitting).unwrap_or(Resolution::Slot);
        let day = |resolution: Resolution| resolution.block_of(StreamId(0), slots.start, width).day;
        let kept = |resolution: &Resolution| {
            resolution.is_kept(width) && day(*resolution) >= timeline.first_day(*resolution)
        };
        let mut coarser = Resolution::ALL.into_iter().filter(|one| *one >= coarsest);
        coarser.find(kept).unwrap_or(coarsest)
    }

    /// The first border between cells of a resolution at or after a slot.
    fn border(&self, resolution: Resolution, slot: Slot) -> Slot {
        let slots = resolution.slots(self.timeline.slot_width());
        Slot(slot.0.div_ceil(slots).saturating_mul(slots))
    }
}

/// How many cells of a stream lie in a range at most.
pub(super) fn cells_in(width: SlotWidth, (resolution, slots): &ReadRange) -> u32 {
    let slot_count = slots.end.0.saturating_sub(slots.start.0);
    slot_count.div_ceil(resolution.slots(width))
}

/// See [`crate::Store::coarser_slots`].
pub(crate) fn coarser_slots(timeline: &Timeline, slots: &Range<Slot>, grain: u32) -> Option<u32> {
    let request = Request { timeline, slots, grain };
    let read = request.block_resolution();
    let is_coarser = !request.fits(read) && read != Resolution::Slot;
    is_coarser.then(|| read.slots(timeline.slot_width()))
}
