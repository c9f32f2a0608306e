//! Levels of a gauge over one window, and their forecast.

use plimsoll_storage::{GaugeCell, Slot};

use crate::engine::sensor::context::SensorContext;
use crate::engine::sensor::reading::Reading;
use crate::engine::sensor::window::Levels;
use crate::engine::time::SlotEnd;
use crate::rule::Signal;

/// How many slots with a level a forecast needs.
const FORECAST_POINTS_MIN: usize = 3;

/// The reading of the newest level, or of its forecast.
pub(super) fn reading(context: &SensorContext<'_>, levels: &Levels) -> Reading {
    let Signal::Gauge { below, forecast_ms, .. } = &context.rule.signal else {
        return Reading::NoData;
    };
    let within = || levels.newest_from(context.window_start());
    let Some((_, newest)) = within().next() else { return Reading::NoData };
    let value = match forecast_ms {
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
