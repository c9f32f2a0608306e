//! An explanation repeats the evaluations that were made live.

use std::sync::Arc;

use plimsoll_alerting::explain::{ExplainRequest, ExplainedSlot, Explanation, explain};
use plimsoll_alerting::{AlertState, Gate, MutedBy, RuleSet, StateChange};
use plimsoll_query::Budget;
use plimsoll_storage::Label;

use crate::world::{START, World, closed, lines, minute, partner_5xx, rules};

/// Explains the first rule for a partner at a minute.
fn explained(
    world: &World,
    rules: &RuleSet,
    partner: &str,
    at_minute: i64,
    span_minutes: i64,
) -> Option<Explanation> {
    // No rule here groups by environment: that label is ignored.
    let environment = (Label::Environment, "staging".to_owned());
    let request = ExplainRequest {
        rule: &rules.rules[0],
        labels: vec![(Label::Partner, partner.to_owned()), environment],
        at: minute(at_minute),
        span_ms: span_minutes * 60_000,
        now: closed(minute(120)),
    };
    explain(&world.store, rules, &request, Budget::UNLIMITED).unwrap()
}

fn outage(world: &World) {
    world.feed("dhl", 0..30, 20, 0);
    world.feed("dhl", 30..50, 10, 10);
    world.feed("dhl", 50..100, 20, 0);
}

fn changes(slots: &[ExplainedSlot]) -> Vec<(i64, StateChange)> {
    let each = slots.iter().filter_map(|it| Some((it.t, it.transition?.change)));
    each.map(|(t, change)| (t.since_ms(START) / 1_000, change)).collect()
}

#[test]
fn it_repeats_live_evaluation_whether_or_not_that_ran() {
    for has_run in [true, false] {
        let world = World::new();
        outage(&world);
        let rules = rules("127.0.0.1:9", &partner_5xx("[oncall]"));
        if has_run {
            let mut evaluator = world.started(&rules);
            evaluator.rewind_to(START).unwrap();
            let live = evaluator.evaluate_until(closed(minute(100))).unwrap();
            assert_eq!(lines(&live.transitions).len(), 3);
        }
        let all = explained(&world, &rules, "dhl", 45, 60).unwrap();
        let group = &all.groups[0];
        assert_eq!(
            changes(&group.slots),
            [
                (1_820, StateChange::Pended),
                (1_940, StateChange::Fired),
                (3_170, StateChange::Resolved)
            ]
        );
        let at = |t| group.slots.iter().find(|it| it.t == t).unwrap();
        let good = at(minute(20)).evidence.unwrap();
        assert_eq!((good.value, good.count, good.gate), (0.0, 120, Gate::BelowThreshold));
        let bad = at(minute(40)).evidence.unwrap();
        assert_eq!((bad.value, bad.count, bad.gate), (0.5, 120, Gate::Passed));
        assert!(bad.lower > 0.2 && matches!(at(minute(40)).state, AlertState::Firing(_)));
        // In the middle of the alert alone: its beginning is known from the record, or not at all.
        let middle = explained(&world, &rules, "dhl", 45, 2).unwrap();
        let words = &middle.groups[0].words;
        assert!(words.contains("50% (60 of 120): above 20%"), "{words}");
        let not_on_record = words.contains("no such alert is on record");
        assert!(words.contains("A critical alert is open since") || !has_run, "{words}");
        assert_eq!(not_on_record, !has_run, "{words}");
        assert!(!has_run || words.contains("open since 2026-11-20T20:32:20Z"), "{words}");
    }
}

/// The age that was evaluated at a minute.
fn age_s(world: &World, rules: &RuleSet, at_minute: i64, span_minutes: i64) -> f64 {
    let all = explained(world, rules, "dhl", at_minute, span_minutes).unwrap();
    let slot = all.groups[0].slots.iter().find(|it| it.t == minute(at_minute));
    slot.and_then(|it| it.evidence).unwrap().value
}

#[test]
fn an_age_does_not_depend_on_how_much_is_explained() {
    for (signal, expects) in [
        ("freshness", ""),
        ("freshness", "partners: [{ name: dhl, expects: [requests] }]\n"),
        ("absence", ""),
        ("absence", "partners: [{ name: dhl, expects: [requests] }]\n"),
    ] {
        let world = World::new();
        world.feed("dhl", 0..28, 1, 0);
        let rule = format!(
            "rules:\n  - {{ name: age, owner: o, runbook: partner-silent, by: [partner], \
             signal: {{ {signal}: {{ stream: requests }} }}, critical: '> 20m', notify: [oncall] }}\n{expects}"
        );
        let rules = rules("127.0.0.1:9", &rule);
        for span_minutes in [2, 20, 100] {
            let age_s = age_s(&world, &rules, 55, span_minutes);
            assert!(
                (1_620.0..1_680.0).contains(&age_s),
                "{signal} {expects} {span_minutes}: {age_s}"
            );
        }
    }
}

/// A rule about an age, without and with the expectation that a partner reports.
fn expecting(signal: &str) -> [RuleSet; 2] {
    ["", "partners: [{ name: dhl, expects: [requests] }]\n"].map(|expects| {
        let text = format!(
            "rules:\n  - {{ name: age, owner: o, runbook: partner-silent, by: [partner], \
             signal: {{ {signal}: {{ stream: requests }} }}, critical: '> 20m', notify: [oncall] }}\n{expects}"
        );
        rules("127.0.0.1:9", &text)
    })
}

#[test]
fn the_age_of_what_never_came_counts_from_when_it_was_first_expected_also_after_a_restart() {
    for signal in ["freshness", "absence"] {
        let [_, rules] = expecting(signal);
        let world = World::new();
        let mut evaluator = world.started(&rules);
        assert_eq!(evaluator.evaluate_until(closed(minute(10))).unwrap().transitions, []);
        drop(evaluator);
        let world = world.restarted();
        let mut evaluator = world.evaluator(&rules);
        let found = evaluator.evaluate_until(closed(minute(30))).unwrap().transitions;
        let found: Vec<_> = found.iter().map(|it| (it.at.since_ms(START), it.change)).collect();
        assert_eq!(found, [(1_210_000, StateChange::Fired)], "{signal}");
        for span_minutes in [2, 20] {
            assert_eq!(age_s(&world, &rules, 15, span_minutes), 900.0, "{signal} {span_minutes}");
        }
    }
}

#[test]
fn an_expectation_that_is_added_counts_from_the_reload() {
    let [without, with] = expecting("absence");
    let world = World::new();
    let mut evaluator = world.started(&without);
    assert_eq!(evaluator.evaluate_until(closed(minute(30))).unwrap().transitions, []);
    evaluator.reload(Arc::new(with));
    let found = evaluator.evaluate_until(closed(minute(60))).unwrap().transitions;
    let found: Vec<_> = found.iter().map(|it| (it.at.since_ms(START), it.change)).collect();
    assert_eq!(found, [(50 * 60_000 + 10_000, StateChange::Fired)]);
}

#[test]
fn an_unknown_group_is_not_explained_and_a_group_without_data_is() {
    let world = World::new();
    outage(&world);
    let rules = rules("127.0.0.1:9", &partner_5xx("[oncall]"));
    assert!(explained(&world, &rules, "ups", 40, 20).is_none());
    let silent = explained(&world, &rules, "dhl", 110, 10).unwrap();
    assert!(silent.groups[0].words.contains("there was no data"), "{}", silent.groups[0].words);
    let future = explained(&world, &rules, "dhl", 500, 10).unwrap();
    assert_eq!(future.at, minute(120), "nothing is evaluated before it has happened");
}

#[test]
fn a_long_span_is_shown_in_part_and_every_change_of_it() {
    let world = World::new();
    outage(&world);
    let rules = rules("127.0.0.1:9", &partner_5xx("[oncall]"));
    let all = explained(&world, &rules, "dhl", 60, 120).unwrap();
    let slots = &all.groups[0].slots;
    assert!((200..=370).contains(&slots.len()), "{}", slots.len());
    assert_eq!(changes(slots).len(), 3);
}

#[test]
fn what_muted_an_alert_is_named() {
    let world = World::new();
    outage(&world);
    let text = partner_5xx("[oncall]") + "partners: [{ name: dhl, paused: true }]\n";
    let rules = rules("127.0.0.1:9", &text);
    let found = explained(&world, &rules, "dhl", 40, 2).unwrap();
    let slot = found.groups[0].slots.last().unwrap();
    assert_eq!(slot.muted_by, Some(MutedBy::Paused));
    assert!(found.groups[0].words.ends_with("It is muted: the partner is paused."));
}

#[test]
fn the_default_pack_is_explained_at_rest_and_at_fault() {
    let world = World::new();
    world.feed("dhl", 0..60, 20, 0);
    world.feed("dhl", 60..70, 10, 10);
    let pack = RuleSet::default_pack().unwrap();
    let rest = explained(&world, &pack, "dhl", 40, 4).unwrap();
    assert!(
        rest.groups[0].words.contains("was 0% (0 of 600 in 5m): not above 1%"),
        "{}",
        rest.groups[0].words
    );
    let fault = explained(&world, &pack, "dhl", 66, 4).unwrap();
    let words = &fault.groups[0].words;
    assert!(
        words.contains("above 5%, which keeps the alert open")
            && words.contains("a critical alert fires at"),
        "{words}"
    );
}

#[test]
fn more_than_the_budget_is_an_error() {
    let world = World::new();
    outage(&world);
    let rules = rules("127.0.0.1:9", &partner_5xx("[oncall]"));
    let request = ExplainRequest {
        rule: &rules.rules[0],
        labels: vec![(Label::Partner, "dhl".to_owned())],
        at: minute(40),
        span_ms: 60_000,
        now: minute(120),
    };
    let budget = Budget { cells_max: 1, ..Budget::UNLIMITED };
    let error = explain(&world.store, &rules, &request, budget).unwrap_err();
    assert!(error.to_string().contains("more than 1 cells"), "{error}");
}
