//! What one rule knows of one group, and how it is asked.

use plimsoll_storage::{Cell, GaugeCell, Outcome, Slot, SlotValue, SlotWidth, TimestampMs};

use super::calendar::PartnerDays;
use super::reading::{Incoming, Moment, Reading};
use super::share::{Asked, ShareSensor};
use super::volume::{Against, VolumeSensor};
use super::window::{Counts, Durations, Levels, Steps};
use super::{Detection, quantile};
use crate::engine::bound;
use crate::engine::evidence::Measured;
use crate::rule::{Rule, Severity, Signal};

/// A burn rate must hold in this part of its window as well, so that it ends when the burning does.
const BURN_SHORT_PART: u32 = 12;
/// Points a forecast needs.
const FORECAST_POINTS_MIN: usize = 3;

/// What is known of one group, by what its rules ask for.
#[derive(Debug, Clone)]
pub(super) enum Sensor {
    /// Several windows of counts.
    Share(Box<ShareSensor>),
    /// Arrivals against the usual.
    Volume(Box<VolumeSensor>),
    /// One window of counts.
    Counts(Box<Counts>),
    /// One window of durations.
    Durations(Box<Durations>),
    /// The newest moment of something; `None` before the first.
    Age(Option<TimestampMs>),
    /// One window of levels.
    Levels(Box<Levels>),
}

/// What all rules together want of a sensor.
#[derive(Debug, Clone, Default)]
pub(super) struct Wanted {
    /// The longest window.
    pub(super) window_ms: i64,
    /// The lowest level of each rule about durations in one window, in seconds, ascending.
    levels_s: Vec<f64>,
}

impl Wanted {
    /// Wants what a rule asks for as well.
    pub(super) fn extend(&mut self, rule: &Rule) {
        self.window_ms = self.window_ms.max(rule.window_ms);
        if matches!(rule.signal, Signal::Latency { .. }) && rule.scan.is_none() {
            self.levels_s.push(lowest(rule));
            self.levels_s.sort_by(f64::total_cmp);
            self.levels_s.dedup();
        }
    }

    fn position(&self, level_s: f64) -> usize {
        self.levels_s.partition_point(|held| *held < level_s)
    }
}

/// What a sensor needs to know beside its own state.
pub(super) struct Around<'a> {
    pub(super) rule: &'a Rule,
    pub(super) days: &'a PartnerDays,
    pub(super) moment: Moment,
    /// Severity of the open alert, and how it was found.
    pub(super) open: Option<(Severity, Detection)>,
    /// Minutes up to this one do not count: an alert has ended in it.
    pub(super) ended: i64,
    /// Connectors send heartbeats.
    pub(super) has_heartbeats: bool,
    /// Nothing is wrong so far: a judgement without consequence need not be spelled out.
    pub(super) at_rest: bool,
    /// What the group, or the whole it is a part of, is used to.
    pub(super) usual: Option<f64>,
}

impl Around<'_> {
    /// The first slot of the rule's window.
    fn first(&self) -> Slot {
        self.moment.first(self.rule.window_ms)
    }
}

impl Sensor {
    /// A sensor of what some rules ask for.
    pub(super) fn new(rule: &Rule, wanted: &Wanted, width: SlotWidth) -> Self {
        let steps = || Steps::of(wanted.window_ms, width);
        match &rule.signal {
            Signal::Drop { .. } => Self::Volume(Box::default()),
            _ if rule.scan.is_some() => Self::Share(Box::new(ShareSensor::new(rule))),
            Signal::Ratio { .. } | Signal::Burn { .. } => {
                Self::Counts(Box::new(Counts::new(steps())))
            }
            Signal::Latency { .. } => {
                Self::Durations(Box::new(Durations::new(steps(), wanted.levels_s.len())))
            }
            Signal::Gauge { .. } => Self::Levels(Box::default()),
            Signal::Freshness { .. } | Signal::Absence { .. } | Signal::Run { .. } => {
                Self::Age(None)
            }
        }
    }

    /// Whether one sensor does for both rules, which watch the same streams.
    pub(super) fn serves_both(one: &Rule, other: &Rule, width: SlotWidth) -> bool {
        if one.scan.is_some() != other.scan.is_some() {
            return false;
        }
        let steps = |rule: &Rule| Steps::of(rule.window_ms, width);
        let same_steps = one.scan.is_some() || steps(one).are_alike(steps(other));
        match (&one.signal, &other.signal) {
            // What it expects and learns goes by the rule's own thresholds and alerts.
            (Signal::Drop { .. }, _) => false,
            (Signal::Latency { q, .. }, Signal::Latency { q: other_q, .. }) => {
                let levels = |rule: &Rule| (rule.critical, rule.warning);
                let same_usual = one.baseline == other.baseline
                    && (one.by == other.by || one.baseline.is_none());
                let same_scan = q == other_q && levels(one) == levels(other) && same_usual;
                if one.scan.is_some() { same_scan } else { same_steps }
            }
            (
                Signal::Ratio { .. } | Signal::Burn { .. },
                Signal::Ratio { .. } | Signal::Burn { .. },
            ) => {
                let hours = |rule: &Rule| rule.baseline.map(|usual| usual.hours);
                classes(one) == classes(other) && same_steps && hours(one) == hours(other)
            }
            (Signal::Gauge { .. }, Signal::Gauge { .. }) => true,
            (one, other) => one == other,
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
        wanted: &Wanted,
        incoming: &Incoming<'_>,
        usual: Option<f64>,
    ) {
        let (slot, width) = (incoming.slot, incoming.width);
        match (self, incoming.value) {
            (Self::Share(share), SlotValue::Activity(cell)) => {
                share.add(rule, incoming, cell, usual);
            }
            (Self::Volume(volume), SlotValue::Activity(cell)) => {
                volume.add(incoming, cell.outcomes.total());
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
                durations.add(slot, &cell.durations, &wanted.levels_s);
            }
            (Self::Age(newest), SlotValue::Activity(cell)) => {
                *newest = (*newest).max(moment_of(rule, cell, width.end(slot)));
            }
            (Self::Levels(levels), SlotValue::Gauge(gauge)) => {
                levels.add(slot, gauge);
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

    /// Learns from what is over; a judgement does so too.
    pub(super) fn settle(&mut self, around: &Around<'_>) {
        if let Self::Volume(volume) = self
            && let Some(against) = against(around)
        {
            volume.settle(&against, false);
        }
    }

    /// Lets go of single slots before `first`.
    pub(super) fn slide_to(&mut self, first: Slot) {
        match self {
            Self::Durations(durations) => durations.slide_to(first),
            Self::Levels(levels) => levels.slide_to(first),
            _ => {}
        }
    }

    /// Judges a moment. Also answers how it was found when something new was.
    pub(super) fn judge(
        &mut self,
        around: &Around<'_>,
        wanted: &Wanted,
    ) -> (Reading, Option<Detection>) {
        let Around { rule, moment, at_rest, .. } = *around;
        let reading = match self {
            Self::Share(share) => {
                let asked = asked(around);
                return asked.map_or((Reading::NoData, None), |asked| share.judge(&asked));
            }
            Self::Volume(volume) => {
                let judged = against(around).map(|it| volume.judge(&it, around.open));
                return judged.unwrap_or((Reading::NoData, None));
            }
            Self::Counts(counts) => counts_reading(around, counts),
            Self::Durations(durations) => durations_reading(around, durations, wanted),
            Self::Age(newest) => newest.map_or(Reading::NoData, |newest| {
                let age_s = moment.at.since_ms(newest).max(0) as f64 / 1e3;
                exact(rule, age_s, 1, at_rest)
            }),
            Self::Levels(levels) => level_reading(around, levels),
        };
        (reading, None)
    }

    /// What there is to say of a group at rest.
    pub(super) fn spell_out(&mut self, around: &Around<'_>, wanted: &Wanted) -> Reading {
        match self {
            Self::Share(share) => asked(around).map_or(Reading::NoData, |it| share.spell_out(&it)),
            Self::Volume(volume) => {
                against(around).map_or(Reading::NoData, |it| volume.spell_out(&it))
            }
            _ => self.judge(around, wanted).0,
        }
    }

    /// How often something was added to a minute that may have been judged, when a judgement holds
    /// for a minute; `None` when it holds for a slot.
    pub(super) fn revision(&self) -> Option<u32> {
        match self {
            Self::Share(share) => Some(share.revision()),
            Self::Volume(volume) => Some(volume.revision()),
            _ => None,
        }
    }

    /// Whether passing time alone cannot change what it says of a group that is at rest. `is_judged`
    /// tells that the newest minute that is over is judged.
    pub(super) fn is_settled(&self, rule: &Rule, moment: Moment, is_judged: bool) -> bool {
        let first = moment.first(rule.window_ms);
        match self {
            Self::Share(share) => is_judged && share.newest() <= moment.minute(),
            Self::Volume(_) => false,
            Self::Counts(counts) => counts.is_empty_from(first),
            Self::Durations(durations) => durations.is_empty_from(first),
            Self::Age(newest) => newest.is_none(),
            Self::Levels(levels) => levels.newest_from(first).next().is_none(),
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

fn asked<'a>(around: &Around<'a>) -> Option<Asked<'a>> {
    Some(Asked {
        rule: around.rule,
        scan: around.rule.scan.as_ref()?,
        minute: around.moment.minute(),
        usual: around.usual,
        open: around.open.map(|(severity, _)| severity),
        found: around.open.map(|(_, found)| found).unwrap_or_default(),
        ended: around.ended,
    })
}

fn against<'a>(around: &Around<'a>) -> Option<Against<'a>> {
    let Signal::Drop { on_holiday, .. } = around.rule.signal else { return None };
    Some(Against {
        rule: around.rule,
        scan: around.rule.scan.as_ref()?,
        on_holiday,
        days: around.days,
        minute: around.moment.minute(),
        ended: around.ended,
        has_heartbeats: around.has_heartbeats,
    })
}

/// The lowest threshold: nothing below it is worth a closer look.
fn lowest(rule: &Rule) -> f64 {
    rule.thresholds().next_back().map_or(f64::INFINITY, |(_, threshold)| threshold)
}

/// The classes that are counted, and those they are compared with; `None` for all.
fn classes(rule: &Rule) -> (&[Outcome], Option<&[Outcome]>) {
    match &rule.signal {
        Signal::Ratio { of, to, .. } => (of, to.as_deref()),
        Signal::Burn { of, .. } => (of, None),
        _ => (&[], None),
    }
}

fn counted(rule: &Rule, cell: &Cell) -> (u64, u64) {
    let (of, to) = classes(rule);
    let all = to.map_or_else(|| cell.outcomes.total(), |to| cell.outcomes.sum_of(to));
    (cell.outcomes.sum_of(of), all)
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

fn counts_reading(around: &Around<'_>, counts: &Counts) -> Reading {
    let Around { rule, moment, at_rest, .. } = *around;
    let (bad, all) = counts.sum(around.first(), moment.slot);
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
        return Reading::Judged(long.evaluate(rule));
    }
    let slots = moment.width.slots_in(rule.window_ms / i64::from(BURN_SHORT_PART));
    let short = measured(counts.sum(moment.slot.plus(1).minus(slots), moment.slot));
    let slower = if short.lower < long.lower { short } else { long };
    Reading::Judged(slower.evaluate(rule))
}

fn durations_reading(around: &Around<'_>, durations: &Durations, wanted: &Wanted) -> Reading {
    let Around { rule, moment, at_rest, .. } = *around;
    let Signal::Latency { q, .. } = &rule.signal else { return Reading::NoData };
    let level = wanted.position(lowest(rule));
    let (above, all) = durations.sum(around.first(), moment.slot, level);
    if all == 0 {
        return Reading::NoData;
    }
    // The quantile lies above the level only when more than 1 - q of the durations do.
    if at_rest && bound::fraction(above, all) <= 1.0 - q {
        return Reading::Quiet;
    }
    let merged = durations.merged(around.first(), moment.slot);
    quantile::measure(&merged, *q, rule.confidence)
        .map_or(Reading::NoData, |measured| Reading::Judged(measured.evaluate(rule)))
}

fn level_reading(around: &Around<'_>, levels: &Levels) -> Reading {
    let Around { rule, moment, at_rest, .. } = *around;
    let Signal::Gauge { below, forecast_ms, .. } = &rule.signal else { return Reading::NoData };
    let within = || levels.newest_from(around.first());
    let Some((_, newest)) = within().next() else { return Reading::NoData };
    let value = match forecast_ms {
        None if *below => newest.min,
        None => newest.max,
        Some(ahead_ms) => match forecast(within(), moment, *ahead_ms) {
            Some(value) => value,
            None => return Reading::NoData,
        },
    };
    let count = within().fold(0, |sum, (_, level)| sum + level.count);
    exact(rule, value, count, at_rest)
}

/// The level that a straight line through the window reaches `ahead_ms` from now: least squares.
fn forecast<'a>(
    levels: impl Iterator<Item = &'a (Slot, GaugeCell)>,
    moment: Moment,
    ahead_ms: i64,
) -> Option<f64> {
    let points: Vec<(f64, f64)> = levels
        .map(|(slot, level)| {
            let age_s = moment.at.since_ms(moment.width.start(*slot)) as f64 / 1e3;
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

/// A value that is known exactly.
fn exact(rule: &Rule, value: f64, count: u64, at_rest: bool) -> Reading {
    if at_rest && !rule.fires_below() && value <= lowest(rule) {
        return Reading::Quiet;
    }
    Reading::Judged(Measured { value, count, lower: value, upper: value }.evaluate(rule))
}
