//! One window that slides over slots, summed exactly: what a rule without `scan` is judged by.

use std::collections::VecDeque;

use plimsoll_storage::{Histogram, Slot};

/// Sums over the slots of a window. Slots may be added to in any order.
#[derive(Debug, Clone, Default)]
pub(super) struct Counts {
    /// Slots with (bad, all), ascending.
    slots: VecDeque<(Slot, u32, u32)>,
    bad: u64,
    all: u64,
}

impl Counts {
    pub(super) fn add(&mut self, slot: Slot, bad: u64, all: u64) {
        let narrow = |count| u32::try_from(count).unwrap_or(u32::MAX);
        let (bad, all) = (narrow(bad), narrow(all));
        let position = self.slots.partition_point(|(held, ..)| *held < slot);
        match self.slots.get_mut(position) {
            Some((held, held_bad, held_all)) if *held == slot => {
                *held_bad = held_bad.saturating_add(bad);
                *held_all = held_all.saturating_add(all);
            }
            _ => self.slots.insert(position, (slot, bad, all)),
        }
        self.bad += u64::from(bad);
        self.all += u64::from(all);
    }

    /// Lets go of what lies before `first`.
    pub(super) fn slide_to(&mut self, first: Slot) {
        while let Some((slot, bad, all)) = self.slots.front().copied()
            && slot < first
        {
            self.slots.pop_front();
            self.bad = self.bad.saturating_sub(u64::from(bad));
            self.all = self.all.saturating_sub(u64::from(all));
        }
    }

    /// (bad, all) of the whole window.
    pub(super) const fn sum(&self) -> (u64, u64) {
        (self.bad, self.all)
    }

    /// (bad, all) from `first` on.
    pub(super) fn sum_from(&self, first: Slot) -> (u64, u64) {
        let newest = self.slots.iter().rev().take_while(|(slot, ..)| *slot >= first);
        newest.fold((0, 0), |(bad, all), (_, more_bad, more)| {
            (bad + u64::from(*more_bad), all + u64::from(*more))
        })
    }

    pub(super) fn is_empty(&self) -> bool {
        self.slots.is_empty()
    }
}

/// Durations over the slots of a window, with the count of those above a level.
#[derive(Debug, Clone, Default)]
pub(super) struct Durations {
    slots: VecDeque<(Slot, Histogram)>,
    counts: Counts,
}

impl Durations {
    /// Adds durations; those above `level_s` are counted apart.
    pub(super) fn add(&mut self, slot: Slot, durations: &Histogram, level_s: f64) {
        let position = self.slots.partition_point(|(held, _)| *held < slot);
        match self.slots.get_mut(position) {
            Some((held, sum)) if *held == slot => sum.merge(durations),
            _ => self.slots.insert(position, (slot, durations.clone())),
        }
        self.counts.add(slot, durations.count_above(level_s), durations.count());
    }

    /// Lets go of what lies before `first`.
    pub(super) fn slide_to(&mut self, first: Slot) {
        while self.slots.front().is_some_and(|(slot, _)| *slot < first) {
            self.slots.pop_front();
        }
        self.counts.slide_to(first);
    }

    /// (above the level, all) of the whole window.
    pub(super) const fn sum(&self) -> (u64, u64) {
        self.counts.sum()
    }

    /// Everything in the window as one histogram.
    pub(super) fn merged(&self) -> Histogram {
        let mut sum = Histogram::default();
        self.slots.iter().for_each(|(_, durations)| sum.merge(durations));
        sum
    }

    pub(super) fn is_empty(&self) -> bool {
        self.slots.is_empty()
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn a_sliding_sum_is_the_sum_of_what_lies_in_the_window(
            items in proptest::collection::vec((0_u32..50, 0_u64..5, 0_u64..9), 0..60),
            first in 0_u32..60
        ) {
            let mut counts = Counts::default();
            for (slot, bad, more) in &items {
                counts.add(Slot(*slot), *bad, bad + more);
            }
            let sum_from = counts.sum_from(Slot(first));
            counts.slide_to(Slot(first));
            let inside = items.iter().filter(|(slot, ..)| *slot >= first);
            let expected = inside.fold((0, 0), |(b, a), (_, bad, more)| (b + bad, a + bad + more));
            prop_assert_eq!(counts.sum(), expected);
            prop_assert_eq!(sum_from, expected);
        }
    }
}
