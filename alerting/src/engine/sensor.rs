//! What one rule knows of one group, and how it is asked.

use std::collections::VecDeque;

use plimsoll_storage::{Cell, GaugeCell, Outcome, Slot, SlotValue, SlotWidth, TimestampMs};

use super::Found;
use super::calendar::PartnerDays;
use super::quantile;
use super::reading::{MINUTE_MS, Moment, Reading};
use super::share::ShareSensor;
use super::volume::{Against, VolumeSensor};
use super::window::{Counts, Durations};
use crate::bound;
use crate::evidence::{Measured, Severity};
use crate::rule::{Rule, Signal};

/// A burn rate must hold in this part of its window as well, so that it ends when the burning does.
const BURN_SHORT_PART: u32 = 12;
/// Points a forecast needs.
const FORECAST_POINTS_MIN: usize = 3;

/// The state of one group, by what its rule asks for.
#[derive(Debug, Clone)]
pub(super) enum Sensor {
    /// Several windows of counts.
    Share(Box<ShareSensor>),
    /// Arrivals against the usual.
    Volume(Box<VolumeSensor>),
    /// One window of counts.
    Counts(Counts),
    /// One window of durations.
    Durations(Durations),
    /// The newest moment of something; `None` before the first.
    Age(Option<TimestampMs>),
    /// One window of levels.
    Levels(VecDeque<(Slot, GaugeCell)>),
}

/// What a sensor needs to know beside its own state.
pub(super) struct Around<'a> {
    pub(super) rule: &'a Rule,
    pub(super) days: &'a PartnerDays,
    pub(super) moment: Moment,
    /// Severity of the open alert.
    pub(super) open: Option<Severity>,
    /// Connectors send heartbeats.
    pub(super) has_heartbeats: bool,
    /// Nothing is wrong so far: a judgement without consequence need not be spelled out.
    pub(super) at_rest: bool,
    /// What the group, or the whole it is a part of, is used to.
    pub(super) usual: Option<f64>,
}

impl Sensor {
    pub(super) fn new(rule: &Rule) -> Self {
        match &rule.signal {
            Signal::Drop { .. } => Self::Volume(Box::default()),
            _ if rule.scan.is_some() => Self::Share(Box::new(ShareSensor::new(rule))),
            Signal::Ratio { .. } | Signal::Burn { .. } => Self::Counts(Counts::default()),
            Signal::Latency { .. } => Self::Durations(Durations::default()),
            Signal::Gauge { .. } => Self::Levels(VecDeque::new()),
            Signal::Freshness { .. } | Signal::Absence { .. } | Signal::Run { .. } => {
                Self::Age(None)
            }
        }
    }

    /// Whether announced maintenance stays out of it.
    pub(super) const fn passes_over_maintenance(&self) -> bool {
        matches!(self, Self::Share(_) | Self::Volume(_))
    }

    /// Adds what is known of a slot.
    pub(super) fn add(
        &mut self,
        rule: &Rule,
        slot: Slot,
        width: SlotWidth,
        value: &SlotValue,
        usual: Option<f64>,
    ) {
        match (self, value) {
            (Self::Share(share), SlotValue::Activity(cell)) => {
                share.add(rule, cell, width.start(slot).0, usual);
            }
            (Self::Volume(volume), SlotValue::Activity(cell)) => {
                volume.add(width.start(slot).0.div_euclid(MINUTE_MS), cell.outcomes.total());
            }
            (Self::Counts(counts), SlotValue::Activity(cell)) => {
                let (bad, all) = counted(rule, cell);
                if all > 0 {
                    counts.add(slot, bad, all);
                }
            }
            (Self::Durations(durations), SlotValue::Activity(cell))
                if !cell.durations.is_empty() =>
            {
                durations.add(slot, &cell.durations, lowest(rule));
            }
            (Self::Age(newest), SlotValue::Activity(cell)) => {
                *newest = (*newest).max(moment_of(rule, cell, width.end(slot)));
            }
            (Self::Levels(levels), SlotValue::Gauge(gauge)) => {
                let position = levels.partition_point(|(held, _)| *held < slot);
                match levels.get_mut(position) {
                    Some((held, level)) if *held == slot => level.merge(gauge),
                    _ => levels.insert(position, (slot, gauge.clone())),
                }
            }
            _ => {}
        }
    }

    /// Expects something from now on, though nothing of it was ever seen.
    pub(super) fn expect_from(&mut self, at: TimestampMs) {
        if let Self::Age(newest @ None) = self {
            *newest = Some(at);
        }
    }

    pub(super) fn judge(&mut self, around: &Around<'_>) -> Reading {
        let Around { rule, moment, open, usual, at_rest, .. } = *around;
        let first = moment.slot.plus(1).minus(moment.width.slots_in(rule.window_ms));
        match self {
            Self::Share(share) => match &rule.scan {
                Some(scan) => share.judge(rule, scan, moment, open, usual),
                None => Reading::NoData,
            },
            Self::Volume(volume) => match (&rule.signal, &rule.scan) {
                (Signal::Drop { on_holiday, .. }, Some(scan)) => {
                    let on_holiday = *on_holiday;
                    let (days, has_heartbeats) = (around.days, around.has_heartbeats);
                    let against = Against { rule, scan, on_holiday, days, has_heartbeats };
                    volume.judge(&against, moment, open)
                }
                _ => Reading::NoData,
            },
            Self::Counts(counts) => {
                counts.slide_to(first);
                counts_reading(rule, counts, moment, at_rest)
            }
            Self::Durations(durations) => {
                durations.slide_to(first);
                durations_reading(rule, durations, at_rest)
            }
            Self::Age(newest) => newest.map_or(Reading::NoData, |newest| {
                let age_s = moment.at.since_ms(newest).max(0) as f64 / 1e3;
                exact(rule, age_s, 1, at_rest)
            }),
            Self::Levels(levels) => {
                while levels.front().is_some_and(|(slot, _)| *slot < first) {
                    levels.pop_front();
                }
                level_reading(rule, levels, moment, at_rest)
            }
        }
    }

    /// Whether passing time alone cannot change what it says of a group that is at rest.
    pub(super) fn is_settled(&self, moment: Moment) -> bool {
        match self {
            Self::Share(share) => share.is_settled(moment),
            Self::Volume(_) => false,
            Self::Counts(counts) => counts.is_empty(),
            Self::Durations(durations) => durations.is_empty(),
            Self::Age(newest) => newest.is_none(),
            Self::Levels(levels) => levels.is_empty(),
        }
    }

    /// An alert has ended at that moment.
    pub(super) fn forget(&mut self, at: TimestampMs) {
        let minute = at.0.div_euclid(MINUTE_MS);
        match self {
            Self::Share(share) => share.forget(minute),
            Self::Volume(volume) => volume.forget(minute),
            _ => {}
        }
    }

    /// How the open alert was found.
    pub(super) fn found(&self) -> Found {
        match self {
            Self::Share(share) => share.found(),
            Self::Volume(volume) => volume.found(),
            _ => Found::default(),
        }
    }

    /// Goes on with an open alert that was found so.
    pub(super) fn resume(&mut self, found: Found) {
        match self {
            Self::Share(share) => share.resume(found),
            Self::Volume(volume) => volume.resume(found),
            _ => {}
        }
    }

    /// What the group is used to, by itself.
    pub(super) fn usual(&self) -> Option<f64> {
        match self {
            Self::Share(share) => share.usual(),
            _ => None,
        }
    }
}

/// The lowest threshold: nothing below it is worth a closer look.
fn lowest(rule: &Rule) -> f64 {
    rule.ladder().next_back().map_or(f64::INFINITY, |(_, threshold)| threshold)
}

fn counted(rule: &Rule, cell: &Cell) -> (u64, u64) {
    match &rule.signal {
        Signal::Ratio { of, to: Some(to), .. } => {
            (cell.outcomes.sum_of(of), cell.outcomes.sum_of(to))
        }
        Signal::Ratio { of, to: None, .. } | Signal::Burn { of, .. } => {
            (cell.outcomes.sum_of(of), cell.outcomes.total())
        }
        _ => (0, 0),
    }
}

/// The moment of a cell that an age is counted from.
fn moment_of(rule: &Rule, cell: &Cell, end: TimestampMs) -> Option<TimestampMs> {
    const GOOD: [Outcome; 2] = [Outcome::Success, Outcome::Status2xx];
    match &rule.signal {
        Signal::Absence { .. } => Some(cell.last_at.map_or(end, |last_at| last_at.max(end))),
        Signal::Run { .. } if cell.outcomes.sum_of(&GOOD) == 0 => None,
        _ => cell.last_at,
    }
}

fn counts_reading(rule: &Rule, counts: &Counts, moment: Moment, at_rest: bool) -> Reading {
    let (bad, all) = counts.sum();
    if all == 0 {
        return Reading::NoData;
    }
    let limit = bound::evidence_limit(rule.confidence);
    let allowed = match &rule.signal {
        Signal::Burn { objective, .. } => 1.0 - objective,
        _ => 1.0,
    };
    if at_rest && bound::fraction(bad, all) <= lowest(rule) * allowed {
        return Reading::Quiet;
    }
    let measured = |(bad, all)| Measured {
        value: bound::fraction(bad, all) / allowed,
        count: all,
        lower: bound::lower(bad, all, limit) / allowed,
        upper: bound::upper(bad, all, limit) / allowed,
    };
    let long = measured((bad, all));
    if !matches!(rule.signal, Signal::Burn { .. }) {
        return Reading::Judged(long.judge(rule));
    }
    let slots = moment.width.slots_in(rule.window_ms / i64::from(BURN_SHORT_PART));
    let short = measured(counts.sum_from(moment.slot.plus(1).minus(slots)));
    let slower = if short.lower < long.lower { short } else { long };
    Reading::Judged(slower.judge(rule))
}

fn durations_reading(rule: &Rule, durations: &Durations, at_rest: bool) -> Reading {
    let Signal::Latency { q, .. } = &rule.signal else { return Reading::NoData };
    let (above, all) = durations.sum();
    if all == 0 {
        return Reading::NoData;
    }
    // The quantile lies above the level only when more than 1 - q of the durations do.
    if at_rest && bound::fraction(above, all) <= 1.0 - q {
        return Reading::Quiet;
    }
    quantile::measure(&durations.merged(), *q, rule.confidence)
        .map_or(Reading::NoData, |measured| Reading::Judged(measured.judge(rule)))
}

fn level_reading(
    rule: &Rule,
    levels: &VecDeque<(Slot, GaugeCell)>,
    moment: Moment,
    at_rest: bool,
) -> Reading {
    let Signal::Gauge { below, forecast_ms, .. } = &rule.signal else { return Reading::NoData };
    let Some((_, newest)) = levels.back() else { return Reading::NoData };
    let value = match forecast_ms {
        None if *below => newest.min,
        None => newest.max,
        Some(ahead_ms) => match forecast(levels, moment, *ahead_ms) {
            Some(value) => value,
            None => return Reading::NoData,
        },
    };
    let count = levels.iter().fold(0, |sum, (_, level)| sum + level.count);
    exact(rule, value, count, at_rest)
}

/// The level that a straight line through the window reaches `ahead_ms` from now: least squares.
fn forecast(levels: &VecDeque<(Slot, GaugeCell)>, moment: Moment, ahead_ms: i64) -> Option<f64> {
    if levels.len() < FORECAST_POINTS_MIN {
        return None;
    }
    let points = levels.iter().map(|(slot, level)| {
        let age_s = moment.at.since_ms(moment.width.start(*slot)) as f64 / 1e3;
        (-age_s, level.mean())
    });
    let count = levels.len() as f64;
    let (sum_x, sum_y) =
        points.clone().fold((0.0, 0.0), |(x, y), point| (x + point.0, y + point.1));
    let (mean_x, mean_y) = (sum_x / count, sum_y / count);
    let (mut covariance, mut variance) = (0.0, 0.0);
    for (x, y) in points {
        covariance += (x - mean_x) * (y - mean_y);
        variance += (x - mean_x).powi(2);
    }
    (variance > 0.0).then(|| mean_y + covariance / variance * (ahead_ms as f64 / 1e3 - mean_x))
}

/// A value that is known exactly.
fn exact(rule: &Rule, value: f64, count: u64, at_rest: bool) -> Reading {
    if at_rest && !rule.is_floor() && value <= lowest(rule) {
        return Reading::Quiet;
    }
    Reading::Judged(Measured { value, count, lower: value, upper: value }.judge(rule))
}
