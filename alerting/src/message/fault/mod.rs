//! The fault behind an alert, read from the store: when it began, which part of the group has it, and how
//! many items it hit.

pub(crate) mod onset;
pub(crate) mod place;

use plimsoll_query::{Grid, Group, LatencyMeasures};
use plimsoll_storage::{Label, Outcome, OutcomeCounts, Store, StreamId, TimestampMs};

use self::onset::{Onset, change_of_rate, change_of_share};
use self::place::{Part, narrow};
use crate::error::Result;
use crate::records::alerts::Alert;
use crate::rule::{Rule, Signal, has_shares};

/// How long before the window that first showed the fault the onset is looked for, in ms.
const LOOK_BACK_MS: i64 = 30 * 60_000;
/// Steps that are read to find the onset, at most; longer ranges are read by the minute.
const STEPS_MAX: i64 = 2_200;
const MINUTE_MS: i64 = 60_000;
/// Steps read by the minute, at most: a day and a half.
const MINUTES_MAX: i64 = STEPS_MAX;

/// Bad items among all.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Tally {
    pub(crate) bad: u64,
    pub(crate) all: u64,
}

impl Tally {
    /// The share of bad items; 0 of none.
    pub(crate) fn share(self) -> f64 {
        self.bad as f64 / self.all.max(1) as f64
    }

    pub(crate) const fn plus(self, other: Self) -> Self {
        Self { bad: self.bad + other.bad, all: self.all + other.all }
    }
}

/// What is known of a fault.
#[derive(Debug, Clone, Default, PartialEq)]
pub(crate) struct Fault {
    /// When it began; `None` when the data does not show it.
    pub(crate) onset: Option<Onset>,
    /// The parts of the group that have it, from the widest to the narrowest.
    pub(crate) parts: Vec<Part>,
    /// What `tally`, `classes` and `quantile_s` count: from the onset on, at most the window of the alert.
    /// Of an ended alert everything from its onset to its end.
    pub(crate) span_ms: i64,
    /// Bad items in those parts.
    pub(crate) tally: Tally,
    /// Bad items by class, the most frequent first.
    pub(crate) classes: Vec<(Outcome, u64)>,
    /// The quantile of the rule in those parts, in s.
    pub(crate) quantile_s: Option<f64>,
}

/// Which items of a signal are bad.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Measure<'a> {
    /// Those of some classes among others, or among all.
    Classes { of: &'a [Outcome], to: Option<&'a [Outcome]> },
    /// Those that took longer.
    Slower { than_ms: i64 },
    /// Readings of a gauge beyond a level; in percent when the rule is.
    Beyond { level: f64, is_below: bool, is_percent: bool },
}

impl<'a> Measure<'a> {
    /// `threshold` is in the unit of the signal. `None` for signals that measure time or volume.
    pub(crate) fn of(signal: &'a Signal, threshold: f64) -> Option<Self> {
        match signal {
            Signal::Ratio { of, to, .. } => Some(Self::Classes { of, to: to.as_deref() }),
            Signal::Burn { of, .. } => Some(Self::Classes { of, to: None }),
            Signal::Latency { .. } => {
                Some(Self::Slower { than_ms: (threshold * 1e3).round().max(1.0) as i64 })
            }
            Signal::Gauge { below, is_percent, .. } => {
                Some(Self::Beyond { level: threshold, is_below: *below, is_percent: *is_percent })
            }
            Signal::Freshness { .. }
            | Signal::Drop { .. }
            | Signal::Absence { .. }
            | Signal::Run { .. } => None,
        }
    }

    /// Bad items in each window that has data, by group.
    pub(crate) fn tallies(
        self,
        store: &Store,
        groups: Vec<Group>,
        grid: &Grid,
    ) -> Result<Vec<Tallies>> {
        match self {
            Self::Classes { of, to } => {
                let tally = |counts: &OutcomeCounts| Tally {
                    bad: counts.sum_of(of),
                    all: to.map_or_else(|| counts.total(), |to| counts.sum_of(to)),
                };
                let found = plimsoll_query::outcomes(store, groups, grid)?.into_iter();
                let series = found.map(|one| {
                    let points = one.points.iter().map(|point| (point.t, tally(&point.counts)));
                    (one.labels, points.collect())
                });
                Ok(series.collect())
            }
            Self::Slower { than_ms } => {
                let measures =
                    LatencyMeasures { under_ms: vec![than_ms], ..LatencyMeasures::default() };
                let found = plimsoll_query::latency(store, groups, grid, &measures)?.into_iter();
                let series = found.map(|one| {
                    let points = one.points.iter().map(|point| {
                        let under = point.under.first().map_or(1.0, |(_, share)| share.value);
                        let bad = (point.count as f64 * (1.0 - under)).round().max(0.0) as u64;
                        (point.t, Tally { bad, all: point.count })
                    });
                    (one.labels, points.collect())
                });
                Ok(series.collect())
            }
            Self::Beyond { level, is_below, is_percent } => {
                let found = plimsoll_query::gauges(store, groups, grid)?;
                let readings =
                    || found.iter().flat_map(|one| &one.points).map(|point| &point.gauge);
                let scale = if is_percent && readings().all(has_shares) { 100.0 } else { 1.0 };
                let series = found.iter().map(|one| {
                    let points = one.points.iter().map(|point| {
                        let last = point.gauge.last * scale;
                        let is_bad = if is_below { last < level } else { last > level };
                        (point.t, Tally { bad: u64::from(is_bad), all: 1 })
                    });
                    (one.labels.clone(), points.collect())
                });
                Ok(series.collect())
            }
        }
    }
}

/// The labels of a group with its windows.
type Tallies = (Vec<(Label, String)>, Vec<(TimestampMs, Tally)>);

/// What the store shows of the fault behind an alert, up to `at`. `streams` are those of its group.
///
/// # Errors
/// The store cannot be read.
pub(crate) fn fault(
    store: &Store,
    rule: &Rule,
    alert: &Alert,
    streams: Vec<StreamId>,
    at: TimestampMs,
) -> Result<Fault> {
    if rule.signal.kind().is_age() {
        return Ok(Fault { onset: onset_of_age(alert), ..Fault::default() });
    }
    let steps = Steps::of(store, alert);
    let Some(measure) = Measure::of(&rule.signal, alert.at_fire.threshold) else {
        return Ok(Fault { onset: steps.onset_of_drop(store, streams)?, ..Fault::default() });
    };
    let onset = steps.onset(store, measure, streams.clone())?;
    let width = store.slot_width();
    let onset_at = onset.map_or(alert.pending_at.plus_ms(-alert.window_ms), |onset| onset.at);
    let elapsed_ms = at.since_ms(onset_at).max(width.ms());
    let span_ms = if alert.is_open() { elapsed_ms.min(alert.window_ms) } else { elapsed_ms };
    let span_ms = width.whole_slots_ms(span_ms.clamp(width.ms(), MINUTES_MAX * MINUTE_MS));
    let grid = Grid::at(at, span_ms, width)?;
    let usual = onset.map_or(0.0, |onset| onset.share_before);
    let (parts, streams) = narrow(store, measure, (streams, &alert.labels), usual, &grid)?;
    let narrowed = parts.iter().any(|part| part.elsewhere.all > 0);
    // A part that is new, such as a release, has nothing before its fault to compare with.
    let of_parts = if narrowed { steps.onset(store, measure, streams.clone())? } else { None };
    let onset = of_parts.or(onset);
    let whole = || vec![Group { labels: Vec::new(), streams: streams.clone() }];
    let tally = measure.tallies(store, whole(), &grid)?;
    let points = tally.iter().flat_map(|(_, points)| points);
    Ok(Fault {
        onset,
        parts,
        span_ms,
        tally: points.fold(Tally::default(), |sum, (_, tally)| sum.plus(*tally)),
        classes: classes(store, measure, whole(), &grid)?,
        quantile_s: quantile(store, &rule.signal, whole(), &grid)?,
    })
}

/// The range in which an onset is looked for.
struct Steps {
    first: TimestampMs,
    last: TimestampMs,
    step_ms: i64,
}

impl Steps {
    fn of(store: &Store, alert: &Alert) -> Self {
        let slot_ms = store.slot_width().ms();
        let from = alert.pending_at.plus_ms(-alert.window_ms - LOOK_BACK_MS);
        let length_ms = alert.fired_at.since_ms(from);
        let step_ms =
            if length_ms / slot_ms <= STEPS_MAX { slot_ms } else { MINUTE_MS.max(slot_ms) };
        let count = (length_ms / step_ms).clamp(1, MINUTES_MAX);
        let last = TimestampMs(alert.fired_at.0.div_euclid(step_ms) * step_ms);
        Self { first: last.plus_ms(-(count - 1) * step_ms), last, step_ms }
    }

    fn grid(&self, store: &Store) -> Result<Grid> {
        Ok(Grid::range((self.first, self.last), self.step_ms, self.step_ms, store.slot_width())?)
    }

    /// A value for each step; `T::default()` for those without data.
    fn filled<T: Clone + Default>(&self, points: impl Iterator<Item = (TimestampMs, T)>) -> Vec<T> {
        let count = self.last.since_ms(self.first) / self.step_ms + 1;
        let mut values = vec![T::default(); usize::try_from(count).unwrap_or(0)];
        for (t, value) in points {
            let position = usize::try_from(t.since_ms(self.first) / self.step_ms);
            if let Some(slot) = position.ok().and_then(|position| values.get_mut(position)) {
                *slot = value;
            }
        }
        values
    }

    fn onset(
        &self,
        store: &Store,
        measure: Measure<'_>,
        streams: Vec<StreamId>,
    ) -> Result<Option<Onset>> {
        let groups = vec![Group { labels: Vec::new(), streams }];
        let found = measure.tallies(store, groups, &self.grid(store)?)?;
        let points = found.into_iter().flat_map(|(_, points)| points);
        let change = change_of_share(&self.filled(points));
        Ok(change.map(|change| change.onset(self.first.plus_ms(-self.step_ms), self.step_ms)))
    }

    fn onset_of_drop(&self, store: &Store, streams: Vec<StreamId>) -> Result<Option<Onset>> {
        let groups = vec![Group { labels: Vec::new(), streams }];
        let found = plimsoll_query::outcomes(store, groups, &self.grid(store)?)?;
        let points = found.into_iter().flat_map(|series| series.points);
        let counts = self.filled(points.map(|point| (point.t, point.counts.total())));
        let change = change_of_rate(&counts);
        Ok(change.map(|change| change.onset(self.first.plus_ms(-self.step_ms), self.step_ms)))
    }
}

/// An age says itself when the last event was.
fn onset_of_age(alert: &Alert) -> Option<Onset> {
    let age_ms = (alert.at_fire.value * 1e3) as i64;
    let at = alert.fired_at.plus_ms(-age_ms);
    (age_ms > 0).then_some(Onset { at, within_ms: 0, share_before: 0.0 })
}

fn classes(
    store: &Store,
    measure: Measure<'_>,
    groups: Vec<Group>,
    grid: &Grid,
) -> Result<Vec<(Outcome, u64)>> {
    let Measure::Classes { of, .. } = measure else { return Ok(Vec::new()) };
    let found = plimsoll_query::outcomes(store, groups, grid)?;
    let counts = found.first().and_then(|series| series.points.first()).map(|point| point.counts);
    let counts = counts.unwrap_or_default();
    let mut classes: Vec<_> = of.iter().map(|class| (*class, counts.get(*class))).collect();
    classes.retain(|(_, count)| *count > 0);
    classes.sort_by_key(|(_, count)| std::cmp::Reverse(*count));
    Ok(classes)
}

fn quantile(
    store: &Store,
    signal: &Signal,
    groups: Vec<Group>,
    grid: &Grid,
) -> Result<Option<f64>> {
    let Signal::Latency { q, .. } = signal else { return Ok(None) };
    let found = plimsoll_query::latency(store, groups, grid, &LatencyMeasures::quantiles(&[*q]))?;
    let point = found.first().and_then(|series| series.points.first());
    Ok(point.and_then(|point| Some(point.quantiles.first()?.1.value_s)))
}

#[cfg(test)]
mod tests;
