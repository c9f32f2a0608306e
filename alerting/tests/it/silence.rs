//! Silences: muted alerts are notified once the silence is over, and no resolve is ever muted.

use plimsoll_alerting::rule::Period;
use plimsoll_alerting::silence::{self, Silence};
use plimsoll_alerting::{Action, AlertFilter, Delivery, alerts};
use plimsoll_storage::{Label, LabelMatchers};

use crate::delivery::{evaluate, in_state};
use crate::world::{World, minute, partner_5xx, rules};

/// A silence of dhl over some minutes.
fn silence(world: &World, minutes: std::ops::Range<i64>) {
    let silence = Silence {
        id: String::new(),
        matches: LabelMatchers::any_of(Label::Partner, ["dhl"]),
        rule: None,
        period: Period { start: minute(minutes.start), end: minute(minutes.end), weekly: None },
        author: "ann".into(),
        reason: "vendor call".into(),
        created_at: minute(0),
    };
    assert!(silence::put(&world.store, &silence.with_id(), minute(0)).unwrap());
}

/// The waiting deliveries of alerts, without those of the silence itself.
fn about_alerts(world: &World) -> Vec<Delivery> {
    let mut waiting = in_state(world, "waiting");
    waiting.retain(|delivery| delivery.alert.rule == "partner-5xx");
    waiting
}

/// The same as minute and action.
fn waiting(world: &World) -> Vec<(i64, Action)> {
    let found = about_alerts(world).into_iter();
    let mut found: Vec<_> =
        found.map(|it| (it.at.since_ms(minute(0)) / 60_000, it.action)).collect();
    found.sort_unstable();
    found
}

#[tokio::test(flavor = "multi_thread")]
async fn a_silenced_alert_is_notified_once_the_silence_is_over() {
    let rules = rules("127.0.0.1:9", &partner_5xx("[oncall]"));
    let world = World::new();
    world.feed("dhl", 0..20, 10, 10);
    world.feed("ups", 0..20, 10, 10);
    silence(&world, 0..10);
    evaluate(&world, &rules, 8);
    let open = AlertFilter { open: Some(true), ..AlertFilter::default() };
    assert_eq!(alerts::list(&world.store, &open, 10).unwrap().len(), 2, "both are on record");
    let notified = about_alerts(&world);
    assert_eq!(notified.len(), 1);
    assert_eq!(notified[0].alert.labels.title(), "ups");
    // In steps: after a downtime, alerts are notified at the newest slot only.
    (9..=12).for_each(|minute| evaluate(&world, &rules, minute));
    assert_eq!(waiting(&world).len(), 2);
    assert_eq!(waiting(&world)[1], (10, Action::Trigger));
}

#[tokio::test(flavor = "multi_thread")]
async fn the_end_of_a_notified_alert_is_notified_in_silence_too() {
    let rules = rules("127.0.0.1:9", &partner_5xx("[oncall]"));
    let world = World::new();
    world.feed("dhl", 0..10, 10, 10);
    world.feed("dhl", 10..30, 20, 0);
    evaluate(&world, &rules, 5);
    silence(&world, 5..30);
    evaluate(&world, &rules, 25);
    let actions: Vec<Action> = waiting(&world).into_iter().map(|(_, action)| action).collect();
    assert_eq!(actions, [Action::Trigger, Action::Resolve]);
}
