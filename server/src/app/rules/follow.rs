//! Follows the rules file: what of it is put in force, and when.
//!
//! A file can be empty, cut or missing for a moment, while an editor or a deployment writes it. So a file
//! counts only when two looks in a row found the same. A file that lost all its receivers or all its rules
//! looks like one that is cut, and changes nothing either: only a start removes them. A file that is the
//! beginning of the one in force is taken when it stays so for a while.

use plimsoll_alerting::{Rule, RuleSet};
use tokio::signal::unix::{SignalKind, signal};
use tokio::task::block_in_place;
use tokio::time::{Duration, MissedTickBehavior, interval};

use super::{Reload, RulesCheck, RulesFile};
use crate::app::stop::{Stop, stopped};

/// How often the file is looked at.
const LOOK_EVERY: Duration = Duration::from_secs(1);

/// Looks for which a file must stay the same when it is only the beginning of the rules in force.
const LOOKS_OF_BEGINNING: u32 = 30;

/// What a look found: the text of the file, or why it cannot be read.
type Look = Result<String, String>;

/// Follows the rules file until the server stops. Secrets that receivers name by file are read with the
/// rules: SIGHUP reads them again when only they have changed.
pub(crate) async fn follow_rules(
    file: Option<RulesFile>,
    reload: Reload,
    check: RulesCheck,
    stop: Stop,
) {
    let mut hangup = match signal(SignalKind::hangup()) {
        Ok(hangup) => hangup,
        Err(error) => {
            tracing::error!(%error, "SIGHUP cannot be handled");
            return stopped(stop).await;
        }
    };
    let Some(file) = file else {
        // The handler stays, so that SIGHUP does not end a server without rules.
        stopped(stop).await;
        return drop(hangup);
    };
    let mut ticks = interval(LOOK_EVERY);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    let mut follower = Follower::new(file);
    loop {
        tokio::select! {
            _ = ticks.tick() => {}
            _ = hangup.recv() => follower.is_stale = true,
            () = stopped(stop.clone()) => return,
        }
        block_in_place(|| follower.look(&reload, &check));
    }
}

/// What is known of the file.
#[derive(Debug)]
struct Follower {
    /// The file as it is in force.
    in_force: RulesFile,
    /// Whether the file is to be read again though its text is the same, because secrets may have changed.
    is_stale: bool,
    last: Option<Look>,
    /// How many looks before the last one found the same.
    agreeing: u32,
}

/// What follows from a look.
#[derive(Debug, PartialEq, Eq)]
enum Step {
    /// The file may still be changing.
    Wait,
    /// The rules in force are those of the file.
    Keep,
    /// The file cannot be used.
    Reject(String),
    /// The rules of this text are to be checked and put in force.
    Take(String),
}

impl Follower {
    const fn new(in_force: RulesFile) -> Self {
        Self { in_force, is_stale: false, last: None, agreeing: 0 }
    }

    /// Looks at the file, and puts it in force if it can be used.
    fn look(&mut self, reload: &Reload, check: &RulesCheck) {
        let look = RuleSet::read_file(&self.in_force.path).map_err(|error| error.to_string());
        let text = match self.step(look) {
            Step::Wait => return,
            Step::Keep => return reload.keep(),
            Step::Reject(error) => return reload.reject(error),
            Step::Take(text) => text,
        };
        let file = RulesFile { text, ..self.in_force.clone() };
        let in_force = reload.in_force();
        match usable(&file, &in_force, check) {
            Ok(rules) => {
                (self.in_force, self.is_stale) = (file, false);
                check.reserve_partners(&rules);
                reload.take(rules);
            }
            Err(error) => reload.reject(error),
        }
    }

    /// What follows from a look.
    fn step(&mut self, look: Look) -> Step {
        let agrees = self.last.as_ref() == Some(&look);
        self.agreeing = if agrees { self.agreeing.saturating_add(1) } else { 0 };
        self.last = Some(look.clone());
        if !agrees {
            return Step::Wait;
        }
        match look {
            Err(error) => Step::Reject(error),
            Ok(text) if text == self.in_force.text && !self.is_stale => Step::Keep,
            Ok(text) => match missing(&text, &self.in_force.text, self.agreeing) {
                Some(missing) => Step::Reject(self.in_force.error(missing)),
                None => Step::Take(text),
            },
        }
    }
}

/// Why a text seems to lack the rest of the text in force.
fn missing(text: &str, in_force: &str, agreeing: u32) -> Option<&'static str> {
    if text.trim().is_empty() {
        let is_change = !in_force.trim().is_empty();
        return is_change
            .then_some("is empty; restart the server if none of it is to stay in force");
    }
    let rest = in_force.strip_prefix(text)?;
    let is_within_a_line =
        !text.ends_with('\n') && !rest.trim_start_matches([' ', '\r']).starts_with('\n');
    if is_within_a_line && !rest.is_empty() {
        return Some("is cut: it ends within a line of the rules in force; write the whole file");
    }
    (!rest.trim().is_empty() && agreeing < LOOKS_OF_BEGINNING).then_some(
        "is the beginning of the rules in force, as if it was still being written; it is taken when it stays \
         so for half a minute",
    )
}

/// The rules of a file, if they can replace those in force.
fn usable(file: &RulesFile, in_force: &RuleSet, check: &RulesCheck) -> Result<RuleSet, String> {
    let rules = file.rules().map_err(|error| error.to_string())?;
    if let Some(lost) = lost(&rules, in_force) {
        return Err(file.error(lost));
    }
    check.notifier(&rules).map_err(|error| error.to_string())?;
    Ok(rules)
}

/// What of the rules in force a file has none of any more.
fn lost(rules: &RuleSet, in_force: &RuleSet) -> Option<&'static str> {
    let is_pack =
        |one: &RuleSet| RuleSet::default_pack().is_ok_and(|pack| watched(&pack).eq(watched(one)));
    if rules.receivers.is_empty() && !in_force.receivers.is_empty() {
        Some(
            "has no receivers, which would end all notifications; restart the server to remove them all",
        )
    } else if is_pack(rules) && !is_pack(in_force) {
        Some(
            "has no `rules`, which would end all alerts; restart the server to use the default pack",
        )
    } else {
        None
    }
}

/// The rules of the file without their receivers, which are those of the file also in the default pack.
fn watched(rules: &RuleSet) -> impl Iterator<Item = Rule> {
    let own = rules.rules.iter().filter(|rule| !rule.is_implied);
    own.cloned().map(|rule| Rule { notify: Vec::new(), ..rule })
}

#[cfg(test)]
mod tests;
