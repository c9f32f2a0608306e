//! The rules in force, and how they change while the server runs.
//!
//! The rules file is read again when it changes on disk and on SIGHUP. A file that holds takes the
//! place of the one before at once, for judging, delivery and answers; one that does not is reported
//! with its line, and the rules that are in force stay.

use std::fs::Metadata;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use parking_lot::RwLock;
use plimsoll_alerting::{Notifier, RuleSet, RulesFileError};
use plimsoll_storage::Store;
use tokio::signal::unix::{SignalKind, signal};
use tokio::sync::watch;
use tokio::time::{MissedTickBehavior, interval};

use crate::clock;
use crate::tasks::{Stop, stopped};

/// How often it is looked whether the file has changed.
const LOOK_EVERY: Duration = Duration::from_secs(2);

/// The rules in force.
#[derive(Debug, Clone)]
pub(crate) struct Rules {
    current: watch::Receiver<Arc<RuleSet>>,
    error: Arc<RwLock<Option<String>>>,
}

impl Rules {
    /// Rules that are in force from the start on, and the other end, which replaces them.
    pub(crate) fn new(first: Arc<RuleSet>) -> (Self, Reload) {
        let (sender, current) = watch::channel(first);
        let error = Arc::new(RwLock::new(None));
        (Self { current, error: Arc::clone(&error) }, Reload { sender, error })
    }

    /// The rules in force at this moment.
    pub(crate) fn get(&self) -> Arc<RuleSet> {
        Arc::clone(&self.current.borrow())
    }

    /// Why the rules file cannot be used; `None` when the rules in force are those of the file.
    pub(crate) fn error(&self) -> Option<String> {
        self.error.read().clone()
    }

    /// The rules in force, when others were before at the last call.
    pub(crate) fn news(&mut self) -> Option<Arc<RuleSet>> {
        // An error means that nothing can change any more.
        let changed = self.current.has_changed().unwrap_or(false);
        changed.then(|| Arc::clone(&self.current.borrow_and_update()))
    }

    /// Waits until others are in force.
    pub(crate) async fn changed(&mut self) -> Arc<RuleSet> {
        if self.current.changed().await.is_err() {
            std::future::pending::<()>().await;
        }
        Arc::clone(&self.current.borrow_and_update())
    }
}

/// Replaces the rules in force.
#[derive(Debug)]
pub(crate) struct Reload {
    sender: watch::Sender<Arc<RuleSet>>,
    error: Arc<RwLock<Option<String>>>,
}

/// What tells one state of a file from another.
type Stamp = (u64, i64, i64, u64);

fn stamp(path: &Path) -> Option<Stamp> {
    let of = |file: Metadata| (file.ino(), file.mtime(), file.mtime_nsec(), file.size());
    std::fs::metadata(path).ok().map(of)
}

/// Follows the rules file until it is time to stop. Secrets that receivers name by file are read with
/// the rules: SIGHUP reads them again when only they have changed.
pub(crate) async fn follow(path: Option<PathBuf>, reload: Reload, check: Check, stop: Stop) {
    let Some(path) = path else { return stopped(stop).await };
    let mut hangup = match signal(SignalKind::hangup()) {
        Ok(hangup) => hangup,
        Err(error) => {
            tracing::error!(%error, "SIGHUP cannot be handled");
            return stopped(stop).await;
        }
    };
    let mut ticks = interval(LOOK_EVERY);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    let mut seen = stamp(&path);
    loop {
        tokio::select! {
            _ = ticks.tick() => {}
            _ = hangup.recv() => seen = None,
            () = stopped(stop.clone()) => return,
        }
        let now = stamp(&path);
        if now == seen {
            continue;
        }
        seen = now;
        let (path, check) = (path.clone(), check.clone());
        match tokio::task::spawn_blocking(move || check.read(&path)).await {
            Ok(read) => reload.take(read),
            Err(error) => tracing::error!(%error, "reading the rules ended badly"),
        }
    }
}

impl Reload {
    fn take(&self, read: Result<RuleSet, String>) {
        match read {
            Ok(rules) => {
                *self.error.write() = None;
                let rules = Arc::new(rules);
                let count = rules.rules.len();
                let replaced = self.sender.send_if_modified(|held| {
                    let differs = *held != rules;
                    if differs {
                        *held = rules;
                    }
                    differs
                });
                tracing::info!(rules = count, changed = replaced, "the rules file was read again");
            }
            Err(error) => {
                tracing::error!(%error, "the rules file cannot be used; the rules before it stay in force");
                *self.error.write() = Some(error);
            }
        }
    }
}

/// What a rules file must pass to be taken, as at the start.
#[derive(Debug, Clone)]
pub(crate) struct Check {
    pub(crate) store: Arc<Store>,
    pub(crate) allow_private_receivers: bool,
}

impl Check {
    fn read(&self, path: &Path) -> Result<RuleSet, String> {
        let rules = load(Some(path)).map_err(|error| error.to_string())?;
        self.notifier(&rules).map_err(|error| error.to_string())?;
        Ok(rules)
    }

    /// What delivers to the receivers of these rules.
    ///
    /// # Errors
    /// When a receiver may not be reached.
    pub(crate) fn notifier(&self, rules: &RuleSet) -> plimsoll_alerting::Result<Notifier> {
        let now = Arc::new(clock::now);
        let env = |name: &str| std::env::var(name).ok();
        Notifier::new(Arc::clone(&self.store), rules, now, self.allow_private_receivers, env)
    }
}

/// The rules of a file, or the default pack.
///
/// # Errors
/// With the place of the first mistake.
pub(crate) fn load(path: Option<&Path>) -> Result<RuleSet, RulesFileError> {
    match path {
        Some(path) => RuleSet::load(path, &|name| std::env::var(name).ok()),
        None => Ok(RuleSet::default_pack()?),
    }
}
