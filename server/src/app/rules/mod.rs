//! The rules in force, and how they change while the server runs.
//!
//! [`follow`] reads the rules file again and decides what is taken of it. Rules that are taken apply at once
//! to evaluation, delivery and answers.

mod follow;

use std::fmt;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use parking_lot::RwLock;
use plimsoll_alerting::{ClockReading, Notifier, RuleSet, RulesFileError};
use plimsoll_storage::{SlotWidth, Store};
use tokio::sync::watch;

use crate::clock::{self, Reading};

pub(crate) use follow::follow_rules;

/// The rules that a server starts with, and the file they are from.
#[derive(Debug)]
pub(crate) struct LoadedRules {
    pub(crate) rules: Arc<RuleSet>,
    /// `None` for the default pack.
    pub(crate) file: Option<RulesFile>,
}

impl LoadedRules {
    /// Whether no rule has a receiver.
    pub(crate) fn notify_nobody(&self) -> bool {
        self.rules.rules.iter().all(|rule| rule.notify.is_empty())
    }
}

impl fmt::Display for LoadedRules {
    /// `rules in force: 12 of rules.yaml, receivers: 2, partners: 3`
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let RuleSet { rules, receivers, partners, .. } = &*self.rules;
        write!(f, "rules in force: {} of ", rules.len())?;
        match &self.file {
            Some(file) => write!(f, "{}", file.path.display())?,
            None => f.write_str("the default pack")?,
        }
        write!(f, ", receivers: {}, partners: {}", receivers.len(), partners.len())
    }
}

/// A rules file: its path, and its text when it was read.
#[derive(Debug, Clone)]
pub(crate) struct RulesFile {
    pub(crate) path: PathBuf,
    pub(crate) text: String,
    /// The width of the slots that its durations are checked for.
    pub(crate) width: SlotWidth,
}

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

impl Reload {
    fn in_force(&self) -> Arc<RuleSet> {
        Arc::clone(&self.sender.borrow())
    }

    /// Puts the rules of the file in force.
    fn take(&self, rules: RuleSet) {
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

    /// The rules in force are those of the file.
    fn keep(&self) {
        if self.error.write().take().is_some() {
            tracing::info!("the rules file is again as the rules in force");
        }
    }

    /// Reports that the file cannot be used, once for each reason.
    fn reject(&self, error: String) {
        let mut reported = self.error.write();
        if reported.as_ref() != Some(&error) {
            tracing::error!(%error, "the rules file cannot be used; the rules in force stay");
            *reported = Some(error);
        }
    }
}

/// Checks that rules can be used for delivery.
#[derive(Debug, Clone)]
pub(crate) struct RulesCheck {
    pub(crate) store: Arc<Store>,
    pub(crate) allow_private_receivers: bool,
}

impl RulesCheck {
    /// Reserves places in the store for the partners that these rules name.
    pub(crate) fn reserve_partners(&self, rules: &RuleSet) {
        self.store.name_partners(rules.partners.iter().map(|one| one.name.clone()).collect());
    }

    /// A notifier for the receivers of these rules.
    ///
    /// # Errors
    /// A receiver has an address that is not allowed.
    pub(crate) fn notifier(&self, rules: &RuleSet) -> plimsoll_alerting::Result<Notifier> {
        let readings = Arc::new(|| {
            let Reading { wall: now, passed_ms } = clock::reading();
            ClockReading { now, passed_ms }
        });
        let env = |name: &str| std::env::var(name).ok();
        Notifier::new(Arc::clone(&self.store), rules, readings, self.allow_private_receivers, env)
    }
}

/// The rules of a file for slots of a width, or the default pack.
///
/// # Errors
/// The first mistake in the file, with its line.
pub(crate) fn load_rules(
    path: Option<&Path>,
    width: SlotWidth,
) -> Result<LoadedRules, RulesFileError> {
    let Some(path) = path else {
        return Ok(LoadedRules { rules: Arc::new(RuleSet::default_pack()?), file: None });
    };
    let file = RulesFile { path: path.to_owned(), text: RuleSet::read_file(path)?, width };
    Ok(LoadedRules { rules: Arc::new(file.rules()?), file: Some(file) })
}

impl RulesFile {
    /// What is wrong with the file, with its path.
    fn error(&self, problem: &str) -> String {
        format!("the rules file {} {problem}", self.path.display())
    }

    fn rules(&self) -> Result<RuleSet, RulesFileError> {
        RuleSet::of_file(&self.path, &self.text, &|name| std::env::var(name).ok(), self.width)
    }
}
