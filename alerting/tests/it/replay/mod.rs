//! The default pack over made-up days: what is notified, when, how often; and that neither the order of
//! arrival nor running live changes it.

pub(crate) mod world;

use plimsoll_alerting::Action;
use plimsoll_alerting::alerts::{self, AlertFilter};
use plimsoll_alerting::{ByMinute, ReplayedAlert, RuleSet, Severity};
use plimsoll_storage::{Slot, SlotValue, SlotWidth, StreamKind, StreamRef, TimestampMs};
use proptest::prelude::*;

use crate::replay::world::{Fact, Replay, cell, requests, traffic};
use crate::world::{START, World, closed, minute, partner_5xx, rules};

/// Replays facts as they come, each at the end of its slot, a minute at a time.
fn replay(rules: RuleSet, facts: &[Fact]) -> Vec<ReplayedAlert> {
    let width = SlotWidth::DEFAULT;
    let mut replay = Replay::new(rules, width);
    let mut facts = facts.to_vec();
    facts.sort_by_key(|fact| fact.2);
    for (partner, operation, slot, good, bad) in facts {
        replay.advance(width.end(slot));
        let labels = [partner.as_str(), operation, "production", "", ""];
        let value = cell(slot, good, bad);
        let stream = replay.stream(requests(labels));
        replay.observe(stream, slot, &value);
    }
    replay.finish()
}

fn pack(text: &str) -> RuleSet {
    RuleSet::parse(text, &|_| None, std::path::Path::new(".")).unwrap()
}

/// Times of triggers, in minutes after the start, with the partner.
fn pages(alerts: &[ReplayedAlert]) -> Vec<(i64, String)> {
    let each = alerts.iter().flat_map(|alert| {
        let triggers = alert.notifications.iter().filter(|it| it.action == Action::Trigger);
        triggers.map(|it| (it.at.since_ms(START) / 60_000, alert.labels.title()))
    });
    each.collect()
}

fn storm(from: i64, to: i64, bad: u64) -> impl Fn(i64) -> u64 {
    move |at| if (from..to).contains(&at) { bad } else { 0 }
}

#[test]
fn a_storm_is_one_notification_within_minutes_and_its_end_is_notified() {
    let alerts = replay(pack(""), &traffic("dhl", 180, 60, storm(60, 90, 40)));
    let found = pages(&alerts);
    assert_eq!(found.len(), 1, "{found:?}");
    assert!((62..=64).contains(&found[0].0), "{found:?}");
    let alert = alerts.iter().find(|alert| !alert.notifications.is_empty()).unwrap();
    assert_eq!(
        (alert.severity, alert.notifications[0].receiver.as_str()),
        (Severity::Critical, "oncall")
    );
    let end = alert.notifications.last().unwrap();
    assert_eq!((end.action, end.group.as_str()), (Action::Resolve, "partner=dhl"));
    assert!(end.at > minute(90) && end.at <= minute(106), "{:?}", end.at.since_ms(minute(90)));
}

#[test]
fn a_blip_a_quiet_night_and_a_little_noise_notify_nobody() {
    let stories = [
        traffic("blip", 120, 60, storm(60, 62, 58)),
        traffic("night", 240, 3, |at| u64::from(at == 100)),
        traffic("noise", 600, 100, |at| u64::from(at % 2 == 0)),
    ];
    for facts in stories {
        assert_eq!(pages(&replay(pack(""), &facts)), [], "{}", facts[0].0);
    }
}

#[test]
fn a_dead_quiet_partner_is_found_and_so_is_one_failing_operation() {
    let mut quiet = traffic("tiny", 400, 1, |at| u64::from(at >= 100));
    quiet.retain(|(_, _, slot, ..)| slot.0 % 30 == 0);
    assert_eq!(pages(&replay(pack(""), &quiet)).len(), 1);
    let mut facts = traffic("dhl", 180, 2_000, |_| 0);
    let labels = traffic("dhl", 180, 60, storm(60, 120, 40));
    facts.extend(
        labels
            .into_iter()
            .map(|(partner, _, slot, good, bad)| (partner, "labels", slot, good, bad)),
    );
    assert_eq!(pages(&replay(pack(""), &facts)), [(63, "dhl / labels".to_owned())]);
}

#[test]
fn a_flapping_partner_and_a_cascade_of_twelve_are_one_notification_each() {
    let flapping = |at: i64| if (60..140).contains(&at) && at % 10 < 6 { 40 } else { 0 };
    assert_eq!(pages(&replay(pack(""), &traffic("flap", 240, 60, flapping))).len(), 1);
    let partners = (0..12).map(|number| format!("p{number:02}"));
    let facts: Vec<Fact> =
        partners.flat_map(|partner| traffic(&partner, 150, 60, storm(60, 90, 40))).collect();
    assert_eq!(pages(&replay(pack(""), &facts)).len(), 1);
}

#[test]
fn announced_maintenance_is_quiet_even_after_it_has_ended() {
    let text = "maintenance:\n  - { match: { partner: dhl }, start: 2026-11-20T21:00:00Z, \
                end: 2026-11-20T21:30:00Z, author: ann, reason: upgrade }\n";
    let facts = traffic("dhl", 180, 60, storm(60, 90, 60));
    assert_eq!(pages(&replay(pack(text), &facts)), []);
    assert_eq!(pages(&replay(pack(""), &facts)).len(), 1);
}

#[test]
fn a_paused_partner_a_shadow_and_a_dependency_are_recorded_and_not_notified() {
    let facts = traffic("dhl", 120, 60, storm(30, 90, 40));
    let paused = pack("partners: [{ name: dhl, paused: true }]\n");
    let alerts = replay(paused, &facts);
    assert!(!alerts.is_empty() && pages(&alerts).is_empty());
    let rule = partner_5xx("[oncall]");
    let child = rule.replace("rules:\n", "").replace("partner-5xx", "child");
    let text = format!("{rule}{child}    depends_on: [partner-5xx]\n");
    let alerts = replay(rules("127.0.0.1:9", &text), &facts);
    let is_notified =
        |name: &str| alerts.iter().any(|it| it.rule == name && !it.notifications.is_empty());
    assert!(
        is_notified("partner-5xx")
            && !is_notified("child")
            && alerts.iter().any(|it| it.rule == "child")
    );
    let mut both = facts.clone();
    both.extend(traffic("hub", 120, 60, storm(20, 95, 40)));
    let partners = pack(
        "pages: { by: [partner] }\npartners: [{ name: hub }, { name: dhl, depends_on: [hub] }]\n",
    );
    let alerts = replay(partners, &both);
    assert!(alerts.iter().any(|it| it.labels.title() == "dhl"), "it is recorded");
    assert!(pages(&alerts).iter().all(|(_, who)| who.starts_with("hub")), "{:?}", pages(&alerts));
    let alerts = replay(rules("127.0.0.1:9", &format!("{rule}    mode: shadow\n")), &facts);
    assert!(!alerts.is_empty() && pages(&alerts).is_empty());
}

#[test]
fn live_evaluates_as_a_replay_does() {
    let text = "receivers:\n  - { name: a, webhook: { url: 'https://a.example' } }\n";
    let bad = |at: i64| if (20..45).contains(&at) { 30 } else { 0 };
    let mut facts = traffic("dhl", 90, 60, bad);
    facts.extend(traffic("ups", 90, 40, storm(50, 60, 30)));
    let replayed = replay(pack(text), &facts);
    let world = World::new();
    let mut evaluator = world.started(&pack(text));
    facts.sort_by_key(|fact| fact.2);
    for at in 0..90 {
        for (partner, operation, slot, good, bad) in &facts {
            if *slot == SlotWidth::DEFAULT.slot_of(minute(at)) {
                append(&world, partner, operation, *slot, &cell(*slot, *good, *bad));
            }
        }
        evaluator.evaluate_until(closed(minute(at + 1))).unwrap();
        if at % 17 == 0 {
            evaluator = world.evaluator(&pack(text));
        }
    }
    let mut live: Vec<_> = alerts::list(&world.store, &AlertFilter::default(), 100)
        .unwrap()
        .into_iter()
        .map(|it| {
            (it.fired_at, it.rule, it.labels.title(), it.resolved_at, it.notify.notified.is_some())
        })
        .collect();
    live.sort();
    let mut expected: Vec<_> = replayed
        .into_iter()
        .map(|it| {
            let is_notified = !it.notifications.is_empty();
            (it.fired_at, it.rule, it.labels.title(), it.resolved_at, is_notified)
        })
        .collect();
    expected.sort();
    assert_eq!(live, expected);
    assert!(live.iter().any(|alert| alert.4));
}

fn append(world: &World, partner: &str, operation: &str, slot: Slot, value: &SlotValue) {
    let SlotValue::Activity(cell) = value else { panic!("no activity") };
    let mut batch = world.store.batch();
    let labels = [partner, operation, "production", "", ""];
    *batch.activity(requests(labels), slot).unwrap() = cell.clone();
    world.store.append_blocking(batch.finish(), 1, None, START).unwrap();
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]

    #[test]
    fn any_order_of_arrival_before_a_slot_is_evaluated_gives_the_same_alerts(
        bad in proptest::collection::vec(0_u64..10, 60), turn in 0_usize..1_000
    ) {
        let replayed = |facts: &[Fact]| {
            let mut replay = Replay::new(
                rules("127.0.0.1:9", &partner_5xx("[oncall]")), SlotWidth::DEFAULT);
            // Everything is known before anything is evaluated.
            for (partner, operation, slot, good, bad) in facts {
                let labels = [partner.as_str(), operation, "production", "", ""];
                let value = cell(*slot, *good, *bad);
                let stream = replay.stream(requests(labels));
                replay.observe(stream, *slot, &value);
            }
            replay.advance(TimestampMs(START.0 + 7_200_000));
            replay.finish()
        };
        let facts = traffic("dhl", 60, 10, |at| bad[at as usize]);
        let mut turned = facts.clone();
        turned.rotate_left(turn % facts.len());
        turned.reverse();
        prop_assert_eq!(replayed(&facts), replayed(&turned));
    }
}

#[test]
fn a_drop_is_found_after_a_restart_when_a_replay_finds_it() {
    let text = "receivers:\n  - { name: a, webhook: { url: 'https://a.example' } }\n";
    let slots = |minutes: std::ops::Range<i64>| {
        let reported = minutes.filter(|at| at.rem_euclid(5) == 0);
        reported.map(|at| (SlotWidth::DEFAULT.slot_of(minute(at)), at))
    };
    let labels = ["dhl", "events", "production", "", ""];
    let stream = StreamRef { kind: StreamKind::Activity, name: "webhooks", labels };
    let count = |at: i64| if at < 20 { 20 + (at / 5).rem_euclid(3) as u64 } else { 0 };
    // Three days of the usual, and silence with heartbeats.
    let facts: Vec<_> =
        slots(-3 * 1_440..120).map(|(slot, at)| (slot, cell(slot, count(at), 0))).collect();
    let mut replay = Replay::new(pack(text), SlotWidth::DEFAULT);
    let world = World::new();
    let mut batch = world.store.batch();
    for (slot, value) in &facts {
        replay.advance(SlotWidth::DEFAULT.end(*slot));
        let number = replay.stream(stream);
        replay.observe(number, *slot, value);
        let SlotValue::Activity(cell) = value else { panic!("no activity") };
        *batch.activity(stream, *slot).unwrap() = cell.clone();
    }
    world.store.append_blocking(batch.finish(), 1, None, START).unwrap();
    let replayed: Vec<_> = replay.finish().into_iter().map(|it| (it.rule, it.fired_at)).collect();
    let mut evaluator = world.started(&pack(text));
    evaluator.evaluate_until(closed(minute(7))).unwrap();
    let mut evaluator = world.evaluator(&pack(text));
    evaluator.evaluate_until(closed(minute(120))).unwrap();
    let live = alerts::list(&world.store, &AlertFilter::default(), 10).unwrap();
    let live: Vec<_> = live.into_iter().map(|it| (it.rule, it.fired_at)).collect();
    assert_eq!(live, replayed);
    assert!(live.len() == 1 && live[0].0 == "partner-drop", "{live:?}");
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(16))]

    #[test]
    fn however_many_evaluators_share_the_rules_they_find_the_same(
        bad in proptest::collection::vec(0_u64..60, 90), evaluators in 2_usize..9, by_the_minute: bool
    ) {
        let mut facts = traffic("dhl", 180, 60, |at| bad[at as usize / 2]);
        facts.extend(traffic("ups", 150, 60, storm(60, 90, 40)));
        facts.sort_by_key(|fact| fact.2);
        let replayed = |evaluators| {
            let slots = SlotWidth::DEFAULT.slots_in(60_000);
            let until = SlotWidth::DEFAULT.slot_of(minute(100));
            let by_minute = by_the_minute.then_some(ByMinute { until, slots });
            // Those of the default pack, some of which depend on others.
            let mut replay = Replay::shared(pack(""), SlotWidth::DEFAULT, by_minute, evaluators);
            assert_eq!(replay.evaluators.len(), evaluators);
            for (partner, operation, slot, good, bad) in &facts {
                let known = SlotWidth::DEFAULT.end(*slot).plus_ms(if by_the_minute { 50_000 } else { 0 });
                replay.advance(known);
                let labels = [partner.as_str(), operation, "production", "", ""];
                let value = cell(*slot, *good, *bad);
                let stream = replay.stream(requests(labels));
                replay.observe(stream, *slot, &value);
            }
            replay.end()
        };
        let (alerts, transitions) = replayed(1);
        prop_assert!(!alerts.is_empty() && !transitions.is_empty());
        prop_assert_eq!(replayed(evaluators), (alerts, transitions));
    }
}

#[test]
fn the_sandbox_is_evaluated_apart_and_never_notified() {
    // Rules for production, for every environment, and one that a heartbeat changes.
    let everywhere = "\n  - { name: any-5xx, owner: o, runbook: partner-5xx, by: [partner], \
                      window: 3m, signal: { ratio: { of: [5xx], stream: requests } }, \
                      critical: '> 20%', notify: [hub] }\n  \
                      - { name: drop, owner: o, runbook: partner-5xx, by: [partner], \
                      signal: { drop: { stream: requests } }, critical: '< 30% of usual', notify: [hub] }\n";
    let text = partner_5xx("[oncall]") + everywhere;
    let width = SlotWidth::DEFAULT;
    let replayed = |sandbox: bool| {
        let mut replay = Replay::new(rules("127.0.0.1:9", &text), width);
        for (partner, operation, slot, good, bad) in traffic("dhl", 2_000, 60, storm(90, 120, 40)) {
            replay.advance(width.end(slot));
            let mut observe = |environment, value: &SlotValue| {
                let labels = [partner.as_str(), operation, environment, "", ""];
                let stream = replay.stream(requests(labels));
                replay.observe(stream, slot, value);
            };
            // The partner falls silent at last, and says nothing of it.
            if slot < width.slot_of(minute(1_900)) {
                observe("production", &cell(slot, good, bad));
            }
            if sandbox {
                let at = slot.0 - width.slot_of(START).0;
                observe("sandbox", &cell(slot, 0, if at % 300 < 120 { 9 } else { 0 }));
            }
        }
        replay.end()
    };
    let (alone, alone_transitions) = replayed(false);
    assert!(alone.iter().any(|alert| alert.rule == "drop"), "{alone:?}");
    let (mut beside, mut transitions) = replayed(true);
    let drilled = beside.extract_if(.., |alert| alert.labels.is_sandbox()).collect::<Vec<_>>();
    transitions.retain(|event| !event.labels.is_sandbox());
    assert_eq!((beside, transitions), (alone, alone_transitions));
    for rule in ["partner-5xx", "any-5xx"] {
        assert!(drilled.iter().any(|alert| alert.rule == rule), "{rule}: {drilled:?}");
    }
    assert!(drilled.iter().all(|alert| alert.notifications.is_empty()));
}

#[test]
fn where_only_minutes_are_known_a_storm_is_found_at_the_end_of_a_minute() {
    let facts = traffic("dhl", 180, 60, storm(60, 90, 40));
    let width = SlotWidth::DEFAULT;
    let until = width.slot_of(minute(180));
    let by_minute = Some(ByMinute { until, slots: width.slots_in(60_000) });
    let mut replay =
        Replay::shared(rules("127.0.0.1:9", &partner_5xx("[oncall]")), width, by_minute, 1);
    for (partner, operation, slot, good, bad) in facts {
        // A minute is known when it is over.
        replay.advance(width.end(slot).plus_ms(50_000));
        let labels = [partner.as_str(), operation, "production", "", ""];
        let stream = replay.stream(requests(labels));
        replay.observe(stream, slot, &cell(slot, good, bad));
    }
    let (alerts, transitions) = replay.end();
    assert_eq!(alerts.len(), 1, "{alerts:?}");
    let moments = transitions.iter().map(|event| event.at.since_ms(START) % 60_000);
    assert_eq!(moments.collect::<std::collections::BTreeSet<_>>(), [0].into());
}
