//! The trend: the value that a rule measures, over the last steps before a notification.
//!
//! It is read from the data, not from evaluations: a rule that collects evidence has no result until it is
//! certain, and by then the rise is over.

use plimsoll_query::{Grid, Group, LatencyMeasures};
use plimsoll_storage::{Label, Outcome, Store, StreamId, TimestampMs};

use super::units;
use crate::error::Result;
use crate::labels::GroupLabels;
use crate::rule::{Rule, Signal, SignalKind};
use crate::text::content::Trend;

/// Steps of a trend.
const POINTS: i64 = 15;
/// Steps in a window of the rule, so that the other steps show what came before it.
const POINTS_PER_WINDOW: i64 = 5;
/// Shortest step, in ms.
const STEP_MS_MIN: i64 = 60_000;
/// Heights of a sparkline, lowest first.
const BARS: [char; 8] = ['▁', '▂', '▃', '▄', '▅', '▆', '▇', '█'];
/// A step without data.
const GAP: char = '·';

/// The trend of a group up to `at`; empty without data.
pub(crate) fn trend(
    store: &Store,
    rule: &Rule,
    labels: &GroupLabels,
    window_ms: i64,
    at: TimestampMs,
) -> Result<Trend> {
    let minutes = (window_ms / POINTS_PER_WINDOW).max(STEP_MS_MIN) / STEP_MS_MIN;
    let step_ms = minutes * STEP_MS_MIN;
    let first = at.plus_ms(-(POINTS - 1) * step_ms);
    let grid = Grid::range((first, at), step_ms, step_ms, store.slot_width())?;
    let streams = rule.selector_of(labels).streams(store);
    let mut values = vec![None; POINTS as usize];
    for (t, value) in measured(store, rule, streams, &grid)? {
        let position = usize::try_from(t.since_ms(first) / step_ms).unwrap_or(usize::MAX);
        if let Some(slot) = values.get_mut(position) {
            *slot = Some(value);
        }
    }
    Ok(describe(rule, &values, step_ms))
}

/// The value the rule measures in each step; items per minute where it measures time or volume.
pub(crate) fn measured(
    store: &Store,
    rule: &Rule,
    streams: Vec<StreamId>,
    grid: &Grid,
) -> Result<Vec<(TimestampMs, f64)>> {
    let labels: Vec<(Label, String)> = Vec::new();
    let groups = vec![Group { labels, streams }];
    let minutes = grid.window_ms() as f64 / STEP_MS_MIN as f64;
    let share = |of: &[Outcome], to: Option<&[Outcome]>| -> Result<_> {
        let points = plimsoll_query::outcomes(store, groups.clone(), grid)?;
        let share = points.into_iter().flat_map(|series| series.points).filter_map(|point| {
            let all = to.map_or_else(|| point.counts.total(), |to| point.counts.sum_of(to));
            (all > 0).then(|| (point.t, point.counts.sum_of(of) as f64 / all as f64))
        });
        Ok(share.collect())
    };
    match &rule.signal {
        Signal::Ratio { of, to, .. } => share(of, to.as_deref()),
        Signal::Burn { of, objective, .. } => {
            let points: Vec<(TimestampMs, f64)> = share(of, None)?;
            Ok(points.into_iter().map(|(t, share)| (t, share / (1.0 - objective))).collect())
        }
        Signal::Latency { q, .. } => {
            let timing = LatencyMeasures::quantiles(&[*q]);
            let points = plimsoll_query::latency(store, groups, grid, &timing)?;
            let points = points.into_iter().flat_map(|series| series.points);
            Ok(points.filter_map(|it| Some((it.t, it.quantiles.first()?.1.value_s))).collect())
        }
        Signal::Gauge { .. } => {
            let points = plimsoll_query::gauges(store, groups, grid)?;
            let points = points.into_iter().flat_map(|series| series.points);
            Ok(points.map(|it| (it.t, it.gauge.last)).collect())
        }
        Signal::Freshness { .. }
        | Signal::Drop { .. }
        | Signal::Absence { .. }
        | Signal::Run { .. } => {
            let points = plimsoll_query::outcomes(store, groups, grid)?;
            let points = points.into_iter().flat_map(|series| series.points);
            Ok(points.map(|it| (it.t, it.counts.total() as f64 / minutes)).collect())
        }
    }
}

/// The heights of the steps of a sparkline in pixels, for messages that draw it.
pub(crate) fn heights(spark: &str) -> Vec<u8> {
    let height = |step: char| {
        let position = BARS.iter().position(|bar| *bar == step);
        position.map_or(0, |position| 5 * (position as u8 + 1))
    };
    spark.chars().map(height).collect()
}

fn describe(rule: &Rule, values: &[Option<f64>], step_ms: i64) -> Trend {
    let known: Vec<f64> = values.iter().flatten().copied().collect();
    let (Some(first), Some(last)) = (known.first(), known.last()) else { return Trend::default() };
    let highest = known.iter().copied().fold(f64::MIN, f64::max);
    let lowest = known.iter().copied().fold(f64::MAX, f64::min).min(0.0);
    let bar = |value: f64| {
        let part = if highest > lowest { (value - lowest) / (highest - lowest) } else { 0.0 };
        let position = (part * (BARS.len() - 1) as f64).round() as usize;
        BARS.get(position).copied().unwrap_or(GAP)
    };
    let text = |value: f64| match rule.signal.kind() {
        SignalKind::Freshness | SignalKind::Drop | SignalKind::Absence | SignalKind::Run => {
            format!("{} a minute", units::value(SignalKind::Gauge, value))
        }
        kind => units::value(kind, value),
    };
    let within = units::duration(step_ms * values.len() as i64);
    Trend {
        spark: values.iter().map(|value| value.map_or(GAP, bar)).collect(),
        text: format!(
            "{} → {} within {within}, highest {}",
            text(*first),
            text(*last),
            text(highest)
        ),
    }
}

#[cfg(test)]
mod tests;
