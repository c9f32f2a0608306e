//! Changes of state, as they are reported.

use plimsoll_storage::TimestampMs;

use crate::engine::{
    AlertState, Evaluation, Evidence, Firing, StateChange, StateReason, Transition,
};
use crate::labels::GroupLabels;
use crate::records::alerts::{Alert, alert_id};
use crate::rule::{Rule, Severity};

/// The evaluations of one slot, of every group that is not at rest.
#[derive(Debug, Clone, PartialEq)]
pub struct SlotEvaluations {
    /// End of the slot.
    pub at: TimestampMs,
    /// In the order of rules and labels.
    pub evaluations: Vec<Evaluation>,
}

/// A change of the state of a group.
#[derive(Debug, Clone, PartialEq)]
pub struct TransitionEvent {
    /// Name of the rule.
    pub rule: String,
    /// The group.
    pub labels: GroupLabels,
    /// End of the evaluated slot.
    pub at: TimestampMs,
    /// What changed.
    pub change: StateChange,
    /// Why.
    pub reason: StateReason,
    /// Severity of the alert, when there is one.
    pub severity: Option<Severity>,
    /// What was found; `None` when there was no data.
    pub evidence: Option<Evidence>,
    /// Id of the alert, when there is one.
    pub alert_id: Option<String>,
}

impl TransitionEvent {
    /// The change that an evaluation made; `None` when the state is the same.
    pub(crate) fn of(rule: &Rule, evaluation: &Evaluation, at: TimestampMs) -> Option<Self> {
        let Transition { change, reason } = evaluation.transition?;
        let alert = alert_of(evaluation);
        let id = |firing: Firing| alert_id(&rule.name, &evaluation.labels, firing.since);
        Some(Self {
            rule: rule.name.clone(),
            labels: evaluation.labels.clone(),
            at,
            change,
            reason,
            severity: alert.map(|firing| firing.severity),
            evidence: evaluation.evidence,
            alert_id: alert.map(id),
        })
    }

    /// The end of a group that its rule no longer evaluates.
    pub(crate) fn retired(
        (rule, labels): (&str, &GroupLabels),
        alert: Option<&Alert>,
        reason: StateReason,
        at: TimestampMs,
    ) -> Self {
        let change = if alert.is_some() { StateChange::Resolved } else { StateChange::Cancelled };
        Self {
            rule: rule.to_owned(),
            labels: labels.clone(),
            at,
            change,
            reason,
            severity: alert.map(|alert| alert.severity),
            evidence: None,
            alert_id: alert.map(|alert| alert.id.clone()),
        }
    }
}

/// The alert of an evaluated group that is open after the slot, or ends in it: with the timers and the
/// severity that it has, or had before it ended.
pub(crate) fn alert_of(evaluation: &Evaluation) -> Option<Firing> {
    match (evaluation.state, evaluation.before) {
        (AlertState::Firing(firing), _) | (AlertState::Inactive, AlertState::Firing(firing)) => {
            Some(firing)
        }
        _ => None,
    }
}
