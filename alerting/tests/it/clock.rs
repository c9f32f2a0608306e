//! A clock that is set back or forward: who is notified of what is as if it had not been, and evaluation
//! goes on at once.

use plimsoll_alerting::alerts::{self, AlertFilter};
use plimsoll_alerting::{Action, Delivery, Evaluator, RuleSet};
use plimsoll_storage::{
    Order, Outcome, SlotWidth, StreamKind, StreamRef, Table, TableBatch, TimestampMs,
};
use proptest::prelude::*;

use crate::delivery::in_state;
use crate::world::{START, World, partner_5xx, rules};

const SLOT_MS: i64 = 10_000;
const HOUR_MS: i64 = 3_600_000;

/// The length of a run, in slots.
const RUN_SLOTS: i64 = 240;
/// How much later a step lets an action come: the window fills again, and two slots are cut.
const LATER_SLOTS_MAX: i64 = 9;

/// What two partners report, and the steps of the clock.
#[derive(Debug, Clone)]
struct Course {
    /// The slots in which `dhl` fails.
    failing: Vec<(i64, i64)>,
    /// The slots in which `ups` reports nothing.
    silent: Vec<(i64, i64)>,
    /// In which slots the clock is set, and by how many ms.
    steps: Vec<(i64, i64)>,
}

/// What the server sees first after a step forward: the step, or what is pushed at the new time.
#[derive(Debug, Clone, Copy, PartialEq)]
enum SeesFirst {
    Step,
    Pushes,
}

/// An action, its partner, and the slot of true time in which it was decided.
type Notified = (i64, String, Action);

fn stale_rule() -> &'static str {
    "  - name: stale\n    owner: integrations\n    runbook: https://runbooks.example/stale\n    \
     signal: { freshness: { stream: requests } }\n    match: { partner: ups }\n    for: 30s\n    \
     critical: '> 3m'\n    notify: [oncall]\n"
}

fn both_rules() -> RuleSet {
    rules("127.0.0.1:9", &format!("{}{}", partner_5xx("[oncall]"), stale_rule()))
}

/// One request or more of a partner in the slot that the server's clock shows.
fn push(world: &World, partner: &str, now: TimestampMs, outcome: Outcome) {
    let labels = [partner, "", "production", "", ""];
    let stream = StreamRef { kind: StreamKind::Activity, name: "requests", labels };
    let mut batch = world.store.batch();
    let cell = batch.activity(stream, SlotWidth::DEFAULT.slot_of(now)).unwrap();
    (0..20).for_each(|_| cell.record(outcome, Some(0.1), now));
    world.store.append_blocking(batch.finish(), 20, None, now).unwrap();
}

/// Takes what was decided out of the outbox.
fn decided(world: &World, slot: i64) -> Vec<Notified> {
    let mut found: Vec<Delivery> = in_state(world, "waiting");
    found.sort_by_key(|delivery| delivery.at);
    let rows = world.store.records(Table::Outbox, &[], None, Order::Ascending, 100).unwrap();
    let mut batch = TableBatch::default();
    rows.iter().for_each(|(key, _)| batch.delete(Table::Outbox, key));
    world.store.commit(batch).unwrap();
    let partner = |it: &Delivery| it.alert.labels.title();
    found.iter().map(|it| (slot, partner(it), it.action)).collect()
}

/// Runs a course: each slot of true time both partners report, stamped by the clock of the server.
fn run(course: &Course, first: SeesFirst) -> (World, Evaluator, Vec<Notified>) {
    let world = World::new();
    let mut evaluator = world.evaluator(&both_rules());
    let (mut offset_ms, mut notified) = (0, Vec::new());
    let within = |slot: i64, ranges: &[(i64, i64)]| {
        ranges.iter().any(|(from, to)| (*from..*to).contains(&slot))
    };
    for slot in 0..RUN_SLOTS {
        let step_ms: i64 =
            course.steps.iter().filter(|(at, _)| *at == slot).map(|(_, by_ms)| by_ms).sum();
        offset_ms += step_ms;
        let start = START.plus_ms(slot * SLOT_MS + offset_ms);
        let mut follow = || {
            if step_ms > 0 {
                let moved = evaluator.follow_clock_forward(step_ms, start.plus_ms(100)).unwrap();
                let slots_max = 5 * 60_000 / SLOT_MS as u64 + 2;
                assert!(moved.slots <= slots_max, "{} slots are evaluated", moved.slots);
            }
        };
        if first == SeesFirst::Step {
            follow();
        }
        let is_failing = within(slot, &course.failing);
        let outcome = if is_failing { Outcome::Status5xx } else { Outcome::Status2xx };
        push(&world, "dhl", start.plus_ms(1_000), outcome);
        if !within(slot, &course.silent) {
            push(&world, "ups", start.plus_ms(1_000), Outcome::Status2xx);
        }
        if first == SeesFirst::Pushes {
            follow();
        }
        for part_ms in [2_500, 5_500, 9_900] {
            evaluator.evaluate_until(start.plus_ms(part_ms)).unwrap();
        }
        notified.extend(decided(&world, slot));
    }
    (world, evaluator, notified)
}

/// Asserts that a course has the notifications of the same course without steps, in time.
fn assert_unmoved(course: &Course) {
    let (_, _, without) = run(&Course { steps: Vec::new(), ..course.clone() }, SeesFirst::Step);
    assert_notified(course, SeesFirst::Step, &without);
    if course.steps.iter().any(|(_, by_ms)| *by_ms > 0) {
        assert_notified(course, SeesFirst::Pushes, &without);
    }
}

fn assert_notified(course: &Course, first: SeesFirst, without: &[Notified]) {
    let (world, _, with_steps) = run(course, first);
    let later_max = LATER_SLOTS_MAX * course.steps.len().max(1) as i64;
    for partner in ["dhl", "ups"] {
        let of = |all: &[Notified]| -> Vec<Notified> {
            all.iter().filter(|(_, name, _)| name == partner).cloned().collect()
        };
        let (found, expected) = (of(&with_steps), of(without));
        let actions = |all: &[Notified]| all.iter().map(|it| it.2).collect::<Vec<_>>();
        assert_eq!(actions(&found), actions(&expected), "{partner}: {found:?}, not {expected:?}");
        for (found, expected) in found.iter().zip(&expected) {
            let later = found.0 - expected.0;
            assert!((-2..=later_max).contains(&later), "{found:?}, expected {expected:?}");
        }
    }
    for alert in alerts::list(&world.store, &AlertFilter::default(), 100).unwrap() {
        assert!(alert.resolved_at.is_none_or(|at| at >= alert.fired_at), "{alert:?}");
    }
}

fn course(steps: &[(i64, i64)]) -> Course {
    Course { failing: vec![(60, 140)], silent: vec![(80, 150)], steps: steps.to_vec() }
}

#[test]
fn a_step_of_any_size_before_during_and_after_an_outage_changes_no_notification() {
    let steps = [
        -1_000,
        -30_000,
        -120_000,
        -600_000,
        -3_000_000,
        -7_200_000,
        -86_400_000,
        1_000,
        120_000,
        3_000_000,
        7_200_000,
        86_400_000,
        31_536_000_000,
    ];
    for by_ms in steps {
        for at in [50, 66, 90, 145] {
            assert_unmoved(&course(&[(at, by_ms)]));
        }
    }
    for by_ms in [HOUR_MS, 5 * 60_000] {
        assert_unmoved(&course(&[(50, by_ms), (100, -by_ms)]));
        assert_unmoved(&course(&[(50, -by_ms), (100, by_ms)]));
        assert_unmoved(&course(&[(50, by_ms), (51, -by_ms)]));
    }
}

#[test]
fn an_outage_in_a_repeated_slot_is_another_alert() {
    // The first outage ends; the clock shows its first slot again when the second one begins.
    let steps = vec![(100, -60 * SLOT_MS)];
    let failing = vec![(40, 70), (100, 130)];
    let course = Course { failing, silent: Vec::new(), steps };
    assert_unmoved(&course);
    let (world, ..) = run(&course, SeesFirst::Step);
    let all = alerts::list(&world.store, &AlertFilter::default(), 100).unwrap();
    assert_eq!(all.len(), 2, "{all:?}");
}

#[test]
fn what_was_evaluated_before_a_step_back_is_not_evaluated_again() {
    let mut course =
        Course { failing: vec![(40, 70)], silent: Vec::new(), steps: vec![(120, -100 * SLOT_MS)] };
    assert_unmoved(&course);
    // Nor after a restart, nor in the slots that were ahead of the clock for an hour.
    course.steps = vec![(20, HOUR_MS), (100, -HOUR_MS)];
    assert_unmoved(&course);
}

#[test]
fn a_restart_with_a_clock_that_was_set_back_goes_on_at_once() {
    let world = World::new();
    let mut evaluator = world.started(&both_rules());
    let fail = |evaluator: &mut Evaluator, world: &World, from: TimestampMs, slots: i64| {
        for slot in 0..slots {
            let at = from.plus_ms(slot * SLOT_MS);
            push(world, "dhl", at.plus_ms(1_000), Outcome::Status5xx);
            evaluator.evaluate_until(at.plus_ms(9_900)).unwrap();
        }
        decided(world, 0).iter().map(|it| it.2).collect::<Vec<_>>()
    };
    assert_eq!(fail(&mut evaluator, &world, START, 30), [Action::Trigger]);
    drop(evaluator);
    let world = world.restarted();
    let mut evaluator = world.evaluator(&both_rules());
    let back = START.plus_ms(-HOUR_MS);
    assert_eq!(fail(&mut evaluator, &world, back, 30), []);
    assert_eq!(evaluator.evaluated_until(), Some(back.plus_ms(29 * SLOT_MS)));
    // It recovers in the new time.
    for slot in 30..60 {
        let at = back.plus_ms(slot * SLOT_MS);
        push(&world, "dhl", at.plus_ms(1_000), Outcome::Status2xx);
        evaluator.evaluate_until(at.plus_ms(9_900)).unwrap();
    }
    assert_eq!(decided(&world, 0).iter().map(|it| it.2).collect::<Vec<_>>(), [Action::Resolve]);
}

#[test]
fn slots_that_the_clock_shows_for_a_third_time_are_not_evaluated_by_what_they_held() {
    assert_unmoved(&Course {
        failing: vec![(51, 111)],
        silent: vec![(90, 160)],
        steps: vec![(30, -1_564_901), (31, -20_059_108), (193, 45_931_659)],
    });
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 12, ..ProptestConfig::default() })]
    #[test]
    fn random_steps_change_no_notification(
        steps in proptest::collection::vec((30_i64..200, -90_000_000_i64..90_000_000), 0..4),
        fails_from in 40_i64..100,
        silent_from in 40_i64..100,
    ) {
        assert_unmoved(&Course {
            failing: vec![(fails_from, fails_from + 60)],
            silent: vec![(silent_from, silent_from + 70)],
            steps,
        });
    }
}
