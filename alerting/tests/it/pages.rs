//! Messages that wait for others, and follow who is in them.

use plimsoll_alerting::{Action, Delivery};

use crate::deliver::{in_state, judge, until_delivered};
use crate::receiver::Receiver;
use crate::world::{World, minute, partner_5xx, rules};

const PAGES: &str =
    "pages: { by: [partner], cascade: { groups: 3, within: 10m }, wait: { critical: 30s } }\n";

fn said(of: &[Delivery]) -> Vec<(i64, Action)> {
    let mut said: Vec<_> = of.iter().map(|it| (it.at.since_ms(minute(0)), it.action)).collect();
    said.sort_unstable();
    said
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_message_waits_for_others_and_is_brought_up_to_date_under_its_key() {
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
        judge(&world, &rules, minute);
        running.waker.wake();
    }
    until_delivered(&world).await;
    running.stop().await;

    let delivered = in_state(&world, "delivered");
    let [begins, joins, leaves, ends] = said(&delivered)[..] else {
        panic!("four words: {:?}", said(&delivered))
    };
    assert_eq!(
        (begins.1, joins.1, leaves.1, ends.1),
        (Action::Trigger, Action::Update, Action::Update, Action::Resolve)
    );
    let word = |at: i64| delivered.iter().find(|it| it.at.since_ms(minute(0)) == at).unwrap();
    assert_eq!(begins.0 - word(begins.0).alert.fired_at.since_ms(minute(0)), 30_000, "it waited");
    assert_eq!(word(begins.0).content.muted_by, None, "that is no delay to tell of");
    assert_eq!(word(begins.0).content.which, ["a", "b", "c"]);
    assert_eq!(word(joins.0).content.which, ["a", "b", "c", "d"]);
    assert_eq!(word(leaves.0).content.which, ["a", "b", "c"]);
    let events: Vec<_> = receiver.got().iter().map(|got| got.json()).collect();
    let keys: Vec<_> = events.iter().map(|event| &event["dedup_key"]).collect();
    assert!(keys.iter().all(|key| *key == keys[0]), "{keys:?}");
    let actions: Vec<_> = events.iter().map(|event| event["event_action"].as_str()).collect();
    assert_eq!(actions, [Some("trigger"), Some("trigger"), Some("trigger"), Some("resolve")]);
}
