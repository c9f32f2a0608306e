//! A sink that adds cells up into the panes of a query.

use std::ops::Range;

use super::sink::{Discard, Sink};
use crate::model::cell::SlotValue;
use crate::model::outcome::Outcome;
use crate::model::stream::StreamId;
use crate::model::sum::{Buckets, CellSum};
use crate::model::time::{Slot, TimestampMs};

/// Adds each cell to the sum of the pane that contains its slot: pane `k` reaches from border `k` up to
/// border `k + 1`, exclusive. Gauges and slots outside of all panes are ignored.
#[derive(Debug)]
pub(crate) struct Panes<'p> {
    borders: &'p [Slot],
    sums: &'p mut [CellSum],
    cell_slots: u32,
    /// The pane of the current cell, and its slots.
    at: usize,
    slots: Range<Slot>,
    /// The pane of the last cell that was before its predecessor. Parts that were sealed together begin in
    /// the same pane, so it is tried first.
    back: usize,
}

impl<'p> Panes<'p> {
    /// A sink for `sums`, one for each pane. There is one border more than panes, ascending.
    pub(crate) fn new(borders: &'p [Slot], sums: &'p mut [CellSum]) -> Self {
        Self { borders, sums, cell_slots: 1, at: 0, slots: Slot(0)..Slot(0), back: 0 }
    }

    /// Moves to the pane of a cell: mostly that of the cell before, the next one, or the one where another
    /// part began.
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

    /// Moves to a pane. A number that is no pane selects an empty range of slots.
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
            None => Discard.durations(scale, zero_count, sum_us, buckets),
        }
    }

    fn end(&mut self) {}

    fn whole(&mut self, cell: Slot, value: &SlotValue) {
        if let (SlotValue::Activity(value), Some(sum)) = (value, self.of(cell)) {
            sum.add(value);
        }
    }
}
