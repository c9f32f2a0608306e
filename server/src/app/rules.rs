//! The rules in force, and how they change while the server runs.
//!
//! The rules file is read again when it changes on disk and on SIGHUP. A valid file applies at once to
//! evaluation, delivery and answers. An invalid file is reported with its line, and the current rules stay in
//! force.

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

use super::stop::{Stop, stopped};
use crate::clock;

/// How often the file is checked for a change.
const CHECK_EVERY: Duration = Duration::from_secs(2);

/// The rules in force.
#[derive(Debug, Clone)]
pub(crate) struct Rules {
    current: watch::Receiver<Arc<RuleSet>>,
    error: Arc<RwLock<Option<String>>>,
}

impl Rules {
    /// The rules in force from the start, and the sender that replaces them.
    pub(crate) fn new(first: Arc<RuleSet>) -> (Self, Reload) {
        let (sender, current) = watch::channel(first);
        let error = Arc::new(RwLock::new(None));
        (Self { current, error: Arc::clone(&error) }, Reload { sender, error })
    }

    /// The rules in force now.
    pub(crate) fn get(&self) -> Arc<RuleSet> {
        Arc::clone(&self.current.borrow())
    }

    /// Why the rules file cannot be used; `None` when the rules in force are those of the file.
    pub(crate) fn error(&self) -> Option<String> {
        self.error.read().clone()
    }

    /// The rules in force, if they changed since the last call.
    pub(crate) fn take_changed(&mut self) -> Option<Arc<RuleSet>> {
        // An error means that nothing can change any more.
        let changed = self.current.has_changed().unwrap_or(false);
        changed.then(|| Arc::clone(&self.current.borrow_and_update()))
    }

    /// Waits until the rules change.
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

/// Identifies one state of a file: inode, modification time, size.
type Stamp = (u64, i64, i64, u64);

fn stamp(path: &Path) -> Option<Stamp> {
    let of = |file: Metadata| (file.ino(), file.mtime(), file.mtime_nsec(), file.size());
    std::fs::metadata(path).ok().map(of)
}

/// Follows the rules file until the server stops. Secrets that receivers name by file are read with the
/// rules: SIGHUP reads them again when only they have changed.
pub(crate) async fn follow_rules(
    path: Option<PathBuf>,
    reload: Reload,
    check: RulesCheck,
    stop: Stop,
) {
    let Some(path) = path else { return stopped(stop).await };
    let mut hangup = match signal(SignalKind::hangup()) {
        Ok(hangup) => hangup,
        Err(error) => {
            tracing::error!(%error, "SIGHUP cannot be handled");
            return stopped(stop).await;
        }
    };
    let mut ticks = interval(CHECK_EVERY);
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
            Err(error) => tracing::error!(%error, "reading the rules panicked"),
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
                let replaced = self.sender.send_if_modified(|current| {
                    let differs = *current != rules;
                    if differs {
                        *current = rules;
                    }
                    differs
                });
                tracing::info!(rules = count, changed = replaced, "the rules file was read again");
            }
            Err(error) => {
                tracing::error!(%error, "the rules file cannot be used; the current rules stay in force");
                *self.error.write() = Some(error);
            }
        }
    }
}

/// Checks that a rules file can be used: by the parser, and by delivery.
#[derive(Debug, Clone)]
pub(crate) struct RulesCheck {
    pub(crate) store: Arc<Store>,
    pub(crate) allow_private_receivers: bool,
}

impl RulesCheck {
    fn read(&self, path: &Path) -> Result<RuleSet, String> {
        let rules = load_rules(Some(path)).map_err(|error| error.to_string())?;
        self.notifier(&rules).map_err(|error| error.to_string())?;
        Ok(rules)
    }

    /// A notifier for the receivers of these rules.
    ///
    /// # Errors
    /// A receiver has an address that is not allowed.
    pub(crate) fn notifier(&self, rules: &RuleSet) -> plimsoll_alerting::Result<Notifier> {
        let now = Arc::new(clock::now);
        let env = |name: &str| std::env::var(name).ok();
        Notifier::new(Arc::clone(&self.store), rules, now, self.allow_private_receivers, env)
    }
}

/// The rules of a file, or the default pack.
///
/// # Errors
/// The first mistake in the file, with its line.
pub(crate) fn load_rules(path: Option<&Path>) -> Result<RuleSet, RulesFileError> {
    match path {
        Some(path) => RuleSet::load(path, &|name| std::env::var(name).ok()),
        None => Ok(RuleSet::default_pack()?),
    }
}
