//! Sensors: what is known of one group, and how rules evaluate it.

mod age;
mod context;
mod gauge;
mod latency;
mod needs;
mod profile;
mod quantile;
mod ratio;
mod reading;
mod share;
mod volume;
mod window;

use plimsoll_storage::{Slot, SlotValue, SlotWidth, TimestampMs};

use self::age::AgeSensor;
pub(super) use self::context::SensorContext;
pub(super) use self::needs::{SensorNeeds, can_share_sensor};
pub(super) use self::ratio::BURN_SHORT_PART;
pub(super) use self::reading::Reading;
use self::share::{ShareQuery, ShareSensor};
use self::volume::{Expectation, VolumeSensor};
use self::window::{Counts, Durations, Levels, Steps};
use crate::engine::evaluation::Detection;
use crate::engine::incoming::TakenBy;
use crate::engine::time::{IncomingCell, MINUTE_MS, SlotEnd};
use crate::rule::{Rule, Signal};

/// What is known of one group, by what its rules need.
#[derive(Debug, Clone)]
pub(super) enum Sensor {
    /// Several windows of counts.
    Share(Box<ShareSensor>),
    /// Arrivals compared with those expected.
    Volume(Box<VolumeSensor>),
    /// One window of counts.
    Counts(Box<Counts>),
    /// One window of durations.
    Durations(Box<Durations>),
    /// The newest time of something.
    Age(Box<AgeSensor>),
    /// One window of levels.
    Levels(Box<Levels>),
}

impl Sensor {
    /// An empty sensor for the rules that share it, of which `rule` is one.
    pub(super) fn new(rule: &Rule, needs: &SensorNeeds, width: SlotWidth) -> Self {
        let steps = || Steps::of(needs.window_ms, width);
        match &rule.signal {
            Signal::Drop { .. } => Self::Volume(Box::default()),
            _ if rule.scan.is_some() => Self::Share(Box::new(ShareSensor::new(rule))),
            Signal::Ratio { .. } | Signal::Burn { .. } => {
                Self::Counts(Box::new(Counts::new(steps())))
            }
            Signal::Latency { .. } => {
                Self::Durations(Box::new(Durations::new(steps(), needs.levels_s.len())))
            }
            Signal::Gauge { .. } => Self::Levels(Box::default()),
            Signal::Freshness { .. } | Signal::Absence { .. } | Signal::Run { .. } => {
                Self::Age(Box::new(AgeSensor::new(rule)))
            }
        }
    }

    /// Whether cells during announced maintenance are ignored.
    pub(super) const fn ignores_maintenance(&self) -> bool {
        matches!(self, Self::Share(_) | Self::Volume(_))
    }

    /// Whether it is among the sensors that take a cell of a stream with this step.
    #[inline]
    pub(super) fn is_among(&self, taken_by: TakenBy, needs: &SensorNeeds, step_ms: i64) -> bool {
        match taken_by {
            TakenBy::All => true,
            TakenBy::Prompt => !self.is_delayed(needs, step_ms),
            TakenBy::PromptByMinute => self.is_by_minute() && !self.is_delayed(needs, step_ms),
            TakenBy::PromptBySlot => !self.is_by_minute() && !self.is_delayed(needs, step_ms),
            TakenBy::Delayed => self.is_delayed(needs, step_ms),
        }
    }

    /// Whether it makes no difference in which slot of a minute an item is.
    const fn is_by_minute(&self) -> bool {
        matches!(self, Self::Share(_) | Self::Volume(_) | Self::Age(_))
    }

    /// Whether its windows are too short for a stream that reports a step at once. A window of two steps
    /// always has some of the newest one.
    fn is_delayed(&self, needs: &SensorNeeds, step_ms: i64) -> bool {
        let shortest_ms = match self {
            Self::Counts(_) | Self::Durations(_) => needs.window_ms_min,
            Self::Share(_) => share::PRESENT_MS,
            Self::Volume(_) => 2 * MINUTE_MS,
            // An age is that of the newest report, and a gauge has no summaries.
            Self::Age(_) | Self::Levels(_) => return false,
        };
        2 * step_ms > shortest_ms
    }

    /// Adds a cell. `baseline` is that of the group or its parent group.
    // Called for every cell of every rule.
    #[inline]
    pub(super) fn add(
        &mut self,
        rule: &Rule,
        needs: &SensorNeeds,
        incoming: &IncomingCell<'_>,
        baseline: Option<f64>,
    ) {
        let slot = incoming.slot;
        match (self, incoming.value) {
            (Self::Share(share), SlotValue::Activity(cell)) => {
                share.add(rule, incoming, cell, baseline);
            }
            (Self::Volume(volume), SlotValue::Activity(cell)) => {
                volume.add(incoming, cell.outcomes.total());
            }
            (Self::Counts(counts), SlotValue::Activity(cell)) => {
                let (bad, all) = ratio::counts(rule, cell);
                if all > 0 {
                    counts.add(slot, bad, all);
                }
            }
            (Self::Durations(durations), SlotValue::Activity(cell))
                if !cell.durations.is_empty() =>
            {
                durations.add(slot, &cell.durations, &needs.levels_s);
            }
            (Self::Age(age), SlotValue::Activity(cell)) => age.add(rule, incoming, cell),
            (Self::Levels(levels), SlotValue::Gauge(gauge)) => {
                levels.add(slot, gauge);
            }
            _ => {}
        }
    }

    /// Counts the age from a time on while nothing is known.
    pub(super) fn expect_from(&mut self, at: TimestampMs) {
        if let Self::Age(age) = self {
            age.expect_from(at);
        }
    }

    /// Notes the time of an event that lies before the cells that are added.
    pub(super) fn seed(&mut self, at: TimestampMs) {
        if let Self::Age(age) = self {
            age.note(at);
        }
    }

    /// What its age is counted from; `None` when it has none.
    pub(super) fn counted_from(&self) -> Option<TimestampMs> {
        match self {
            Self::Age(age) => age.counted_from(),
            _ => None,
        }
    }

    /// Counts its age from another time.
    pub(super) fn count_from(&mut self, at: TimestampMs) {
        if let Self::Age(age) = self {
            age.count_from(at);
        }
    }

    /// Learns from the minutes that are complete; an evaluation does so too.
    pub(super) fn learn(&mut self, context: &SensorContext<'_>) {
        match self {
            Self::Volume(volume) => {
                if let Some(expectation) = Expectation::of(context) {
                    volume.learn(&expectation, false);
                }
            }
            Self::Age(age) => age.learn(context),
            _ => {}
        }
    }

    /// Drops single slots before `first`.
    pub(super) fn slide_to(&mut self, first: Slot) {
        match self {
            Self::Durations(durations) => durations.slide_to(first),
            Self::Levels(levels) => levels.slide_to(first),
            _ => {}
        }
    }

    /// Evaluates the end of a slot. Also returns how an alert was detected, when a new severity was.
    pub(super) fn evaluate(
        &mut self,
        context: &SensorContext<'_>,
        needs: &SensorNeeds,
    ) -> (Reading, Option<Detection>) {
        let reading = match self {
            Self::Share(share) => {
                let query = ShareQuery::of(context);
                return query.map_or((Reading::NoData, None), |query| share.evaluate(&query));
            }
            Self::Volume(volume) => {
                let expectation = Expectation::of(context);
                let evaluated = expectation.map(|it| volume.evaluate(&it, context.open));
                return evaluated.unwrap_or((Reading::NoData, None));
            }
            Self::Counts(counts) => ratio::reading(context, counts),
            Self::Durations(durations) => latency::reading(context, durations, needs),
            Self::Age(age) => age.reading(context),
            Self::Levels(levels) => gauge::reading(context, levels),
        };
        (reading, None)
    }

    /// The evidence of a group at rest, though it reaches no severity.
    pub(super) fn compute_evidence(
        &mut self,
        context: &SensorContext<'_>,
        needs: &SensorNeeds,
    ) -> Reading {
        match self {
            Self::Share(share) => {
                let query = ShareQuery::of(context);
                query.map_or(Reading::NoData, |query| share.compute_evidence(&query))
            }
            Self::Volume(volume) => {
                let expectation = Expectation::of(context);
                expectation.map_or(Reading::NoData, |it| volume.compute_evidence(&it))
            }
            _ => self.evaluate(context, needs).0,
        }
    }

    /// How often a cell was added to a minute that may have been evaluated, when an evaluation holds for
    /// a minute; `None` when it holds for a slot.
    pub(super) fn revision(&self) -> Option<u32> {
        match self {
            Self::Share(share) => Some(share.revision()),
            Self::Volume(volume) => Some(volume.revision()),
            _ => None,
        }
    }

    /// Whether the reading of a group at rest can only change when a cell is added. `is_evaluated` says
    /// whether the newest complete minute is evaluated.
    pub(super) fn is_stable(&self, rule: &Rule, end: SlotEnd, is_evaluated: bool) -> bool {
        let first = end.window_start(rule.window_ms);
        match self {
            Self::Share(share) => is_evaluated && share.newest() <= end.last_minute(),
            Self::Volume(_) => false,
            Self::Counts(counts) => counts.is_empty_from(first),
            Self::Durations(durations) => durations.is_empty_from(first),
            Self::Age(age) => age.counted_from().is_none(),
            Self::Levels(levels) => levels.newest_from(first).next().is_none(),
        }
    }

    /// The baseline of the group itself.
    pub(super) fn baseline(&self) -> Option<f64> {
        match self {
            Self::Share(share) => share.baseline(),
            _ => None,
        }
    }
}

#[cfg(test)]
mod tests;
