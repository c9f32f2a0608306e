//! History that is evaluated because it was asked for: what it costs, how it stops, and its times.

use std::sync::Arc;
use std::sync::atomic::AtomicBool;

use plimsoll_alerting::alerts::{self, AlertFilter};
use plimsoll_alerting::{DeliveryFilter, StateReason, ledger};
use plimsoll_storage::Retention;

use crate::evaluate::{OUTAGE, evaluate, outage, story_rules};
use crate::world::{START, World, closed, lines, minute, partner_5xx, rules};

#[test]
fn history_costs_what_its_data_costs() {
    let year_ms = 365 * 24 * 3_600_000;
    let world = World::keeping(Retention { slot_ms: year_ms, ..Retention::default() });
    let (day, last) = (24 * 60, 100 * 24 * 60);
    outage(&world);
    world.feed("ups", last - 20..last - 10, 10, 10);
    let mut evaluator = world.started(&story_rules());
    // Long before the oldest data.
    evaluator.rewind_to(minute(-20 * 365 * day)).unwrap();
    let evaluated = evaluator.evaluate_until(closed(minute(last))).unwrap();
    let events = lines(&evaluated.transitions);
    assert_eq!(events[..3], OUTAGE);
    assert!(events[3].ends_with("partner-5xx ups Pended condition_met -"), "{events:?}");
    assert!(events[5].contains("partner-5xx ups Resolved"), "{events:?}");
    // The day of the first data, eight days until nothing can change, and the quarter of the next data on.
    assert!(evaluated.slots <= 10 * day as u64 * 6, "{}", evaluated.slots);
    assert_eq!(evaluator.evaluated_until(), Some(minute(last)));
}

#[test]
fn a_stop_ends_catching_up_and_the_next_start_continues() {
    let world = World::new();
    outage(&world);
    world.started(&story_rules());
    let mut stopped = world.evaluator(&story_rules()).with_stop(Arc::new(AtomicBool::new(true)));
    assert_eq!(stopped.evaluate_until(closed(minute(50))).unwrap().slots, 0);
    assert_eq!(evaluate(&mut world.evaluator(&story_rules()), 50), OUTAGE);
}

#[test]
fn an_alert_of_a_removed_rule_ends_after_it_fired_also_when_history_is_evaluated_again() {
    let world = World::new();
    world.feed("dhl", 0..30, 10, 10);
    evaluate(&mut world.started(&story_rules()), 10);
    let other = partner_5xx("[oncall]").replace("name: partner-5xx", "name: other");
    let mut evaluator = world.evaluator(&rules("127.0.0.1:9", &other));
    evaluator.rewind_to(START).unwrap();
    evaluate(&mut evaluator, 30);
    let all = alerts::list(&world.store, &AlertFilter::default(), 10).unwrap();
    let removed = all.iter().find(|alert| alert.rule == "partner-5xx").unwrap();
    assert_eq!(removed.resolved_because, Some(StateReason::RuleRemoved));
    assert_eq!(removed.resolved_at, Some(minute(10)), "where evaluation had stopped");
    for alert in &all {
        assert!(alert.pending_at <= alert.fired_at, "{alert:?}");
        assert!(alert.resolved_at.is_none_or(|at| at >= alert.fired_at), "{alert:?}");
    }
    for delivery in ledger::list(&world.store, &DeliveryFilter::default(), 10).unwrap().newest {
        assert!(delivery.at >= delivery.alert.fired_at, "{delivery:?}");
        assert!(delivery.due_at() >= delivery.at, "{delivery:?}");
    }
}
