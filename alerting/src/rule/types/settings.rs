//! The settings of a rule that let it adapt to a group and those that say when it notifies, and the
//! settings of notification grouping. A rule without them goes by its window and thresholds alone.

use plimsoll_storage::Label;

use crate::rule::types::severity::Severity;
use crate::rule::types::signal::SignalKind;

/// Evaluation over several windows at once, in whole minutes, by weight of evidence.
///
/// A severity is reached when in one of the windows the share is above its limit, the evidence against a
/// true share of `margin` times the limit is stronger than `evidence`, enough minutes are bad, and the
/// newest fifth of the window is bad as well. Of a drop, the share is that of the expected arrivals that
/// are missing, and only `windows_min`, `evidence` and `margin` apply.
#[derive(Debug, Clone, PartialEq)]
pub struct ScanSettings {
    /// Windows in minutes, ascending.
    pub windows_min: Vec<u32>,
    /// Evidence that is required, in nats: 13.8 is an error of one in a million.
    pub evidence: f64,
    /// Part of the limit (of a drop: of the expected count) that the evidence is measured against, above
    /// 0 and at most 1.
    pub margin: f64,
    /// Minutes of the window that must be bad.
    pub bad_minutes: u32,
    /// Fewer bad items than this must be spread over more than `few_span_min`.
    pub few: u32,
    /// See `few`, in minutes.
    pub few_span_min: u32,
}

impl ScanSettings {
    /// Longest window, in minutes: as many minutes are kept of every group.
    pub const WINDOW_MIN_MAX: u32 = 180;

    /// What `scan` sets unless the file says otherwise; `None` for signals that cannot be scanned.
    pub(in crate::rule) fn defaults(kind: SignalKind) -> Option<Self> {
        match kind {
            SignalKind::Ratio | SignalKind::Latency => Some(Self {
                windows_min: vec![3, 5, 15, 60, 180],
                evidence: 13.8,
                margin: 0.7,
                bad_minutes: 3,
                few: 20,
                few_span_min: 5,
            }),
            SignalKind::Drop => Some(Self {
                windows_min: vec![5, 10, 15, 20, 30, 45, 60, 90, 120, 180],
                evidence: 11.0,
                margin: 0.9,
                bad_minutes: 3,
                few: 0,
                few_span_min: 0,
            }),
            _ => None,
        }
    }
}

/// What is expected of a group: its thresholds rise with its baseline.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct BaselineSettings {
    /// A threshold is never below this many times the baseline.
    pub times: f64,
    /// The baseline is the median of this many hours.
    pub hours: u32,
}

impl BaselineSettings {
    /// Most hours that the median is taken of: a week, so that each hour of each day weighs the same.
    pub const HOURS_MAX: u32 = 168;
}

/// What no data means for a rule.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum OnNoData {
    /// The condition does not hold.
    #[default]
    Ok,
    /// An alert stays as it is.
    Keep,
    /// The condition holds, at the highest severity of the rule.
    Alert,
}

/// Whether a rule notifies at all.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum RuleMode {
    /// It does.
    #[default]
    Live,
    /// It is evaluated and its alerts are recorded, but nobody is notified.
    Shadow,
}

/// When a rule notifies.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct NotifyPolicy {
    /// Whether it notifies at all.
    pub mode: RuleMode,
    /// The lowest severity that is notified.
    pub from: Severity,
}

impl Default for NotifyPolicy {
    fn default() -> Self {
        Self { mode: RuleMode::Live, from: Severity::Warning }
    }
}

/// How alerts share notifications: one for all open alerts of a group.
#[derive(Debug, Clone, PartialEq)]
pub struct GroupingSettings {
    /// Labels whose values make the group.
    pub by: Vec<Label>,
    /// An alert of another signal is notified again when the last message is older than this, in ms.
    pub again_after_ms: i64,
    /// How many groups make a cascade.
    pub cascade_groups: u32,
    /// Groups that fire within this time are a cascade, in ms.
    pub cascade_within_ms: i64,
    /// Two groups that fire within this time are already a cascade, in ms.
    pub cascade_at_once_ms: i64,
    /// How long a new notification waits for others when one of its alerts is critical, in ms.
    pub wait_critical_ms: i64,
    /// How long it waits when all of its alerts are warnings, in ms.
    pub wait_warning_ms: i64,
}

impl GroupingSettings {
    /// How long a new notification waits for others, in ms.
    #[must_use]
    pub const fn wait_ms(&self, is_critical: bool) -> i64 {
        if is_critical { self.wait_critical_ms } else { self.wait_warning_ms }
    }
}
