//! The state machine of one alert, pure: (timing, state, level, time) → (state, transition).
//!
//! ```text
//! inactive ──condition──▶ pending ──held for `for`──▶ firing ──gone for `clear.for`──▶ inactive
//!                            │                         │   ▲
//!                            └──gone──▶ inactive       └───┘ escalates after critical held for
//!                                                            `for`, eases after it was gone for
//!                                                            `clear.for`
//! ```
//!
//! The time is the end of the evaluated slot, so running live, catching up after a downtime and replaying
//! history give the same result. The state holds every timer; nothing else needs to be stored.

use bincode::{Decode, Encode};
use plimsoll_storage::TimestampMs;

use crate::rule::Severity;

/// The durations of a rule, in ms, at least 0.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct RuleTiming {
    /// How long the condition must hold.
    pub(super) for_ms: i64,
    /// How long it must be gone.
    pub(super) clear_ms: i64,
}

/// The state of an alert.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Encode, Decode)]
pub enum AlertState {
    /// There is no alert.
    #[default]
    Inactive,
    /// The condition holds, but not for `for` yet.
    Pending {
        /// End of the first slot in which it held.
        since: TimestampMs,
    },
    /// The alert is open.
    Firing(Firing),
}

impl AlertState {
    /// The same state with its timers moved, because the clock was set: they have run for as long as before.
    /// An open alert stays the one that began at `since`.
    pub(crate) fn moved_by(self, by_ms: i64) -> Self {
        let moved = |at: TimestampMs| at.plus_ms(by_ms);
        match self {
            Self::Inactive => self,
            Self::Pending { since } => Self::Pending { since: moved(since) },
            Self::Firing(firing) => Self::Firing(Firing {
                fired_at: moved(firing.fired_at),
                clear_since: firing.clear_since.map(moved),
                moved_since: firing.moved_since.map(moved),
                ..firing
            }),
        }
    }

    /// The same state with a condition that began earlier.
    pub(super) fn begun_earlier(self, by_ms: i64) -> Self {
        let earlier = |since: TimestampMs| since.plus_ms(-by_ms);
        match self {
            Self::Inactive => self,
            Self::Pending { since } => Self::Pending { since: earlier(since) },
            Self::Firing(firing) => Self::Firing(Firing { since: earlier(firing.since), ..firing }),
        }
    }
}

/// The timers of an open alert.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Encode, Decode)]
pub struct Firing {
    /// End of the first slot in which the condition held.
    pub since: TimestampMs,
    /// When it fired.
    pub fired_at: TimestampMs,
    /// Its severity.
    pub severity: Severity,
    /// When the condition was first gone; `None` while it holds.
    pub clear_since: Option<TimestampMs>,
    /// When the level first differed from `severity`; `None` while they agree.
    pub moved_since: Option<TimestampMs>,
}

/// The result of one evaluation.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Level {
    /// There was no data. It counts as "does not hold".
    NoData,
    /// The condition does not hold.
    Normal,
    /// The condition holds, at this severity.
    Reached(Severity),
}

/// A change of state.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Encode, Decode)]
pub enum StateChange {
    /// The condition began to hold.
    Pended,
    /// The condition was gone before the alert fired.
    Cancelled,
    /// The alert fired.
    Fired,
    /// A warning became critical.
    Escalated,
    /// A critical alert became a warning.
    Eased,
    /// The alert resolved.
    Resolved,
}

impl StateChange {
    /// The name in the API.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Pended => "pended",
            Self::Cancelled => "cancelled",
            Self::Fired => "fired",
            Self::Escalated => "escalated",
            Self::Eased => "eased",
            Self::Resolved => "resolved",
        }
    }
}

/// Why a state changed. The numbers are on disk: never renumber.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Encode, Decode)]
pub enum StateReason {
    /// The condition holds.
    ConditionMet,
    /// The condition was gone before `for` had passed.
    ConditionGone,
    /// There was no more data before `for` had passed.
    DataGone,
    /// The condition held for `for`.
    HeldFor,
    /// The critical condition held for `for`.
    CriticalHeldFor,
    /// The critical condition was gone for `clear.for`.
    CriticalGone,
    /// The condition was gone for `clear.for`.
    ClearedFor,
    /// There was no data at the end of `clear.for`.
    ClearedWithoutData,
    /// The rule is no longer in the rules file.
    RuleRemoved,
    /// The rule now groups by other labels.
    GroupingChanged,
    /// The rule now evaluates something else.
    RuleChanged,
    /// The hours in which the rule is active are over.
    OutsideHours,
}

impl StateReason {
    /// The name in the API.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::ConditionMet => "condition_met",
            Self::ConditionGone => "condition_gone",
            Self::DataGone => "data_gone",
            Self::HeldFor => "held_for",
            Self::CriticalHeldFor => "critical_held_for",
            Self::CriticalGone => "critical_gone",
            Self::ClearedFor => "cleared_for",
            Self::ClearedWithoutData => "cleared_without_data",
            Self::RuleRemoved => "rule_removed",
            Self::GroupingChanged => "grouping_changed",
            Self::RuleChanged => "rule_changed",
            Self::OutsideHours => "outside_hours",
        }
    }
}

/// A change of state and its reason.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Transition {
    /// What changed.
    pub change: StateChange,
    /// Why.
    pub reason: StateReason,
}

impl Transition {
    pub(crate) const fn new(change: StateChange, reason: StateReason) -> Self {
        Self { change, reason }
    }
}

/// The state after a slot that ends `at`. Slots are evaluated in the order of time.
#[must_use]
pub(super) fn step(
    timing: RuleTiming,
    state: AlertState,
    level: Level,
    at: TimestampMs,
) -> (AlertState, Option<Transition>) {
    match (state, level) {
        (AlertState::Inactive, Level::NoData | Level::Normal) => (AlertState::Inactive, None),
        (AlertState::Inactive, Level::Reached(severity)) => match held(timing, at, at, severity) {
            Some(fired) => fired,
            None => {
                let pended = Transition::new(StateChange::Pended, StateReason::ConditionMet);
                (AlertState::Pending { since: at }, Some(pended))
            }
        },
        (AlertState::Pending { since }, Level::Reached(severity)) => {
            held(timing, since, at, severity).unwrap_or((state, None))
        }
        (AlertState::Pending { .. }, Level::NoData) => cancelled(StateReason::DataGone),
        (AlertState::Pending { .. }, Level::Normal) => cancelled(StateReason::ConditionGone),
        (AlertState::Firing(firing), level) => step_firing(timing, firing, level, at),
    }
}

/// The alert, when the condition has held long enough. Its severity is the one reached now: a problem
/// that grew during `for` is one alert, not two.
fn held(
    timing: RuleTiming,
    since: TimestampMs,
    at: TimestampMs,
    severity: Severity,
) -> Option<(AlertState, Option<Transition>)> {
    (at.since_ms(since) >= timing.for_ms).then(|| {
        let firing = Firing { since, fired_at: at, severity, clear_since: None, moved_since: None };
        (
            AlertState::Firing(firing),
            Some(Transition::new(StateChange::Fired, StateReason::HeldFor)),
        )
    })
}

fn cancelled(reason: StateReason) -> (AlertState, Option<Transition>) {
    (AlertState::Inactive, Some(Transition::new(StateChange::Cancelled, reason)))
}

fn step_firing(
    timing: RuleTiming,
    mut firing: Firing,
    level: Level,
    at: TimestampMs,
) -> (AlertState, Option<Transition>) {
    let reached = match level {
        Level::Reached(severity) => Some(severity),
        Level::NoData | Level::Normal => None,
    };
    firing.clear_since = running(firing.clear_since, reached.is_none(), at);
    // A warning whose condition is gone is about to resolve, not about to change its severity.
    let moves = reached != Some(firing.severity)
        && (reached.is_some() || firing.severity == Severity::Critical);
    firing.moved_since = running(firing.moved_since, moves, at);
    let passed =
        |since: Option<TimestampMs>, ms: i64| since.is_some_and(|since| at.since_ms(since) >= ms);
    if passed(firing.clear_since, timing.clear_ms) {
        let without_data = level == Level::NoData;
        let reason =
            if without_data { StateReason::ClearedWithoutData } else { StateReason::ClearedFor };
        return (AlertState::Inactive, Some(Transition::new(StateChange::Resolved, reason)));
    }
    let transition = match (firing.severity, reached) {
        (Severity::Warning, Some(Severity::Critical)) => passed(firing.moved_since, timing.for_ms)
            .then(|| Transition::new(StateChange::Escalated, StateReason::CriticalHeldFor)),
        (Severity::Critical, Some(Severity::Warning)) => {
            passed(firing.moved_since, timing.clear_ms)
                .then(|| Transition::new(StateChange::Eased, StateReason::CriticalGone))
        }
        _ => None,
    };
    if transition.is_some() {
        firing.severity = reached.unwrap_or(firing.severity);
        firing.moved_since = None;
    }
    (AlertState::Firing(firing), transition)
}

/// A timer that keeps its start while its condition lasts.
fn running(since: Option<TimestampMs>, lasts: bool, at: TimestampMs) -> Option<TimestampMs> {
    lasts.then(|| since.unwrap_or(at))
}

#[cfg(test)]
mod tests;
