//! What the engine does when the clock was set: its windows begin anew, and ages go on.
//!
//! Slots on both sides of the step are not neighbours in time. Windows therefore count only what was
//! reported since, and until they are full they prove that something fails but not that it recovered. Ages
//! are those of before the step, because the events are as old as they were.

use bincode::{Decode, Encode};
use plimsoll_storage::{Slot, SlotWidth, TimestampMs};

use crate::engine::Engine;
use crate::engine::time::{MINUTE_MS, SlotEnd};
use crate::labels::GroupLabels;

/// A step of the clock: it was set to another time than the one it showed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Encode, Decode)]
pub(crate) struct ClockStep {
    /// The first slot of the new time.
    pub(crate) first: Slot,
    /// The last slot that the clock ever showed before. When it is not before `first`, the slots between are
    /// evaluated again, by what arrives after the step.
    pub(crate) shown: Slot,
    /// How many steps there have been, this one included.
    pub(crate) count: u32,
}

impl ClockStep {
    /// Whether an alert began in a repeated slot after this step.
    pub(crate) fn is_marked(self, since: TimestampMs) -> bool {
        (-since.0).rem_euclid(1_000) == i64::from(self.count % 1_000)
    }

    /// How much earlier a condition begins on record that is met in a repeated slot, in ms. It may have been
    /// met there before, and what began then is another alert.
    pub(in crate::engine) fn earlier_ms(self, slot: Slot) -> i64 {
        let is_repeated = (self.first..=self.shown).contains(&slot);
        if is_repeated { i64::from(self.count % 1_000) } else { 0 }
    }

    /// The newest minute that no window counts, numbered since 1970: part of it is before the step.
    pub(in crate::engine) fn minute(self, width: SlotWidth) -> i64 {
        width.start(self.first).0.div_euclid(MINUTE_MS)
    }

    /// Whether a window that ends there begins before the step.
    pub(in crate::engine) fn is_within(self, window_ms: i64, end: SlotEnd) -> bool {
        end.window_start(window_ms) < self.first
    }
}

/// A group of a rule about an age, and the time that its age is counted from.
pub(crate) type CountedAge = (String, GroupLabels, TimestampMs);

impl Engine {
    /// Notes that the clock was set.
    pub(crate) const fn note_clock_step(&mut self, step: ClockStep) {
        self.clock_step = Some(step);
    }

    /// What every age is counted from.
    pub(crate) fn ages(&self) -> Vec<CountedAge> {
        let mut ages = Vec::new();
        for watch in &self.watches {
            let scope = self.scopes.get(watch.place.scope);
            let sensors = &scope.sensors[watch.place.sensors].of_groups;
            for (labels, sensor) in scope.groups.iter().zip(sensors) {
                let rule = self.rules.rules[watch.rule].name.clone();
                ages.extend(sensor.counted_from().map(|at| (rule, labels.clone(), at)));
            }
        }
        ages
    }

    /// Counts ages from other times.
    pub(crate) fn set_ages(&mut self, ages: Vec<CountedAge>) {
        for (rule, labels, at) in ages {
            let Some(watch) = self.watch_of(&rule, &labels) else { continue };
            if let Some(sensor) = self.due_sensor(watch, labels) {
                sensor.count_from(at);
            }
        }
    }
}
