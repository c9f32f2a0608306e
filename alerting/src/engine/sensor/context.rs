//! What a sensor needs beside its own state.

use plimsoll_storage::Slot;

use crate::engine::calendar::PartnerDays;
use crate::engine::evaluation::Detection;
use crate::engine::evidence::Measured;
use crate::engine::sensor::reading::Reading;
use crate::engine::time::SlotEnd;
use crate::rule::{Rule, Severity};

/// The rule and group that a sensor is evaluated for, and when.
pub(in crate::engine) struct SensorContext<'a> {
    pub(in crate::engine) rule: &'a Rule,
    pub(in crate::engine) days: &'a PartnerDays,
    pub(in crate::engine) end: SlotEnd,
    /// Severity of the open alert, and how it was detected.
    pub(in crate::engine) open: Option<(Severity, Detection)>,
    /// Minutes up to this one do not count, because an alert resolved in it.
    pub(in crate::engine) resolved_minute: i64,
    /// Whether connectors send heartbeats.
    pub(in crate::engine) has_heartbeats: bool,
    /// Whether there is no alert: then evidence that reaches no severity need not be computed.
    pub(in crate::engine) at_rest: bool,
    /// The baseline of the group, or of its parent group.
    pub(in crate::engine) baseline: Option<f64>,
}

impl SensorContext<'_> {
    /// The first slot of the window of the rule.
    pub(super) fn window_start(&self) -> Slot {
        self.end.window_start(self.rule.window_ms)
    }

    /// The reading of a value that is known exactly.
    pub(super) fn exact(&self, value: f64, count: u64) -> Reading {
        let Self { rule, at_rest, .. } = *self;
        if at_rest && !rule.fires_below() && value <= lowest_threshold(rule) {
            return Reading::Quiet;
        }
        Reading::of(Measured { value, count, lower: value, upper: value }.evaluate(rule))
    }
}

/// The lowest threshold of a rule; infinite when it has none.
pub(super) fn lowest_threshold(rule: &Rule) -> f64 {
    rule.thresholds().next_back().map_or(f64::INFINITY, |(_, threshold)| threshold)
}
