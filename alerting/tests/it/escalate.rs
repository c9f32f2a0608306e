//! Escalation: the next receiver is notified once, also over restarts, and of the end.

use plimsoll_alerting::Action;

use crate::delivery::{evaluate, failing, in_state};
use crate::world::{World, minute, partner_5xx, rules};

/// What waits, as minute, receiver and action.
fn waiting(world: &World) -> Vec<(i64, String, Action)> {
    let found = in_state(world, "waiting").into_iter();
    let mut found: Vec<_> =
        found.map(|it| (it.at.since_ms(minute(0)) / 60_000, it.receiver, it.action)).collect();
    found.sort();
    found
}

#[tokio::test(flavor = "multi_thread")]
async fn the_next_receiver_is_notified_once_and_of_the_end() {
    let mut rules = rules("127.0.0.1:9", &partner_5xx("[oncall]"));
    let (to, after_ms) = ("hub".to_owned(), 4 * 60_000);
    rules.receivers[0].escalate = Some(plimsoll_alerting::rule::Escalation { to, after_ms });
    let world = failing();
    // Every call is a new evaluator: nothing is remembered but what is stored.
    (1..=30).for_each(|minute| evaluate(&world, &rules, minute));
    let deliveries = waiting(&world);
    let begin = deliveries[0].0;
    let end = deliveries.last().unwrap().0;
    let notified = |at: i64, receiver: &str, action| (at, receiver.to_owned(), action);
    let expected = [
        notified(begin, "oncall", Action::Trigger),
        notified(begin + 4, "hub", Action::Trigger),
        notified(end, "hub", Action::Resolve),
        notified(end, "oncall", Action::Resolve),
    ];
    assert_eq!(deliveries, expected);
    let late = in_state(&world, "waiting").into_iter();
    let mut late = late.filter(|it| it.receiver == "hub" && it.action == Action::Trigger);
    let because = late.next().unwrap().content.muted_by;
    assert_eq!(because.as_deref(), Some("nobody acknowledged it for 4m"));
}
