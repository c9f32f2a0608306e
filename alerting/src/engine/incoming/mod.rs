//! How cells reach the sensors: those of slots that are not evaluated yet wait, and what a stream reports in
//! long steps is delayed for sensors with short windows.

mod waiting;

use plimsoll_storage::{Cell, Slot, SlotValue};

use crate::engine::Engine;
use crate::engine::scope::Place;
use crate::engine::streams::{Stream, StreamNumber};
use crate::engine::time::{IncomingCell, MINUTE_MS};

pub(super) use self::waiting::{TakenBy, WaitingCells};

impl Engine {
    /// Notes how many slots a stream reports at once, for the cells that are added next. Rules with short
    /// windows evaluate what it reports one step later.
    pub fn set_step(&mut self, stream: StreamNumber, step_slots: u32) {
        self.streams.set_step(stream, step_slots);
    }

    /// Adds a cell, as a delta. A cell of an evaluated slot adds to the past.
    pub fn observe(&mut self, stream: StreamNumber, slot: Slot, value: &SlotValue) {
        match self.streams.get(stream).map_or(1, |stream| stream.step_slots) {
            0 | 1 => self.observe_in((stream, TakenBy::All), slot, value),
            step_slots => {
                self.observe_in((stream, TakenBy::Prompt), slot, value);
                self.observe_in((stream, TakenBy::Delayed), slot.plus(step_slots), value);
            }
        }
    }

    /// Adds a summary that covers `slots` slots from `first` on. It is [spread](Cell::spread) over them;
    /// sensors that count by the minute get one of a minute as a whole, which is cheaper.
    pub fn observe_summary(
        &mut self,
        stream: StreamNumber,
        (first, slots): (Slot, u32),
        summary: &Cell,
    ) {
        let Some(known) = self.streams.get(stream) else { return };
        let (step_slots, in_parts) = (known.step_slots, self.takes_parts(known));
        let minute = |slot: Slot| self.width.start(slot).0.div_euclid(MINUTE_MS);
        let within_minute = minute(first) == minute(first.plus(slots - 1));
        if within_minute {
            let whole = SlotValue::Activity(summary.clone());
            self.observe_in((stream, TakenBy::PromptByMinute), first, &whole);
        }
        if within_minute && !in_parts {
            return;
        }
        let prompt = if within_minute { TakenBy::PromptBySlot } else { TakenBy::Prompt };
        for (slot, part) in summary.spread(first, slots, self.width) {
            let part = SlotValue::Activity(part);
            self.observe_in((stream, prompt), slot, &part);
            self.observe_in((stream, TakenBy::Delayed), slot.plus(step_slots), &part);
        }
    }

    /// Whether any sensor takes the parts of a summary of a minute of a stream.
    fn takes_parts(&self, stream: &Stream) -> bool {
        let step_ms = i64::from(stream.step_slots) * self.width.ms();
        stream.routes.iter().any(|(scope, group)| {
            self.scopes.get(*scope as usize).sensors.iter().any(|held| {
                let sensor = held.of_groups.get(*group as usize);
                sensor.is_some_and(|it| !it.is_among(TakenBy::PromptByMinute, &held.needs, step_ms))
            })
        })
    }

    fn observe_in(&mut self, to: (StreamNumber, TakenBy), slot: Slot, value: &SlotValue) {
        if self.evaluated.is_some_and(|evaluated| slot <= evaluated) {
            self.apply(to, slot, value);
        } else {
            self.waiting.add(to, slot, value);
        }
    }

    /// Makes everything up to a slot the past: cells that waited for it are added, later ones at once.
    pub fn advance_to(&mut self, slot: Slot) {
        self.evaluated = Some(slot);
        while let Some((at, cells)) = self.waiting.pop(slot) {
            for (to, value) in cells {
                self.apply(to, at, &value);
            }
        }
    }

    fn apply(
        &mut self,
        (stream, taken_by): (StreamNumber, TakenBy),
        slot: Slot,
        value: &SlotValue,
    ) {
        let Self { streams, scopes, rules, width, evaluated_minute, .. } = self;
        let Some(stream) = streams.get(stream) else { return };
        let step_ms = i64::from(stream.step_slots) * width.ms();
        let in_maintenance = stream.is_in_maintenance(width.start(slot));
        let is_heartbeat = matches!(value, SlotValue::Activity(cell) if cell.outcomes.total() == 0);
        let evaluated_minute = *evaluated_minute;
        let incoming = IncomingCell { slot, width: *width, value, step_ms, evaluated_minute };
        for &(scope, group) in &stream.routes {
            let position = scope as usize;
            let scope = scopes.get_mut(position);
            if is_heartbeat {
                scope.note_heartbeat(group);
            }
            scope.touch(group);
            for sensors in 0..scopes.get(position).sensors.len() {
                let parent = scopes.get(position).sensors[sensors].parent;
                let place = Place { scope: position, sensors };
                let baseline = scopes.baseline(place, parent, group);
                let held = &mut scopes.get_mut(position).sensors[sensors];
                let sensor = &mut held.of_groups[group as usize];
                if !sensor.is_among(taken_by, &held.needs, step_ms) {
                    continue;
                }
                if !(in_maintenance && sensor.ignores_maintenance()) {
                    sensor.add(&rules.rules[held.rule], &held.needs, &incoming, baseline);
                }
            }
        }
    }
}
