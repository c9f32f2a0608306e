//! Random events, a store of them, and which of them a window covers.

use std::ops::Range;

use plimsoll_query::{Group, Selector, Series, groups};
use plimsoll_storage::{
    Durability, Label, Options, Outcome, Store, StreamKind, StreamRef, TimestampMs,
};
use proptest::prelude::*;
use tempfile::TempDir;

pub(crate) const PARTNERS: [&str; 3] = ["dhl", "gls", "ups"];
pub(crate) const SITES: [&str; 2] = ["ams1", ""];
pub(crate) const RELEASES: [&str; 2] = ["1.0", "1.1"];
pub(crate) const SLOT_MS: i64 = 10_000;

#[derive(Debug, Clone)]
pub(crate) struct Event {
    pub(crate) stream: &'static str,
    pub(crate) partner: usize,
    pub(crate) site: usize,
    pub(crate) release: usize,
    pub(crate) at: i64,
    pub(crate) outcome: Outcome,
    pub(crate) seconds: f64,
}

impl Event {
    /// A good call to dhl.
    pub(crate) const fn new(at: i64) -> Self {
        Self {
            stream: "requests",
            partner: 0,
            site: 0,
            release: 0,
            at,
            outcome: Outcome::Status2xx,
            seconds: 0.1,
        }
    }
}

/// Events of the stream `requests` in the first `span_ms` of time.
pub(crate) fn events(span_ms: i64) -> impl Strategy<Value = Vec<Event>> {
    let place = (0..PARTNERS.len(), 0..SITES.len(), 0..RELEASES.len());
    let outcome = prop::sample::select(vec![
        Outcome::Status2xx,
        Outcome::Status4xx,
        Outcome::Status5xx,
        Outcome::Timeout,
    ]);
    // Some durations are exactly zero.
    let seconds = prop_oneof![1 => Just(0.0), 9 => 0.0..9.0_f64];
    let event = (place, 0..span_ms, outcome, seconds).prop_map(|(place, at, outcome, seconds)| {
        let (partner, site, release) = place;
        Event { stream: "requests", partner, site, release, at, outcome, seconds }
    });
    prop::collection::vec(event, 1..120)
}

/// Whole slots, in ms.
pub(crate) fn whole_slots(range: Range<i64>) -> impl Strategy<Value = i64> {
    range.prop_map(|ms| ms / SLOT_MS * SLOT_MS)
}

/// A store without data.
pub(crate) fn empty_store() -> (TempDir, Store) {
    let directory = tempfile::tempdir().expect("a temporary directory");
    let options = Options { durability: Durability::Memory, ..Options::new(directory.path()) };
    let store = Store::open(&options).expect("the store opens");
    (directory, store)
}

/// A store with the events; every second batch is sealed.
pub(crate) fn store_of(events: &[Event]) -> (TempDir, Store) {
    let (directory, store) = empty_store();
    for (number, chunk) in events.chunks(20).enumerate() {
        let mut batch = store.batch();
        for event in chunk {
            let (site, release) = (SITES[event.site], RELEASES[event.release]);
            let stream = StreamRef {
                kind: StreamKind::Activity,
                name: event.stream,
                labels: [PARTNERS[event.partner], "", "production", site, release],
            };
            let at = TimestampMs(event.at);
            let cell = batch.activity(stream, store.slot_width().slot_of(at)).expect("room");
            cell.record(event.outcome, Some(event.seconds), at);
        }
        store.append_blocking(batch.finish(), 1, None, TimestampMs(0)).expect("appended");
        if number % 2 == 0 {
            store.seal().expect("sealed");
        }
    }
    (directory, store)
}

/// Whether the point at `t` covers an event: whether its whole slot lies in `[t − window, t)`.
pub(crate) fn is_covered(event: &Event, t: i64, window: i64) -> bool {
    let start = event.at.div_euclid(SLOT_MS) * SLOT_MS;
    start >= t - window && start + SLOT_MS <= t
}

/// The events of a partner that the point at `t` covers.
pub(crate) fn covered<'a>(
    events: &'a [Event],
    partner: &str,
    t: i64,
    window: i64,
) -> impl Iterator<Item = &'a Event> {
    let mine = move |event: &&Event| PARTNERS[event.partner] == partner;
    events.iter().filter(mine).filter(move |event| is_covered(event, t, window))
}

/// The streams of `requests`, by partner.
pub(crate) fn by_partner(store: &Store) -> Vec<Group> {
    groups(store, &Selector::activity("requests"), &[Label::Partner])
}

/// The partner a series is about.
pub(crate) fn partner_of<P>(series: &Series<P>) -> &str {
    &series.labels[0].1
}
