//! A clock that is set while deliveries wait: no time passes by it, so none is given up or handed over.

use plimsoll_alerting::DeliveryState;
use plimsoll_alerting::limits::BREAKER_FAILURES;

use super::failures::with_fail_over;
use super::receiver::Receiver;
use super::{evaluate, failing, in_state, until_delivered};
use crate::world::{World, partner_5xx, rules, until};

const HOUR_MS: i64 = 3_600_000;
const YEAR_MS: i64 = 365 * 24 * HOUR_MS;

async fn until_tried(world: &World, attempts: u32) {
    let is_tried = || in_state(world, "waiting").iter().any(|it| it.attempts == attempts);
    until(&format!("attempt {attempts}"), is_tried).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_step_of_the_clock_gives_up_no_delivery() {
    let receiver = Receiver::start(&["500 Oops"; 3]);
    let rules = rules(&receiver.address, &partner_5xx("[hub]"));
    let world = failing();
    evaluate(&world, &rules, 3);
    let running = world.notifier(&rules);
    until_tried(&world, 1).await;
    world.step(YEAR_MS);
    running.waker.wake();
    until_tried(&world, 2).await;
    // Nor does one while the server is stopped.
    running.stop().await;
    world.step(YEAR_MS);
    let world = world.restarted();
    let running = world.notifier(&rules);
    until_tried(&world, 3).await;
    world.step(-2 * YEAR_MS);
    running.waker.wake();
    until_delivered(&world).await;
    running.stop().await;
    assert!(in_state(&world, "dead").is_empty());
    let [delivered] = &in_state(&world, "delivered")[..] else { panic!("one delivery") };
    assert_eq!((delivered.state, delivered.attempts), (DeliveryState::Delivered, 4));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_step_of_the_clock_hands_no_delivery_over() {
    let (down, other) = (Receiver::start(&["500 Oops"; 40]), Receiver::start(&[]));
    let rules = with_fail_over(&down, &other);
    let world = failing();
    evaluate(&world, &rules, 3);
    let running = world.notifier(&rules);
    until("probes", || {
        world.step(HOUR_MS);
        running.waker.wake();
        down.count() > BREAKER_FAILURES as usize + 1
    })
    .await;
    assert_eq!(other.count(), 0);
    until("the other is notified", || {
        world.set_now(world.now().plus_ms(2_000));
        running.waker.wake();
        other.count() == 1
    })
    .await;
    running.stop().await;
}
