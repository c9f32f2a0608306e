//! Warm-up: what an engine reads of the past before the first slot that it evaluates. Live evaluation and
//! explanation follow the same plan, so that both learn the same baselines.
//!
//! The plan goes from coarse to fine. Baselines reach back furthest and need quarters of an hour, or
//! minutes; scans need minutes; only the longest window needs single slots.

use std::collections::BTreeMap;
use std::ops::{ControlFlow, Range};

use plimsoll_query::Selector;
use plimsoll_storage::{AppendedCell, Label, Scan, Slot, SlotValue, SlotWidth, Store, StreamId};

use crate::engine::{
    BASELINE_STRETCH_MS, Engine, LookBack, StreamNumber, learns_by_minute, stretch_slots,
};
use crate::error::Result;
use crate::labels::{GroupLabels, SANDBOX};
use crate::rule::{Rule, Signal};

const MINUTE_MS: i64 = 60_000;
const QUARTER_MS: i64 = 15 * MINUTE_MS;

/// What is read before a slot, in order.
#[derive(Debug, Clone)]
pub(crate) struct WarmUp {
    streams: WatchedStreams,
    width: SlotWidth,
    steps: Vec<Step>,
}

/// The streams that rules watch, each in one of the two lists.
#[derive(Debug, Clone, Default)]
pub(crate) struct WatchedStreams {
    /// Streams of rules that learn their baseline by the minute.
    by_minute: Vec<StreamId>,
    /// All others.
    by_quarter: Vec<StreamId>,
    /// The most slots that one of them reports at once; 1 when all report slot by slot.
    step_slots_max: u32,
}

/// One read of the plan.
#[derive(Debug, Clone)]
struct Step {
    slots: Range<Slot>,
    kind: StepKind,
}

#[derive(Debug, Clone, Copy)]
enum StepKind {
    /// Only baselines are learned: no window reaches back so far.
    Baseline,
    /// Windows are filled, with cells of so many slots.
    Windows { grain: u32 },
}

impl WatchedStreams {
    /// The streams that rules watch, each rule by some selectors.
    pub(crate) fn of<'a>(
        store: &Store,
        rules: impl IntoIterator<Item = (&'a Rule, Selector)>,
    ) -> Self {
        // Many rules watch the same streams, which may be a million.
        let mut selectors: Vec<(Selector, bool)> = Vec::new();
        for (rule, selector) in rules {
            let by_minute = learns_by_minute(rule);
            match selectors.iter_mut().find(|(known, _)| *known == selector) {
                Some((_, known)) => *known |= by_minute,
                None => selectors.push((selector, by_minute)),
            }
        }
        let (mut by_minute, mut by_quarter) = (Vec::new(), Vec::new());
        for (selector, is_by_minute) in selectors {
            let list = if is_by_minute { &mut by_minute } else { &mut by_quarter };
            list.extend(selector.streams(store));
        }
        for list in [&mut by_minute, &mut by_quarter] {
            list.sort_unstable();
            list.dedup();
        }
        by_quarter.retain(|stream| by_minute.binary_search(stream).is_err());
        let step_slots_max = store.step_slots_max(by_minute.iter().chain(&by_quarter));
        Self { by_minute, by_quarter, step_slots_max }
    }

    pub(crate) const fn len(&self) -> usize {
        self.by_minute.len() + self.by_quarter.len()
    }

    /// All of them, in the order of their numbers.
    pub(crate) fn all(&self) -> Vec<StreamId> {
        let mut all = [self.by_minute.as_slice(), &self.by_quarter].concat();
        all.sort_unstable();
        all
    }
}

impl WarmUp {
    /// The plan before `first`, as far back as the rules look.
    pub(crate) fn plan(
        rules: &[Rule],
        streams: WatchedStreams,
        width: SlotWidth,
        first: Slot,
    ) -> Self {
        let LookBack { slots_ms, minutes_ms, baseline_ms } = LookBack::of_all(rules);
        // Short windows see what a stream reports in long steps one step later.
        let delay_ms = match streams.step_slots_max {
            0 | 1 => 0,
            slots => i64::from(slots) * width.ms(),
        };
        let delayed_ms = |ms: i64| if ms > 0 { ms + delay_ms } else { ms };
        let back = |ms: i64, multiple: u32| {
            let slot = first.minus(width.slots_in(ms));
            Slot(slot.0 - slot.0 % multiple)
        };
        let (minute, baseline) = (width.slots_in(MINUTE_MS), width.slots_in(BASELINE_STRETCH_MS));
        let slots_from = back(delayed_ms(slots_ms), minute);
        let minutes_from = back(delayed_ms(minutes_ms), minute).min(slots_from);
        let mut steps = Vec::new();
        let mut next = back(baseline_ms, baseline);
        while next < minutes_from {
            let end = next.plus(baseline).min(minutes_from);
            steps.push(Step { slots: next..end, kind: StepKind::Baseline });
            next = end;
        }
        let stretch = stretch_slots(width, streams.len()).next_multiple_of(minute);
        next = minutes_from;
        while next < first {
            let is_fine = next >= slots_from;
            let end = next.plus(stretch).min(if is_fine { first } else { slots_from.min(first) });
            let grain = if is_fine { 1 } else { minute };
            steps.push(Step { slots: next..end, kind: StepKind::Windows { grain } });
            next = end;
        }
        Self { streams, width, steps }
    }

    /// Makes an engine learn everything. `read` observes the cells of a scan, or says that there is to be an
    /// end. Returns whether everything was learned.
    ///
    /// # Errors
    /// Those of `read`.
    pub(crate) fn run(
        &self,
        engine: &mut Engine,
        mut read: impl FnMut(&mut Engine, &Scan<'_>) -> Result<ControlFlow<()>>,
    ) -> Result<bool> {
        let quarter = self.width.slots_in(QUARTER_MS);
        for step in &self.steps {
            let Range { start, end } = step.slots;
            if matches!(step.kind, StepKind::Baseline) {
                // All that is read is past, so that no cell has to wait for its slot.
                engine.advance_to(end.minus(1));
            }
            for (streams, slots, grain) in self.reads(step) {
                if read(engine, &Scan { grain, ..Scan::new(&streams, slots) })?.is_break() {
                    return Ok(false);
                }
            }
            let learn_every = match step.kind {
                StepKind::Baseline => quarter,
                StepKind::Windows { .. } => end.0 - start.0,
            };
            let mut learned = start;
            while learned < end {
                learned = learned.plus(learn_every).min(end);
                engine.warm_up(learned.minus(1));
            }
        }
        Ok(true)
    }

    /// What a step reads: streams, slots, and how many slots one cell holds.
    fn reads(&self, step: &Step) -> Vec<(Vec<StreamId>, Range<Slot>, u32)> {
        let Step { slots, kind } = step;
        match kind {
            StepKind::Baseline => {
                let (minute, quarter) =
                    (self.width.slots_in(MINUTE_MS), self.width.slots_in(QUARTER_MS));
                let WatchedStreams { by_minute, by_quarter, .. } = &self.streams;
                vec![
                    (by_minute.clone(), slots.clone(), minute),
                    (by_quarter.clone(), slots.clone(), quarter),
                ]
            }
            StepKind::Windows { grain } => vec![(self.streams.all(), slots.clone(), *grain)],
        }
    }
}

/// Gives the engine the newest event before `first` of each group of a freshness rule, however old.
/// `in_sandbox` says that the selector selects the sandbox only.
///
/// # Errors
/// When the store cannot be read.
pub(crate) fn seed_newest(
    store: &Store,
    engine: &mut Engine,
    rule: &Rule,
    selector: &Selector,
    in_sandbox: bool,
    first: Slot,
) -> Result<()> {
    if !matches!(rule.signal, Signal::Freshness { .. }) {
        return Ok(());
    }
    for by in rule.groupings() {
        for group in plimsoll_query::groups(store, selector, by) {
            let newest = plimsoll_query::newest_before(store, &group.streams, first)?;
            if let Some(newest) = newest {
                let labels = group_labels(group.labels, in_sandbox);
                engine.seed(&rule.name, &labels, newest);
            }
        }
    }
    Ok(())
}

/// The labels of a group; one of the sandbox has its environment too.
pub(crate) fn group_labels(
    labels: impl IntoIterator<Item = (Label, String)>,
    in_sandbox: bool,
) -> GroupLabels {
    let sandbox = in_sandbox.then(|| (Label::Environment, SANDBOX.to_owned()));
    GroupLabels::new(labels.into_iter().chain(sandbox))
}

/// The numbers that an engine knows the streams of a store by.
#[derive(Debug, Default)]
pub(crate) struct StreamNumbers {
    numbers: BTreeMap<StreamId, StreamNumber>,
    /// [`Store::step_changes`] when the engine got the steps of the streams.
    step_changes: u64,
}

impl StreamNumbers {
    /// Passes a cell of the past to the engine.
    pub(crate) fn observe(
        &mut self,
        engine: &mut Engine,
        store: &Store,
        (stream, slot): (StreamId, Slot),
        value: &SlotValue,
    ) {
        if let Some(number) = self.number(engine, store, stream) {
            engine.observe(number, slot, value);
        }
    }

    /// Passes an appended cell to the engine.
    pub(crate) fn observe_append(
        &mut self,
        engine: &mut Engine,
        store: &Store,
        appended: &AppendedCell,
    ) {
        let Some(number) = self.number(engine, store, appended.stream) else { return };
        match &appended.value {
            SlotValue::Activity(summary) if appended.slots > 1 => {
                engine.observe_summary(number, (appended.first, appended.slots), summary);
            }
            value => engine.observe(number, appended.first, value),
        }
    }

    fn number(
        &mut self,
        engine: &mut Engine,
        store: &Store,
        stream: StreamId,
    ) -> Option<StreamNumber> {
        let step_changes = store.step_changes();
        if step_changes != self.step_changes {
            self.step_changes = step_changes;
            for (stream, number) in &self.numbers {
                engine.set_step(*number, store.step_slots(*stream));
            }
        }
        if let Some(number) = self.numbers.get(&stream) {
            return Some(*number);
        }
        let number = engine.stream(store.stream_key(stream)?.as_ref());
        engine.set_step(number, store.step_slots(stream));
        self.numbers.insert(stream, number);
        Some(number)
    }
}

#[cfg(test)]
mod tests;
