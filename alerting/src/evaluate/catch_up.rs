//! Catching up: slots that were missed, or history that was asked for, evaluated from what the store holds.
//!
//! The cost follows the data. Nothing is evaluated before the oldest stored cell. Once nothing was reported
//! for [`SETTLED_MS`], everything that rules watch has settled, and evaluation goes on at the next cell. A
//! stop is obeyed between two slots.

use std::ops::Range;
use std::sync::Arc;

use plimsoll_storage::{Resolution, Slot, SlotWidth, Store, TableBatch};

use super::evaluation::SlotEvaluator;
use super::{EvaluatedSlots, Evaluator};
use crate::engine::ExpectedSince;
use crate::error::Result;
use crate::records::checkpoint;
use crate::text::time::rfc3339;

/// How long after the newest cell something can still change by time alone, in ms: baselines reach back a
/// week, and every window, duration and age of a rule is at most as long.
const SETTLED_MS: i64 = 8 * 24 * 3_600_000;
/// How often progress is logged: after each such part of the slots.
const PROGRESS_PARTS: u32 = 50;
/// Shorter catching up is not logged, in ms.
const LOGGED_MS_MIN: i64 = 3_600_000;

/// The first slot of which a store may have a cell; `None` when it has none.
///
/// # Errors
/// When the store cannot be read.
pub(super) fn oldest_cell(store: &Store) -> Result<Option<Slot>> {
    let mut oldest: Option<Slot> = None;
    for resolution in Resolution::ALL {
        let kept = store.kept_slots(resolution)?.map(|slots| slots.start);
        oldest = oldest.into_iter().chain(kept).min();
    }
    Ok(oldest)
}

impl Evaluator {
    /// Evaluates slots by what the store holds, a stretch at a time, and follows its feed from then on.
    pub(super) fn catch_up(&mut self, slots: Range<Slot>, done: &mut EvaluatedSlots) -> Result<()> {
        let store = Arc::clone(&self.store);
        let (past, feed) = store.subscribe()?;
        let tracked = self.notification.tracked();
        let is_stopped = || self.must_stop();
        let (rules, first) = (Arc::clone(&self.rules), slots.start);
        let warmed_up =
            SlotEvaluator::warmed_up(&store, &rules, (&past, feed), first, tracked, &is_stopped)?;
        let Some(mut evaluation) = warmed_up else { return Ok(()) };
        self.expect(&mut evaluation, first)?;
        if let Some(step) = self.clock_step {
            evaluation.note_clock_step(step);
        }
        let settled = store.slot_width().slots_in(SETTLED_MS);
        let mut progress = Progress::new(&slots, store.slot_width());
        let (mut next, mut newest_cell) = (slots.start, slots.start);
        while next < slots.end {
            progress.log(next);
            let end = next.plus(evaluation.stretch_slots()).min(slots.end);
            if evaluation.read(&past, next..end)? > 0 {
                newest_cell = end;
            }
            for number in next.0..end.0 {
                if self.must_stop() {
                    return Ok(());
                }
                self.evaluate_slot(&mut evaluation, Slot(number), done)?;
            }
            next = end;
            if next < slots.end && next.0 - newest_cell.0 >= settled {
                let cell = evaluation.next_cell(&past, next..slots.end, &|| self.must_stop())?;
                // The last slot is always evaluated: what is notified goes by the newest state.
                let to = cell.min(slots.end.minus(1));
                (next, newest_cell) = (to, to);
            }
        }
        // The open slot, and what is ahead of the clock. What is of slots that it showed before it was set
        // back was evaluated.
        evaluation.read(&past, slots.end..slots.end.plus(1))?;
        let shown = self.clock_step.map_or(Slot(0), |step| step.shown);
        evaluation.read(&past, slots.end.max(shown).plus(1)..Slot(u32::MAX))?;
        self.evaluation = Some(evaluation);
        Ok(())
    }
}

impl Evaluator {
    /// Counts the ages of streams that are expected and never came. The time from which each is expected is
    /// stored, so that a restart does not begin to count anew. It is never later than the first slot, to
    /// which evaluation may have been moved back.
    pub(super) fn expect(&self, evaluation: &mut SlotEvaluator, first: Slot) -> Result<()> {
        let stored: ExpectedSince = checkpoint::EXPECTED.load(&self.store)?.unwrap_or_default();
        let from = self.store.slot_width().start(first);
        let mut known = stored.clone();
        known.values_mut().for_each(|since| *since = from.min(*since));
        let expected = evaluation.expect(&known, first);
        if expected != stored {
            let mut batch = TableBatch::default();
            checkpoint::EXPECTED.put(&mut batch, &expected);
            self.store.commit(batch)?;
        }
        Ok(())
    }
}

/// What is logged of a long catch-up.
struct Progress {
    width: SlotWidth,
    end: Slot,
    /// Slots between two lines.
    every: u32,
    /// The slot of the next line; `None` when nothing is logged.
    next: Option<Slot>,
}

impl Progress {
    fn new(slots: &Range<Slot>, width: SlotWidth) -> Self {
        let count = slots.end.0.saturating_sub(slots.start.0);
        let is_long = count > width.slots_in(LOGGED_MS_MIN);
        Self {
            width,
            end: slots.end,
            every: count / PROGRESS_PARTS,
            next: is_long.then_some(slots.start),
        }
    }

    fn log(&mut self, slot: Slot) {
        if self.next.is_none_or(|next| slot < next) {
            return;
        }
        self.next = Some(slot.plus(self.every));
        let time = |slot| rfc3339(self.width.start(slot));
        tracing::info!(
            at = time(slot),
            until = time(self.end),
            "evaluating what was stored before"
        );
    }
}
