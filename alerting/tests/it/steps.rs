//! Streams that report several slots at once: rules see the items of a step in the whole step, however short
//! their windows are.

use plimsoll_alerting::RuleSet;
use plimsoll_storage::{Cell, Outcome, SlotWidth, StreamKind, StreamRef, TimestampMs};

use crate::world::{START, World, closed, lines, partner_5xx, rules};

/// Adds a summary that is pushed at the end of its step.
fn push(world: &World, partner: &str, until: TimestampMs, step_s: i64, bad_share: f64) {
    let (width, items) = (SlotWidth::DEFAULT, step_s * 2);
    let bad = (items as f64 * bad_share) as u64;
    let mut summary = Cell { last_at: Some(until.plus_ms(-1)), ..Cell::default() };
    summary.outcomes.add(Outcome::Status2xx, items as u64 - bad);
    summary.outcomes.add(Outcome::Status5xx, bad);
    let labels = [partner, "", "production", "", ""];
    let stream = StreamRef { kind: StreamKind::Activity, name: "requests", labels };
    let mut batch = world.store.batch();
    let first = width.slot_of(until.plus_ms(-step_s * 1_000));
    let step_slots = width.slots_in(step_s * 1_000);
    let step = (first, step_slots, step_slots);
    batch.summary(stream, step, summary).unwrap();
    world.store.append_blocking(batch.finish(), 1, None, until).unwrap();
}

/// An hour of health, two hours of failures, two of health. The server is restarted during the failures.
fn outage(step_s: i64, rules: &RuleSet) -> Vec<String> {
    let mut world = World::new();
    let mut evaluator = world.started(rules);
    let mut events = Vec::new();
    for second in (10..=5 * 3_600).step_by(10) {
        let now = START.plus_ms(second * 1_000);
        let bad_share = |until_s: i64| match until_s {
            ..=3_600 | 10_801.. => 0.0,
            _ => 0.3,
        };
        if second % step_s == 0 {
            push(&world, "dhl", now, step_s, bad_share(second));
        }
        push(&world, "ups", now, 10, 0.0);
        events.extend(lines(&evaluator.evaluate_until(closed(now)).unwrap().transitions));
        if second == 9_010 {
            drop(evaluator);
            world = world.restarted();
            evaluator = world.evaluator(rules);
        }
    }
    events
}

/// Minute of an event.
fn minute_of(event: &str) -> i64 {
    event.split(':').next().unwrap().parse().unwrap()
}

#[test]
fn an_outage_is_one_alert_whatever_the_step() {
    let rules = rules("127.0.0.1:9", &partner_5xx("[oncall]"));
    let window_min = 2;
    for step_s in [10, 60, 120, 300, 900, 3_600] {
        let events = outage(step_s, &rules);
        let of = |change: &str| -> Vec<i64> {
            let events = events.iter().filter(|event| event.contains(change));
            events.map(|event| minute_of(event)).collect()
        };
        let (fired, resolved) = (of("Fired"), of("Resolved"));
        assert_eq!((fired.len(), resolved.len()), (1, 1), "step {step_s}: {events:?}");
        // Known at the end of the step, and then for as long as the rule asks.
        let known = 60 + step_s / 60;
        assert!((known..=known + window_min + 4).contains(&fired[0]), "step {step_s}: {events:?}");
        let known = 180 + step_s / 60;
        let until = known + step_s / 60 + window_min + 4;
        assert!((180..=until).contains(&resolved[0]), "step {step_s}: {events:?}");
    }
}

#[test]
fn failures_of_an_hourly_report_count_beside_a_stream_that_reports_every_slot() {
    // Both partners in one group: a window of a minute sees both all the time.
    let text = partner_5xx("[oncall]").replace("    window", "    by: [environment]\n    window");
    let events = outage(3_600, &rules("127.0.0.1:9", &text));
    let of = |change: &str| events.iter().filter(|event| event.contains(change)).count();
    assert_eq!((of("Fired"), of("Resolved")), (1, 1), "{events:?}");
    assert!(events.iter().all(|event| event.contains("production")), "{events:?}");
}
