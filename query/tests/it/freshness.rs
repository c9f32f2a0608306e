//! The newest event, now and at an earlier time, and expected streams that never reported.

use std::collections::BTreeMap;

use plimsoll_query::{ExpectedStream, Freshness, Selector, freshness, newest_before, partners};
use plimsoll_storage::{Label, LabelMatchers, Slot, TimestampMs};
use proptest::prelude::*;

use crate::common::{Event, SLOT_MS, events, store_of};

proptest! {
    #![proptest_config(ProptestConfig { cases: 40, ..ProptestConfig::default() })]

    #[test]
    fn the_newest_before_a_slot_ignores_later_events(events in events(1_800_000), slot in 0..190_u32) {
        let (_directory, store) = store_of(&events);
        let streams = Selector::activity("requests").streams(&store);
        let border = i64::from(slot) * SLOT_MS;
        let expected = events.iter().map(|event| event.at).filter(|at| *at < border).max();
        let found = newest_before(&store, &streams, Slot(slot)).expect("answered");
        prop_assert_eq!(found.map(|at| at.0), expected);
    }
}

/// dhl at two sites and ups, at 5 s, 25 s and 15 s.
fn calls() -> [Event; 3] {
    let event = |partner, site, at| Event { partner, site, ..Event::new(at) };
    [event(0, 0, 5_000), event(0, 1, 25_000), event(2, 0, 15_000)]
}

fn one_of(label: Label, value: &str) -> LabelMatchers {
    LabelMatchers::any_of(label, [value])
}

#[test]
fn selectors_groups_and_freshness_follow_the_labels() {
    let (_directory, store) = store_of(&calls());
    let mut selector = Selector::activity("requests");
    selector.labels = one_of(Label::Site, "ams1");
    let ages = |selector: &Selector, by: &[Label]| -> BTreeMap<String, Option<i64>> {
        let groups = freshness(&store, selector, by, &[]).into_iter();
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

/// `labels stream last_at expected` of each row of an answer.
fn rows(found: &[Freshness]) -> Vec<String> {
    let row = |one: &Freshness| {
        let labels: Vec<&str> = one.labels.iter().map(|(_, value)| value.as_str()).collect();
        let last_at = one.last_at.map_or("never".to_owned(), |at| at.0.to_string());
        let (stream, expected) = (one.stream.as_deref().unwrap_or("any"), one.expected);
        format!("{} {stream} {last_at} {expected}", labels.join("/"))
    };
    found.iter().map(row).collect()
}

#[test]
fn expected_streams_that_never_reported_are_listed() {
    let (_directory, store) = store_of(&calls());
    let expect = |partner: &str, stream: &str| ExpectedStream {
        partner: partner.to_owned(),
        stream: stream.to_owned(),
    };
    let expected = [
        expect("dhl", "requests"),
        expect("dhl", "tracking"),
        expect("gls", "requests"),
        expect("gls", "tracking"),
    ];
    let ask = |stream: Option<&str>, labels: LabelMatchers, by: &[Label]| {
        let stream = stream.map(str::to_owned);
        let selector = Selector { stream, labels, ..Selector::activity("") };
        rows(&freshness(&store, &selector, by, &expected))
    };
    let partner = &[Label::Partner][..];
    let all = LabelMatchers::new;
    assert_eq!(
        ask(Some("requests"), all(), partner),
        ["dhl requests 25000 true", "ups requests 15000 false", "gls requests never true"]
    );
    assert_eq!(
        ask(Some("tracking"), all(), partner),
        ["dhl tracking never true", "gls tracking never true"]
    );
    assert_eq!(
        ask(None, all(), partner),
        [
            "dhl any 25000 true",
            "ups any 15000 false",
            "dhl tracking never true",
            "gls requests never true",
            "gls tracking never true"
        ]
    );
    assert_eq!(
        ask(Some("tracking"), one_of(Label::Partner, "gls"), &[]),
        [" tracking never true"],
        "the answer would be empty"
    );
    assert_eq!(ask(Some("requests"), one_of(Label::Partner, "dhl"), &[]), [" requests 25000 true"]);
    assert_eq!(
        ask(Some("requests"), one_of(Label::Environment, "staging"), partner),
        ["dhl requests never true", "gls requests never true"]
    );
    assert!(
        ask(Some("tracking"), one_of(Label::Site, "ams1"), partner).is_empty(),
        "nothing is expected of a site"
    );
    assert_eq!(ask(Some("requests"), all(), &[]), [" requests 25000 false"]);
}
