//! Evaluation: the cells of a store go in, the evaluations of slots come out. It reads cells and nothing
//! of the records but the alerts that have ended.

use std::ops::{ControlFlow, Range};
use std::sync::Arc;

use plimsoll_storage::{AppendedCell, Feed, FeedPast, Scan, Slot, Store, StreamId};

use crate::engine::{
    ClockStep, CountedAge, Engine, ExpectedAges, ExpectedSince, GroupsLeftOut, stretch_slots,
};
use crate::error::Result;
use crate::evaluate::warm_up::{StreamNumbers, WarmUp, WatchedStreams, seed_newest};
use crate::limits::LIST_ROWS_MAX;
use crate::notify::event::SlotEvaluations;
use crate::records::alerts::{self, AlertFilter};
use crate::records::state::TrackedGroup;
use crate::rule::{RuleSet, ScanSettings};

const QUARTER_MS: i64 = 15 * 60_000;
const DAY_MS: i64 = 24 * 3_600_000;

/// An engine and the cells that it follows.
#[derive(Debug)]
pub(super) struct SlotEvaluator {
    engine: Engine,
    store: Arc<Store>,
    feed: Feed,
    numbers: StreamNumbers,
    /// The streams of the past that the rules watch, ascending.
    past_streams: Vec<StreamId>,
}

impl SlotEvaluator {
    /// An engine that has learned what lies before `first` and continues from stored states; `None` when
    /// `is_stopped` before it has.
    pub(super) fn warmed_up<'t>(
        store: &Arc<Store>,
        rules: &Arc<RuleSet>,
        (past, feed): (&FeedPast<'_>, Feed),
        first: Slot,
        tracked: impl Iterator<Item = TrackedGroup<'t>>,
        is_stopped: &dyn Fn() -> bool,
    ) -> Result<Option<Self>> {
        let engine = Engine::new(Arc::clone(rules), store.slot_width());
        let (numbers, past_streams) = (StreamNumbers::default(), Vec::new());
        let mut evaluator = Self { engine, store: Arc::clone(store), feed, numbers, past_streams };
        if !evaluator.warm_up(past, first, is_stopped)? {
            return Ok(None);
        }
        evaluator.note_ended(first)?;
        evaluator.restore(tracked);
        Ok(Some(evaluator))
    }

    /// Takes the cells that were appended since the last call.
    pub(super) fn follow(&mut self) -> Result<()> {
        let Self { engine, store, feed, numbers, .. } = self;
        feed.read(&mut |cell| numbers.observe_append(engine, store, cell))?;
        Ok(())
    }

    /// The cells that were appended since the last call and begin within some slots.
    pub(super) fn unread(&mut self, slots: Range<Slot>) -> Result<Vec<AppendedCell>> {
        let mut unread = Vec::new();
        self.feed.read(&mut |cell| {
            unread.extend(slots.contains(&cell.first).then(|| cell.clone()));
        })?;
        Ok(unread)
    }

    /// Takes an appended cell.
    pub(super) fn observe(&mut self, cell: &AppendedCell) {
        self.numbers.observe_append(&mut self.engine, &self.store, cell);
    }

    /// The last slot before `end` of which cells wait for their evaluation.
    pub(super) fn last_waiting_before(&self, end: Slot) -> Option<Slot> {
        self.engine.last_waiting_before(end)
    }

    /// What ages are counted from.
    pub(super) fn ages(&self) -> Vec<CountedAge> {
        self.engine.ages()
    }

    /// Counts ages from other times.
    pub(super) fn set_ages(&mut self, ages: Vec<CountedAge>) {
        self.engine.set_ages(ages);
    }

    /// Notes the newest step of the clock.
    pub(super) fn note_clock_step(&mut self, step: ClockStep) {
        self.engine.note_clock_step(step);
    }

    /// Counts the ages of expected streams that never came; see [`Engine::expect`].
    pub(super) fn expect(&mut self, known: &ExpectedSince, first: Slot) -> ExpectedSince {
        self.engine.expect(known, self.store.slot_width().start(first))
    }

    /// The ages of expected streams, see [`Engine::expected_ages`].
    pub(super) fn expected_ages(&mut self) -> ExpectedAges {
        self.engine.expected_ages()
    }

    /// Continues from stored states.
    pub(super) fn restore<'t>(&mut self, tracked: impl Iterator<Item = TrackedGroup<'t>>) {
        for (rule, labels, group) in tracked {
            self.engine.restore(rule, labels, group.state, group.detection);
        }
    }

    /// Takes the cells of some slots from the past. Returns how many there were.
    pub(super) fn read(&mut self, past: &FeedPast<'_>, slots: Range<Slot>) -> Result<u64> {
        let Self { engine, store, numbers, past_streams, .. } = self;
        let mut count = 0;
        past.scan(&Scan::new(past_streams, slots), &mut |stream, slot, value| {
            count += 1;
            numbers.observe(engine, store, (stream, slot), value);
        })?;
        Ok(count)
    }

    /// The first slot of the quarter of an hour that has the next cell; the end of `slots` when there is
    /// none, and the slot that was reached when `is_stopped`.
    pub(super) fn next_cell(
        &self,
        past: &FeedPast<'_>,
        slots: Range<Slot>,
        is_stopped: &dyn Fn() -> bool,
    ) -> Result<Slot> {
        let width = self.store.slot_width();
        let (quarter, day) = (width.slots_in(QUARTER_MS), width.slots_in(DAY_MS));
        let mut from = Slot(slots.start.0 - slots.start.0 % quarter);
        while from < slots.end && !is_stopped() {
            let (end, mut first) = (from.plus(day), None);
            let scan = Scan { grain: quarter, ..Scan::new(&self.past_streams, from..end) };
            past.scan(&scan, &mut |_, slot, _| {
                first = Some(first.map_or(slot, |first: Slot| first.min(slot)));
            })?;
            if let Some(first) = first {
                return Ok(first.clamp(slots.start, slots.end));
            }
            from = end;
        }
        Ok(from.clamp(slots.start, slots.end))
    }

    /// Evaluates a slot, which comes after every slot that was evaluated before.
    pub(super) fn evaluate(&mut self, slot: Slot) -> SlotEvaluations {
        let at = self.store.slot_width().end(slot);
        SlotEvaluations { at, evaluations: self.engine.evaluate(slot) }
    }

    /// How many slots are read at once.
    pub(super) fn stretch_slots(&self) -> u32 {
        stretch_slots(self.store.slot_width(), self.past_streams.len())
    }

    /// Groups that are not evaluated because their rule has too many.
    pub(super) fn groups_left_out(&self) -> Arc<GroupsLeftOut> {
        Arc::clone(self.engine.groups_left_out())
    }

    /// Cells that are not evaluated because too many waited for their slot.
    pub(super) const fn cells_left_out(&self) -> u64 {
        self.engine.cells_left_out()
    }

    /// Learns what lies before `first`, unless `is_stopped` before. Returns whether it did.
    fn warm_up(
        &mut self,
        past: &FeedPast<'_>,
        first: Slot,
        is_stopped: &dyn Fn() -> bool,
    ) -> Result<bool> {
        let rules = Arc::clone(self.engine.rules());
        let width = self.store.slot_width();
        let streams = self.streams();
        self.past_streams = streams.all();
        let plan = WarmUp::plan(&rules.rules, streams, width, first);
        let Self { engine, store, numbers, .. } = self;
        for rule in rules.rules.iter().take_while(|_| !is_stopped()) {
            seed_newest(store, engine, rule, &rule.selector(), false, first)?;
            seed_newest(store, engine, rule, &rule.sandbox_selector(), true, first)?;
        }
        plan.run(engine, |engine, scan| {
            if is_stopped() {
                return Ok(ControlFlow::Break(()));
            }
            past.scan(scan, &mut |stream, slot, value| {
                numbers.observe(engine, store, (stream, slot), value);
            })?;
            Ok(ControlFlow::Continue(()))
        })
    }

    /// Notes the alerts that ended within the longest window before `first`: what they were based on does
    /// not count again.
    fn note_ended(&mut self, first: Slot) -> Result<()> {
        let until = self.store.slot_width().start(first);
        let since = until.plus_ms(-i64::from(ScanSettings::WINDOW_MIN_MAX) * 60_000);
        let ended = AlertFilter { open: Some(false), ..AlertFilter::default() };
        for alert in alerts::list(&self.store, &ended, LIST_ROWS_MAX)? {
            if let Some(at) = alert.resolved_at.filter(|at| (since..=until).contains(at)) {
                self.engine.note_resolved(&alert.rule, &alert.labels, at);
            }
        }
        Ok(())
    }

    /// The streams that the rules watch.
    fn streams(&self) -> WatchedStreams {
        let rules = self.engine.rules().rules.iter();
        let selectors =
            rules.flat_map(|rule| [(rule, rule.selector()), (rule, rule.sandbox_selector())]);
        WatchedStreams::of(&self.store, selectors)
    }
}
