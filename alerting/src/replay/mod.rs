//! Judging history: the engine and the pager that run live, with the clock of the data.
//!
//! The caller adds cells in the order they became known and moves the clock on. [`ReplayEvaluator`]s, each with
//! some of the rules, find what is not at rest; one [`ReplayNotifier`] hears of it slot by slot, and answers
//! every alert with what was said about it. Batches that came twice are the caller's to drop; late
//! cells are simply added, late.

mod evaluator;
mod notifier;

use plimsoll_storage::TimestampMs;

pub use evaluator::{ByMinute, ReplayEvaluator, SlotEvaluations};
pub use notifier::ReplayNotifier;

use crate::engine::Evidence;
use crate::labels::GroupLabels;
use crate::records::delivery::Action;
use crate::rule::{Severity, SignalKind};

/// An alert of a replay.
#[derive(Debug, Clone, PartialEq)]
pub struct ReplayedAlert {
    /// Name of the rule.
    pub rule: String,
    /// What was measured.
    pub signal: SignalKind,
    /// What it stands at, or stood at when it ended, as on a server; how bad it was at its worst is
    /// the severity of `peak`.
    pub severity: Severity,
    /// The group it is about.
    pub labels: GroupLabels,
    /// End of the first slot in which the condition held.
    pub pending_at: TimestampMs,
    /// When it fired.
    pub fired_at: TimestampMs,
    /// When it ended; `None` when it was open at the end of the data.
    pub resolved_at: Option<TimestampMs>,
    /// The judgement with the strongest bound.
    pub peak: Evidence,
    /// What was said, in order; nothing when it was folded into another alert's message.
    pub notifications: Vec<ReplayedNotification>,
}

/// Something that was said about an alert.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ReplayedNotification {
    /// When, in event time.
    pub at: TimestampMs,
    /// What.
    pub action: Action,
    /// Name of the receiver.
    pub receiver: String,
    /// Name of the message it belongs to: alerts of one group share it.
    pub group: String,
}
