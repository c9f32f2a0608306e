//! Replay: the engine and the decisions that run live, over history, with the clock of the data.
//!
//! The caller adds cells in the order they became known and advances the clock. [`ReplayEvaluator`]s, each
//! with some of the rules, evaluate; one [`ReplayNotifier`] takes their evaluations slot by slot, and returns
//! every alert with its notifications. Batches that came twice are the caller's to drop; late cells are
//! simply added, late.

mod evaluator;
mod notifier;

use plimsoll_storage::TimestampMs;

pub use evaluator::{ByMinute, ReplayEvaluator};
pub use notifier::ReplayNotifier;

use crate::engine::Evidence;
use crate::labels::GroupLabels;
use crate::records::alerts::{Alert, alert_id};
use crate::records::delivery::Action;
use crate::records::muted_by::MutedBy;
use crate::records::notify_status::NotifyStatus;
use crate::rule::{Rule, Severity, SignalKind};

/// An alert of a replay.
#[derive(Debug, Clone, PartialEq)]
pub struct ReplayedAlert {
    /// Name of the rule.
    pub rule: String,
    /// What was measured.
    pub signal: SignalKind,
    /// Its severity at the end of the replay, or when it ended, as on a server; how bad it was at its worst
    /// is the severity of `peak`.
    pub severity: Severity,
    /// The group it is about.
    pub labels: GroupLabels,
    /// End of the first slot in which the condition held.
    pub pending_at: TimestampMs,
    /// When it fired.
    pub fired_at: TimestampMs,
    /// When it ended; `None` when it was open at the end of the data.
    pub resolved_at: Option<TimestampMs>,
    /// The evaluation with the strongest bound.
    pub peak: Evidence,
    /// What muted it when it ended, or at the end of the data; `None` once it was notified.
    pub muted_by: Option<MutedBy>,
    /// The notifications, in order; none when it shared the notification of another alert.
    pub notifications: Vec<ReplayedNotification>,
}

impl ReplayedAlert {
    /// The alert as it was on record when it was at its worst, before it ended.
    pub(crate) fn as_open(&self, rule: &Rule) -> Alert {
        let Self { labels, pending_at, fired_at, peak, severity, .. } = self;
        Alert {
            id: alert_id(&rule.name, labels, *pending_at),
            rule: rule.name.clone(),
            owner: rule.owner.clone(),
            runbook: rule.runbook.clone(),
            signal: self.signal,
            symptom: rule.signal.symptom(),
            labels: labels.clone(),
            window_ms: rule.window_ms,
            severity: *severity,
            pending_at: *pending_at,
            fired_at: *fired_at,
            resolved_at: None,
            resolved_because: None,
            at_fire: *peak,
            latest: *peak,
            peak: *peak,
            notify: NotifyStatus::default(),
        }
    }
}

/// A notification about an alert of a replay.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ReplayedNotification {
    /// When, in event time.
    pub at: TimestampMs,
    /// What it does.
    pub action: Action,
    /// Name of the receiver.
    pub receiver: String,
    /// Name of the group: alerts that share a notification share it.
    pub group: String,
}
