//! The fields of a rule that let it adapt, and those that decide when and how it speaks. A rule that
//! has none of them does exactly what its window and thresholds say.

use plimsoll_storage::Label;

use crate::evidence::Severity;

/// Judging over several windows at once, in whole minutes, by weight of evidence.
///
/// A severity is reached when in one of the windows the share lies above its limit, the evidence
/// against a true share of `margin` times the limit is stronger than `evidence`, enough minutes
/// were bad, and the newest fifth of the window is bad as well.
#[derive(Debug, Clone, PartialEq)]
pub struct Scan {
    /// Windows in minutes, ascending.
    pub windows_min: Vec<u32>,
    /// Evidence that is asked for, in nats: 13.8 is an error of one in a million.
    pub evidence: f64,
    /// Part of the limit (of a drop, of the expected count) the evidence is weighed against, above 0
    /// and at most 1.
    pub margin: f64,
    /// Minutes of the window that must be bad in themselves.
    pub bad_minutes: u32,
    /// Fewer bad items than this must be spread over more than `few_span_min`.
    pub few: u32,
    /// See `few`, in minutes.
    pub few_span_min: u32,
}

/// What a group is used to: limits follow it upward.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Usual {
    /// A limit is never below this many times the usual.
    pub times: f64,
    /// How many hours the usual is the median of.
    pub hours: u32,
}

/// What no data means for a rule.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum OnNoData {
    /// The condition does not hold.
    #[default]
    Ok,
    /// An alert stays as it is.
    Keep,
    /// It is as bad as the rule knows.
    Alert,
}

/// Whether a rule tells anyone.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Mode {
    /// It does.
    #[default]
    Live,
    /// It is judged and recorded, and nobody is told.
    Shadow,
}

/// How alerts share messages: one for everything that is open of one group.
#[derive(Debug, Clone, PartialEq)]
pub struct Pages {
    /// Labels that make the group.
    pub by: Vec<Label>,
    /// An alert of another signal speaks up again when the last message is older than this, in ms.
    pub again_after_ms: i64,
    /// How many groups make a cascade.
    pub cascade_groups: u32,
    /// Within which time they must fire, in ms.
    pub cascade_within_ms: i64,
    /// Within which time two that fire are a cascade already, in ms.
    pub cascade_at_once_ms: i64,
    /// How long a new message waits for others when something in it is critical, in ms.
    pub wait_critical_ms: i64,
    /// The same when all of it are warnings.
    pub wait_warning_ms: i64,
}

impl Pages {
    /// How long a new message waits for others, in ms.
    #[must_use]
    pub const fn wait_ms(&self, is_critical: bool) -> i64 {
        if is_critical { self.wait_critical_ms } else { self.wait_warning_ms }
    }
}

/// How a rule speaks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Voice {
    /// Whether it speaks at all.
    pub mode: Mode,
    /// The lowest severity that is told.
    pub from: Severity,
}

impl Default for Voice {
    fn default() -> Self {
        Self { mode: Mode::Live, from: Severity::Warning }
    }
}
