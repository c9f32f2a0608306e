//! Evaluation of a replay: the engine over slots, with the clock of the data.
//!
//! Rules are evaluated independently of each other; only notifications combine their alerts. So evaluators
//! may share the rules between them, each on a thread of its own that observes every cell: what they find
//! together, slot by slot and in the order of rules and labels, is what one finds, to the bit. Rules that
//! share a sensor stay together, since that is cheaper; it changes nothing that is found.

use std::sync::Arc;

use plimsoll_storage::{Cell, Slot, SlotValue, SlotWidth, StreamRef, TimestampMs};

use crate::engine::{Engine, StreamNumber};
use crate::evaluate::grace_ms;
use crate::notify::event::SlotEvaluations;
use crate::rule::{Rule, RuleSet, Signal, SignalKind};

/// Slots whose cells are only known by the minute, because single slots have expired: those before
/// `until` are evaluated at the end of each minute.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ByMinute {
    /// The first slot that is evaluated by itself.
    pub until: Slot,
    /// Slots of a minute, at least 1. `until` is a multiple of it.
    pub slots: u32,
}

impl ByMinute {
    /// The last slot of the minute that a slot lies in; the slot itself from `until` on.
    #[must_use]
    pub fn end(self, slot: Slot) -> Slot {
        if slot >= self.until {
            return slot;
        }
        Slot(slot.0 - slot.0 % self.slots).plus(self.slots - 1)
    }
}

/// Evaluates some rules of a set over history.
#[derive(Debug)]
pub struct ReplayEvaluator {
    width: SlotWidth,
    engine: Engine,
    /// Positions of its rules in the whole set.
    positions: Vec<usize>,
    by_minute: Option<ByMinute>,
    /// The first slot anything was observed of.
    first: Option<Slot>,
    /// The last slot anything was observed of.
    last: Option<Slot>,
    now: TimestampMs,
    found: Vec<SlotEvaluations>,
}

impl ReplayEvaluator {
    /// Evaluators that share the rules of a set: at most `count`, at least one.
    #[must_use]
    pub fn share(
        rules: &RuleSet,
        width: SlotWidth,
        by_minute: Option<ByMinute>,
        count: usize,
    ) -> Vec<Self> {
        let shares = shares(&rules.rules, count).into_iter();
        shares.map(|positions| Self::of(rules, width, by_minute, positions)).collect()
    }

    fn of(
        rules: &RuleSet,
        width: SlotWidth,
        by_minute: Option<ByMinute>,
        positions: Vec<usize>,
    ) -> Self {
        let own = positions.iter().map(|position| rules.rules[*position].clone());
        let rules = RuleSet {
            rules: own.collect(),
            partners: rules.partners.clone(),
            maintenance: rules.maintenance.clone(),
            holidays: rules.holidays.clone(),
            ..RuleSet::default()
        };
        Self {
            width,
            engine: Engine::new(Arc::new(rules), width),
            positions,
            by_minute,
            first: None,
            last: None,
            now: TimestampMs(i64::MIN),
            found: Vec::new(),
        }
    }

    /// The number of a stream, for [`ReplayEvaluator::observe`].
    pub fn stream(&mut self, stream: StreamRef<'_>) -> StreamNumber {
        self.engine.stream(stream)
    }

    /// Notes how many slots a stream reports at once, for the cells that are added next.
    pub fn set_step(&mut self, stream: StreamNumber, step_slots: u32) {
        self.engine.set_step(stream, step_slots);
    }

    /// Adds a cell of a stream, as a delta.
    pub fn observe(&mut self, stream: StreamNumber, slot: Slot, value: &SlotValue) {
        self.engine.observe(stream, slot, value);
        self.first = Some(self.first.map_or(slot, |first| first.min(slot)));
        self.last = self.last.max(Some(slot));
    }

    /// Adds a summary that covers some slots from the first on.
    pub fn observe_summary(
        &mut self,
        stream: StreamNumber,
        (first, slots): (Slot, u32),
        summary: &Cell,
    ) {
        self.engine.observe_summary(stream, (first, slots), summary);
        self.first = Some(self.first.map_or(first, |held| held.min(first)));
        self.last = self.last.max(Some(first.plus(slots - 1)));
    }

    /// Advances the clock to `now`: evaluates every slot that has ended [`grace_ms`] ago. A clock that goes
    /// back is ignored.
    pub fn advance(&mut self, now: TimestampMs) {
        if now <= self.now {
            return;
        }
        self.now = now;
        let newest = self.width.slot_of(now.plus_ms(-grace_ms(self.width))).minus(1);
        self.evaluate_through(newest);
    }

    /// Evaluates what is left up to the end of the data.
    pub fn evaluate_rest(&mut self) {
        if let Some(last) = self.last.max(self.engine.last_waiting()) {
            self.evaluate_through(self.evaluated_with(last));
        }
    }

    /// The evaluations since the last call, in the order of slots.
    pub fn take_evaluations(&mut self) -> Vec<SlotEvaluations> {
        std::mem::take(&mut self.found)
    }

    /// The slot at whose end a slot is evaluated.
    fn evaluated_with(&self, slot: Slot) -> Slot {
        self.by_minute.map_or(slot, |by_minute| by_minute.end(slot))
    }

    fn evaluate_through(&mut self, newest: Slot) {
        let Some(first) = self.first else { return };
        let mut next = self.engine.evaluated().map_or(first, |evaluated| evaluated.plus(1));
        while next <= newest {
            if self.engine.is_idle() {
                // Nothing can happen before the next cell.
                match self.engine.next_waiting() {
                    Some(waiting) => next = next.max(waiting.min(newest)),
                    None if self.engine.evaluated().is_some() => next = newest,
                    None => {}
                }
            }
            next = self.evaluated_with(next);
            if next > newest {
                return;
            }
            let mut evaluations = self.engine.evaluate(next);
            if !evaluations.is_empty() {
                for evaluation in &mut evaluations {
                    evaluation.rule = self.positions[evaluation.rule];
                }
                self.found.push(SlotEvaluations { at: self.width.end(next), evaluations });
            }
            next = next.plus(1);
        }
    }
}

/// Distributes rules, the costly ones first, each to the share with the least cost. Returns positions,
/// ascending.
fn shares(rules: &[Rule], count: usize) -> Vec<Vec<usize>> {
    let mut bundles: Vec<Vec<usize>> = Vec::new();
    for (position, rule) in rules.iter().enumerate() {
        match bundles.iter_mut().find(|bundle| are_alike(&rules[bundle[0]], rule)) {
            Some(bundle) => bundle.push(position),
            None => bundles.push(vec![position]),
        }
    }
    let cost = |bundle: &Vec<usize>| -> u32 { bundle.iter().map(|it| cost(&rules[*it])).sum() };
    bundles.sort_by_key(|bundle| std::cmp::Reverse(cost(bundle)));
    let mut shares: Vec<(u32, Vec<usize>)> =
        vec![(0, Vec::new()); count.clamp(1, bundles.len().max(1))];
    for bundle in bundles {
        if let Some((load, share)) = shares.iter_mut().min_by_key(|(load, _)| *load) {
            *load += cost(&bundle);
            share.extend(bundle);
        }
    }
    let mut shares: Vec<Vec<usize>> = shares.into_iter().map(|(_, share)| share).collect();
    shares.iter_mut().for_each(|share| share.sort_unstable());
    shares
}

/// Whether rules look at the same of the same streams.
fn are_alike(one: &Rule, other: &Rule) -> bool {
    let same = match (&one.signal, &other.signal) {
        (Signal::Latency { .. }, Signal::Latency { .. }) => true,
        (one, other) => one == other,
    };
    same && one.signal.stream() == other.signal.stream() && one.matches == other.matches
}

/// About what a rule costs for each cell and evaluation; see `benches/ENGINE.md`.
const fn cost(rule: &Rule) -> u32 {
    match rule.signal.kind() {
        SignalKind::Latency => 5,
        SignalKind::Ratio | SignalKind::Burn | SignalKind::Drop => 2,
        _ => 1,
    }
}
