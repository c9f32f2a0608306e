//! What evaluation does when the clock was set: it goes on at the new time at once.
//!
//! Time did not pass when the clock was set. So timers are moved with it, open alerts stay open, and slots
//! that it skipped are not evaluated as if nothing had been reported in them. Slots that it shows again are
//! evaluated again, by what arrives after the step: everything before was evaluated.

use std::sync::Arc;

use plimsoll_storage::limits::AHEAD_MS_MAX;
use plimsoll_storage::{Slot, TimestampMs};

use super::evaluation::SlotEvaluator;
use super::{EvaluatedSlots, Evaluator};
use crate::engine::{ClockStep, CountedAge};
use crate::error::Result;

/// Slots after the evaluated ones that can have begun: one that has ended and waits for late data, and the
/// open one.
const BEGUN_SLOTS_MAX: u32 = 2;

impl Evaluator {
    /// Goes on at `now`, after the clock was set forward by so many ms. Slots that had ended before are
    /// evaluated, and those after them of which connectors ahead of the clock have reported something; the
    /// others are skipped.
    ///
    /// # Errors
    /// When the store fails. Evaluation then goes on as after a downtime.
    pub fn follow_clock_forward(&mut self, by_ms: i64, now: TimestampMs) -> Result<EvaluatedSlots> {
        let mut done = EvaluatedSlots::default();
        let width = self.store.slot_width();
        let before = now.plus_ms(-by_ms);
        // What arrived since the last look may be of the new time: it shows no connector that was ahead.
        let ahead_end = width.slot_of(before.plus_ms(AHEAD_MS_MAX)).plus(1);
        let ahead = self.evaluation.as_ref().and_then(|it| it.last_waiting_before(ahead_end));
        self.follow_feed();
        let (Some(cursor), Some(mut evaluation)) = (self.cursor, self.evaluation.take()) else {
            return Ok(done);
        };
        let before_first = width.slot_of(now).minus(1);
        let begun = width.slot_of(before);
        let ahead = ahead.filter(|slot| *slot > begun);
        let last = ahead.unwrap_or(begun.minus(1)).min(before_first).max(cursor);
        self.missed_before = Slot(0);
        for number in cursor.0 + 1..=last.0 {
            self.evaluate_slot(&mut evaluation, Slot(number), &mut done)?;
        }
        if last < before_first {
            let moved_ms = i64::from(before_first.0 - last.0) * width.ms();
            let step = self.move_timers(moved_ms, last, before_first)?;
            evaluation.note_clock_step(step);
            evaluation.set_ages(moved(evaluation.ages(), moved_ms));
            evaluation.restore(self.notification.tracked());
        }
        self.evaluation = Some(evaluation);
        Ok(done)
    }

    /// Goes on at `now`, when slots after it were evaluated already.
    pub(super) fn follow_clock_back(
        &mut self,
        cursor: Slot,
        now: TimestampMs,
        done: &mut EvaluatedSlots,
    ) -> Result<()> {
        let width = self.store.slot_width();
        let first = width.slot_of(now);
        let moved_ms = -i64::from(cursor.0 - first.minus(1).0) * width.ms();
        let shown = self.shown(cursor.plus(BEGUN_SLOTS_MAX));
        let (unread, ages) = match self.evaluation.take() {
            // What was appended since the last look arrived when the clock was set, and was not evaluated.
            Some(mut before) => (before.unread(first..shown.plus(1))?, before.ages()),
            None => {
                let seconds = moved_ms.abs() / 1_000;
                tracing::warn!(seconds, "the clock is behind what was evaluated before the start");
                (Vec::new(), Vec::new())
            }
        };
        done.transitions.extend(self.notification.retire(width.start(first))?);
        let store = Arc::clone(&self.store);
        let (past, feed) = store.subscribe()?;
        let step = self.move_timers(moved_ms, shown, first.minus(1))?;
        let tracked = self.notification.tracked();
        // The feed and the cells that arrived meanwhile are only here, so a stop does not end it.
        let is_stopped = || false;
        let rules = Arc::clone(&self.rules);
        let warmed_up =
            SlotEvaluator::warmed_up(&store, &rules, (&past, feed), first, tracked, &is_stopped)?;
        let Some(mut evaluation) = warmed_up else { return Ok(()) };
        self.expect(&mut evaluation, first)?;
        evaluation.note_clock_step(step);
        evaluation.set_ages(moved(ages, moved_ms));
        unread.iter().for_each(|cell| evaluation.observe(cell));
        evaluation.read(&past, shown.plus(1)..Slot(u32::MAX))?;
        self.evaluation = Some(evaluation);
        Ok(())
    }

    /// The last slot that the clock ever showed, of this one and those before earlier steps.
    fn shown(&self, slot: Slot) -> Slot {
        self.clock_step.map_or(slot, |step| step.shown.max(slot))
    }

    /// Moves every timer with the clock, in one commit with the new cursor.
    fn move_timers(&mut self, by_ms: i64, shown: Slot, cursor: Slot) -> Result<ClockStep> {
        let count = self.clock_step.map_or(0, |step| step.count).wrapping_add(1);
        let step = ClockStep { first: cursor.plus(1), shown: self.shown(shown), count };
        self.notification.move_timers(by_ms, step, cursor)?;
        (self.clock_step, self.cursor, self.unwritten) = (Some(step), Some(cursor), 0);
        Ok(step)
    }
}

/// Ages that are the same at a time that is so many ms later.
fn moved(ages: Vec<CountedAge>, by_ms: i64) -> Vec<CountedAge> {
    ages.into_iter().map(|(rule, labels, at)| (rule, labels, at.plus_ms(by_ms))).collect()
}
