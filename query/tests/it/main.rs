//! Questions on a real store against brute force over the raw events.
#![allow(missing_docs, reason = "tests are named for what they show")]

use std::collections::{BTreeMap, BTreeSet};

use plimsoll_query::{Grid, Selector, freshness, latency, newest_before, outcomes, partners};
use plimsoll_storage::{
    Label, LabelMatchers, Options, Outcome, Slot, Store, StreamKind, StreamRef, TimestampMs,
    quantile_rank,
};
use proptest::prelude::*;

const PARTNERS: [&str; 3] = ["dhl", "ups", "gls"];
const SITES: [&str; 2] = ["ams1", ""];
const SLOT_MS: i64 = 10_000;

#[derive(Clone, Debug)]
struct Event {
    partner: usize,
    site: usize,
    at: i64,
    failed: bool,
    seconds: f64,
}

fn events() -> impl Strategy<Value = Vec<Event>> {
    let event = (0..PARTNERS.len(), 0..SITES.len(), 0..1_800_000_i64, any::<bool>(), 0.0..9.0_f64);
    let event = event.prop_map(|(partner, site, at, failed, seconds)| Event {
        partner,
        site,
        at,
        failed,
        seconds,
    });
    prop::collection::vec(event, 1..120)
}

/// A store with the events; every second batch is sealed.
fn store_of(events: &[Event]) -> (tempfile::TempDir, Store) {
    let directory = tempfile::tempdir().expect("a temporary directory");
    let store = Store::open(&Options::new(directory.path())).expect("the store opens");
    for (number, chunk) in events.chunks(20).enumerate() {
        let mut batch = store.batch();
        for event in chunk {
            let stream = StreamRef {
                kind: StreamKind::Activity,
                name: "requests",
                labels: [PARTNERS[event.partner], "", "production", SITES[event.site], ""],
            };
            let at = TimestampMs(event.at);
            let outcome = if event.failed { Outcome::Status5xx } else { Outcome::Status2xx };
            let cell = batch.activity(stream, store.slot_width().slot_of(at)).expect("room");
            cell.record(outcome, Some(event.seconds), at);
        }
        store.append_blocking(batch.finish(), 1, None, TimestampMs(0)).expect("appended");
        if number % 2 == 0 {
            store.seal().expect("sealed");
        }
    }
    (directory, store)
}

/// The events that the point at `t` covers: those of the whole slots in `[t − window, t)`.
fn covered(events: &[Event], t: i64, window: i64) -> impl Iterator<Item = &Event> {
    events.iter().filter(move |event| {
        let start = event.at.div_euclid(SLOT_MS) * SLOT_MS;
        start >= t - window && start + SLOT_MS <= t
    })
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 40, ..ProptestConfig::default() })]

    #[test]
    fn counts_and_quantiles_equal_brute_force_at_every_alignment(
        events in events(),
        start in 0..900_000_i64,
        step in 1_000..300_000_i64,
        window in 1_000..900_000_i64,
    ) {
        let (_directory, store) = store_of(&events);
        let grid = Grid::range(TimestampMs(start), TimestampMs(1_900_000), step, window).expect("valid");
        let selector = Selector::activity("requests");
        let counted = outcomes(&store, &selector, &[Label::Partner], &grid).expect("answered");
        let timed = latency(&store, &selector, &[Label::Partner], &grid, &[0.5, 0.95]).expect("answered");
        let mut points = 0;
        for (series, timed) in counted.iter().zip(&timed) {
            let mine: Vec<Event> = events.iter().filter(|event| PARTNERS[event.partner] == series.labels[0].1).cloned().collect();
            for (point, timed) in series.points.iter().zip(&timed.points) {
                let mut seconds: Vec<f64> = covered(&mine, point.t.0, window).map(|event| event.seconds).collect();
                let failed = covered(&mine, point.t.0, window).filter(|event| event.failed).count() as u64;
                prop_assert_eq!(point.counts.total(), seconds.len() as u64, "at {}", point.t.0);
                prop_assert_eq!(point.counts.get(Outcome::Status5xx), failed);
                prop_assert_eq!((timed.t, timed.count), (point.t, seconds.len() as u64));
                seconds.sort_by(f64::total_cmp);
                for (q, quantile) in &timed.quantiles {
                    let exact = seconds[quantile_rank(*q, seconds.len() as u64) as usize - 1];
                    prop_assert!(quantile.lower_s <= exact && exact <= quantile.upper_s);
                }
                points += 1;
            }
        }
        // No window with events is left out.
        let grid_points = (0..).map(|n| start + n * step).take_while(|t| *t <= 1_900_000);
        let expected: usize = grid_points
            .map(|t| covered(&events, t, window).map(|event| event.partner).collect::<BTreeSet<_>>().len())
            .sum();
        prop_assert_eq!(points, expected);
    }

    #[test]
    fn the_newest_before_a_slot_is_what_was_known_then(events in events(), slot in 0..190_u32) {
        let (_directory, store) = store_of(&events);
        let streams = Selector::activity("requests").streams(&store);
        let border = i64::from(slot) * SLOT_MS;
        let expected = events.iter().map(|event| event.at).filter(|at| *at < border).max();
        let found = newest_before(&store, &streams, Slot(slot)).expect("answered");
        prop_assert_eq!(found.map(|at| at.0), expected);
    }
}

#[test]
fn selectors_groups_and_freshness_follow_the_labels() {
    let event = |partner, site, at| Event { partner, site, at, failed: false, seconds: 0.1 };
    let (_directory, store) =
        store_of(&[event(0, 0, 5_000), event(0, 1, 25_000), event(1, 0, 15_000)]);
    let one_of = |label, value: &str| LabelMatchers::any_of(label, [value]);
    let mut selector = Selector::activity("requests");
    selector.labels = one_of(Label::Site, "ams1");
    let ages = |selector: &Selector, by: &[Label]| -> BTreeMap<String, Option<i64>> {
        let groups = freshness(&store, selector, by).into_iter();
        let value = |labels: &[(Label, String)]| {
            labels.first().map_or(String::new(), |(_, value)| value.clone())
        };
        groups.map(|group| (value(&group.labels), group.last_at.map(|at| at.0))).collect()
    };
    let of = |pairs: &[(&str, i64)]| -> BTreeMap<String, Option<i64>> {
        pairs.iter().map(|(name, at)| ((*name).to_owned(), Some(*at))).collect()
    };
    assert_eq!(ages(&selector, &[Label::Partner]), of(&[("dhl", 5_000), ("ups", 15_000)]));
    assert_eq!(ages(&Selector::activity("requests"), &[]), of(&[("", 25_000)]));
    assert_eq!(
        ages(&Selector::activity("requests"), &[Label::Site]),
        of(&[("", 25_000), ("ams1", 15_000)])
    );
    assert!(ages(&Selector::activity("tracking"), &[]).is_empty());
    let found = partners(&store, &one_of(Label::Partner, "dhl"));
    assert_eq!((found.len(), found[0].series, found[0].last_at), (1, 2, Some(TimestampMs(25_000))));
}
