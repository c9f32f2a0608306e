//! Whether a threshold lies in the middle of what is ordinary: then its rule will fire all the time, or
//! never clear.

use plimsoll_query::Grid;
use plimsoll_storage::{Store, TimestampMs};

use crate::error::Result;
use crate::labels::GroupLabels;
use crate::rule::{Rule, SignalKind};
use crate::trend;

/// Groups of a rule whose ordinary hours are looked at.
const NOISE_GROUPS_MAX: usize = 500;

const HOUR_MS: i64 = 3_600_000;
/// How far back is looked, in hours.
const HOURS: i64 = 168;
/// Hours that must be known of a group.
const HOURS_MIN: usize = 24;
/// A threshold that more than this part of the hours cross lies in the noise.
const CROSSED_MAX: f64 = 0.1;
/// The part of the hours that a better threshold is not crossed in.
const QUIET: f64 = 0.98;

/// A group whose ordinary hours cross the lowest threshold of a rule.
#[derive(Debug, Clone, PartialEq)]
pub struct Crossed {
    /// The group.
    pub labels: GroupLabels,
    /// Hours that cross it.
    pub crossed: usize,
    /// Hours that are known.
    pub hours: usize,
    /// What nearly all hours stay within, in the unit of the signal.
    pub quiet: f64,
}

/// The group that crosses the lowest threshold of a rule in most hours of the week before `until`,
/// when those are too many. `None` for signals that know no ordinary hour, and for rules that follow
/// the usual by themselves.
///
/// # Errors
/// When the data cannot be read.
pub fn crossed_by_ordinary_hours(
    store: &Store,
    rule: &Rule,
    until: TimestampMs,
) -> Result<Option<Crossed>> {
    let kind = rule.signal.kind();
    let is_told = matches!(kind, SignalKind::Ratio | SignalKind::Latency | SignalKind::Gauge);
    let lowest = rule.thresholds().next_back().filter(|_| is_told && rule.baseline.is_none());
    let Some((_, threshold)) = lowest else { return Ok(None) };
    let grid = Grid::range(until.plus_ms(-(HOURS - 1) * HOUR_MS), until, HOUR_MS, HOUR_MS)?;
    let mut worst: Option<Crossed> = None;
    let groups = plimsoll_query::groups(store, &rule.selector(), &rule.by);
    for group in groups.into_iter().take(NOISE_GROUPS_MAX) {
        let labels = GroupLabels::new(group.labels);
        let values = trend::measured(store, rule, group.streams, &grid)?;
        let values = values.into_iter().map(|(_, value)| value).collect();
        let found = crossed(values, threshold, rule.fires_below());
        let Some((crossed, hours, quiet)) = found else { continue };
        if worst.as_ref().is_none_or(|held| crossed > held.crossed) {
            worst = Some(Crossed { labels, crossed, hours, quiet });
        }
    }
    Ok(worst)
}

/// (hours that cross it, hours, what nearly all stay within), when too many cross it.
fn crossed(mut values: Vec<f64>, threshold: f64, is_floor: bool) -> Option<(usize, usize, f64)> {
    let beyond = |value: &&f64| if is_floor { **value < threshold } else { **value > threshold };
    let crossed = values.iter().filter(beyond).count();
    if values.len() < HOURS_MIN || crossed as f64 <= CROSSED_MAX * values.len() as f64 {
        return None;
    }
    values.sort_by(f64::total_cmp);
    if is_floor {
        values.reverse();
    }
    let position = ((values.len() - 1) as f64 * QUIET) as usize;
    Some((crossed, values.len(), values.get(position).copied()?))
}

#[cfg(test)]
mod tests;
