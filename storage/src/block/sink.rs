//! Where decoded cells go: one by one to whoever wants them, or added up without ever being made.

use std::ops::Range;

use crate::model::cell::{Cell, SlotValue};
use crate::model::outcome::{Outcome, OutcomeCounts};
use crate::model::stream::StreamId;
use crate::model::sum::{Buckets, CellSum};
use crate::model::time::{Slot, TimestampMs};

/// Takes the columns of cells, ascending within a part: for each cell `begin`, then the columns that
/// were asked for, then `end`.
pub(crate) trait Sink {
    /// Whether cells may come added up over streams.
    const ADDS_UP: bool;
    /// What follows is of a stream, in cells of so many slots.
    fn stream(&mut self, stream: StreamId, cell_slots: u32);
    /// A cell begins, by its number: that of its first slot, divided by the slots of a cell.
    fn begin(&mut self, cell: Slot);
    fn outcome(&mut self, class: Outcome, count: u64);
    fn last_at(&mut self, at: Option<TimestampMs>);
    /// Takes all of `buckets`, which come in any order and some several times, with no count of 0.
    /// `None` when scale or buckets are out of range.
    fn durations(
        &mut self,
        scale: i8,
        zero_count: u64,
        sum_us: u64,
        buckets: impl Buckets,
    ) -> Option<()>;
    fn end(&mut self);
    /// Takes a cell as it is.
    fn whole(&mut self, cell: Slot, value: &SlotValue);
}

/// Goes past cells that nobody asked for.
#[derive(Debug)]
pub(super) struct Nowhere;

impl Sink for Nowhere {
    const ADDS_UP: bool = true;

    fn stream(&mut self, _: StreamId, _: u32) {}
    fn begin(&mut self, _: Slot) {}
    fn outcome(&mut self, _: Outcome, _: u64) {}
    fn last_at(&mut self, _: Option<TimestampMs>) {}
    fn durations(&mut self, _: i8, _: u64, _: u64, buckets: impl Buckets) -> Option<()> {
        buckets.into_iter().for_each(drop);
        Some(())
    }
    fn end(&mut self) {}
    fn whole(&mut self, _: Slot, _: &SlotValue) {}
}

/// Shows each cell to a visitor. One value serves all cells: its columns are overwritten, and the
/// room of its buckets is used again.
pub(crate) struct Visitor<'v> {
    stream: StreamId,
    cell_slots: u32,
    slot: Slot,
    value: SlotValue,
    visit: &'v mut dyn FnMut(StreamId, Slot, &SlotValue),
}

impl<'v> Visitor<'v> {
    pub(crate) fn new(visit: &'v mut dyn FnMut(StreamId, Slot, &SlotValue)) -> Self {
        let value = SlotValue::Activity(Cell::default());
        Self { stream: StreamId(0), cell_slots: 1, slot: Slot(0), value, visit }
    }

    const fn cell(&mut self) -> Option<&mut Cell> {
        match &mut self.value {
            SlotValue::Activity(cell) => Some(cell),
            SlotValue::Gauge(_) => None,
        }
    }
}

impl Sink for Visitor<'_> {
    const ADDS_UP: bool = false;

    fn stream(&mut self, stream: StreamId, cell_slots: u32) {
        (self.stream, self.cell_slots) = (stream, cell_slots);
    }

    fn begin(&mut self, cell: Slot) {
        self.slot = Slot(cell.0.saturating_mul(self.cell_slots));
        if let Some(cell) = self.cell() {
            cell.outcomes = OutcomeCounts::default();
        }
    }

    fn outcome(&mut self, class: Outcome, count: u64) {
        if let Some(cell) = self.cell() {
            cell.outcomes.add(class, count);
        }
    }

    fn last_at(&mut self, at: Option<TimestampMs>) {
        if let Some(cell) = self.cell() {
            cell.last_at = at;
        }
    }

    #[inline]
    fn durations(
        &mut self,
        scale: i8,
        zero_count: u64,
        sum_us: u64,
        buckets: impl Buckets,
    ) -> Option<()> {
        self.cell()?.durations.refill(scale, zero_count, sum_us, buckets.into_iter())
    }

    fn end(&mut self) {
        (self.visit)(self.stream, self.slot, &self.value);
    }

    fn whole(&mut self, cell: Slot, value: &SlotValue) {
        (self.visit)(self.stream, Slot(cell.0.saturating_mul(self.cell_slots)), value);
    }
}

/// Adds each cell to the pane that its slot lies in: pane `k` is from border `k` up to border `k + 1`.
/// Gauges and slots outside are left out.
#[derive(Debug)]
pub(crate) struct Panes<'p> {
    borders: &'p [Slot],
    sums: &'p mut [CellSum],
    cell_slots: u32,
    /// The pane of the cell that has begun, and its slots.
    at: usize,
    slots: Range<Slot>,
    /// The pane that was last gone back to: parts that were sealed together begin alike.
    back: usize,
}

impl<'p> Panes<'p> {
    /// One sum a pane, one border more than that, ascending.
    pub(crate) fn new(borders: &'p [Slot], sums: &'p mut [CellSum]) -> Self {
        Self { borders, sums, cell_slots: 1, at: 0, slots: Slot(0)..Slot(0), back: 0 }
    }

    /// The pane of a cell: mostly that of the one before, or the next, or where other parts began.
    #[inline]
    fn of(&mut self, cell: Slot) -> Option<&mut CellSum> {
        let slot = Slot(cell.0.saturating_mul(self.cell_slots));
        if !self.slots.contains(&slot) {
            let is_before = slot < self.slots.start;
            self.enter(if is_before { self.back } else { self.at.wrapping_add(1) });
            if !self.slots.contains(&slot) {
                self.enter(self.borders.partition_point(|border| *border <= slot).wrapping_sub(1));
            }
            if is_before {
                self.back = self.at;
            }
        }
        self.sums.get_mut(self.at)
    }

    /// Goes to a pane. Outside of them all there is one that begins and ends at once.
    #[inline]
    fn enter(&mut self, at: usize) {
        let border = |at: usize| self.borders.get(at).copied().unwrap_or_default();
        (self.at, self.slots) = (at, border(at)..border(at.wrapping_add(1)));
    }

    #[inline]
    fn current(&mut self) -> Option<&mut CellSum> {
        self.sums.get_mut(self.at)
    }
}

impl Sink for Panes<'_> {
    const ADDS_UP: bool = true;

    fn stream(&mut self, _: StreamId, cell_slots: u32) {
        self.cell_slots = cell_slots;
    }

    #[inline]
    fn begin(&mut self, cell: Slot) {
        if let Some(sum) = self.of(cell) {
            sum.add_reported();
        }
    }

    fn outcome(&mut self, class: Outcome, count: u64) {
        if let Some(sum) = self.current() {
            sum.add_outcome(class, count);
        }
    }

    fn last_at(&mut self, at: Option<TimestampMs>) {
        if let Some(sum) = self.current() {
            sum.add_last_at(at);
        }
    }

    #[inline]
    fn durations(
        &mut self,
        scale: i8,
        zero_count: u64,
        sum_us: u64,
        buckets: impl Buckets,
    ) -> Option<()> {
        match self.current() {
            Some(sum) => sum.add_durations(scale, zero_count, sum_us, buckets),
            None => Nowhere.durations(scale, zero_count, sum_us, buckets),
        }
    }

    fn end(&mut self) {}

    fn whole(&mut self, cell: Slot, value: &SlotValue) {
        if let (SlotValue::Activity(value), Some(sum)) = (value, self.of(cell)) {
            sum.add(value);
        }
    }
}
