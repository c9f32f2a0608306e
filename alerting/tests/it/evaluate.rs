//! Evaluation over a store: transitions, restarts, catching up, history.

use std::sync::Arc;

use plimsoll_alerting::alerts::{self, AlertFilter};
use plimsoll_alerting::{Evaluator, MutedBy, RuleSet, Severity, StateReason, outbox};
use plimsoll_storage::{Label, Order, Table, TableBatch};

use crate::world::{START, World, closed, lines, minute, partner_5xx, rules};

/// Ten good minutes, ten bad ones, thirty good ones.
pub(crate) fn outage(world: &World) {
    world.feed("dhl", 0..10, 20, 0);
    world.feed("dhl", 10..20, 10, 10);
    world.feed("dhl", 20..50, 20, 0);
    world.feed("ups", 0..50, 20, 0);
}

pub(crate) const OUTAGE: [&str; 3] = [
    // The first bad slot alone could be chance.
    "10:20 partner-5xx dhl Pended condition_met -",
    "12:20 partner-5xx dhl Fired held_for critical",
    "22:50 partner-5xx dhl Resolved cleared_for critical",
];

pub(crate) fn story_rules() -> RuleSet {
    rules("127.0.0.1:9", &partner_5xx("[oncall]"))
}

/// Everything in the tables, except how far evaluation has come.
fn tables(world: &World) -> Vec<(Vec<u8>, Vec<u8>)> {
    let tables = [Table::AlertState, Table::Alert, Table::Outbox, Table::DeadLetter];
    let rows = |table| world.store.records(table, &[], None, Order::Ascending, 1_000).unwrap();
    tables.into_iter().flat_map(rows).collect()
}

/// Evaluates minute by minute, as a running server does.
pub(crate) fn evaluate(evaluator: &mut Evaluator, until_minute: i64) -> Vec<String> {
    let evaluated =
        evaluator.evaluated_until().map_or(START, |evaluated| evaluated.min(minute(until_minute)));
    let first = evaluated.since_ms(START) / 60_000;
    let each = (first..=until_minute).flat_map(|at| evaluate_at_once(evaluator, at));
    each.collect()
}

/// Evaluates everything that is left in one call, as after a downtime.
fn evaluate_at_once(evaluator: &mut Evaluator, until_minute: i64) -> Vec<String> {
    lines(&evaluator.evaluate_until(closed(minute(until_minute))).unwrap().transitions)
}

#[test]
fn an_outage_is_one_alert_from_its_begin_to_its_end() {
    let world = World::new();
    outage(&world);
    let mut evaluator = world.started(&story_rules());
    evaluator.rewind_to(START).unwrap();
    let evaluated = evaluator.evaluate_until(closed(minute(50))).unwrap();
    assert_eq!(evaluated.slots, 300);
    let events = lines(&evaluated.transitions);
    assert_eq!(events, OUTAGE);
    let last = evaluated.transitions.last().unwrap();
    assert_eq!(last.reason, StateReason::ClearedFor);
    assert_eq!(world.evaluator(&story_rules()).evaluated_until(), Some(minute(50)));

    let alert = alerts::get(&world.store, last.alert_id.as_deref().unwrap()).unwrap().unwrap();
    assert_eq!(
        (alert.pending_at, alert.fired_at),
        (minute(10).plus_ms(20_000), minute(12).plus_ms(20_000))
    );
    assert_eq!(alert.resolved_at, Some(last.at));
    assert_eq!(alert.notify.notified, Some(Severity::Critical));
    assert!(alert.peak.lower >= alert.at_fire.lower && alert.peak.lower > 0.2);
    assert_eq!(outbox::len(&world.store).unwrap(), 2);
}

#[test]
fn a_restart_at_any_slot_and_a_late_start_evaluate_the_same() {
    let (live, late, restarting) = (World::new(), World::new(), World::new());
    for world in [&live, &late, &restarting] {
        outage(world);
    }
    let mut together = live.started(&story_rules());
    let mut live_events = Vec::new();
    for slot in 1..=300 {
        let at = closed(START.plus_ms(slot * 10_000));
        live_events.extend(lines(&together.evaluate_until(at).unwrap().transitions));
    }
    let mut at_once = late.started(&story_rules());
    at_once.rewind_to(START).unwrap();
    let late_events = evaluate_at_once(&mut at_once, 50);
    restarting.started(&story_rules());
    let mut restarted_events = Vec::new();
    for slot in 1..=300 {
        let at = closed(START.plus_ms(slot * 10_000));
        let mut evaluator = restarting.evaluator(&story_rules());
        restarted_events.extend(lines(&evaluator.evaluate_until(at).unwrap().transitions));
    }
    assert_eq!(live_events, late_events);
    assert_eq!(live_events, restarted_events);
    assert_eq!(tables(&live), tables(&late));
    assert_eq!(tables(&live), tables(&restarting));
}

#[test]
fn after_a_downtime_only_open_alerts_are_notified_and_how_late_they_are() {
    let world = World::new();
    outage(&world);
    world.feed("gls", 0..15, 20, 0);
    world.feed("gls", 15..50, 10, 10);
    let mut evaluator = world.started(&story_rules());
    assert_eq!(evaluate(&mut evaluator, 5), Vec::<String>::new());
    let events = evaluate_at_once(&mut world.evaluator(&story_rules()), 50);
    assert_eq!(events.len(), 5, "{events:?}");
    let all = alerts::list(&world.store, &AlertFilter::default(), 10).unwrap();
    let [gls, dhl] = &all[..] else { panic!("{all:?}") };
    // It ended within: on record with its times and causes, and nobody was woken.
    assert_eq!((dhl.fired_at, dhl.resolved_at.is_some()), (minute(12).plus_ms(20_000), true));
    assert_eq!((dhl.notify.notified, dhl.notify.muted_by), (None, Some(MutedBy::Downtime)));
    assert_eq!((gls.fired_at, gls.is_open()), (minute(17).plus_ms(20_000), true));
    assert_eq!((gls.notify.notified, gls.notify.muted_by), (Some(Severity::Critical), None));
    assert_eq!(outbox::len(&world.store).unwrap(), 1);
    let (_, row) =
        world.store.records(Table::Outbox, &[], None, Order::Ascending, 9).unwrap().remove(0);
    let row = String::from_utf8_lossy(&row);
    assert!(row.contains("it fired while nothing was evaluated"), "{row}");
    // The end of an alert that was notified before is notified.
    world.feed("gls", 50..80, 20, 0);
    evaluate_at_once(&mut world.evaluator(&story_rules()), 80);
    assert_eq!(outbox::len(&world.store).unwrap(), 2);
}

#[test]
fn a_warning_that_was_critical_for_a_while_during_a_downtime_is_not_notified_again() {
    let world = World::new();
    world.feed("dhl", 0..10, 170, 30);
    world.feed("dhl", 10..20, 100, 100);
    world.feed("dhl", 20..40, 170, 30);
    let mut evaluator = world.started(&story_rules());
    evaluate(&mut evaluator, 8);
    assert_eq!(outbox::len(&world.store).unwrap(), 1);
    let events = evaluate_at_once(&mut world.evaluator(&story_rules()), 40);
    let changes: Vec<&str> = events.iter().map(|line| line.split(' ').nth(3).unwrap()).collect();
    assert_eq!(changes, ["Escalated", "Eased"]);
    assert_eq!(outbox::len(&world.store).unwrap(), 1);
}

#[test]
fn a_problem_that_grows_while_it_is_pending_is_one_critical_alert() {
    let world = World::new();
    world.feed("dhl", 0..2, 20, 0);
    world.feed("dhl", 2..3, 170, 30);
    world.feed("dhl", 3..8, 100, 100);
    let events = evaluate(&mut world.started(&story_rules()), 8);
    assert!(events[1].ends_with("Fired held_for critical"), "{events:?}");
    assert_eq!((events.len(), outbox::len(&world.store).unwrap()), (2, 1));
}

#[test]
fn a_warning_that_grows_is_notified_again_and_one_that_eases_is_not() {
    let world = World::new();
    world.feed("dhl", 0..10, 170, 30);
    world.feed("dhl", 10..20, 100, 100);
    world.feed("dhl", 20..30, 170, 30);
    let events = evaluate(&mut world.started(&story_rules()), 30);
    let changes: Vec<&str> = events.iter().map(|line| line.split(' ').nth(3).unwrap()).collect();
    assert_eq!(changes, ["Pended", "Fired", "Escalated", "Eased"]);
    assert_eq!(outbox::len(&world.store).unwrap(), 2);
    let alert = alerts::list(&world.store, &AlertFilter::default(), 10).unwrap().remove(0);
    assert_eq!(
        (alert.severity, alert.notify.notified),
        (Severity::Warning, Some(Severity::Critical))
    );
}

#[test]
fn one_failure_of_three_fires_nothing_and_three_in_a_row_do() {
    let world = World::new();
    let text =
        partner_5xx("[oncall]").replace("window: 1m", "window: 20s").replace("for: 2m", "for: 0s");
    let rules = rules("127.0.0.1:9", &text.replace("> 5%", "> 4%"));
    let mut evaluator = world.started(&rules);
    let width = world.store.slot_width();
    let slot = |number: i64| width.slot_of(START.plus_ms(number * 10_000));
    let record = |number: i64, good: u64, bad: u64| {
        let mut batch = world.store.batch();
        let labels = ["tiny", "", "production", "", ""];
        let kind = plimsoll_storage::StreamKind::Activity;
        let stream = plimsoll_storage::StreamRef { kind, name: "requests", labels };
        let cell = batch.activity(stream, slot(number)).unwrap();
        let at = width.start(slot(number));
        (0..good).for_each(|_| cell.record(plimsoll_storage::Outcome::Status2xx, None, at));
        (0..bad).for_each(|_| cell.record(plimsoll_storage::Outcome::Timeout, None, at));
        world.store.append_blocking(batch.finish(), 1, None, START).unwrap();
    };
    record(10, 2, 1);
    record(60, 0, 3);
    assert_eq!(evaluate(&mut evaluator, 5), Vec::<String>::new());
    let events = evaluate(&mut evaluator, 15);
    assert!(events[0].starts_with("10:10 partner-5xx tiny Fired held_for warning"), "{events:?}");
    assert!(events[1].ends_with("Resolved cleared_without_data warning"), "{events:?}");
}

#[test]
fn the_first_start_evaluates_nothing_and_history_is_evaluated_when_asked_for() {
    let world = World::new();
    outage(&world);
    let mut evaluator = world.evaluator(&story_rules());
    assert_eq!(evaluator.evaluate_until(closed(minute(50))).unwrap().slots, 0);
    evaluator.rewind_to(START).unwrap();
    let events = evaluate(&mut evaluator, 50);
    assert_eq!(events, OUTAGE);
    // As delivery does once everything has arrived.
    let mut delivered = TableBatch::default();
    for (key, _) in world.store.records(Table::Outbox, &[], None, Order::Ascending, 10).unwrap() {
        delivered.delete(Table::Outbox, &key);
    }
    world.store.commit(delivered).unwrap();
    let notified_once = tables(&world);
    // Asking again, as every restart with the same flag does, notifies nothing twice.
    for _ in 0..2 {
        let mut evaluator = world.evaluator(&story_rules());
        evaluator.rewind_to(minute(5)).unwrap();
        assert_eq!(evaluate(&mut evaluator, 50), events);
        assert_eq!(tables(&world), notified_once);
    }
}

#[test]
fn going_back_into_an_open_alert_keeps_it() {
    let world = World::new();
    world.feed("dhl", 0..10, 20, 0);
    world.feed("dhl", 10..40, 10, 10);
    world.feed("dhl", 40..60, 20, 0);
    let mut evaluator = world.started(&story_rules());
    evaluate(&mut evaluator, 20);
    for back_to in [0, 11, 15] {
        let mut evaluator = world.evaluator(&story_rules());
        evaluator.rewind_to(minute(back_to)).unwrap();
        assert_eq!(evaluate(&mut evaluator, 25), Vec::<String>::new());
    }
    let events = evaluate(&mut world.evaluator(&story_rules()), 60);
    assert_eq!(events.len(), 1, "{events:?}");
    assert_eq!(alerts::list(&world.store, &AlertFilter::default(), 10).unwrap().len(), 1);
    assert_eq!(outbox::len(&world.store).unwrap(), 2);
}

#[test]
fn a_long_downtime_is_caught_up_for_a_week_at_most() {
    let world = World::new();
    let week = 7 * 24 * 60;
    world.feed("dhl", 0..10, 10, 10);
    let mut evaluator = world.started(&story_rules());
    evaluate(&mut evaluator, 1);
    let evaluated = evaluator.evaluate_until(closed(minute(week + 60))).unwrap();
    assert_eq!(evaluated.slots, week as u64 * 6);
    assert_eq!(lines(&evaluated.transitions), Vec::<String>::new());
    // History that is asked for is evaluated however old it is.
    evaluator.rewind_to(START).unwrap();
    let events = evaluate(&mut evaluator, week + 60);
    assert_eq!(events.len(), 3, "{events:?}");
}

#[test]
fn a_clock_that_was_far_ahead_does_not_leave_anyone_unwatched() {
    let world = World::new();
    let mut evaluator = world.evaluator(&story_rules());
    evaluator.evaluate_until(closed(minute(1_000_000))).unwrap();
    assert_eq!(evaluate(&mut evaluator, 0), Vec::<String>::new());
    outage(&world);
    assert_eq!(evaluate(&mut evaluator, 50), OUTAGE);
    // A step back within the open slot is waited for.
    assert_eq!(evaluator.evaluate_until(minute(50).plus_ms(1_000)).unwrap().slots, 0);
    assert_eq!(evaluator.evaluate_until(closed(minute(51))).unwrap().slots, 6);
}

#[test]
fn a_rule_that_is_removed_or_regrouped_ends_its_alerts() {
    let changes = [
        ("name: partner-5xx", "name: other", StateReason::RuleRemoved),
        ("window: 1m", "by: [partner, site]\n    window: 1m", StateReason::GroupingChanged),
        ("> 20%", "> 30%", StateReason::RuleChanged),
    ];
    for (from, to, reason) in changes {
        let world = World::new();
        world.feed("dhl", 0..30, 10, 10);
        let before = story_rules();
        evaluate(&mut world.started(&before), 10);
        let changed = rules("127.0.0.1:9", &partner_5xx("[oncall]").replace(from, to));
        // Reading the file again is as good as a restart.
        let reloads = reason != StateReason::GroupingChanged;
        let mut evaluator = world.evaluator(if reloads { &before } else { &changed });
        if reloads {
            evaluator.reload(Arc::new(changed));
        }
        let evaluated = evaluator.evaluate_until(closed(minute(11))).unwrap();
        assert!(evaluated.transitions.iter().any(|event| event.reason == reason), "{evaluated:?}");
        let open = AlertFilter {
            open: Some(true),
            rule: Some("partner-5xx".into()),
            ..AlertFilter::default()
        };
        let still_open = alerts::list(&world.store, &open, 10).unwrap();
        assert!(still_open.iter().all(|alert| alert.labels.get(Label::Site).is_some()));
        assert!(reason == StateReason::GroupingChanged || still_open.is_empty());
        let ended = AlertFilter { open: Some(false), ..AlertFilter::default() };
        let ended = alerts::list(&world.store, &ended, 10).unwrap();
        assert_eq!(ended[0].resolved_because, Some(reason));
        assert_eq!(outbox::len(&world.store).unwrap(), 2);
    }
}

#[test]
fn an_edit_that_changes_no_evaluation_keeps_alerts_and_timers() {
    let world = World::new();
    outage(&world);
    let mut evaluator = world.started(&story_rules());
    let mut events = evaluate(&mut evaluator, 11);
    let edited = partner_5xx("[oncall, hub]").replace("owner: integrations", "owner: others");
    evaluator.reload(Arc::new(rules("127.0.0.1:9", &edited)));
    events.extend(evaluate(&mut evaluator, 15));
    evaluator.reload(Arc::new(story_rules()));
    events.extend(evaluate(&mut evaluator, 50));
    assert_eq!(events, OUTAGE);
}

#[test]
fn maintenance_delays_the_notification_until_it_ends() {
    let maintenance = "maintenance:\n  - { match: { partner: dhl, environment: production }, \
                       start: 2026-11-20T20:10:00Z, end: 2026-11-20T20:30:00Z, author: ann, reason: upgrade }\n";
    let text = partner_5xx("[oncall]") + maintenance;
    let rules = rules("127.0.0.1:9", &text);
    // An alert that ends within the maintenance is never notified.
    let world = World::new();
    outage(&world);
    assert_eq!(evaluate(&mut world.started(&rules), 50), OUTAGE);
    assert_eq!(outbox::len(&world.store).unwrap(), 0);
    // An alert that began before it and ends within is triggered and resolved.
    let world = World::new();
    world.feed("dhl", 0..12, 10, 10);
    world.feed("dhl", 12..30, 20, 0);
    let events = evaluate(&mut world.started(&rules), 29);
    assert!(events[2].starts_with("14:50 partner-5xx dhl Resolved"), "{events:?}");
    assert_eq!(outbox::len(&world.store).unwrap(), 2);
    // An alert that outlasts it is triggered when the maintenance ends, and resolved.
    let world = World::new();
    world.feed("dhl", 0..9, 20, 0);
    world.feed("dhl", 9..40, 10, 10);
    world.feed("dhl", 40..60, 20, 0);
    let mut evaluator = world.started(&rules);
    evaluate(&mut evaluator, 29);
    assert_eq!(outbox::len(&world.store).unwrap(), 0);
    evaluate(&mut evaluator, 31);
    assert_eq!(outbox::len(&world.store).unwrap(), 1);
    evaluate(&mut evaluator, 60);
    assert_eq!(outbox::len(&world.store).unwrap(), 2);
}

#[test]
fn freshness_fires_on_a_stream_without_data_and_latency_does_not() {
    let text = "rules:\n\
        \x20 - { name: stale, owner: o, runbook: r, notify: [oncall],\n\
        \x20     signal: { freshness: { stream: requests } }, critical: '> 10m' }\n\
        \x20 - { name: slow, owner: o, runbook: r, notify: [oncall],\n\
        \x20     signal: { latency: { q: 0.5, stream: requests } }, critical: '> 1s', for: 1m }\n";
    let rules = rules("127.0.0.1:9", text);
    let world = World::new();
    world.feed("dhl", 0..5, 0, 10);
    world.feed("dhl", 30..32, 10, 0);
    let events = evaluate(&mut world.started(&rules), 35);
    let expected = [
        "0:10 slow dhl Pended condition_met -",
        "1:10 slow dhl Fired held_for critical",
        "11:00 slow dhl Resolved cleared_without_data critical",
        "15:00 stale dhl Fired held_for critical",
        "30:10 stale dhl Resolved cleared_for critical",
    ];
    assert_eq!(events, expected);
}

#[test]
fn alerts_are_listed_newest_first_and_filtered() {
    let world = World::new();
    world.feed("dhl", 0..30, 10, 10);
    world.feed("ups", 0..10, 20, 0);
    world.feed("ups", 10..30, 10, 10);
    evaluate(&mut world.started(&story_rules()), 30);
    let partners = |filter: &AlertFilter, limit| -> Vec<String> {
        let alerts = alerts::list(&world.store, filter, limit).unwrap();
        alerts.iter().map(|alert| alert.labels.title()).collect()
    };
    assert_eq!(partners(&AlertFilter::default(), 10), ["ups", "dhl"]);
    assert_eq!(partners(&AlertFilter::default(), 1), ["ups"]);
    let dhl =
        AlertFilter { labels: vec![(Label::Partner, "dhl".into())], ..AlertFilter::default() };
    assert_eq!(partners(&dhl, 10), ["dhl"]);
    let ended = AlertFilter { open: Some(false), ..AlertFilter::default() };
    assert_eq!(partners(&ended, 10), Vec::<String>::new());
    assert_eq!(alerts::get(&world.store, "nope").unwrap(), None);
}
