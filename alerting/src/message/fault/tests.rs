use plimsoll_storage::{GaugeCell, LabelMatchers, Options, Slot, StreamKind, StreamRef};

use super::*;
use crate::rule::SignalKind;
use crate::testing::{alert, rule};

/// Requests of each operation and site by the slot, of which those of `create_label` at `ams1` fail, or take
/// 3 s, from `onset` on.
fn requests(store: &Store, slots: std::ops::Range<u32>, onset: u32, slow: bool) {
    let mut batch = store.batch();
    for slot in slots {
        for (operation, site) in [
            ("create_label", "ams1"),
            ("create_label", "fra1"),
            ("rates", "ams1"),
            ("rates", "fra1"),
        ] {
            let labels = ["dhl", operation, "production", site, "2.4.1"];
            let stream = StreamRef { kind: StreamKind::Activity, name: "requests", labels };
            let at = store.slot_width().start(Slot(slot));
            let is_bad = slot >= onset && (operation, site) == ("create_label", "ams1");
            let cell = batch.activity(stream, Slot(slot)).unwrap();
            for item in 0..10 {
                let fails = is_bad && item < 4 && !slow;
                let outcome = if fails { Outcome::Status5xx } else { Outcome::Status2xx };
                let seconds = if is_bad && slow { 3.0 } else { 0.1 };
                cell.record(outcome, Some(seconds), at);
            }
        }
    }
    let now = store.slot_width().start(Slot(onset + 1_000));
    store.append_blocking(batch.finish(), 1, None, now).unwrap();
}

#[test]
fn a_fault_has_its_onset_its_parts_and_its_items() {
    let dir = tempfile::tempdir().unwrap();
    let store = Store::open(&Options::new(dir.path())).unwrap();
    let alert = alert();
    let width = store.slot_width();
    let fired = width.slot_of(alert.fired_at).0;
    // Four minutes before it fired.
    let onset = fired - 24;
    requests(&store, fired - 200..fired, onset, false);
    let rule = rule("partner-5xx");
    let streams = rule.selector_of(&alert.labels).streams(&store);
    let found = fault(&store, &rule, &alert, streams.clone(), alert.fired_at).unwrap();
    let found_onset = found.onset.unwrap();
    assert_eq!(found_onset.at, width.start(Slot(onset)));
    assert!(found_onset.within_ms <= 20_000, "{found_onset:?}");
    let parts: Vec<_> = found
        .parts
        .iter()
        .map(|it| (it.label, it.values.join(","), it.elsewhere.all > 0))
        .collect();
    assert_eq!(
        parts,
        [
            (Label::Operation, "create_label".to_owned(), true),
            (Label::Site, "ams1".to_owned(), true),
            (Label::Release, "2.4.1".to_owned(), false),
        ]
    );
    assert_eq!((found.span_ms, found.tally), (240_000, Tally { bad: 96, all: 240 }));
    assert_eq!(found.classes, [(Outcome::Status5xx, 96)]);

    // Ended: everything from the onset to the end counts.
    requests(&store, fired..fired + 60, onset, false);
    let at = alert.fired_at.plus_ms(600_000);
    let ended = Alert { resolved_at: Some(at), ..alert };
    let found = fault(&store, &rule, &ended, streams, at).unwrap();
    assert_eq!((found.span_ms, found.tally), (840_000, Tally { bad: 336, all: 840 }));
}

#[test]
fn slow_requests_have_a_place_and_a_quantile_too() {
    let dir = tempfile::tempdir().unwrap();
    let store = Store::open(&Options::new(dir.path())).unwrap();
    let mut alert = Alert { signal: SignalKind::Latency, ..alert() };
    alert.at_fire.threshold = 1.0;
    let fired = store.slot_width().slot_of(alert.fired_at).0;
    requests(&store, fired - 200..fired, fired - 24, true);
    let signal = Signal::Latency { q: 0.95, stream: "requests".into() };
    let rule = Rule { signal, ..rule("partner-latency") };
    let streams = rule.selector_of(&alert.labels).streams(&store);
    let found = fault(&store, &rule, &alert, streams, alert.fired_at).unwrap();
    assert_eq!(found.parts.len(), 3, "{found:?}");
    assert_eq!(found.onset.unwrap().at, store.slot_width().start(Slot(fired - 24)));
    let quantile = found.quantile_s.unwrap();
    assert!((2.9..3.1).contains(&quantile), "{quantile}");
}

#[test]
fn a_store_without_data_shows_nothing() {
    let dir = tempfile::tempdir().unwrap();
    let store = Store::open(&Options::new(dir.path())).unwrap();
    let (alert, rule) = (alert(), rule("r"));
    let found = fault(&store, &rule, &alert, Vec::new(), alert.fired_at).unwrap();
    assert_eq!((found.onset, found.tally, found.parts.len()), (None, Tally::default(), 0));
}

#[test]
fn readings_of_a_gauge_in_percent_may_be_shares() {
    let dir = tempfile::tempdir().unwrap();
    let store = Store::open(&Options::new(dir.path())).unwrap();
    let (width, slots) = (store.slot_width(), 1_000..1_006);
    let mut batch = store.batch();
    for (name, reading) in [("shares", 0.97), ("percent", 97.0)] {
        let labels = ["dhl", "", "production", "", ""];
        let stream = StreamRef { kind: StreamKind::Gauge, name, labels };
        for slot in slots.clone() {
            let cell = GaugeCell::new(reading, width.start(Slot(slot)));
            batch.gauge(stream, Slot(slot), cell).unwrap();
        }
    }
    let now = width.start(Slot(slots.end));
    store.append_blocking(batch.finish(), 1, None, now).unwrap();
    let grid = Grid::at(now, 6 * width.ms(), width).unwrap();
    let bad = |name: &str, is_percent: bool| {
        let streams = store.select(StreamKind::Gauge, Some(name), &LabelMatchers::new());
        let groups = vec![Group { labels: Vec::new(), streams }];
        let measure = Measure::Beyond { level: 90.0, is_below: false, is_percent };
        let found = measure.tallies(&store, groups, &grid).unwrap();
        found.iter().flat_map(|(_, points)| points).map(|(_, tally)| tally.bad).sum::<u64>()
    };
    assert_eq!([bad("shares", true), bad("percent", true), bad("shares", false)], [1, 1, 0]);
}
