//! What runs beside the requests: keeping the store in shape, judging rules, delivering pages.

use std::{sync::Arc, time::Duration};

use plimsoll_alerting::{Evaluator, Waker, outbox};
use tokio::{
    sync::watch,
    time::{MissedTickBehavior, interval},
};

use crate::{app::App, clock};

/// How often the store is looked after.
const MAINTAIN_EVERY: Duration = Duration::from_secs(1);
/// How often the evaluator looks whether a slot has closed. A fraction of the shortest slot, so that
/// the wait adds little to the time until a page.
const JUDGE_EVERY: Duration = Duration::from_millis(200);

/// Tells tasks that it is time to stop.
pub(crate) type Stop = watch::Receiver<bool>;

/// Waits until it is time to stop.
pub(crate) async fn stopped(mut stop: Stop) {
    // An error means that the sender is gone, which is a stop as well.
    let _ = stop.wait_for(|stop| *stop).await;
}

/// Seals the head when it is due, until it is time to stop.
pub(crate) async fn maintain(app: App, stop: Stop) {
    let mut ticks = interval(MAINTAIN_EVERY);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    loop {
        tokio::select! {
            _ = ticks.tick() => {}
            () = stopped(stop.clone()) => return,
        }
        let store = Arc::clone(&app.store);
        let result = tokio::task::spawn_blocking(move || store.maintain(clock::now())).await;
        match result {
            Ok(Ok(None)) => *app.not_ready.write() = None,
            Ok(Ok(Some(sealed))) => {
                *app.not_ready.write() = None;
                tracing::info!(
                    cells = sealed.cells,
                    parts = sealed.parts,
                    bytes = sealed.bytes,
                    "sealed the head"
                );
            }
            Ok(Err(error)) => {
                tracing::error!(%error, "the head cannot be sealed");
                *app.not_ready.write() = Some(format!("the store cannot be written: {error}"));
            }
            Err(error) => tracing::error!(%error, "sealing ended badly"),
        }
    }
}

/// Judges each slot when it has closed, until it is time to stop.
pub(crate) async fn judge(app: App, mut evaluator: Evaluator, waker: Waker, stop: Stop) {
    let mut ticks = interval(JUDGE_EVERY);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    loop {
        tokio::select! {
            _ = ticks.tick() => {}
            () = stopped(stop.clone()) => return,
        }
        let judged = tokio::task::spawn_blocking(move || {
            let judged = evaluator.judge_until(clock::now());
            (evaluator, judged)
        });
        let result = match judged.await {
            Ok((returned, result)) => {
                evaluator = returned;
                result
            }
            Err(error) => {
                tracing::error!(%error, "the evaluator ended badly; no rule is judged any more");
                *app.not_ready.write() = Some("the evaluator has stopped".to_owned());
                return;
            }
        };
        match result {
            Ok(judged) => note(&app, &judged, &waker),
            Err(error) => {
                app.telemetry.evaluation_failures.inc();
                tracing::error!(%error, "rules cannot be judged");
            }
        }
    }
}

fn note(app: &App, judged: &plimsoll_alerting::Judged, waker: &Waker) {
    app.telemetry.slots_judged.inc_by(judged.slots);
    app.telemetry.transitions.inc_by(judged.transitions.len() as u64);
    for event in &judged.transitions {
        tracing::info!(
            rule = %event.rule,
            group = %event.labels.title(),
            reason = event.reason.as_str(),
            severity = event.severity.map(plimsoll_alerting::Severity::as_str),
            at = %crate::wire::time::format(event.at),
            "an alert changed its state"
        );
    }
    if judged.groups_left_out > 0 {
        tracing::warn!(
            groups = judged.groups_left_out,
            "some groups are not judged: a rule has too many"
        );
    }
    if judged.cells_left_out > 0 {
        tracing::warn!(
            cells = judged.cells_left_out,
            "some cells are not judged: too many lie ahead of the clock"
        );
    }
    if judged.slots > 0 {
        waker.wake();
        match outbox::len(&app.store) {
            Ok(depth) => drop(app.telemetry.outbox_depth.set(depth as i64)),
            Err(error) => tracing::error!(%error, "the outbox cannot be counted"),
        }
    }
}
