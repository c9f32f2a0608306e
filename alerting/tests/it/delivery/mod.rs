//! Delivery to real receivers: requests, mail, failures, rate limits.

mod clock;
mod failures;
mod grouping;
mod mail;
mod mail_tls;
mod pagerduty_schema;
mod receiver;
mod requests;
mod storm;

use plimsoll_alerting::{Delivery, DeliveryFilter, RuleSet, ledger, outbox};

use crate::world::{START, World, closed, minute, until};

/// A world in which dhl fails until minute 10 and works after it.
pub(crate) fn failing() -> World {
    let world = World::new();
    world.feed("dhl", 0..10, 10, 10);
    world.feed("dhl", 10..40, 20, 0);
    world
}

/// Evaluates up to a minute, and moves the clock there.
pub(crate) fn evaluate(world: &World, rules: &RuleSet, until_minute: i64) {
    let mut evaluator = world.evaluator(rules);
    if evaluator.evaluated_until().is_none() {
        evaluator.evaluate_until(closed(START)).unwrap();
    }
    evaluator.evaluate_until(closed(minute(until_minute))).unwrap();
    world.set_now(closed(minute(until_minute)));
}

/// The newest deliveries in a state.
pub(crate) fn in_state(world: &World, state: &str) -> Vec<Delivery> {
    let filter = DeliveryFilter { state: Some(state.into()), ..DeliveryFilter::default() };
    ledger::list(&world.store, &filter, 100).unwrap().newest
}

/// Waits until the outbox is empty.
pub(crate) async fn until_delivered(world: &World) {
    until("an empty outbox", || outbox::len(&world.store).unwrap() == 0).await;
}
