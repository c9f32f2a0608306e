//! Acknowledgements: PagerDuty is notified of one, however many people acknowledge at the same time.

use std::sync::atomic::{AtomicI64, Ordering};
use std::sync::{Arc, Barrier};
use std::thread;

use plimsoll_alerting::{AcknowledgeResult, Action, ClockReading, Notifier};
use plimsoll_storage::TimestampMs;

use crate::delivery::{evaluate, in_state};
use crate::world::{World, environment, partner_5xx, rules};

const PEOPLE: usize = 8;

#[tokio::test(flavor = "multi_thread")]
async fn one_of_several_acknowledgements_at_the_same_time_is_recorded_and_sent() {
    let rules = rules("127.0.0.1:9", &partner_5xx("[oncall]"));
    let world = World::new();
    let partners = ["dhl", "dpd", "gls", "ups"];
    partners.iter().for_each(|partner| world.feed(partner, 0..5, 10, 10));
    evaluate(&world, &rules, 5);
    // It sends nothing: it is not run. Each acknowledgement has a time of its own.
    let time = AtomicI64::new(world.now().0);
    let clock = Arc::new(move || {
        let passed_ms = time.fetch_add(1, Ordering::Relaxed);
        ClockReading { now: TimestampMs(passed_ms), passed_ms }
    });
    let store = Arc::clone(&world.store);
    let notifier = Notifier::new(store, &rules, clock, true, environment).unwrap();
    let control = notifier.control();
    let waiting = in_state(&world, "waiting");
    let triggers: Vec<&str> = waiting.iter().map(|it| it.alert.id.as_str()).collect();
    assert_eq!(triggers.len(), partners.len());
    for id in triggers {
        let together = Barrier::new(PEOPLE);
        let acknowledge = |person: usize| {
            together.wait();
            match control.acknowledge(id, &format!("person {person}")).unwrap() {
                AcknowledgeResult::Acknowledged(_, on_record) => on_record.author,
                other => panic!("{other:?}"),
            }
        };
        let authors: Vec<String> = thread::scope(|scope| {
            let start = |person| scope.spawn(move || acknowledge(person));
            let running: Vec<_> = (0..PEOPLE).map(start).collect();
            running.into_iter().map(|one| one.join().unwrap()).collect()
        });
        assert!(authors.iter().all(|author| *author == authors[0]), "{authors:?}");
    }
    let waiting = in_state(&world, "waiting").into_iter();
    let sent = waiting.filter(|delivery| delivery.action == Action::Acknowledge).count();
    assert_eq!(sent, partners.len());
}
