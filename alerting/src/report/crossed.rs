//! Whether normal hours cross the threshold of a rule: then the rule fires too often, or is never
//! resolved.

use plimsoll_query::Grid;
use plimsoll_storage::{Store, TimestampMs};

use crate::error::Result;
use crate::labels::GroupLabels;
use crate::message::trend;
use crate::rule::{Rule, SignalKind};

/// Groups of a rule that are checked.
const NOISE_GROUPS_MAX: usize = 500;

const HOUR_MS: i64 = 3_600_000;
/// How many hours are checked.
const HOURS: i64 = 168;
/// Hours with data that a group needs.
const HOURS_MIN: usize = 24;
/// A threshold that more than this part of the hours cross is too tight.
const CROSSED_MAX: f64 = 0.1;
/// The part of the hours that must not cross a better threshold.
const WITHIN: f64 = 0.98;

/// A group whose normal hours cross the lowest threshold of a rule.
#[derive(Debug, Clone, PartialEq)]
pub struct CrossedThreshold {
    /// The group.
    pub labels: GroupLabels,
    /// Hours that cross it.
    pub crossed: usize,
    /// Hours with data.
    pub hours: usize,
    /// A threshold that nearly all hours stay within, in the unit of the signal.
    pub within: f64,
}

/// The group that crosses the lowest threshold of a rule in most hours of the week before `until`, when
/// those are too many. `None` for signals without a value per hour, and for rules that compare with a
/// baseline.
///
/// # Errors
/// When the data cannot be read.
pub fn crossed_by_normal_hours(
    store: &Store,
    rule: &Rule,
    until: TimestampMs,
) -> Result<Option<CrossedThreshold>> {
    let kind = rule.signal.kind();
    let has_values = matches!(kind, SignalKind::Ratio | SignalKind::Latency | SignalKind::Gauge);
    let lowest = rule.thresholds().next_back().filter(|_| has_values && rule.baseline.is_none());
    let Some((_, threshold)) = lowest else { return Ok(None) };
    let first = until.plus_ms(-(HOURS - 1) * HOUR_MS);
    let grid = Grid::range((first, until), HOUR_MS, HOUR_MS, store.slot_width())?;
    let mut worst: Option<CrossedThreshold> = None;
    let groups = plimsoll_query::groups(store, &rule.selector(), &rule.by);
    for group in groups.into_iter().take(NOISE_GROUPS_MAX) {
        let labels = GroupLabels::new(group.labels);
        let values = trend::measured(store, rule, group.streams, &grid)?;
        let values = values.into_iter().map(|(_, value)| value).collect();
        let found = crossed(values, threshold, rule.fires_below());
        let Some((crossed, hours, within)) = found else { continue };
        if worst.as_ref().is_none_or(|worst| crossed > worst.crossed) {
            worst = Some(CrossedThreshold { labels, crossed, hours, within });
        }
    }
    Ok(worst)
}

/// Hours that cross the threshold, all hours, and a threshold that nearly all stay within; `None` unless
/// too many cross it.
fn crossed(mut values: Vec<f64>, threshold: f64, fires_below: bool) -> Option<(usize, usize, f64)> {
    let beyond = |value: &&f64| if fires_below { **value < threshold } else { **value > threshold };
    let crossed = values.iter().filter(beyond).count();
    if values.len() < HOURS_MIN || crossed as f64 <= CROSSED_MAX * values.len() as f64 {
        return None;
    }
    values.sort_by(f64::total_cmp);
    if fires_below {
        values.reverse();
    }
    let position = ((values.len() - 1) as f64 * WITHIN) as usize;
    Some((crossed, values.len(), values.get(position).copied()?))
}

#[cfg(test)]
mod tests;
