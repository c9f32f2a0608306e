//! Watches what the server can do, and makes the store writable again after a failure.

use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::{Duration, Instant};

use parking_lot::Mutex;
use plimsoll_alerting::{Evaluator, ExpectedAges, grace_ms};
use plimsoll_storage::{Recovery, TimestampMs, WriteFailure};

use super::App;
use super::stop::{Stop, Ticks};
use crate::clock;
use crate::health::{Ability, Facts, Health, assess};

/// How often health is looked at. The log and the metrics follow it.
const LOOK_EVERY: Duration = Duration::from_secs(1);
/// How often the data directory is checked, and recovery is tried while the store cannot be written.
const RECOVER_EVERY: Duration = Duration::from_millis(500);

/// What the tasks say about themselves.
#[derive(Debug)]
pub(crate) struct Progress {
    /// End of the last evaluated slot, in ms; `i64::MIN` before the first.
    evaluated_until: AtomicI64,
    /// When that changed, or the start.
    evaluated_at: Mutex<Instant>,
    /// Tasks that ended although the server runs.
    ended: Mutex<Vec<&'static str>>,
    /// The ages of expected streams at the end of that slot.
    expected_ages: Mutex<Arc<ExpectedAges>>,
}

impl Default for Progress {
    fn default() -> Self {
        Self {
            evaluated_until: AtomicI64::new(i64::MIN),
            evaluated_at: Mutex::new(Instant::now()),
            ended: Mutex::default(),
            expected_ages: Mutex::default(),
        }
    }
}

impl Progress {
    /// Notes how far rules are evaluated, and what they say of expected streams.
    pub(super) fn note_evaluated(&self, evaluator: &mut Evaluator) {
        let Some(until) = evaluator.evaluated_until() else { return };
        if self.evaluated_until.swap(until.0, Ordering::Relaxed) != until.0 {
            *self.evaluated_at.lock() = Instant::now();
            *self.expected_ages.lock() = Arc::new(evaluator.expected_ages());
        }
    }

    /// The ages of expected streams, as rules evaluated them last.
    pub(crate) fn expected_ages(&self) -> Arc<ExpectedAges> {
        Arc::clone(&self.expected_ages.lock())
    }

    /// Notes that a task has ended although the server runs.
    pub(super) fn note_ended(&self, task: &'static str) {
        self.ended.lock().push(task);
    }

    pub(super) fn evaluated_until(&self) -> Option<TimestampMs> {
        let until = self.evaluated_until.load(Ordering::Relaxed);
        (until != i64::MIN).then_some(TimestampMs(until))
    }
}

impl App {
    /// What the server can do now.
    pub(crate) fn health(&self) -> Health {
        assess(&self.facts())
    }

    /// Free bytes of the disk with the data, when they are known.
    pub(crate) fn disk_free_bytes(&self) -> Option<u64> {
        free_bytes(&self.data_dir)
    }

    fn facts(&self) -> Facts {
        let (store, now) = (&self.store, self.now());
        let has_changed = |failure: &WriteFailure| failure.recovery == Recovery::Directory;
        let failure = store.write_failure();
        let disk_failure = failure.clone().filter(|failure| !has_changed(failure));
        let width = store.slot_width();
        // The end of the newest slot that can have been evaluated.
        let due = width.start(width.slot_of(now.plus_ms(-grace_ms(width))));
        let lag_ms = self.progress.evaluated_until().map(|until| due.since_ms(until));
        let receivers = self.control().receivers();
        let waiting = receivers
            .iter()
            .filter_map(|(name, status)| Some((name.clone(), now.since_ms(status.oldest_at?))));
        let disabled = receivers
            .iter()
            .filter_map(|(name, status)| Some((name.clone(), status.disabled.clone()?)));
        let ended = (!store.has_writer()).then_some("the writer").into_iter();
        let usage = store.stream_usage();
        Facts {
            needs_restart: failure.as_ref().is_some_and(|it| it.recovery == Recovery::Restart),
            directory_change: failure.filter(has_changed).map(|failure| failure.reason),
            write_failure: disk_failure.map(|failure| failure.reason),
            is_readable: store.is_readable(),
            evaluation_lag_ms: lag_ms,
            evaluation_idle_ms: self.progress.evaluated_at.lock().elapsed().as_millis() as i64,
            ended_tasks: ended.chain(self.progress.ended.lock().iter().copied()).collect(),
            waiting: waiting.collect(),
            receivers: receivers.len(),
            disabled: disabled.collect(),
            clock_ahead_ms: now.since_ms(clock::trusted_until()),
            damage: self.damage(),
            disk_free_bytes: self.disk_free_bytes(),
            rules_error: self.rules.error(),
            nearly_full: usage.nearly_full().collect(),
            is_open_to_others: self.hosts.are_reached_by_others() && !self.keys.are_required(),
            partners_refused: usage.are_partners_refused.then_some(usage.partners),
        }
    }

    /// What is damaged or lost, in words.
    fn damage(&self) -> Vec<String> {
        let files = self.store.damaged_files().into_iter().map(|damaged| {
            format!(
                "file {} of family {} is damaged, and its family is not compacted any more; restore a \
                 backup from before, or accept that its data is missing",
                damaged.file, damaged.family
            )
        });
        let blocks = self.store.stats().damaged_blocks;
        let blocks = (blocks > 0).then(|| {
            format!(
                "{blocks} damaged blocks are missing from answers; `plimsoll inspect` names them"
            )
        });
        let losses = self.store.losses().iter().map(ToString::to_string);
        files.chain(blocks).chain(losses).collect()
    }
}

fn free_bytes(path: &Path) -> Option<u64> {
    let found = rustix::fs::statvfs(path).ok()?;
    Some(found.f_bavail.saturating_mul(found.f_frsize))
}

/// Logs each change of what the server can do and keeps its metrics, until the server stops.
pub(crate) async fn watch_health(app: App, stop: Stop) {
    let mut ticks = Ticks::new(LOOK_EVERY, stop);
    let mut before = Health::default();
    while ticks.next().await {
        let now = app.health();
        for problem in now.new_since(&before) {
            let (ability, reason) = (problem.ability.as_str(), &problem.reason);
            if problem.is_failure {
                tracing::error!(ability, reason, "an ability of the server is lost");
            } else {
                tracing::warn!(ability, reason, "a problem of the server begins");
            }
        }
        for problem in before.new_since(&now) {
            let (ability, was) = (problem.ability.as_str(), &problem.reason);
            tracing::info!(ability, was, "a problem of the server is over");
        }
        for ability in Ability::ALL {
            app.metrics.set_ability(ability.as_str(), now.has(ability));
        }
        before = now;
    }
}

/// Runs a task and notes when it ends although the server runs on.
pub(crate) async fn watched(
    name: &'static str,
    app: App,
    stop: Stop,
    task: impl Future<Output = ()> + Send + 'static,
) {
    let ended = tokio::spawn(task).await;
    if *stop.borrow() {
        return;
    }
    let error = ended.err().map_or_else(|| "it returned".to_owned(), |error| error.to_string());
    app.progress.note_ended(name);
    tracing::error!(task = name, error, "a background task has ended");
}

/// Checks the data directory and makes the store writable again after a failure, until the server stops.
pub(crate) async fn recover(app: App, stop: Stop) {
    let mut ticks = Ticks::new(RECOVER_EVERY, stop);
    let mut last_error = String::new();
    while ticks.next().await {
        let store = Arc::clone(&app.store);
        match tokio::task::spawn_blocking(move || store.recover()).await {
            Ok(Ok(_)) => last_error.clear(),
            Ok(Err(error)) => {
                // The same error comes back twice a second.
                let error = error.to_string();
                if error != last_error {
                    tracing::warn!(error, "the store is not writable yet");
                    last_error = error;
                }
            }
            Err(error) => tracing::error!(%error, "recovery panicked"),
        }
    }
}
