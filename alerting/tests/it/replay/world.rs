//! Facts for replays, and a replay of them.

use plimsoll_alerting::{
    ByMinute, ReplayEvaluator, ReplayNotifier, ReplayedAlert, RuleSet, StreamNumber,
    TransitionEvent,
};
use plimsoll_storage::{
    Cell, Label, Outcome, Slot, SlotValue, SlotWidth, StreamKind, StreamRef, TimestampMs,
};

use crate::world::minute;

/// One cell of `requests`: partner, operation, slot, good and bad items.
pub(crate) type Fact = (String, &'static str, Slot, u64, u64);

pub(crate) fn cell(slot: Slot, good: u64, bad: u64) -> SlotValue {
    let at = SlotWidth::DEFAULT.end(slot).plus_ms(-1);
    let mut cell = Cell::default();
    (0..good).for_each(|_| cell.record(Outcome::Status2xx, Some(0.1), at));
    (0..bad).for_each(|_| cell.record(Outcome::Status5xx, Some(0.1), at));
    SlotValue::Activity(cell)
}

pub(crate) fn requests(labels: [&str; Label::COUNT]) -> StreamRef<'_> {
    StreamRef { kind: StreamKind::Activity, name: "requests", labels }
}

/// Minutes of traffic of a partner: `count` items each, of which `bad` of the minute fail.
pub(crate) fn traffic(
    partner: &str,
    minutes: i64,
    count: u64,
    bad: impl Fn(i64) -> u64,
) -> Vec<Fact> {
    let fact = |at: i64| {
        let slot = SlotWidth::DEFAULT.slot_of(minute(at));
        (partner.to_owned(), "rates", slot, count - bad(at), bad(at))
    };
    (0..minutes).map(fact).collect()
}

/// Evaluators that share the rules of a set, and the notifier of what they find.
pub(crate) struct Replay {
    pub(crate) evaluators: Vec<ReplayEvaluator>,
    notifier: ReplayNotifier,
}

impl Replay {
    pub(crate) fn new(rules: RuleSet, width: SlotWidth) -> Self {
        Self::shared(rules, width, None, 1)
    }

    pub(crate) fn shared(
        rules: RuleSet,
        width: SlotWidth,
        by_minute: Option<ByMinute>,
        evaluators: usize,
    ) -> Self {
        let evaluators = ReplayEvaluator::share(&rules, width, by_minute, evaluators);
        Self { evaluators, notifier: ReplayNotifier::new(rules, true) }
    }

    pub(crate) fn stream(&mut self, stream: StreamRef<'_>) -> Option<StreamNumber> {
        self.evaluators.iter_mut().map(|evaluator| evaluator.stream(stream)).last()
    }

    pub(crate) fn observe(&mut self, stream: Option<StreamNumber>, slot: Slot, value: &SlotValue) {
        self.evaluators
            .iter_mut()
            .for_each(|evaluator| evaluator.observe(stream.unwrap(), slot, value));
    }

    pub(crate) fn advance(&mut self, now: TimestampMs) {
        self.evaluators.iter_mut().for_each(|evaluator| evaluator.advance(now));
        self.notifier
            .notify(self.evaluators.iter_mut().flat_map(ReplayEvaluator::take_evaluations));
    }

    pub(crate) fn end(mut self) -> (Vec<ReplayedAlert>, Vec<TransitionEvent>) {
        self.evaluators.iter_mut().for_each(ReplayEvaluator::evaluate_rest);
        self.notifier
            .notify(self.evaluators.iter_mut().flat_map(ReplayEvaluator::take_evaluations));
        self.notifier.finish()
    }

    pub(crate) fn finish(self) -> Vec<ReplayedAlert> {
        self.end().0
    }
}
