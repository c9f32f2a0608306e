//! Notifications that wait for other alerts, and are updated when their groups change.

use plimsoll_alerting::{Action, Delivery};

use super::receiver::Receiver;
use super::{evaluate, in_state, until_delivered};
use crate::world::{World, minute, partner_5xx, rules};

const PAGES: &str =
    "pages: { by: [partner], cascade: { groups: 3, within: 10m }, wait: { critical: 30s } }\n";

fn actions_of(deliveries: &[Delivery]) -> Vec<(i64, Action)> {
    let mut actions: Vec<_> =
        deliveries.iter().map(|it| (it.at.since_ms(minute(0)), it.action)).collect();
    actions.sort_unstable();
    actions
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_notification_waits_for_others_and_is_updated_under_its_key() {
    let receiver = Receiver::start(&[]);
    let text = format!("{}{PAGES}", partner_5xx("[oncall]"));
    let rules = rules(&receiver.address, &text);
    let world = World::new();
    for partner in ["a", "b", "c"] {
        world.feed(partner, 0..16, 10, 10);
        world.feed(partner, 16..40, 20, 0);
    }
    world.feed("d", 0..5, 20, 0);
    world.feed("d", 5..12, 10, 10);
    world.feed("d", 12..40, 20, 0);
    let running = world.notifier(&rules);
    for minute in 1..=39 {
        evaluate(&world, &rules, minute);
        running.waker.wake();
    }
    until_delivered(&world).await;
    running.stop().await;

    let delivered = in_state(&world, "delivered");
    let [begins, joins, leaves, ends] = actions_of(&delivered)[..] else {
        panic!("four deliveries: {:?}", actions_of(&delivered))
    };
    assert_eq!(
        (begins.1, joins.1, leaves.1, ends.1),
        (Action::Trigger, Action::Update, Action::Update, Action::Resolve)
    );
    let delivery = |at: i64| delivered.iter().find(|it| it.at.since_ms(minute(0)) == at).unwrap();
    assert_eq!(
        begins.0 - delivery(begins.0).alert.fired_at.since_ms(minute(0)),
        30_000,
        "it waited"
    );
    assert_eq!(delivery(begins.0).content.muted_by, None, "waiting for other alerts is not muting");
    assert_eq!(delivery(begins.0).content.which, ["a", "b", "c"]);
    assert_eq!(delivery(joins.0).content.which, ["a", "b", "c", "d"]);
    assert_eq!(delivery(leaves.0).content.which, ["a", "b", "c"]);
    let events: Vec<_> = receiver.got().iter().map(|got| got.json()).collect();
    let keys: Vec<_> = events.iter().map(|event| &event["dedup_key"]).collect();
    assert!(keys.iter().all(|key| *key == keys[0]), "{keys:?}");
    let actions: Vec<_> = events.iter().map(|event| event["event_action"].as_str()).collect();
    assert_eq!(actions, [Some("trigger"), Some("trigger"), Some("trigger"), Some("resolve")]);
}
