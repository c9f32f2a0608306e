//! Levels of a gauge over one window: the newest, their forecast, or their mean in percent.

use plimsoll_storage::{GaugeCell, Slot};

use crate::engine::sensor::context::SensorContext;
use crate::engine::sensor::reading::Reading;
use crate::engine::sensor::window::Levels;
use crate::engine::time::SlotEnd;
use crate::rule::{Signal, has_shares};

/// How many slots with a level a forecast needs.
const FORECAST_POINTS_MIN: usize = 3;

/// The reading of the newest level, of its forecast, or of the mean.
pub(super) fn reading(context: &SensorContext<'_>, levels: &Levels) -> Reading {
    let Signal::Gauge { below, forecast_ms, is_percent, .. } = &context.rule.signal else {
        return Reading::NoData;
    };
    let within = || levels.newest_from(context.window_start());
    let Some((_, newest)) = within().next() else { return Reading::NoData };
    let value = match forecast_ms {
        None if *is_percent => mean_percent(within()),
        None if *below => newest.min,
        None => newest.max,
        Some(ahead_ms) => match forecast(within(), context.end, *ahead_ms) {
            Some(value) => value,
            None => return Reading::NoData,
        },
    };
    let count = within().fold(0, |sum, (_, level)| sum + level.count);
    context.exact(value, count)
}

/// The mean of all readings in percent. Readings that are all from 0 to 1 are shares.
fn mean_percent<'a>(levels: impl Iterator<Item = &'a (Slot, GaugeCell)>) -> f64 {
    let (mut sum, mut count, mut is_share) = (0.0, 0, true);
    for (_, level) in levels {
        sum += level.sum;
        count += level.count;
        is_share &= has_shares(level);
    }
    sum / count.max(1) as f64 * if is_share { 100.0 } else { 1.0 }
}

/// The level that a straight line through the window reaches `ahead_ms` from now, by least squares;
/// `None` when there are too few points.
fn forecast<'a>(
    levels: impl Iterator<Item = &'a (Slot, GaugeCell)>,
    end: SlotEnd,
    ahead_ms: i64,
) -> Option<f64> {
    let points: Vec<(f64, f64)> = levels
        .map(|(slot, level)| {
            let age_s = end.at.since_ms(end.width.start(*slot)) as f64 / 1e3;
            (-age_s, level.mean())
        })
        .collect();
    if points.len() < FORECAST_POINTS_MIN {
        return None;
    }
    let count = points.len() as f64;
    let (sum_x, sum_y) = points.iter().fold((0.0, 0.0), |(x, y), point| (x + point.0, y + point.1));
    let (mean_x, mean_y) = (sum_x / count, sum_y / count);
    let (mut covariance, mut variance) = (0.0, 0.0);
    for (x, y) in points {
        covariance += (x - mean_x) * (y - mean_y);
        variance += (x - mean_x).powi(2);
    }
    (variance > 0.0).then(|| mean_y + covariance / variance * (ahead_ms as f64 / 1e3 - mean_x))
}
