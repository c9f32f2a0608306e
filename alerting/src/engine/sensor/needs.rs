//! What a sensor must keep for the rules that share it.

use plimsoll_storage::SlotWidth;

use crate::engine::sensor::context::lowest_threshold;
use crate::engine::sensor::ratio::{BURN_SHORT_PART, counted_classes};
use crate::engine::sensor::window::Steps;
use crate::rule::{Rule, Signal};

/// What all rules of a sensor need together.
#[derive(Debug, Clone)]
pub(in crate::engine) struct SensorNeeds {
    /// The longest window.
    pub(in crate::engine) window_ms: i64,
    /// The shortest window that decides anything.
    pub(super) window_ms_min: i64,
    /// The lowest threshold of each rule about durations in one window, in seconds, ascending.
    pub(super) levels_s: Vec<f64>,
}

impl Default for SensorNeeds {
    fn default() -> Self {
        Self { window_ms: 0, window_ms_min: i64::MAX, levels_s: Vec::new() }
    }
}

impl SensorNeeds {
    /// Adds what a rule needs.
    pub(in crate::engine) fn add(&mut self, rule: &Rule) {
        self.window_ms = self.window_ms.max(rule.window_ms);
        let parts = if matches!(rule.signal, Signal::Burn { .. }) { BURN_SHORT_PART } else { 1 };
        self.window_ms_min = self.window_ms_min.min(rule.window_ms / i64::from(parts));
        if matches!(rule.signal, Signal::Latency { .. }) && rule.scan.is_none() {
            self.levels_s.push(lowest_threshold(rule));
            self.levels_s.sort_by(f64::total_cmp);
            self.levels_s.dedup();
        }
    }

    /// The position of a level among `levels_s`.
    pub(super) fn position(&self, level_s: f64) -> usize {
        self.levels_s.partition_point(|held| *held < level_s)
    }
}

/// Whether one sensor serves both rules, which watch the same streams.
pub(in crate::engine) fn can_share_sensor(one: &Rule, other: &Rule, width: SlotWidth) -> bool {
    if one.scan.is_some() != other.scan.is_some() {
        return false;
    }
    let steps = |rule: &Rule| Steps::of(rule.window_ms, width);
    let same_steps = one.scan.is_some() || steps(one).are_alike(steps(other));
    match (&one.signal, &other.signal) {
        // What it expects and learns depends on the thresholds and alerts of its rule.
        (Signal::Drop { .. }, _) => false,
        _ if one.signal.kind().is_age() && (one.baseline.or(other.baseline)).is_some() => false,
        (Signal::Latency { q, .. }, Signal::Latency { q: other_q, .. }) => {
            let levels = |rule: &Rule| (rule.critical, rule.warning);
            let same_baseline =
                one.baseline == other.baseline && (one.by == other.by || one.baseline.is_none());
            let same_scan = q == other_q && levels(one) == levels(other) && same_baseline;
            if one.scan.is_some() { same_scan } else { same_steps }
        }
        (
            Signal::Ratio { .. } | Signal::Burn { .. },
            Signal::Ratio { .. } | Signal::Burn { .. },
        ) => {
            let hours = |rule: &Rule| rule.baseline.map(|baseline| baseline.hours);
            counted_classes(one) == counted_classes(other)
                && same_steps
                && hours(one) == hours(other)
        }
        (Signal::Gauge { .. }, Signal::Gauge { .. }) => true,
        (one, other) => one == other,
    }
}
