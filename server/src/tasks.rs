//! What runs beside the requests: keeping the store in shape, judging rules, delivering pages.

use std::{sync::Arc, time::Duration};

use parking_lot::RwLock;
use plimsoll_alerting::{DeliveryControl, Evaluator, Notifier, RuleSet};
use tokio::sync::watch;
use tokio::time::{Interval, MissedTickBehavior, interval};

use crate::app::App;
use crate::clock;
use crate::own::OutboxGauge;
use crate::rules::{Check, Rules};

/// How often the store is looked after.
const MAINTAIN_EVERY: Duration = Duration::from_secs(1);
/// How often it is looked whether the store has time to be tidied up.
const TIDY_EVERY: Duration = Duration::from_secs(5);
/// How often the evaluator looks whether a slot has closed. A fraction of the shortest slot, so that
/// the wait adds little to the time until a page.
const JUDGE_EVERY: Duration = Duration::from_millis(200);

/// How long delivery waits when it cannot begin with new receivers.
const DELIVER_AGAIN_AFTER: Duration = Duration::from_secs(5);

/// Tells tasks that it is time to stop.
pub(crate) type Stop = watch::Receiver<bool>;

/// Waits until it is time to stop.
pub(crate) async fn stopped(mut stop: Stop) {
    // An error means that the sender is gone, which is a stop as well.
    let _ = stop.wait_for(|stop| *stop).await;
}

/// Ticks at an interval until it is time to stop.
struct Ticks {
    interval: Interval,
    stop: Stop,
}

impl Ticks {
    fn new(every: Duration, stop: Stop) -> Self {
        let mut interval = interval(every);
        interval.set_missed_tick_behavior(MissedTickBehavior::Delay);
        Self { interval, stop }
    }

    /// Waits for the next tick; `false` when it is time to stop.
    async fn next(&mut self) -> bool {
        tokio::select! {
            _ = self.interval.tick() => true,
            () = stopped(self.stop.clone()) => false,
        }
    }
}

/// Seals the head when it is due, until it is time to stop.
pub(crate) async fn maintain(app: App, stop: Stop) {
    let mut ticks = Ticks::new(MAINTAIN_EVERY, stop);
    while ticks.next().await {
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

/// Fills memory with the newest cells, once, a second after the start: what a restart owes its callers and its
/// rules comes first.
pub(crate) async fn warm(app: App, stop: Stop) {
    let mut ticks = Ticks::new(MAINTAIN_EVERY, stop);
    if !(ticks.next().await && ticks.next().await) {
        return;
    }
    let (store, stop) = (Arc::clone(&app.store), ticks.stop);
    match tokio::task::spawn_blocking(move || store.preload(|| !*stop.borrow())).await {
        Ok(Ok(slots)) => {
            let bytes = app.store.stats().cache_bytes;
            tracing::info!(slots, bytes, "filled memory with the newest cells");
        }
        Ok(Err(error)) => tracing::warn!(%error, "recent cells are read from the database"),
        Err(error) => tracing::error!(%error, "filling memory ended badly"),
    }
}

/// Tidies the store up while there is little to do, until it is time to stop.
pub(crate) async fn tidy(app: App, stop: Stop) {
    let mut ticks = Ticks::new(TIDY_EVERY, stop);
    while ticks.next().await {
        let (store, stop) = (Arc::clone(&app.store), ticks.stop.clone());
        let tidied = tokio::task::spawn_blocking(move || {
            store.compact_when_idle(clock::now(), || !*stop.borrow())
        });
        match tidied.await {
            Ok(Ok(false)) => {}
            Ok(Ok(true)) => {
                let bytes = app.store.stats().disk_bytes;
                tracing::info!(bytes, "folded what was sealed lately");
            }
            // That the store cannot be written shows where it matters: when the head is sealed.
            Ok(Err(error)) => tracing::warn!(%error, "the store cannot be tidied up"),
            Err(error) => tracing::error!(%error, "tidying up ended badly"),
        }
    }
}

/// Judges each slot when it has closed, until it is time to stop.
pub(crate) async fn judge(app: App, mut evaluator: Evaluator, stop: Stop) {
    let mut rules = app.rules.clone();
    let mut ticks = Ticks::new(JUDGE_EVERY, stop);
    let mut gauge = OutboxGauge::default();
    while ticks.next().await {
        let news = rules.news();
        let judging = app.clone();
        let judged = tokio::task::spawn_blocking(move || {
            if let Some(rules) = news {
                evaluator.reload(rules);
            }
            let judged = evaluator.judge_until(clock::now());
            if judged.as_ref().is_ok_and(|judged| judged.slots > 0) {
                note_outbox(&judging, &mut gauge);
            }
            (evaluator, gauge, judged)
        });
        let result = match judged.await {
            Ok((returned, gauge_returned, result)) => {
                (evaluator, gauge) = (returned, gauge_returned);
                result
            }
            Err(error) => {
                tracing::error!(%error, "the evaluator ended badly; no rule is judged any more");
                *app.not_ready.write() = Some("the evaluator has stopped".to_owned());
                return;
            }
        };
        match result {
            Ok(judged) => note(&app, &judged),
            Err(error) => {
                app.telemetry.evaluation_failures.inc();
                tracing::error!(%error, "rules cannot be judged");
            }
        }
    }
}

/// Delivery, and what it needs to begin anew with other receivers.
pub(crate) struct Delivery {
    pub(crate) rules: Rules,
    pub(crate) check: Check,
    /// That of the notifier that runs.
    pub(crate) control: Arc<RwLock<DeliveryControl>>,
}

/// Delivers until it is time to stop. When the receivers change, sends under way are let finish and
/// delivery goes on with the new ones: what waits lies in the outbox.
pub(crate) async fn deliver(mut delivery: Delivery, first: Notifier, stop: Stop) {
    let mut receivers = delivery.rules.get().receivers.clone();
    let mut notifier = first;
    loop {
        let mut rules = None;
        let change = async {
            loop {
                let changed = delivery.rules.changed().await;
                if changed.receivers != receivers {
                    rules = Some(changed);
                    return;
                }
            }
        };
        let until = stopped(stop.clone());
        notifier
            .run(async {
                tokio::select! { () = change => {}, () = until => {} };
            })
            .await;
        let Some(changed) = rules else { return };
        receivers.clone_from(&changed.receivers);
        let Some(next) = next_notifier(&delivery.check, &changed, stop.clone()).await else {
            return;
        };
        notifier = next;
        *delivery.control.write() = notifier.control();
        tracing::info!(receivers = receivers.len(), "delivery goes on with the new receivers");
    }
}

/// The rules passed when they were read, so what fails here is the machine: it is tried again, and
/// what is to be delivered waits in the outbox.
async fn next_notifier(check: &Check, rules: &RuleSet, stop: Stop) -> Option<Notifier> {
    loop {
        match check.notifier(rules) {
            Ok(notifier) => return Some(notifier),
            Err(error) => {
                tracing::error!(%error, "delivery waits: it cannot take the new receivers");
            }
        }
        tokio::select! {
            () = tokio::time::sleep(DELIVER_AGAIN_AFTER) => {}
            () = stopped(stop.clone()) => return None,
        }
    }
}

/// Once a slot: what waits to be delivered becomes data that rules can watch.
fn note_outbox(app: &App, gauge: &mut OutboxGauge) {
    if let Err(error) = gauge.write(&app.store, &app.control().receivers(), app.now()) {
        tracing::warn!(%error, "the age of the outbox cannot be stored");
    }
}

fn note(app: &App, judged: &plimsoll_alerting::EvaluatedSlots) {
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
        app.control().wake();
    }
}
