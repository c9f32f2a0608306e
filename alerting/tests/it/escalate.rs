//! Escalation: the next receiver is told once, also over restarts, and hears of the end.

use plimsoll_alerting::Action;

use crate::delivery::{evaluate, failing, in_state};
use crate::world::{World, minute, partner_5xx, rules};

/// What waits, as minute, receiver and action.
fn waiting(world: &World) -> Vec<(i64, String, Action)> {
    let said = in_state(world, "waiting").into_iter();
    let mut said: Vec<_> =
        said.map(|it| (it.at.since_ms(minute(0)) / 60_000, it.receiver, it.action)).collect();
    said.sort();
    said
}

#[tokio::test(flavor = "multi_thread")]
async fn the_next_is_told_once_and_hears_of_the_end() {
    let mut rules = rules("127.0.0.1:9", &partner_5xx("[oncall]"));
    let (to, after_ms) = ("hub".to_owned(), 4 * 60_000);
    rules.receivers[0].escalate = Some(plimsoll_alerting::rule::Escalation { to, after_ms });
    let world = failing();
    // Every call is a new evaluator: nothing is remembered but what is stored.
    (1..=30).for_each(|minute| evaluate(&world, &rules, minute));
    let said = waiting(&world);
    let begin = said[0].0;
    let end = said.last().unwrap().0;
    let told = |at: i64, receiver: &str, action| (at, receiver.to_owned(), action);
    let expected = [
        told(begin, "oncall", Action::Trigger),
        told(begin + 4, "hub", Action::Trigger),
        told(end, "hub", Action::Resolve),
        told(end, "oncall", Action::Resolve),
    ];
    assert_eq!(said, expected);
    let late = in_state(&world, "waiting").into_iter();
    let mut late = late.filter(|it| it.receiver == "hub" && it.action == Action::Trigger);
    let because = late.next().unwrap().content.muted_by;
    assert_eq!(because.as_deref(), Some("nobody acknowledged it for 4m"));
}
