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
fn only_failures_of_the_rule_or_slow_events_of_the_window_are_exemplars() {
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
    let texts = |signal| {
        let rule = Rule { signal, ..rule("r") };
        exemplars(&store, &rule, &labels, rule.window_ms, at).unwrap()
    };
    let of = vec![Outcome::Status5xx, Outcome::Timeout];
    let stream = "requests".to_owned();
    assert_eq!(
        texts(Signal::Ratio { of, to: None, stream: stream.clone() }),
        [
            "order_id O-5, correlation_id c-1: 5xx after 2s at 2026-11-20T19:59:20Z",
            "order_id O-4, correlation_id c-1: 5xx after 2s at 2026-11-20T19:59:10Z",
            "order_id O-2, correlation_id c-1: timeout after 30s at 2026-11-20T19:58:40Z",
        ]
    );
    let slow = texts(Signal::Latency { q: 0.95, stream: stream.clone() });
    let orders: Vec<_> = slow.iter().map(|line| &line[9..12]).collect();
    assert_eq!(orders, ["O-3", "O-2", "O-5"]);
    assert_eq!(texts(Signal::Freshness { stream }), [""; 0]);
}
