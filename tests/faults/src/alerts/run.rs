//! Runs a [`Scenario`] on a store, from what the store holds on: pushes, evaluation and delivery.

use std::ops::Range;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicI64, Ordering};
use std::time::{Duration, Instant};

use plimsoll_alerting::rule::Period;
use plimsoll_alerting::silence::{self, Silence};
use plimsoll_alerting::{
    AlertFilter, ClockReading, Delivery, DeliveryControl, DeliveryFilter, Evaluator, Notifier,
    RuleSet, alerts, grace_ms, ledger,
};
use plimsoll_storage::{
    Durability, IdempotencyKey, Label, LabelMatchers, Outcome, Store, StreamKind, StreamRef,
    TimestampMs,
};
use tokio::runtime::{Builder, Runtime};

use super::receiver::{Receiver, WriteMark};
use super::scenario::{Events, Kind, Operation, Scenario};
use crate::driver::options;

/// How long the outbox may take to become empty.
const DELIVERED_WITHIN: Duration = Duration::from_secs(60);
/// Deliveries that are read at once. A scenario has fewer.
const WAITING_MAX: usize = 1_000;
/// By how much the clock is moved at once while a receiver is taken to be down, in ms.
const PROBED_EVERY_MS: i64 = 1_000;
/// Open alerts of a partner that are acknowledged.
const ACKNOWLEDGED_MAX: usize = 10;

/// A store with its evaluator and its notifier.
pub(super) struct Running<'a> {
    /// Its end stops delivery, before the store is closed.
    _runtime: Runtime,
    scenario: &'a Scenario,
    evaluator: Evaluator,
    control: DeliveryControl,
    clock: Arc<AtomicI64>,
    /// The receivers are.
    is_down: Arc<AtomicBool>,
    write_mark: WriteMark,
    /// The first operation that is not done.
    next: usize,
    store: Arc<Store>,
}

impl std::fmt::Debug for Running<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Running").field("next", &self.next).finish_non_exhaustive()
    }
}

impl<'a> Running<'a> {
    /// Opens a data directory and starts delivery to a receiver.
    ///
    /// # Errors
    /// What failed.
    pub(super) fn open(
        scenario: &'a Scenario,
        dir: &Path,
        durability: Durability,
        receiver: &Receiver,
        write_mark: WriteMark,
    ) -> Result<Self, String> {
        let opened = Store::open(&options(dir, durability));
        let store = Arc::new(opened.map_err(|error| format!("it does not open: {error}"))?);
        write_mark("open");
        let runtime = Builder::new_multi_thread().worker_threads(2).enable_all().build();
        let runtime = runtime.map_err(text)?;
        let rules = rules(scenario, &receiver.address().map_err(text)?.to_string())?;
        let evaluator =
            Evaluator::new(Arc::clone(&store), Arc::new(rules.clone())).map_err(text)?;
        let next = next_operation(scenario, &store, &evaluator)?;
        let is_down = Arc::new(AtomicBool::new(scenario.is_down_after(next)));
        let serving = (Arc::clone(&write_mark), Arc::clone(&is_down));
        receiver.serve(runtime.handle(), serving.0, serving.1).map_err(text)?;
        let clock = Arc::new(AtomicI64::new(scenario.operations[next.saturating_sub(1)].at_ms));
        let shown = Arc::clone(&clock);
        let readings = Arc::new(move || {
            let passed_ms = shown.load(Ordering::SeqCst);
            ClockReading { now: TimestampMs(passed_ms), passed_ms }
        });
        let notifier = Notifier::new(Arc::clone(&store), &rules, readings, true, |_| None);
        let notifier = notifier.map_err(text)?;
        let control = notifier.control();
        runtime.spawn(notifier.run(std::future::pending()));
        let _runtime = runtime;
        Ok(Self { _runtime, scenario, evaluator, control, clock, is_down, write_mark, next, store })
    }

    /// The number of the first operation that the store does not hold.
    #[must_use]
    pub(super) const fn next(&self) -> usize {
        self.next
    }

    /// Writes what is in memory to files.
    ///
    /// # Errors
    /// The store fails.
    pub(super) fn flush(&self) -> Result<(), String> {
        self.store.flush().map_err(text)
    }

    /// Does the operations before `end`. Up to `late` evaluations are left out at the beginning, so that a
    /// later one catches up, unless somebody has to see their alerts.
    ///
    /// # Errors
    /// What failed.
    pub(super) fn run_until(&mut self, end: usize, late: usize) -> Result<(), String> {
        let left_out = self.left_out(end, late);
        for number in self.next..end {
            let operation = &self.scenario.operations[number];
            let is_evaluation = matches!(operation.kind, Kind::Evaluate { .. });
            if is_evaluation && left_out.contains(&number) {
                continue;
            }
            (self.write_mark)(&format!("begin {number}"));
            self.execute(operation).map_err(|why| format!("operation {number}: {why}"))?;
            (self.write_mark)(&format!("done {number}"));
        }
        self.next = self.next.max(end);
        Ok(())
    }

    /// The operations of which evaluations are left out. The last before somebody acts is not, nor the first
    /// of all, which marks where evaluation begins.
    fn left_out(&self, end: usize, late: usize) -> Range<usize> {
        let mut evaluations = Vec::new();
        let first = self.next.max(1);
        for number in first..end {
            match self.scenario.operations[number].kind {
                Kind::Silence { .. } | Kind::Acknowledge { .. } => break,
                Kind::Evaluate { .. } => evaluations.push(number),
                _ => {}
            }
        }
        let position = late.min(evaluations.len().saturating_sub(1));
        first..evaluations.get(position).copied().unwrap_or(first)
    }

    fn execute(&mut self, operation: &Operation) -> Result<(), String> {
        let at = TimestampMs(operation.at_ms);
        self.clock.store(at.0, Ordering::SeqCst);
        match &operation.kind {
            Kind::Push { key, events } => self.push(key, events, at),
            Kind::Evaluate { until_ms } => {
                let closed_ms = until_ms + grace_ms(self.store.slot_width());
                self.clock.store(closed_ms, Ordering::SeqCst);
                self.evaluator.evaluate_until(TimestampMs(closed_ms)).map_err(text)?;
                self.control.wake();
                Ok(())
            }
            Kind::Deliver => self.deliver(),
            Kind::Silence { partner, length_ms } => self.silence(partner, *length_ms, at),
            Kind::Acknowledge { partner } => self.acknowledge(partner),
            Kind::Outage { is_down } => {
                self.is_down.store(*is_down, Ordering::SeqCst);
                Ok(())
            }
            Kind::Seal => self.store.seal().map(drop).map_err(text),
            Kind::Maintain => self.store.maintain(at).map(drop).map_err(text),
        }
    }

    fn push(&self, key: &[u8], events: &[Events], at: TimestampMs) -> Result<(), String> {
        let mut batch = self.store.batch();
        for Events { stream, partner, at_ms, good, bad } in events {
            let labels = [partner, "", "production", "", ""];
            let stream = StreamRef { kind: StreamKind::Activity, name: stream, labels };
            let at = TimestampMs(*at_ms);
            let slot = self.store.slot_width().slot_of(at);
            let cell = batch.activity(stream, slot).map_err(text)?;
            (0..*good).for_each(|_| cell.record(Outcome::Status2xx, Some(0.1), at));
            (0..*bad).for_each(|_| cell.record(Outcome::Status5xx, Some(0.3), at));
        }
        let items = events.len() as u64;
        let key = Some(idempotency_key(key));
        self.store.append_blocking(batch.finish(), items, key, at).map(drop).map_err(text)
    }

    fn silence(&self, partner: &str, length_ms: i64, at: TimestampMs) -> Result<(), String> {
        let silence = Silence {
            id: String::new(),
            matches: LabelMatchers::any_of(Label::Partner, [partner]),
            rule: None,
            period: Period { start: at, end: at.plus_ms(length_ms), weekly: None },
            author: "ann".into(),
            reason: "vendor call".into(),
            created_at: at,
        };
        silence::put(&self.store, &silence.with_id(), at).map(drop).map_err(text)
    }

    fn acknowledge(&self, partner: &str) -> Result<(), String> {
        let labels = vec![(Label::Partner, partner.to_owned())];
        let filter = AlertFilter { open: Some(true), labels, ..AlertFilter::default() };
        for alert in alerts::list(&self.store, &filter, ACKNOWLEDGED_MAX).map_err(text)? {
            self.control.acknowledge(&alert.id, "ann").map_err(text)?;
        }
        Ok(())
    }

    /// Waits until the outbox is empty. The clock is moved to where failed attempts are repeated.
    fn deliver(&self) -> Result<(), String> {
        let started = Instant::now();
        let filter = DeliveryFilter { state: Some("waiting".into()), ..DeliveryFilter::default() };
        loop {
            let waiting = ledger::list(&self.store, &filter, WAITING_MAX).map_err(text)?.newest;
            let Some(due_at) = waiting.iter().map(Delivery::due_at).max() else { break };
            if started.elapsed() > DELIVERED_WITHIN {
                return Err(format!("{} deliveries stay in the outbox", waiting.len()));
            }
            self.clock.fetch_max(due_at.0, Ordering::SeqCst);
            if self.control.receivers().values().any(|receiver| receiver.is_open) {
                self.clock.fetch_add(PROBED_EVERY_MS, Ordering::SeqCst);
            }
            self.control.wake();
            std::thread::sleep(Duration::from_millis(2));
        }
        (self.write_mark)("delivered");
        Ok(())
    }
}

/// The first operation that a store does not hold. Operations that leave nothing to see are done again.
fn next_operation(
    scenario: &Scenario,
    store: &Store,
    evaluator: &Evaluator,
) -> Result<usize, String> {
    let evaluated = evaluator.evaluated_until();
    let mut next = 0;
    for (number, operation) in scenario.operations.iter().enumerate() {
        let is_held = match &operation.kind {
            Kind::Push { key, .. } => {
                let counted = store.counted(&idempotency_key(key), TimestampMs(operation.at_ms));
                counted.map_err(text)?.is_some()
            }
            Kind::Evaluate { until_ms } => evaluated.is_some_and(|until| until.0 >= *until_ms),
            _ => continue,
        };
        if !is_held {
            break;
        }
        next = number + 1;
    }
    Ok(next)
}

fn idempotency_key(key: &[u8]) -> IdempotencyKey {
    IdempotencyKey { key: key.to_vec(), digest: [0; 16] }
}

/// The rules file.
fn rules(scenario: &Scenario, address: &str) -> Result<RuleSet, String> {
    let rule = |name: &str, rest: &str| {
        format!(
            "  - name: {name}\n    owner: integrations\n    runbook: https://runbooks.example/{name}\n\
             \x20   by: [partner]\n    notify: [hub]\n{rest}"
        )
    };
    let failing = "    signal: { ratio: { of: [5xx], stream: requests } }\n    window: 30s\n    for: 20s\n\
         \x20   critical: '> 50%'\n    warning: '> 10%'\n    clear: { for: 20s }\n";
    let silent = "    signal: { freshness: { stream: tracking } }\n    critical: '> 50s'\n";
    let pages = if scenario.shares_notifications {
        "pages: { by: [partner], again_after: 2m, cascade: { groups: 3, within: 2m, at_once: 20s }, \
         wait: { critical: 10s, warning: 20s } }\n"
    } else {
        ""
    };
    let rules = [rule("partner-5xx", failing), rule("tracking-stale", silent)].concat();
    let text = format!(
        "receivers:\n\
         \x20 - name: hub\n    webhook: {{ url: 'http://{address}/hub' }}\n\
         \x20   escalate: {{ to: lead, after: 1m }}\n\
         \x20 - name: lead\n    webhook: {{ url: 'http://{address}/lead' }}\n\
         rules:\n{rules}{pages}"
    );
    RuleSet::parse(&text, &|_| None, Path::new(".")).map_err(|error| format!("{error}\n{text}"))
}

fn text(error: impl std::fmt::Display) -> String {
    error.to_string()
}
