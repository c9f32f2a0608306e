//! What the server can do now: accept pushes, evaluate rules, deliver notifications, answer queries.
//!
//! [`assess`] is a pure function from facts to [`Health`]. `/readyz`, `/livez`, `/api/v1/health`, the metrics
//! and the log all go by it.

use std::fmt;

/// An evaluation may lag by this much, in ms, before rules count as not evaluated.
pub(crate) const EVALUATION_LATE_MS: i64 = 10_000;
/// After this long without progress, in ms, a late evaluation is no longer catching up.
pub(crate) const EVALUATION_STALLED_MS: i64 = 10_000;
/// A notification that waits longer than this, in ms, reaches nobody in time.
pub(crate) const NOTIFICATION_LATE_MS: i64 = 5 * 60_000;
/// Less free space than this, in bytes, is warned of.
pub(crate) const DISK_FREE_BYTES_MIN: u64 = 512 << 20;

/// Kind of a problem: rules are evaluated late.
const LATE: &str = "late";
/// Kind of a problem: a notification waits for its receiver.
const WAITING: &str = "waiting";
/// Kind of a problem: no receiver is sent anything any more.
const NO_RECEIVER: &str = "no receiver";

/// Something the server is there for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) enum Ability {
    /// Pushes are stored.
    Accept,
    /// Rules are evaluated as data arrives.
    Evaluate,
    /// Notifications are sent.
    Deliver,
    /// Queries are answered in full.
    Answer,
}

impl Ability {
    pub(crate) const ALL: [Self; 4] = [Self::Accept, Self::Evaluate, Self::Deliver, Self::Answer];

    /// Its name in answers, metrics and the log.
    pub(crate) const fn as_str(self) -> &'static str {
        match self {
            Self::Accept => "accept",
            Self::Evaluate => "evaluate",
            Self::Deliver => "deliver",
            Self::Answer => "answer",
        }
    }
}

/// What is known of the server at one moment.
#[derive(Debug, Clone, Default, PartialEq)]
pub(crate) struct Facts {
    /// Why nothing can be written.
    pub(crate) write_failure: Option<String>,
    /// How the data directory has changed, and the remedy: nothing can be written.
    pub(crate) directory_change: Option<String>,
    /// Whether only a restart ends the failure.
    pub(crate) needs_restart: bool,
    /// Whether what is stored can be read.
    pub(crate) is_readable: bool,
    /// By how much the last evaluated slot is older than it would be at once, in ms; `None` before the first.
    pub(crate) evaluation_lag_ms: Option<i64>,
    /// Since when the evaluation made no progress, or since the start, in ms.
    pub(crate) evaluation_idle_ms: i64,
    /// Background tasks that have ended although the server runs.
    pub(crate) ended_tasks: Vec<&'static str>,
    /// Receivers with the age of the oldest notification that waits for them, in ms.
    pub(crate) waiting: Vec<(String, i64)>,
    /// How many receivers there are.
    pub(crate) receivers: usize,
    /// Those to which nothing is sent any more, and why.
    pub(crate) disabled: Vec<(String, String)>,
    /// By how much the clock is ahead of the latest time that is trusted, in ms; not above 0 when it is not.
    pub(crate) clock_ahead_ms: i64,
    /// What is damaged or lost, in words.
    pub(crate) damage: Vec<String>,
    /// Free bytes of the disk, when they are known.
    pub(crate) disk_free_bytes: Option<u64>,
    /// Why the rules file is not in force.
    pub(crate) rules_error: Option<String>,
    /// Limits of streams that are nearly reached: what, how many there are, and how many there may be.
    pub(crate) nearly_full: Vec<(&'static str, usize, usize)>,
    /// How many partners there are, when a new one was not accepted within the last hour.
    pub(crate) partners_refused: Option<usize>,
    /// Whether others may do everything, because there are no keys.
    pub(crate) is_open_to_others: bool,
}

/// A problem of an ability.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Problem {
    pub(crate) ability: Ability,
    /// Whether the ability is gone. Otherwise it is limited, or in danger.
    pub(crate) is_failure: bool,
    /// What is wrong and what helps, as a sentence without a period.
    pub(crate) reason: String,
    /// What stays the same while the problem lasts, although numbers in `reason` change.
    kind: &'static str,
}

/// What the server can do.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Health {
    pub(crate) problems: Vec<Problem>,
    /// Whether only a restart helps.
    pub(crate) needs_restart: bool,
}

impl Health {
    /// Whether an ability is there.
    pub(crate) fn has(&self, ability: Ability) -> bool {
        !self.problems.iter().any(|problem| problem.ability == ability && problem.is_failure)
    }

    /// Whether every ability is there.
    pub(crate) fn is_ready(&self) -> bool {
        !self.problems.iter().any(|problem| problem.is_failure)
    }

    /// What is wrong with an ability, failures first.
    pub(crate) fn reasons(&self, ability: Ability) -> impl Iterator<Item = &str> {
        let of_ability = self.problems.iter().filter(move |one| one.ability == ability);
        of_ability.map(|problem| problem.reason.as_str())
    }

    /// Why an alert may reach nobody in time; `None` while rules are evaluated and notifications are sent.
    pub(crate) fn alerts_endangered_by(&self) -> Option<&str> {
        let mut problems = self.problems.iter();
        let found =
            problems.find(|one| one.is_failure || [LATE, WAITING, NO_RECEIVER].contains(&one.kind));
        found.map(|problem| problem.reason.as_str())
    }

    /// The problems that `before` did not have.
    pub(crate) fn new_since<'a>(&'a self, before: &'a Self) -> impl Iterator<Item = &'a Problem> {
        self.problems.iter().filter(|problem| !before.problems.iter().any(|one| one.is(problem)))
    }
}

impl fmt::Display for Health {
    /// Every failure, as sentences in one line.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let failures = self.problems.iter().filter(|problem| problem.is_failure);
        let mut failures: Vec<_> = failures.map(|problem| problem.reason.as_str()).collect();
        // One cause takes several abilities.
        failures.dedup();
        f.write_str(&failures.join("; "))
    }
}

impl Problem {
    /// Whether it is the same problem, perhaps with other numbers.
    pub(crate) fn is(&self, other: &Self) -> bool {
        let key = |one: &Self| (one.ability, one.is_failure, one.kind);
        key(self) == key(other)
    }
}

/// What the server can do, going by what is known of it.
pub(crate) fn assess(facts: &Facts) -> Health {
    let mut problems = Vec::new();
    let mut add = |ability, is_failure, kind, reason| {
        problems.push(Problem { ability, is_failure, kind, reason });
    };
    if let Some(reason) = &facts.write_failure {
        let remedy = if facts.needs_restart {
            "restart the server when the disk works"
        } else {
            "the store goes on by itself when the disk works"
        };
        let reason = format!("the store cannot be written: {reason}; {remedy}");
        for ability in [Ability::Accept, Ability::Evaluate, Ability::Deliver] {
            add(ability, true, "write", reason.clone());
        }
    }
    if let Some(reason) = &facts.directory_change {
        for ability in [Ability::Accept, Ability::Evaluate, Ability::Deliver] {
            add(ability, true, "directory", reason.clone());
        }
    }
    if !facts.is_readable {
        add(
            Ability::Answer,
            true,
            "read",
            "the store cannot be read until it is open again".into(),
        );
    }
    for task in &facts.ended_tasks {
        let (ability, task) = match *task {
            "evaluation" => (Ability::Evaluate, *task),
            "delivery" => (Ability::Deliver, *task),
            task => (Ability::Accept, task),
        };
        add(ability, true, task, format!("{task} has stopped after an error; restart the server"));
    }
    if let Some((is_failure, reason)) = evaluation_problem(facts) {
        add(Ability::Evaluate, is_failure, LATE, reason);
    }
    for (kind, reason) in delivery_problems(facts) {
        add(Ability::Deliver, false, kind, reason);
    }
    for damage in &facts.damage {
        add(Ability::Answer, false, "damage", damage.clone());
    }
    for (kind, reason) in dangers_to_accept(facts) {
        add(Ability::Accept, false, kind, reason);
    }
    if let Some(error) = &facts.rules_error {
        let reason = format!("the rules in force are not those of the file: {error}");
        add(Ability::Evaluate, false, "rules", reason);
    }
    problems.sort_by_key(|problem| !problem.is_failure);
    let needs_restart =
        facts.needs_restart || facts.directory_change.is_some() || !facts.ended_tasks.is_empty();
    Health { problems, needs_restart }
}

/// What limits pushes or will soon, by kind.
fn dangers_to_accept(facts: &Facts) -> Vec<(&'static str, String)> {
    let mut problems = Vec::new();
    if let Some(free) = facts.disk_free_bytes.filter(|free| *free < DISK_FREE_BYTES_MIN) {
        let reason =
            format!("the disk has {} MiB left; free some, or set `retention_size`", free >> 20);
        problems.push(("disk", reason));
    }
    if facts.clock_ahead_ms > 0 {
        let reason = "the clock was set forward by more than an hour since the start, and no data is deleted by \
                      a time that may be wrong; set the clock right, or restart the server if it is right";
        problems.push(("clock", reason.to_owned()));
    }
    for &(what, used, limit) in &facts.nearly_full {
        let reason = format!(
            "{used} of {limit} {what} are in use, and no more are accepted then; \
             GET /api/v1/cardinality shows who makes them"
        );
        problems.push((what, reason));
    }
    if let Some(partners) = facts.partners_refused {
        let reason = format!(
            "new partners were rejected within the last hour, while there are {partners}; name those that \
             are wanted under `partners` in the rules file, or send fewer different values of `partner`"
        );
        problems.push(("new partners", reason));
    }
    if facts.is_open_to_others {
        let reason = "there are no keys, and others reach this server: everybody may do everything; make a \
                      key with `plimsoll keys create`";
        problems.push(("no keys", reason.to_owned()));
    }
    problems
}

/// What is wrong with receivers, by kind.
fn delivery_problems(facts: &Facts) -> Vec<(&'static str, String)> {
    let mut problems = Vec::new();
    for (receiver, waiting_ms) in &facts.waiting {
        if *waiting_ms >= NOTIFICATION_LATE_MS {
            let minutes = waiting_ms / 60_000;
            let reason = format!(
                "a notification has waited {minutes} min for receiver {receiver:?}; see /api/v1/deliveries"
            );
            problems.push((WAITING, reason));
        }
    }
    for (receiver, why) in &facts.disabled {
        let reason = format!(
            "receiver {receiver:?} is disabled: {why}; change its address, or test it when it works"
        );
        problems.push(("disabled", reason));
    }
    if facts.receivers > 0 && facts.disabled.len() == facts.receivers {
        problems.push((NO_RECEIVER, "nobody is notified: every receiver is disabled".to_owned()));
    }
    problems
}

/// Whether rules are evaluated in time, and what is wrong if not.
fn evaluation_problem(facts: &Facts) -> Option<(bool, String)> {
    let is_stalled = facts.evaluation_idle_ms > EVALUATION_STALLED_MS;
    // After a start rules first read the past.
    let is_late = facts.evaluation_lag_ms.map_or(is_stalled, |lag| lag > EVALUATION_LATE_MS);
    if !is_late {
        return None;
    }
    let idle_s = facts.evaluation_idle_ms / 1_000;
    Some(match (facts.evaluation_lag_ms, is_stalled) {
        (Some(lag), true) => {
            let lag_s = lag / 1_000;
            (true, format!("no rule was evaluated for {idle_s} s; evaluation is {lag_s} s late"))
        }
        (Some(lag), false) => {
            (false, format!("evaluation catches up: it is {} s late", lag / 1_000))
        }
        (None, _) => (
            true,
            format!("rules still read the past, {idle_s} s after the start; none is evaluated"),
        ),
    })
}

#[cfg(test)]
mod tests;
