//! Delivery over real sockets: bodies, retries, order, restarts, rejected deliveries.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use hmac::{Hmac, KeyInit as _, Mac as _};
use plimsoll_alerting::rule::{PagerDutyTarget, Target};
use plimsoll_alerting::{Action, DeadReason, DeliveryState, Error, Notifier, RuleSet, outbox};
use plimsoll_storage::{Order, Table};
use sha2::Sha256;

use super::pagerduty_schema::assert_as_documented;
use super::receiver::Receiver;
use super::{evaluate, failing, in_state, until_delivered};
use crate::world::{ROUTING_KEY, WEBHOOK_SECRET, World, minute, partner_5xx, rules, until};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn trigger_and_resolve_arrive_at_both_kinds_of_receivers() {
    let receiver = Receiver::start(&[]);
    let rules = rules(&receiver.address, &partner_5xx("[oncall, hub]"));
    let world = failing();
    let running = world.notifier(&rules);
    evaluate(&world, &rules, 3);
    running.waker.wake();
    until_delivered(&world).await;
    evaluate(&world, &rules, 30);
    running.waker.wake();
    until_delivered(&world).await;
    running.stop().await;

    let got = receiver.got();
    let events: Vec<_> = got.iter().filter(|got| got.path == "/v2/enqueue").collect();
    let hooks: Vec<_> = got.iter().filter(|got| got.path == "/hook").collect();
    assert_eq!((events.len(), hooks.len()), (2, 2));

    events.iter().for_each(|event| assert_as_documented(&event.body));
    let (trigger, resolve) = (events[0].json(), events[1].json());
    assert_eq!(trigger["routing_key"], ROUTING_KEY);
    assert_eq!(
        (&trigger["event_action"], &resolve["event_action"]),
        (&"trigger".into(), &"resolve".into())
    );
    assert_eq!(trigger["dedup_key"], resolve["dedup_key"]);
    assert_eq!(trigger["payload"]["severity"], "critical");
    assert_eq!(trigger["payload"]["component"], "dhl");
    let summary = trigger["payload"]["summary"].as_str().unwrap();
    assert!(
        summary.starts_with("dhl: 5xx on 50% of requests (60 of 120 in 1m, limit 20%) since "),
        "{summary}"
    );

    let hook = hooks[0].json();
    assert_eq!(
        (&hook["type"], &hooks[1].json()["type"]),
        (&"alert.triggered".into(), &"alert.resolved".into())
    );
    assert_eq!(hook["data"]["alert"]["labels"]["partner"], "dhl");
    let key = STANDARD.decode(WEBHOOK_SECRET.trim_start_matches("whsec_")).unwrap();
    let mut mac = Hmac::<Sha256>::new_from_slice(&key).unwrap();
    let (id, timestamp) = (hooks[0].header("webhook-id"), hooks[0].header("webhook-timestamp"));
    mac.update(format!("{id}.{timestamp}.{}", hooks[0].body).as_bytes());
    let signature = format!("v1,{}", STANDARD.encode(mac.finalize().into_bytes()));
    assert_eq!(hooks[0].header("webhook-signature"), signature);

    let deliveries = in_state(&world, "delivered");
    let actions: Vec<Action> = deliveries.iter().map(|line| line.action).collect();
    assert_eq!(actions, [Action::Resolve, Action::Resolve, Action::Trigger, Action::Trigger]);
    assert!(deliveries.iter().all(|line| line.attempts == 1));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_failed_delivery_is_retried_with_the_same_id() {
    let receiver = Receiver::start(&["500 Oops"]);
    let rules = rules(&receiver.address, &partner_5xx("[hub]"));
    let world = failing();
    evaluate(&world, &rules, 3);
    let running = world.notifier(&rules);
    until("the first attempt", || receiver.count() == 1).await;
    // The first wait is at most a second.
    until("the second attempt", || {
        world.set_now(world.now().plus_ms(1_000));
        running.waker.wake();
        receiver.count() == 2
    })
    .await;
    until_delivered(&world).await;
    running.stop().await;
    let got = receiver.got();
    assert_eq!(got[0].header("webhook-id"), got[1].header("webhook-id"));
    assert_eq!(in_state(&world, "delivered")[0].attempts, 2);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn retry_after_is_honoured_also_after_a_restart() {
    let receiver = Receiver::start(&["429 Too Many Requests\r\nRetry-After: 90\r\n\r\nslow down"]);
    let rules = rules(&receiver.address, &partner_5xx("[oncall]"));
    let world = failing();
    evaluate(&world, &rules, 3);
    let running = world.notifier(&rules);
    let waits = || world.store.records(Table::Outbox, &[], None, Order::Ascending, 10).unwrap();
    until("the note of the failure", || {
        waits().iter().any(|(_, row)| row.windows(9).any(|part| part == b"slow down"))
    })
    .await;
    running.stop().await;
    let world = world.restarted();
    let begin = world.now();
    let running = world.notifier(&rules);
    world.set_now(begin.plus_ms(89_000));
    running.waker.wake();
    tokio::time::sleep(std::time::Duration::from_millis(20)).await;
    assert_eq!(receiver.count(), 1);
    world.set_now(begin.plus_ms(90_000));
    running.waker.wake();
    until_delivered(&world).await;
    assert_eq!(receiver.count(), 2);
    running.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_rejected_delivery_becomes_a_dead_letter() {
    let echo = "400 Bad Request\r\n\r\n{\"errors\":[\"bad key R0UT1NG-KEY-0F-THE-TESTS\"]}";
    let receiver = Receiver::start(&[echo]);
    let rules = rules(&receiver.address, &partner_5xx("[oncall]"));
    let world = failing();
    evaluate(&world, &rules, 3);
    let running = world.notifier(&rules);
    until_delivered(&world).await;
    running.stop().await;
    let letters = in_state(&world, "dead");
    assert_eq!((letters.len(), letters[0].state), (1, DeliveryState::Dead(DeadReason::Refused)));
    assert_eq!(letters[0].detail.as_deref(), Some("answered 400: {\"errors\":[\"bad key ***\"]}"));
    assert_eq!(in_state(&world, "delivered"), []);
    // No secret in any row.
    for table in
        [Table::AlertState, Table::Alert, Table::Outbox, Table::Delivery, Table::DeadLetter]
    {
        for (_, row) in world.store.records(table, &[], None, Order::Ascending, 1_000).unwrap() {
            assert!(!row.windows(ROUTING_KEY.len()).any(|part| part == ROUTING_KEY.as_bytes()));
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_redirect_is_not_followed() {
    let inside = Receiver::start(&[]);
    let location = format!("307 Temporary Redirect\r\nLocation: http://{}/secret", inside.address);
    let receiver = Receiver::start(&[location.leak()]);
    let rules = rules(&receiver.address, &partner_5xx("[hub]"));
    let world = failing();
    evaluate(&world, &rules, 3);
    let running = world.notifier(&rules);
    until_delivered(&world).await;
    running.stop().await;
    assert_eq!((receiver.count(), inside.count()), (1, 0));
    let letters = in_state(&world, "dead");
    assert_eq!(letters[0].detail.as_deref(), Some("answered 307 (redirects are not followed)"));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_restart_between_trigger_and_resolve_changes_nothing() {
    let receiver = Receiver::start(&[]);
    let rules = rules(&receiver.address, &partner_5xx("[oncall]"));
    let world = failing();
    evaluate(&world, &rules, 3);
    // Written before the stop, sent after it.
    let world = world.restarted();
    let running = world.notifier(&rules);
    until_delivered(&world).await;
    running.stop().await;
    let world = world.restarted();
    evaluate(&world, &rules, 30);
    let world = world.restarted();
    let running = world.notifier(&rules);
    until_delivered(&world).await;
    running.stop().await;
    let got = receiver.got();
    assert_eq!(got.len(), 2);
    assert_eq!(got[1].json()["event_action"], "resolve");
    assert_eq!(got[0].json()["dedup_key"], got[1].json()["dedup_key"]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_resolve_never_overtakes_its_trigger() {
    let receiver = Receiver::start(&["503 Later\r\nRetry-After: 600"]);
    let rules = rules(&receiver.address, &partner_5xx("[oncall]"));
    let world = failing();
    evaluate(&world, &rules, 3);
    let running = world.notifier(&rules);
    until("the first attempt", || receiver.count() == 1).await;
    evaluate(&world, &rules, 12);
    world.set_now(minute(5));
    evaluate(&world, &rules, 30);
    assert_eq!(outbox::len(&world.store).unwrap(), 2);
    running.waker.wake();
    until_delivered(&world).await;
    running.stop().await;
    let got = receiver.got();
    let actions: Vec<String> =
        got.iter().map(|got| got.json()["event_action"].as_str().unwrap().to_owned()).collect();
    assert_eq!(actions, ["trigger", "trigger", "resolve"]);
    let late = &got[1].json()["payload"]["custom_details"]["data"]["late_by_s"];
    assert!(late.as_i64().unwrap() > 120, "{late}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_slow_receiver_delays_no_other_and_gets_eight_requests_at_once() {
    let (slow, fast) = (Receiver::start(&[]), Receiver::start(&[]));
    slow.hold();
    let text = partner_5xx("[oncall, hub]");
    let mut set = rules(&slow.address, &text);
    set.receivers[1] = rules(&fast.address, &text).receivers.remove(1);
    let world = World::new();
    for partner in 0..20 {
        world.feed(&format!("partner-{partner}"), 0..10, 10, 10);
    }
    evaluate(&world, &set, 3);
    let running = world.notifier(&set);
    until("all at the fast one", || fast.count() == 20).await;
    until("eight at the slow one", || slow.count() == 8).await;
    slow.release();
    until_delivered(&world).await;
    assert_eq!((slow.count(), fast.count()), (20, 20));
    running.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_resolve_goes_only_to_the_target_that_got_the_trigger() {
    let receiver = Receiver::start(&[]);
    let before = rules(&receiver.address, &partner_5xx("[oncall]"));
    for (change, reason) in
        [("another key", DeadReason::TargetChanged), ("no receiver", DeadReason::ReceiverRemoved)]
    {
        let world = failing();
        evaluate(&world, &before, 3);
        let running = world.notifier(&before);
        until_delivered(&world).await;
        running.stop().await;
        let mut after = before.clone();
        if reason == DeadReason::TargetChanged {
            let url = format!("http://{}", receiver.address);
            let routing_key = plimsoll_alerting::rule::Secret::new(change);
            after.receivers[0].target = Target::PagerDuty(PagerDutyTarget { url, routing_key });
        } else {
            after.receivers.remove(0);
            after.rules[0].notify = vec!["hub".into()];
        }
        evaluate(&world, &after, 30);
        let running = world.notifier(&after);
        until_delivered(&world).await;
        running.stop().await;
        let letters = in_state(&world, "dead");
        assert_eq!((letters.len(), letters[0].state), (1, DeliveryState::Dead(reason)), "{change}");
        assert_eq!(letters[0].action, Action::Resolve);
    }
    assert_eq!(receiver.count(), 2);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn deliveries_for_a_removed_receiver_become_dead_letters() {
    let rules = rules("127.0.0.1:9", &partner_5xx("[oncall]"));
    let world = failing();
    evaluate(&world, &rules, 3);
    let running = world.notifier(&RuleSet::default());
    until_delivered(&world).await;
    running.stop().await;
    let letters = in_state(&world, "dead");
    assert_eq!(letters[0].state, DeliveryState::Dead(DeadReason::ReceiverRemoved));
}

#[test]
fn a_private_address_is_rejected_unless_it_is_allowed() {
    let world = World::new();
    let rules = rules("127.0.0.1:9", &partner_5xx("[oncall]"));
    let rejected =
        Notifier::new(world.store.clone(), &rules, world.clock(), false, |_| None).unwrap_err();
    assert!(matches!(rejected, Error::PrivateReceiver { .. }));
    assert_eq!(
        rejected.to_string(),
        "receiver `oncall` points to 127.0.0.1, a loopback or private address; use a public one, \
         or start with --allow-private-receivers"
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_name_that_resolves_to_a_private_address_is_not_contacted() {
    let receiver = Receiver::start(&[]);
    let address = receiver.address.replace("127.0.0.1", "localhost");
    let rules = rules(&address, &partner_5xx("[hub]"));
    let world = failing();
    evaluate(&world, &rules, 3);
    let notifier =
        Notifier::new(world.store.clone(), &rules, world.clock(), false, |_| None).unwrap();
    let (stop, stopped) = tokio::sync::oneshot::channel::<()>();
    let task = tokio::spawn(notifier.run(async {
        let _dropped_is_stop_too = stopped.await;
    }));
    until("the recorded error", || {
        let rows = world.store.records(Table::Outbox, &[], None, Order::Ascending, 1).unwrap();
        rows.iter().any(|(_, row)| row.windows(17).any(|part| part == b"no public address"))
    })
    .await;
    drop(stop);
    task.await.unwrap();
    assert_eq!(receiver.count(), 0);
}
