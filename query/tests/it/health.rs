//! The health of a partner on a real store.

use std::collections::BTreeMap;

use plimsoll_query::{HealthStatus, assess, health};
use plimsoll_storage::{Label, LabelMatchers, Outcome, TimestampMs};

use crate::common::{Event, store_of};

const MINUTE_MS: i64 = 60_000;

#[test]
fn every_stream_is_measured_in_both_windows() {
    let now = TimestampMs(120 * MINUTE_MS);
    let call = |minutes_ago: i64, outcome| Event {
        outcome,
        seconds: 0.25,
        ..Event::new(now.0 - minutes_ago * MINUTE_MS)
    };
    let mut all: Vec<Event> = Vec::new();
    all.extend((0..20).map(|_| call(2, Outcome::Status2xx)));
    all.extend((0..20).map(|_| call(2, Outcome::Timeout)));
    all.extend((0..40).map(|_| call(30, Outcome::Success)));
    all.push(call(90, Outcome::Timeout));
    all.push(Event { partner: 2, ..call(1, Outcome::Timeout) });
    let (_directory, store) = store_of(&all);
    let dhl = LabelMatchers::any_of(Label::Partner, ["dhl"]);
    let expects = ["tracking".to_owned()];
    let found = health(&store, &dhl, &expects, &BTreeMap::new(), now).expect("answered");
    let [requests, tracking] = &found[..] else { panic!("{found:?}") };
    assert_eq!((requests.stream.as_str(), requests.expected), ("requests", false));
    assert_eq!(requests.last_at, Some(TimestampMs(now.0 - 2 * MINUTE_MS)));
    let counts: Vec<_> =
        requests.windows.iter().map(|window| (window.count, window.errors.of)).collect();
    assert_eq!(counts, [(40, 20), (80, 20)]);
    assert!((requests.windows[0].per_second - 40.0 / 300.0).abs() < 1e-12);
    assert!(requests.windows[0].p95.is_some_and(|p95| p95.lower_s <= 0.25 && 0.25 <= p95.upper_s));
    assert_eq!((tracking.stream.as_str(), tracking.expected), ("tracking", true));
    assert_eq!((tracking.last_at, tracking.windows[1].count), (None, 0));
    let (status, reason) = assess(&found, &[], now);
    assert_eq!(status, HealthStatus::Degraded);
    assert_eq!(reason, "50.0 % of 40 requests in 5 minutes are errors");
}
