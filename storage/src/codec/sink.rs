//! Where decoded cells go. A decoder writes the columns of each cell to a [`Sink`], which may add them up
//! without building the cell.

use crate::model::cell::{Cell, SlotValue};
use crate::model::outcome::{Outcome, OutcomeCounts};
use crate::model::stream::StreamId;
use crate::model::sum::Buckets;
use crate::model::time::{Slot, TimestampMs};

/// Receives the columns of cells, ascending by slot within a part: for each cell `begin`, then the selected
/// columns, then `end`.
pub(crate) trait Sink {
    /// Whether cells that are sums over several streams may be given to it.
    const ADDS_UP: bool;
    /// The following cells belong to this stream and are `cell_slots` slots wide.
    fn stream(&mut self, stream: StreamId, cell_slots: u32);
    /// A cell begins. Its number is that of its first slot divided by the slots of a cell.
    fn begin(&mut self, cell: Slot);
    /// The count of one outcome class.
    fn outcome(&mut self, class: Outcome, count: u64);
    /// The newest event time.
    fn last_at(&mut self, at: Option<TimestampMs>);
    /// The durations of the cell, of which `sum_us` is the sum in µs. Takes all of `buckets`, which come in
    /// any order, some several times, and never with a count of 0. `None` when the scale or a bucket is out
    /// of range.
    fn durations(
        &mut self,
        scale: i8,
        zero_count: u64,
        sum_us: u64,
        buckets: impl Buckets,
    ) -> Option<()>;
    /// The cell is complete.
    fn end(&mut self);
    /// A whole cell at once.
    fn whole(&mut self, cell: Slot, value: &SlotValue);
}

/// Ignores cells.
#[derive(Debug)]
pub(super) struct Discard;

impl Sink for Discard {
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

/// Calls a function with each cell. One value is reused for all cells, with the memory of its buckets.
pub(crate) struct Visitor<'v> {
    stream: StreamId,
    cell_slots: u32,
    slot: Slot,
    value: SlotValue,
    visit: &'v mut dyn FnMut(StreamId, Slot, &SlotValue),
}

impl<'v> Visitor<'v> {
    /// A sink that calls `visit` with stream, first slot and value of each cell.
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
