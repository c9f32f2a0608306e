//! A store in a temporary directory, data to feed it, and a clock that tests move.

use std::ops::Range;
use std::path::Path;
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use plimsoll_alerting::{
    Clock, ClockReading, DeliveryControl, Evaluator, Notifier, RuleSet, TransitionEvent, Waker,
};
use plimsoll_storage::{
    Durability, Options, Outcome, Retention, SlotWidth, Store, StreamKind, StreamRef, TimestampMs,
};
use tempfile::TempDir;
use tokio::sync::oneshot;
use tokio::task::JoinHandle;

/// 2026-11-20T20:00:00Z, when every test begins.
pub(crate) const START: TimestampMs = TimestampMs(1_795_204_800_000);

/// The routing key of every rules file here.
pub(crate) const ROUTING_KEY: &str = "R0UT1NG-KEY-0F-THE-TESTS";

/// The signing secret of every rules file here.
pub(crate) const WEBHOOK_SECRET: &str = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";

/// A store and its clock.
pub(crate) struct World {
    dir: TempDir,
    pub(crate) store: Arc<Store>,
    clock: Arc<Mutex<ClockReading>>,
}

impl World {
    pub(crate) fn new() -> Self {
        Self::keeping(Retention::default())
    }

    /// A store that keeps cells for other times than by default.
    pub(crate) fn keeping(retention: Retention) -> Self {
        let dir = tempfile::tempdir().unwrap();
        let store = open(dir.path(), retention);
        let clock = Arc::new(Mutex::new(ClockReading { now: START, passed_ms: 0 }));
        Self { dir, store, clock }
    }

    /// Closes the store and opens it again, as a restart of the program does.
    pub(crate) fn restarted(self) -> Self {
        let Self { dir, store, clock } = self;
        drop(Arc::into_inner(store).expect("someone still uses the store"));
        let store = open(dir.path(), Retention::default());
        Self { dir, store, clock }
    }

    pub(crate) fn now(&self) -> TimestampMs {
        self.clock.lock().unwrap().now
    }

    /// Lets time pass.
    pub(crate) fn set_now(&self, now: TimestampMs) {
        let mut clock = self.clock.lock().unwrap();
        clock.passed_ms += now.since_ms(clock.now);
        clock.now = now;
    }

    /// Sets the clock to another time; no time passes.
    pub(crate) fn step(&self, by_ms: i64) {
        let mut clock = self.clock.lock().unwrap();
        clock.now = clock.now.plus_ms(by_ms);
    }

    pub(crate) fn clock(&self) -> Clock {
        let clock = Arc::clone(&self.clock);
        Arc::new(move || *clock.lock().unwrap())
    }

    /// Feeds `requests` in each slot of some minutes after [`START`]: `good` answers 200, `bad`
    /// answers 503.
    pub(crate) fn feed(&self, partner: &str, minutes: Range<i64>, good: u64, bad: u64) {
        let width = SlotWidth::DEFAULT;
        let mut batch = self.store.batch();
        let slots = width.slot_of(minute(minutes.start)).0..width.slot_of(minute(minutes.end)).0;
        for slot in slots.map(plimsoll_storage::Slot) {
            let labels = [partner, "", "production", "", ""];
            let stream = StreamRef { kind: StreamKind::Activity, name: "requests", labels };
            let cell = batch.activity(stream, slot).unwrap();
            let at = width.end(slot).plus_ms(-1);
            (0..good).for_each(|_| cell.record(Outcome::Status2xx, Some(0.1), at));
            (0..bad).for_each(|_| cell.record(Outcome::Status5xx, Some(3.0), at));
        }
        let batch = batch.finish();
        let append = || self.store.append_blocking(batch, 1, None, START);
        tokio::task::block_in_place(append).unwrap();
    }

    pub(crate) fn evaluator(&self, rules: &RuleSet) -> Evaluator {
        Evaluator::new(Arc::clone(&self.store), Arc::new(rules.clone())).unwrap()
    }

    /// An evaluator whose first slot is the one after [`START`].
    pub(crate) fn started(&self, rules: &RuleSet) -> Evaluator {
        let mut evaluator = self.evaluator(rules);
        assert_eq!(evaluator.evaluate_until(closed(START)).unwrap().slots, 0);
        evaluator
    }

    /// Starts delivery.
    pub(crate) fn notifier(&self, rules: &RuleSet) -> Running {
        let notifier =
            Notifier::new(Arc::clone(&self.store), rules, self.clock(), true, environment).unwrap();
        let (waker, control) = (notifier.waker(), notifier.control());
        let (stop, stopped) = oneshot::channel::<()>();
        let task = tokio::spawn(notifier.run(async {
            let _dropped_is_stop_too = stopped.await;
        }));
        Running { waker, control, stop, task }
    }
}

fn open(path: &Path, retention: Retention) -> Arc<Store> {
    let options = Options { durability: Durability::Wal, retention, ..Options::new(path) };
    Arc::new(Store::open(&options).unwrap())
}

/// A running notifier.
pub(crate) struct Running {
    pub(crate) waker: Waker,
    pub(crate) control: DeliveryControl,
    stop: oneshot::Sender<()>,
    task: JoinHandle<()>,
}

impl Running {
    pub(crate) async fn stop(self) {
        drop(self.stop);
        self.task.await.unwrap();
    }
}

/// The environment of every test.
pub(crate) fn environment(name: &str) -> Option<String> {
    let value = match name {
        "HUB" => WEBHOOK_SECRET,
        "OLD_KEY" => "old-key-0123456789abcdef01234567",
        "NEW_KEY" => "new-key-0123456789abcdef01234567",
        _ => return None,
    };
    Some(value.to_owned())
}

/// A time in minutes after [`START`].
pub(crate) fn minute(minutes: i64) -> TimestampMs {
    START.plus_ms(minutes * 60_000)
}

/// A time at which every slot that ends by `at` can be evaluated.
pub(crate) fn closed(at: TimestampMs) -> TimestampMs {
    at.plus_ms(plimsoll_alerting::grace_ms(SlotWidth::DEFAULT))
}

/// Transitions as lines: minute and second after [`START`], rule, labels, change, reason, severity.
pub(crate) fn lines(events: &[TransitionEvent]) -> Vec<String> {
    let line = |event: &TransitionEvent| {
        let seconds = event.at.since_ms(START) / 1_000;
        let severity = event.severity.map_or("-", plimsoll_alerting::Severity::as_str);
        format!(
            "{}:{:02} {} {} {:?} {} {severity}",
            seconds / 60,
            seconds % 60,
            event.rule,
            event.labels.title(),
            event.change,
            event.reason.as_str(),
        )
    };
    events.iter().map(line).collect()
}

/// A rules file: receivers `oncall` (PagerDuty) and `hub` (webhook) at an address, and rules.
pub(crate) fn rules(address: &str, rules: &str) -> RuleSet {
    let text = format!(
        "receivers:\n\
         \x20 - name: oncall\n    pagerduty: {{ routing_key: '{ROUTING_KEY}', url: 'http://{address}' }}\n\
         \x20 - name: hub\n    webhook: {{ url: 'http://{address}/hook', secret: {{ env: HUB }} }}\n\
         {rules}"
    );
    RuleSet::parse(&text, &environment, Path::new(".")).unwrap_or_else(|error| panic!("{error}"))
}

/// The rule of most tests, which notifies `notify`.
pub(crate) fn partner_5xx(notify: &str) -> String {
    format!(
        "rules:\n  - name: partner-5xx\n    owner: integrations\n    runbook: https://runbooks.example/5xx\n\
         \x20   signal: {{ ratio: {{ of: [5xx, timeout], stream: requests }} }}\n\
         \x20   match: {{ environment: production }}\n\
         \x20   window: 1m\n    for: 2m\n    critical: '> 20%'\n    warning: '> 5%'\n    notify: {notify}\n"
    )
}

/// Waits until something holds; fails after a minute.
pub(crate) async fn until(what: &str, mut holds: impl FnMut() -> bool) {
    let started = Instant::now();
    while !holds() {
        assert!(started.elapsed() < Duration::from_secs(60), "waited in vain: {what}");
        tokio::time::sleep(Duration::from_millis(2)).await;
    }
}
