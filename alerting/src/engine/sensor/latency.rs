//! Quantiles of durations over one window.

use crate::engine::bound;
use crate::engine::sensor::context::{SensorContext, lowest_threshold};
use crate::engine::sensor::needs::SensorNeeds;
use crate::engine::sensor::quantile;
use crate::engine::sensor::reading::Reading;
use crate::engine::sensor::window::Durations;
use crate::rule::Signal;

/// The reading of the newest window.
pub(super) fn reading(
    context: &SensorContext<'_>,
    durations: &Durations,
    needs: &SensorNeeds,
) -> Reading {
    let SensorContext { rule, end, at_rest, .. } = *context;
    let Signal::Latency { q, .. } = &rule.signal else { return Reading::NoData };
    let first = context.window_start();
    let level = needs.position(lowest_threshold(rule));
    let (above, all) = durations.sum(first, end.slot, level);
    if all == 0 {
        return Reading::NoData;
    }
    // The quantile is above the level only when more than 1 - q of the durations are.
    if at_rest && bound::fraction(above, all) <= 1.0 - q {
        return Reading::Quiet;
    }
    let merged = durations.merged(first, end.slot);
    quantile::measure(&merged, *q, rule.confidence)
        .map_or(Reading::NoData, |measured| Reading::of(measured.evaluate(rule)))
}
