//! Live evaluation: slot after slot in data time.
//!
//! Running live, catching up after a downtime and evaluating history are the same code; only the time that
//! is passed in differs. A slot has two halves: [`evaluation`] turns cells into states, [`notification`]
//! turns states into records and outbox entries. All that a slot changes is one commit, so that a crash
//! repeats a slot as a whole or not at all.

mod catch_up;
mod clock_step;
mod evaluation;
mod notification;
mod slot_write;
pub(crate) mod warm_up;

use std::ops::Range;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use plimsoll_storage::{Slot, SlotWidth, Store, TableBatch, TimestampMs};

use self::evaluation::SlotEvaluator;
use self::notification::{SlotNotifier, SlotOptions};
use crate::engine::{ClockStep, ExpectedAges, GroupsLeftOut};
use crate::error::Result;
use crate::limits::LATE_PAGE_MS;
use crate::notify::event::TransitionEvent;
use crate::records::checkpoint;
use crate::rule::RuleSet;

/// How far back evaluation reaches after a downtime. Older slots are skipped.
const CATCH_UP_MS_MAX: i64 = 7 * 24 * 3_600_000;
/// Slots without any change that may pass before the cursor is written again.
const QUIET_SLOTS_PER_WRITE: u32 = 100;

/// How long after its end a slot is evaluated, in ms: half a slot, for data that is on its way.
#[must_use]
pub const fn grace_ms(width: SlotWidth) -> i64 {
    width.ms() / 2
}

/// What one call evaluated.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct EvaluatedSlots {
    /// How many slots, without those that were passed over because nothing was reported for long.
    pub slots: u64,
    /// The changes of state, in the order of slots and rules.
    pub transitions: Vec<TransitionEvent>,
    /// Groups that are left out after these slots.
    pub groups_left_out: Arc<GroupsLeftOut>,
    /// Cells that were left out since the engine was started, because more than
    /// [`AHEAD_CELLS_MAX`](crate::limits::AHEAD_CELLS_MAX) waited for their slot.
    pub cells_left_out: u64,
}

/// Evaluates rules over the data of a store. One at a time may run on a store.
#[derive(Debug)]
pub struct Evaluator {
    store: Arc<Store>,
    rules: Arc<RuleSet>,
    /// `None` before the first evaluation, and after the rules have changed.
    evaluation: Option<SlotEvaluator>,
    notification: SlotNotifier,
    /// The last evaluated slot; `None` before the first call.
    cursor: Option<Slot>,
    /// The newest step of the clock.
    clock_step: Option<ClockStep>,
    /// Slots that were evaluated since the cursor was written.
    unwritten: u32,
    /// The operator asked for history, however long.
    is_history: bool,
    /// Slots before this were missed: an alert that fired in them is notified once all are evaluated, if it
    /// is still open.
    missed_before: Slot,
    /// Set when evaluation must end soon.
    stop: Arc<AtomicBool>,
}

impl Evaluator {
    /// Continues where the last evaluator on this store stopped.
    ///
    /// # Errors
    /// When the store cannot be read.
    pub fn new(store: Arc<Store>, rules: Arc<RuleSet>) -> Result<Self> {
        Ok(Self {
            notification: SlotNotifier::load(Arc::clone(&store), Arc::clone(&rules))?,
            cursor: checkpoint::CURSOR.load(&store)?,
            clock_step: checkpoint::CLOCK_STEP.load(&store)?,
            store,
            rules,
            evaluation: None,
            unwritten: 0,
            is_history: false,
            missed_before: Slot(0),
            stop: Arc::default(),
        })
    }

    /// Lets a long catch-up end soon once `stop` is set. What was evaluated until then stays evaluated.
    #[must_use]
    pub fn with_stop(self, stop: Arc<AtomicBool>) -> Self {
        Self { stop, ..self }
    }

    /// Lets links in notifications begin with an address, such as `https://plimsoll.example`.
    #[must_use]
    pub fn with_base_url(self, base_url: &str) -> Self {
        Self { notification: self.notification.with_base_url(base_url), ..self }
    }

    /// Evaluates by other rules from the next slot on, as a restart with them would. The states of rules
    /// that evaluate as before continue; the alerts of others end, with the reason.
    pub fn reload(&mut self, rules: Arc<RuleSet>) {
        self.notification.reload(Arc::clone(&rules));
        self.rules = rules;
        // What the engine has learned is read again from the store.
        self.evaluation = None;
    }

    /// The end of the last evaluated slot; `None` before anything was evaluated.
    #[must_use]
    pub fn evaluated_until(&self) -> Option<TimestampMs> {
        self.cursor.map(|slot| self.store.slot_width().end(slot))
    }

    /// Evaluates, in order, each slot that has ended [`grace_ms`] ago and was not evaluated yet. The first
    /// call on a store evaluates nothing: it marks where evaluation starts.
    ///
    /// When more than [`LATE_PAGE_MS`] was missed, alerts that fired meanwhile are recorded with their times
    /// and causes, and notified only if they are still open at the newest slot; the ends of alerts that were
    /// notified before are notified. Slots older than seven days are skipped.
    ///
    /// When the clock was set back, evaluation goes on at `now`. [`Evaluator::follow_clock_forward`] is for
    /// one that was set forward, which looks like a downtime here.
    ///
    /// [`Evaluator::rewind_to`] asks for history: then every slot is evaluated and notified as if it
    /// happened now.
    ///
    /// # Errors
    /// When the store fails; the slots before it stay evaluated, and the next call continues from there.
    pub fn evaluate_until(&mut self, now: TimestampMs) -> Result<EvaluatedSlots> {
        let mut done = EvaluatedSlots::default();
        let width = self.store.slot_width();
        let newest = width.slot_of(now.plus_ms(-grace_ms(width))).minus(1);
        let Some(cursor) = self.cursor else {
            self.write_cursor(newest)?;
            return Ok(done);
        };
        if cursor >= newest {
            // A step within the open slot is over before the slot is evaluated.
            if cursor >= width.slot_of(now) {
                self.follow_clock_back(cursor, now, &mut done)?;
            }
            self.follow_feed();
            return Ok(done);
        }
        let first = self.first_slot(cursor, newest)?;
        let is_late = newest.0 - first.0 > width.slots_in(LATE_PAGE_MS);
        self.missed_before = if is_late && !self.is_history { newest } else { Slot(0) };
        done.transitions.extend(self.notification.retire(width.start(first))?);
        self.follow_feed();
        let slots = first..newest.plus(1);
        match self.evaluation.take() {
            Some(evaluation) => self.evaluate_slots(evaluation, slots, &mut done)?,
            None => self.catch_up(slots, &mut done)?,
        }
        if let Some(evaluated) = self.cursor.filter(|_| self.unwritten > 0) {
            self.write_cursor(evaluated)?;
        }
        self.is_history &= self.cursor < Some(newest);
        Ok(done)
    }

    /// The age of each expected stream at the end of the last evaluated slot, as the rules that watch it
    /// evaluate it. Empty before the first slot is evaluated.
    pub fn expected_ages(&mut self) -> ExpectedAges {
        self.evaluation.as_mut().map(SlotEvaluator::expected_ages).unwrap_or_default()
    }

    /// Takes the cells that were appended, so that they do not pile up until a slot closes. If that fails,
    /// the engine starts anew from the store: that is slower, and nothing is lost.
    fn follow_feed(&mut self) {
        if let Some(evaluation) = &mut self.evaluation
            && let Err(error) = evaluation.follow()
        {
            tracing::warn!(%error, "new data could not be followed and is read again");
            self.evaluation = None;
        }
    }

    /// Evaluates slots by the cells that were taken.
    fn evaluate_slots(
        &mut self,
        mut evaluation: SlotEvaluator,
        slots: Range<Slot>,
        done: &mut EvaluatedSlots,
    ) -> Result<()> {
        for number in slots.start.0..slots.end.0 {
            if self.must_stop() {
                break;
            }
            self.evaluate_slot(&mut evaluation, Slot(number), done)?;
        }
        self.evaluation = Some(evaluation);
        Ok(())
    }

    /// Whether evaluation must end soon. What was evaluated until then stays evaluated.
    fn must_stop(&self) -> bool {
        self.stop.load(Ordering::Relaxed)
    }

    fn evaluate_slot(
        &mut self,
        evaluation: &mut SlotEvaluator,
        slot: Slot,
        done: &mut EvaluatedSlots,
    ) -> Result<()> {
        let evaluated = evaluation.evaluate(slot);
        done.groups_left_out = evaluation.groups_left_out();
        done.cells_left_out = evaluation.cells_left_out();
        self.unwritten += 1;
        let options = SlotOptions {
            is_missed: slot < self.missed_before,
            writes_cursor: self.unwritten >= QUIET_SLOTS_PER_WRITE,
        };
        if let Some(transitions) = self.notification.notify(slot, &evaluated, options)? {
            done.transitions.extend(transitions);
            self.unwritten = 0;
        }
        self.cursor = Some(slot);
        done.slots += 1;
        Ok(())
    }

    /// Moves back so that the next call evaluates everything from `from` on, or from the oldest stored data
    /// when that is later. Open alerts stay open, but those of rules that are gone end where evaluation
    /// stopped; an alert that is on record already is not notified again. Does nothing when that time is not
    /// evaluated yet, or nothing is stored.
    ///
    /// # Errors
    /// When the store cannot be read or written.
    pub fn rewind_to(&mut self, from: TimestampMs) -> Result<()> {
        let Some(oldest) = catch_up::oldest_cell(&self.store)? else { return Ok(()) };
        let target = self.store.slot_width().slot_of(from).max(oldest).minus(1);
        self.is_history = true;
        if self.cursor.is_some_and(|cursor| cursor <= target) {
            return Ok(());
        }
        if let Some(until) = self.evaluated_until() {
            self.notification.retire(until)?;
        }
        self.reset_timers()?;
        self.write_cursor(target)
    }

    /// The first slot to evaluate: the next one, or a later one after a long downtime.
    fn first_slot(&mut self, cursor: Slot, newest: Slot) -> Result<Slot> {
        let reach = self.store.slot_width().slots_in(CATCH_UP_MS_MAX);
        let oldest = newest.minus(reach.saturating_sub(1));
        let next = cursor.plus(1);
        if self.is_history || next >= oldest {
            return Ok(next);
        }
        let skipped_slots = oldest.0 - next.0;
        tracing::warn!(skipped_slots, "a long downtime is not evaluated in full");
        self.reset_timers()?;
        Ok(oldest)
    }

    /// Stops every running timer; the engine starts anew.
    fn reset_timers(&mut self) -> Result<()> {
        self.evaluation = None;
        self.notification.reset_timers()
    }

    fn write_cursor(&mut self, slot: Slot) -> Result<()> {
        let mut batch = TableBatch::default();
        checkpoint::CURSOR.put(&mut batch, &slot);
        self.store.commit(batch)?;
        self.cursor = Some(slot);
        self.unwritten = 0;
        Ok(())
    }
}
