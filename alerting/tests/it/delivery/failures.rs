//! Failures of receivers over real sockets, with a clock that only the test moves.

use std::time::Duration;

use plimsoll_alerting::DeliveryState;
use plimsoll_alerting::limits::{BACKOFF_MS, BREAKER_FAILURES, BREAKER_WAIT_MS, SEND_TIMEOUT_MS};
use plimsoll_alerting::rule::{Target, WebhookTarget};
use plimsoll_alerting::{Action, DeadReason, RuleSet};
use plimsoll_storage::TimestampMs;

use super::receiver::{RESET, Receiver, SILENCE, STALL};
use super::{evaluate, failing, in_state, until_delivered};
use crate::world::{Running, World, partner_5xx, rules, until};

/// Moves the clock to the next attempt and no further; returns how long that took.
async fn until_next_attempt(world: &World, running: &Running, receiver: &Receiver) -> i64 {
    let count = receiver.count();
    let failed_at = world.now();
    let mut next = TimestampMs(0);
    until("the recorded failure", || {
        let waiting = in_state(world, "waiting");
        next = waiting.first().map_or(failed_at, |delivery| delivery.next_attempt_at);
        waiting.first().is_some_and(|delivery| delivery.attempts as usize == count)
    })
    .await;
    if next > failed_at {
        world.set_now(next.plus_ms(-1));
        running.waker.wake();
        tokio::time::sleep(Duration::from_millis(5)).await;
        assert_eq!(receiver.count(), count, "an attempt was made too early");
    }
    world.set_now(next);
    running.waker.wake();
    // The breaker may delay an attempt for longer than the backoff, and a busy machine for longer than the
    // clock of the test shows.
    let last = next.max(failed_at.plus_ms(BREAKER_WAIT_MS)).plus_ms(4_000);
    until("the next attempt", || {
        let is_made = receiver.count() > count;
        if !is_made {
            std::thread::sleep(Duration::from_millis(10));
            if receiver.count() == count {
                world.set_now(world.now().plus_ms(1_000).min(last));
            }
            running.waker.wake();
        }
        is_made
    })
    .await;
    world.now().since_ms(failed_at)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn attempts_follow_the_backoff_schedule() {
    let answers = [
        "500 Oops",
        RESET,
        "503 Busy",
        "500 Oops",
        "502 Bad",
        "429 Slow\r\nRetry-After: 200",
        "500 Oops",
        "404 Not Yet",
    ];
    let receiver = Receiver::start(&answers);
    let rules = rules(&receiver.address, &partner_5xx("[hub]"));
    let world = failing();
    evaluate(&world, &rules, 3);
    let running = world.notifier(&rules);
    until("the first attempt", || receiver.count() == 1).await;
    let mut waits = Vec::new();
    for _ in 0..answers.len() {
        waits.push(until_next_attempt(&world, &running, &receiver).await);
    }
    until_delivered(&world).await;
    running.stop().await;
    println!("waits in ms: {waits:?}");
    for (attempt, (wait, longest)) in waits.iter().zip(BACKOFF_MS).enumerate() {
        let requested = if answers[attempt].starts_with("429") { 200_000 } else { 0 };
        // A probe of the open breaker is later, and the clock moves in seconds.
        let longest = longest.max(requested).max(BREAKER_WAIT_MS) + 5_000;
        assert!((requested..=longest).contains(wait), "{attempt}: {wait}");
    }
    let ids: Vec<_> =
        receiver.got().iter().map(|got| got.header("webhook-id").to_owned()).collect();
    assert!(ids.windows(2).all(|pair| pair[0] == pair[1]), "a retry keeps its id");
    let [delivered] = &in_state(&world, "delivered")[..] else { panic!("one delivery") };
    assert_eq!(delivered.attempts as usize, answers.len() + 1);
    let log: Vec<_> = delivered.log.iter().map(|attempt| attempt.status).collect();
    assert_eq!(
        log,
        [
            Some(500),
            None,
            Some(503),
            Some(500),
            Some(502),
            Some(429),
            Some(500),
            Some(404),
            Some(202)
        ]
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_missing_answer_is_a_failure_and_an_endless_body_is_not() {
    let receiver = Receiver::start(&[SILENCE, STALL]);
    let rules = rules(&receiver.address, &partner_5xx("[hub]"));
    let world = failing();
    evaluate(&world, &rules, 3);
    let running = world.notifier(&rules);
    let patience = Duration::from_millis(3 * SEND_TIMEOUT_MS);
    let delivered = async {
        while in_state(&world, "delivered").is_empty() {
            world.set_now(world.now().plus_ms(100));
            running.waker.wake();
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    };
    tokio::time::timeout(patience, delivered).await.expect("both attempts end");
    running.stop().await;
    let [delivered] = &in_state(&world, "delivered")[..] else { panic!("one delivery") };
    let error = delivered.log[0].error.as_deref().unwrap_or_default();
    assert!(error.contains("timed out") && !error.contains(&receiver.address), "{error}");
    assert_eq!(delivered.log[1].status, Some(200), "the status decides");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_receiver_without_tls_is_retried_and_the_reason_recorded() {
    let receiver = Receiver::start(&[]);
    let mut set = rules(&receiver.address, &partner_5xx("[hub]"));
    let url = format!("https://{}/hook?token=s3cr3t", receiver.address);
    set.receivers[1].target = Target::Webhook(WebhookTarget { url, secrets: Vec::new() });
    let world = failing();
    evaluate(&world, &set, 3);
    let running = world.notifier(&set);
    until("a failure", || in_state(&world, "waiting").iter().any(|it| it.attempts == 1)).await;
    running.stop().await;
    let waiting = &in_state(&world, "waiting")[0];
    let error = waiting.last_error().unwrap_or_default();
    assert!(error.to_lowercase().contains("tls") || error.contains("corrupt message"), "{error}");
    assert!(!error.contains("s3cr3t"), "{error}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_disabled_receiver_gets_nothing_until_a_test_succeeds() {
    let receiver = Receiver::start(&["410 Gone"]);
    let rules = rules(&receiver.address, &partner_5xx("[hub]"));
    let world = failing();
    evaluate(&world, &rules, 3);
    let running = world.notifier(&rules);
    until_delivered(&world).await;
    assert_eq!(in_state(&world, "dead")[0].state, DeliveryState::Dead(DeadReason::Disabled));
    running.stop().await;
    // After a restart as well.
    let world = world.restarted();
    evaluate(&world, &rules, 30);
    let running = world.notifier(&rules);
    until("the resolve is given up", || in_state(&world, "dead").len() == 2).await;
    assert_eq!(receiver.count(), 1);
    assert!(running.control.receivers()["hub"].disabled.is_some());
    let results = running.control.test("hub").await.unwrap().unwrap();
    assert!(results.iter().all(|result| result.status == Some(202)), "{results:?}");
    assert_eq!(running.control.receivers()["hub"].disabled, None);
    running.stop().await;
    let world = world.restarted();
    let running = world.notifier(&rules);
    assert_eq!(running.control.receivers()["hub"].disabled, None);
    running.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_delivery_that_fails_for_too_long_is_given_up() {
    let receiver = Receiver::start(&["500 Oops", "500 Oops"]);
    let mut rules = rules(&receiver.address, &partner_5xx("[hub]"));
    rules.receivers[1].give_up_after_ms = 600_000;
    let world = failing();
    evaluate(&world, &rules, 3);
    let running = world.notifier(&rules);
    until("the first attempt", || in_state(&world, "waiting").iter().any(|it| it.attempts == 1))
        .await;
    world.set_now(world.now().plus_ms(600_000));
    running.waker.wake();
    until_delivered(&world).await;
    running.stop().await;
    let [dead] = &in_state(&world, "dead")[..] else { panic!("one dead letter") };
    assert_eq!(dead.state, DeliveryState::Dead(DeadReason::Expired));
    assert!(dead.detail.as_deref().unwrap_or_default().contains("answered 500"), "{dead:?}");
}

/// The rules with `oncall` handed over to `hub`, which is at another address, after a minute.
pub(super) fn with_fail_over(down: &Receiver, other: &Receiver) -> RuleSet {
    let text = partner_5xx("[oncall]");
    let mut set = rules(&down.address, &text);
    set.receivers[1] = rules(&other.address, &text).receivers.remove(1);
    let to = "hub".to_owned();
    set.receivers[0].fail_over = Some(plimsoll_alerting::rule::FailOver { to, after_ms: 60_000 });
    set
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn failover_notifies_another_receiver_and_resolves_at_both() {
    let (down, other) = (Receiver::start(&["500 Oops"; 40]), Receiver::start(&[]));
    let rules = with_fail_over(&down, &other);
    let world = failing();
    evaluate(&world, &rules, 3);
    let running = world.notifier(&rules);
    until("the other is notified", || {
        world.set_now(world.now().plus_ms(2_000));
        running.waker.wake();
        other.count() == 1
    })
    .await;
    assert!(down.count() >= BREAKER_FAILURES as usize);
    assert_eq!(other.got()[0].json()["type"], "alert.triggered");
    let waiting = in_state(&world, "waiting");
    let handed = waiting.iter().find(|delivery| delivery.receiver == "oncall").unwrap();
    assert_eq!((handed.receiver.as_str(), handed.handed_to.as_deref()), ("oncall", Some("hub")));

    // It recovers before the alert is resolved: both get the resolve once.
    let tried = down.count();
    until("the first is notified as well", || {
        world.set_now(world.now().plus_ms(5_000));
        running.waker.wake();
        in_state(&world, "delivered").iter().any(|it| it.receiver == "oncall")
            || down.count() > tried + 60
    })
    .await;
    evaluate(&world, &rules, 60);
    until("both get the resolve", || {
        world.set_now(world.now().plus_ms(5_000));
        running.waker.wake();
        in_state(&world, "waiting").is_empty() && other.count() == 2
    })
    .await;
    running.stop().await;
    let sent: Vec<(String, Action)> = in_state(&world, "delivered")
        .iter()
        .rev()
        .map(|delivery| (delivery.receiver.clone(), delivery.action))
        .collect();
    for expected in ["oncall", "hub"] {
        for action in [Action::Trigger, Action::Resolve] {
            let count = sent.iter().filter(|it| **it == (expected.to_owned(), action)).count();
            assert_eq!(count, 1, "{expected} {action:?}: {sent:?}");
        }
    }
    assert_eq!(other.got()[1].json()["type"], "alert.resolved");
}

/// The rules with the key of `oncall` in a variable, as the environment has it.
fn with_key_in(variable: &str, address: &str) -> RuleSet {
    let text = format!(
        "receivers:\n  - name: oncall\n    pagerduty: {{ routing_key: {{ env: {variable} }}, url: 'http://{address}' }}\n{}",
        partner_5xx("[oncall]")
    );
    RuleSet::parse(&text, &crate::world::environment, std::path::Path::new("."))
        .unwrap_or_else(|error| panic!("{error}"))
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_resolve_uses_the_key_of_the_trigger_while_it_can_be_read() {
    let receiver = Receiver::start(&[]);
    let before = with_key_in("OLD_KEY", &receiver.address);
    // Another variable, with another key in it; or no receiver of that name at all.
    let gone = RuleSet { receivers: Vec::new(), ..before.clone() };
    let mut renamed = before.clone();
    renamed.receivers[0].name = "pager".into();
    renamed.rules[0].notify = vec!["pager".into()];
    for after in [with_key_in("NEW_KEY", &receiver.address), gone, renamed] {
        let world = failing();
        evaluate(&world, &before, 3);
        let running = world.notifier(&before);
        until_delivered(&world).await;
        running.stop().await;
        let world = world.restarted();
        let running = world.notifier(&after);
        evaluate(&world, &after, 30);
        running.waker.wake();
        until_delivered(&world).await;
        running.stop().await;
        let got = receiver.got();
        let [.., trigger, resolve] = &got[..] else { panic!("two events") };
        assert_eq!(resolve.json()["event_action"], "resolve");
        assert_eq!(trigger.json()["routing_key"], resolve.json()["routing_key"]);
        assert!(in_state(&world, "dead").is_empty());
        // The key itself is nowhere in the database.
        for table in [plimsoll_storage::Table::Receiver, plimsoll_storage::Table::Delivery] {
            let rows =
                world.store.records(table, &[], None, plimsoll_storage::Order::Ascending, 99);
            for (_, row) in rows.unwrap() {
                assert!(!row.windows(8).any(|part| part == b"old-key-"), "a key is stored");
            }
        }
    }
}
