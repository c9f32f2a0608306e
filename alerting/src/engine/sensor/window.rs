//! One window that slides over slots: rules without `scan` are evaluated over it.
//!
//! Counts are kept by step. A step is one slot, or several in a long window, so that every window takes the
//! same memory and begins late by less than a 360th of its length.

use std::collections::VecDeque;

use plimsoll_storage::{GaugeCell, Histogram, Slot, SlotWidth};

use crate::engine::compact::{PackedHistogram, Ring, saturated};

/// Most steps of a window.
const STEPS_MAX: u32 = 360;

/// How a window is divided into steps.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Steps {
    /// Slots of a step.
    slots: u32,
    /// Steps of the window.
    count: u16,
}

impl Steps {
    pub(super) fn of(window_ms: i64, width: SlotWidth) -> Self {
        let window = width.slots_in(window_ms);
        let slots = window.div_ceil(STEPS_MAX).max(1);
        // One more, because a window may begin within a step.
        let count = window.div_ceil(slots) + u32::from(slots > 1);
        Self { slots, count: u16::try_from(count).unwrap_or(u16::MAX) }
    }

    /// Whether the steps of two windows have the same length.
    pub(super) const fn are_alike(self, other: Self) -> bool {
        self.slots == other.slots
    }

    fn number(self, slot: Slot) -> i64 {
        i64::from(slot.0 / self.slots)
    }
}

/// Bad and all items of the newest steps. Slots may be added to in any order.
#[derive(Debug, Clone)]
pub(in crate::engine) struct Counts {
    steps: Steps,
    ring: Ring<2>,
}

impl Counts {
    pub(super) fn new(steps: Steps) -> Self {
        Self { steps, ring: Ring::new(steps.count) }
    }

    pub(super) fn add(&mut self, slot: Slot, bad: u64, all: u64) {
        self.ring.add(self.steps.number(slot), [saturated(all), saturated(bad)]);
    }

    /// (bad, all) from one slot to another, both included.
    pub(super) fn sum(&self, first: Slot, last: Slot) -> (u64, u64) {
        let [all, bad] = self.ring.sum(self.steps.number(first)..=self.steps.number(last));
        (bad, all)
    }

    /// Whether nothing was added to a slot or a later one.
    pub(super) fn is_empty_from(&self, first: Slot) -> bool {
        self.ring.newest() < self.steps.number(first)
    }
}

/// Durations over the steps of a window, and the counts of those above some levels.
#[derive(Debug, Clone)]
pub(in crate::engine) struct Durations {
    steps: Steps,
    /// Ascending; the newest is `current`.
    packed: VecDeque<(u32, PackedHistogram)>,
    current: (u32, Histogram),
    /// Of all durations, and of those above each level.
    counts: Ring<1>,
    above: Box<[Ring<1>]>,
}

impl Durations {
    pub(super) fn new(steps: Steps, levels: usize) -> Self {
        let ring = || Ring::new(steps.count);
        let above = (0..levels).map(|_| ring()).collect();
        let current = (0, Histogram::default());
        Self { steps, packed: VecDeque::new(), current, counts: ring(), above }
    }

    /// Adds durations, and counts those above each of the levels, in seconds.
    pub(super) fn add(&mut self, slot: Slot, durations: &Histogram, levels_s: &[f64]) {
        let step = slot.0 / self.steps.slots;
        self.merge(step, durations);
        let tick = i64::from(step);
        self.counts.add(tick, [saturated(durations.count())]);
        for (ring, level_s) in self.above.iter_mut().zip(levels_s) {
            ring.add(tick, [saturated(durations.count_above(*level_s))]);
        }
    }

    fn merge(&mut self, step: u32, durations: &Histogram) {
        if step > self.current.0 {
            let (before, full) = std::mem::replace(&mut self.current, (step, Histogram::default()));
            if !full.is_empty() {
                self.packed.push_back((before, PackedHistogram::new(&full)));
            }
        }
        if step == self.current.0 {
            self.current.1.merge(durations);
            return;
        }
        let position = self.packed.partition_point(|(held, _)| *held < step);
        match self.packed.get_mut(position) {
            Some((held, packed)) if *held == step => {
                let mut sum = packed.unpack();
                sum.merge(durations);
                *packed = PackedHistogram::new(&sum);
            }
            _ => self.packed.insert(position, (step, PackedHistogram::new(durations))),
        }
    }

    /// Drops what lies before `first`.
    pub(super) fn slide_to(&mut self, first: Slot) {
        let first = first.0 / self.steps.slots;
        while self.packed.front().is_some_and(|(step, _)| *step < first) {
            self.packed.pop_front();
        }
        if self.current.0 < first {
            self.current.1 = Histogram::default();
        }
    }

    /// (above the level at a position, all) from one slot to another, both included.
    pub(super) fn sum(&self, first: Slot, last: Slot, level: usize) -> (u64, u64) {
        let steps = self.steps.number(first)..=self.steps.number(last);
        let [all] = self.counts.sum(steps.clone());
        let above = self.above.get(level).map_or(0, |ring| ring.sum(steps)[0]);
        (above, all)
    }

    /// Everything from one slot to another as one histogram.
    pub(super) fn merged(&self, first: Slot, last: Slot) -> Histogram {
        let steps = first.0 / self.steps.slots..=last.0 / self.steps.slots;
        let mut sum = Histogram::default();
        for (_, packed) in self.packed.iter().filter(|(step, _)| steps.contains(step)) {
            sum.merge(&packed.unpack());
        }
        if steps.contains(&self.current.0) {
            sum.merge(&self.current.1);
        }
        sum
    }

    /// Whether nothing was added to a slot or a later one.
    pub(super) fn is_empty_from(&self, first: Slot) -> bool {
        self.counts.newest() < self.steps.number(first)
    }
}

/// Levels of a gauge over the slots of a window.
#[derive(Debug, Clone, Default)]
pub(in crate::engine) struct Levels(VecDeque<(Slot, GaugeCell)>);

impl Levels {
    pub(super) fn add(&mut self, slot: Slot, gauge: &GaugeCell) {
        let position = self.0.partition_point(|(held, _)| *held < slot);
        match self.0.get_mut(position) {
            Some((held, level)) if *held == slot => level.merge(gauge),
            _ => self.0.insert(position, (slot, gauge.clone())),
        }
    }

    /// Drops what lies before `first`.
    pub(super) fn slide_to(&mut self, first: Slot) {
        while self.0.front().is_some_and(|(slot, _)| *slot < first) {
            self.0.pop_front();
        }
    }

    /// The levels from a slot on, the newest first.
    pub(super) fn newest_from(&self, first: Slot) -> impl Iterator<Item = &(Slot, GaugeCell)> {
        self.0.iter().rev().take_while(move |(slot, _)| *slot >= first)
    }
}

#[cfg(test)]
mod tests;
