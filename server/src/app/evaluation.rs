//! Evaluates the rules of each slot when it has closed.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use plimsoll_alerting::limits::GROUPS_PER_RULE_MAX;
use plimsoll_alerting::{EvaluatedSlots, Evaluator, GroupsLeftOut, Severity};
use plimsoll_storage::{Recovery, TimestampMs};

use super::App;
use super::stop::{Stop, Ticks, stopped};
use crate::clock::{self, StepDetector};
use crate::self_metrics::OutboxGauge;
use crate::wire::time;

/// How often the evaluator checks whether a slot has closed. A fraction of the shortest slot, so that the
/// wait adds little to the time until a notification.
const EVALUATE_EVERY: Duration = Duration::from_millis(200);

/// Evaluates each slot when it has closed, until the server stops.
pub(crate) async fn evaluate(app: App, mut evaluator: Evaluator, stop: Stop) {
    let stopping = Arc::new(AtomicBool::new(false));
    evaluator = evaluator.with_stop(Arc::clone(&stopping));
    let stop_of_catch_up = stop.clone();
    tokio::spawn(async move {
        stopped(stop_of_catch_up).await;
        stopping.store(true, Ordering::Relaxed);
    });
    let mut rules = app.rules.clone();
    let mut ticks = Ticks::new(EVALUATE_EVERY, stop);
    let mut gauge = OutboxGauge::default();
    let mut steps = StepDetector::new(clock::reading());
    while ticks.next().await {
        // Nothing could be committed, and what is read for it would delay the recovery.
        if app.store.write_failure().is_some_and(|failure| failure.recovery != Recovery::Restart) {
            continue;
        }
        let changed_rules = rules.take_changed();
        let worker_app = app.clone();
        let evaluated = tokio::task::spawn_blocking(move || {
            if let Some(rules) = changed_rules {
                evaluator.reload(rules);
            }
            let reading = clock::reading();
            let step_ms = steps.step_ms(reading);
            note_clock_step(&worker_app, step_ms);
            let result = evaluate_at(&mut evaluator, reading.wall, step_ms);
            if result.as_ref().is_ok_and(|evaluated| evaluated.slots > 0) {
                record_outbox_age(&worker_app, &mut gauge);
            }
            worker_app.progress.note_evaluated(&mut evaluator);
            if let Some(until) = evaluator.evaluated_until() {
                worker_app.metrics.evaluated_until.set(until.0 / 1_000);
            }
            (evaluator, gauge, steps, result)
        });
        let result = match evaluated.await {
            Ok((evaluator_back, gauge_back, steps_back, result)) => {
                (evaluator, gauge, steps) = (evaluator_back, gauge_back, steps_back);
                result
            }
            Err(error) => {
                tracing::error!(%error, "the evaluator panicked; rules are no longer evaluated");
                app.progress.note_ended("evaluation");
                return;
            }
        };
        match result {
            Ok(evaluated) => report(&app, &evaluated),
            // A stop ends reads.
            Err(_) if *ticks.stop.borrow() => {}
            Err(error) => {
                app.metrics.evaluation_failures.inc();
                tracing::error!(%error, "rules cannot be evaluated");
            }
        }
    }
}

/// Evaluates until `now`, to which the clock was set by so many ms.
fn evaluate_at(
    evaluator: &mut Evaluator,
    now: TimestampMs,
    step_ms: Option<i64>,
) -> plimsoll_alerting::Result<EvaluatedSlots> {
    let Some(forward_ms) = step_ms.filter(|step_ms| *step_ms > 0) else {
        return evaluator.evaluate_until(now);
    };
    let begun = evaluator.follow_clock_forward(forward_ms, now)?;
    let mut evaluated = evaluator.evaluate_until(now)?;
    evaluated.slots += begun.slots;
    evaluated.transitions.splice(0..0, begun.transitions);
    Ok(evaluated)
}

/// Logs and publishes that the clock was set.
fn note_clock_step(app: &App, step_ms: Option<i64>) {
    let Some(step_ms) = step_ms else { return };
    let seconds = step_ms as f64 / 1e3;
    app.metrics.clock_steps.inc();
    app.metrics.clock_last_step.set(seconds);
    let direction = if step_ms < 0 { "back" } else { "forward" };
    tracing::warn!(
        seconds,
        "the clock was set {direction}; evaluation goes on at its time, and connectors must have the same"
    );
}

/// Once a slot: the age of the outbox becomes data that rules can watch.
fn record_outbox_age(app: &App, gauge: &mut OutboxGauge) {
    if let Err(error) = gauge.write(&app.store, &app.control().receivers(), app.now()) {
        tracing::warn!(%error, "the age of the outbox cannot be stored");
    }
}

/// Publishes which groups are left out, and logs the rules that begin to leave some out.
fn note_left_out(app: &App, left_out: &Arc<GroupsLeftOut>) {
    if app.groups_left_out.read().total() == left_out.total() {
        return;
    }
    app.metrics.groups_left_out.set(i64::try_from(left_out.total()).unwrap_or(i64::MAX));
    let before = std::mem::replace(&mut *app.groups_left_out.write(), Arc::clone(left_out));
    for (rule, groups) in left_out.rules().filter(|(rule, _)| before.of(rule) == 0) {
        tracing::warn!(
            rule,
            groups,
            "the rule has more than {GROUPS_PER_RULE_MAX} groups and does not evaluate the others; \
             group it by fewer labels, or divide it with `match`"
        );
    }
}

/// Counts and logs what an evaluation found, and wakes delivery.
fn report(app: &App, evaluated: &EvaluatedSlots) {
    app.metrics.slots_evaluated.inc_by(evaluated.slots);
    app.metrics.transitions.inc_by(evaluated.transitions.len() as u64);
    for event in &evaluated.transitions {
        tracing::info!(
            rule = %event.rule,
            group = %event.labels.title(),
            reason = event.reason.as_str(),
            severity = event.severity.map(Severity::as_str),
            at = %time::format(event.at),
            "an alert changed its state"
        );
    }
    if evaluated.slots > 0 {
        note_left_out(app, &evaluated.groups_left_out);
    }
    if evaluated.cells_left_out > 0 {
        tracing::warn!(
            cells = evaluated.cells_left_out,
            "some cells are not evaluated: too many are ahead of the clock"
        );
    }
    if evaluated.slots > 0 {
        app.control().wake();
    }
}
