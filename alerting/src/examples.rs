//! Which orders: a few events behind an alert, by the ids that they carried. For shares of failures the
//! newest of the classes that the rule counts, for latency the slowest.

use plimsoll_query::Grid;
use plimsoll_storage::{Exemplar, ExemplarsOf, IdName, Outcome, Store, TimestampMs};

use crate::error::Result;
use crate::labels::GroupLabels;
use crate::limits::PAGE_EXAMPLES_MAX;
use crate::rule::{Rule, Signal, SignalKind};
use crate::words;

/// Examples in the window of a group that ends at `at`, in words; none when events carry no ids.
pub(crate) fn examples(
    store: &Store,
    rule: &Rule,
    labels: &GroupLabels,
    window_ms: i64,
    at: TimestampMs,
) -> Result<Vec<String>> {
    let Some(of) = wanted(&rule.signal) else { return Ok(Vec::new()) };
    let grid = Grid::at(at, window_ms)?;
    let selector = rule.selector_of(labels);
    let found = plimsoll_query::exemplars(store, &selector, &grid, &of, PAGE_EXAMPLES_MAX)?;
    Ok(found.best.iter().map(|(_, event)| told(event)).collect())
}

/// What stands for a signal. The others measure time or volume, which no single event makes.
fn wanted(signal: &Signal) -> Option<ExemplarsOf> {
    match signal {
        Signal::Ratio { of, .. } | Signal::Burn { of, .. } => {
            let failures = of.iter().copied().filter(|class| Outcome::is_failure(*class));
            Some(ExemplarsOf::Failed(failures.collect()))
        }
        Signal::Latency { .. } => Some(ExemplarsOf::Slow),
        Signal::Freshness { .. }
        | Signal::Drop { .. }
        | Signal::Absence { .. }
        | Signal::Run { .. }
        | Signal::Gauge { .. } => None,
    }
}

/// `order_id O-1, correlation_id c-1: 5xx after 2.04s at 2026-11-20T19:04:40Z`.
fn told(event: &Exemplar) -> String {
    let ids = IdName::ALL.into_iter().zip(&event.ids).filter(|(_, id)| !id.is_empty());
    let ids: Vec<String> = ids.map(|(name, id)| format!("{} {id}", name.as_str())).collect();
    let took = event.duration_us.map_or_else(String::new, |us| {
        format!(" after {}", words::value(SignalKind::Latency, us as f64 / 1e6))
    });
    let at = words::moment(event.at);
    format!("{}: {}{took} at {at}", ids.join(", "), event.outcome.as_str())
}

#[cfg(test)]
mod tests {
    use plimsoll_storage::{Label, Options, Slot, StreamKind, StreamRef};

    use super::*;
    use crate::testing::rule;

    fn push(store: &Store, slot: u32, outcome: Outcome, seconds: u32, order: &str) {
        let labels = ["dhl", "", "production", "", ""];
        let stream = StreamRef { kind: StreamKind::Activity, name: "requests", labels };
        let (slot, mut batch) = (Slot(slot), store.batch());
        let at = store.slot_width().start(slot);
        let cell = batch.activity(stream, slot).unwrap();
        cell.record(outcome, Some(seconds.into()), at);
        let duration_us = Some(u64::from(seconds) * 1_000_000);
        let event = Exemplar { at, outcome, duration_us, ids: [order, "", "c-1"] };
        batch.exemplar(stream, slot, event).unwrap();
        store.append_blocking(batch.finish(), 1, None, at).unwrap();
    }

    #[test]
    fn failures_of_the_rule_or_slow_events_of_the_window_are_told_and_nothing_else() {
        let dir = tempfile::tempdir().unwrap();
        let store = Store::open(&Options::new(dir.path())).unwrap();
        // 2026-11-20T20:00:00Z
        let slot = 179_520_480;
        push(&store, slot - 31, Outcome::Status5xx, 90, "before the window");
        push(&store, slot - 9, Outcome::Status5xx, 2, "O-1");
        push(&store, slot - 8, Outcome::Timeout, 30, "O-2");
        push(&store, slot - 7, Outcome::Status4xx, 1, "of another class");
        push(&store, slot - 6, Outcome::Status2xx, 40, "O-3");
        push(&store, slot - 5, Outcome::Status5xx, 2, "O-4");
        push(&store, slot - 4, Outcome::Status5xx, 2, "O-5");
        let labels = GroupLabels::new([(Label::Partner, "dhl".to_owned())]);
        let at = store.slot_width().start(Slot(slot));
        let told = |signal| {
            let rule = Rule { signal, ..rule("r") };
            examples(&store, &rule, &labels, rule.window_ms, at).unwrap()
        };
        let of = vec![Outcome::Status5xx, Outcome::Timeout];
        let stream = "requests".to_owned();
        assert_eq!(
            told(Signal::Ratio { of, to: None, stream: stream.clone() }),
            [
                "order_id O-5, correlation_id c-1: 5xx after 2s at 2026-11-20T19:59:20Z",
                "order_id O-4, correlation_id c-1: 5xx after 2s at 2026-11-20T19:59:10Z",
                "order_id O-2, correlation_id c-1: timeout after 30s at 2026-11-20T19:58:40Z",
            ]
        );
        let slow = told(Signal::Latency { q: 0.95, stream: stream.clone() });
        let orders: Vec<_> = slow.iter().map(|line| &line[9..12]).collect();
        assert_eq!(orders, ["O-3", "O-2", "O-5"]);
        assert_eq!(told(Signal::Freshness { stream }), [""; 0]);
    }
}
