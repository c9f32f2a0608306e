//! What an engine must read of the past before its evaluations are those of an engine that never
//! stopped: how far back rules look, and at which resolution.

use plimsoll_storage::SlotWidth;

use crate::engine::time::{HOUR_MS, MINUTE_MS};
use crate::rule::{BaselineSettings, Rule, ScanSettings, Signal, SignalKind};

/// Cells of one stretch, approximately: reading the past takes bounded memory.
const STRETCH_CELLS: usize = 200_000;
/// Longest stretch in ms. Sensors must learn at least this often.
const STRETCH_MS_MAX: i64 = 15 * MINUTE_MS;

/// Longest stretch that baselines are learned from at once, in ms: a sensor counts in two hours at the
/// same time, and streams are read one after the other.
pub(crate) const BASELINE_STRETCH_MS: i64 = 2 * HOUR_MS;

/// How far back rules look from the slot they evaluate, in ms, by resolution. Each is 0 when no rule
/// needs that resolution.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct LookBack {
    /// Single slots: the longest window. A scan needs minutes, an age only the newest event.
    pub(crate) slots_ms: i64,
    /// Minutes: the longest window of a scan, and the ages that are exact to the minute: absence goes by the
    /// newest slot of any report, which a cell of a quarter of an hour does not have.
    pub(crate) minutes_ms: i64,
    /// Quarters of an hour, or minutes for rules that [learn by the minute](learns_by_minute).
    pub(crate) baseline_ms: i64,
}

impl LookBack {
    /// What one rule needs.
    pub(crate) fn of(rule: &Rule) -> Self {
        let is_age = matches!(
            rule.signal,
            Signal::Absence { .. } | Signal::Freshness { .. } | Signal::Run { .. }
        );
        let scans = rule.scan.is_some();
        let goes_by_slots = matches!(rule.signal, Signal::Absence { .. } | Signal::Run { .. });
        let minutes_ms = i64::from(ScanSettings::WINDOW_MIN_MAX) * MINUTE_MS;
        let baseline_hours = match rule.signal {
            Signal::Drop { .. } | Signal::Absence { .. } | Signal::Run { .. } => {
                BaselineSettings::HOURS_MAX
            }
            Signal::Freshness { .. } if rule.baseline.is_some() => BaselineSettings::HOURS_MAX,
            _ => rule.baseline.map_or(0, |baseline| baseline.hours),
        };
        Self {
            slots_ms: if scans || is_age { 0 } else { rule.window_ms },
            minutes_ms: if scans || goes_by_slots { minutes_ms } else { 0 },
            baseline_ms: i64::from(baseline_hours) * HOUR_MS,
        }
    }

    /// What all of some rules need.
    pub(crate) fn of_all(rules: &[Rule]) -> Self {
        rules.iter().map(Self::of).fold(Self::default(), |one, other| Self {
            slots_ms: one.slots_ms.max(other.slots_ms),
            minutes_ms: one.minutes_ms.max(other.minutes_ms),
            baseline_ms: one.baseline_ms.max(other.baseline_ms),
        })
    }
}

/// Whether a rule needs minutes for its baseline. For all others quarters of an hour are enough, which
/// is a fifteenth of the cells.
pub(crate) const fn learns_by_minute(rule: &Rule) -> bool {
    let kind = rule.signal.kind();
    matches!(kind, SignalKind::Drop) || kind.is_age() && rule.baseline.is_some()
}

/// How many slots of so many streams are read at once, at least 1.
pub(crate) fn stretch_slots(width: SlotWidth, streams: usize) -> u32 {
    let fitting = STRETCH_CELLS / streams.max(1);
    u32::try_from(fitting).unwrap_or(u32::MAX).clamp(1, width.slots_in(STRETCH_MS_MAX))
}
