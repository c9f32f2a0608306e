//! A rule with one of its groupings: where each group stands under it.

use plimsoll_storage::{Label, TimestampMs};

use super::calendar::Calendar;
use super::reading::{MINUTE_MS, Moment, Reading};
use super::ring::NEVER;
use super::scope::{Place, Whole};
use super::sensor::{Around, Sensor, Wanted};
use super::{Detection, Evaluation};
use crate::engine::step::{AlertState, Level, RuleTiming, StateChange, step};
use crate::labels::GroupLabels;
use crate::rule::{OnNoData, Rule, Severity, Signal};

/// One grouping of a rule.
#[derive(Debug)]
pub(super) struct Watch {
    /// Position of the rule.
    pub(super) rule: usize,
    /// What it looks at.
    pub(super) place: Place,
    /// What new groups are like until more is known of them.
    pub(super) whole: Option<Whole>,
    /// By number of the group in its scope; those that were never looked at may be missing.
    held: Vec<Held>,
    /// Groups to look at.
    awake: Vec<u32>,
}

impl Watch {
    pub(super) const fn new(rule: usize, place: Place, whole: Option<Whole>) -> Self {
        Self { rule, place, whole, held: Vec::new(), awake: Vec::new() }
    }

    /// Where a group stands.
    pub(super) fn state(&self, group: u32) -> AlertState {
        self.held.get(group as usize).map_or(AlertState::Inactive, Held::state)
    }

    /// What is held of a group.
    pub(super) fn held(&mut self, group: u32) -> &mut Held {
        let position = group as usize;
        if position >= self.held.len() {
            self.held.resize_with(position + 1, Held::default);
        }
        &mut self.held[position]
    }

    /// A group is to be looked at.
    pub(super) fn wake(&mut self, group: u32) {
        if !std::mem::replace(&mut self.held(group).is_awake, true) {
            self.awake.push(group);
        }
    }

    /// The groups to look at. Each is put back with [`Watch::stays_awake`] or let rest.
    pub(super) fn take_awake(&mut self) -> Vec<u32> {
        std::mem::take(&mut self.awake)
    }

    /// A group that was taken is to be looked at again, or not until something is added to it.
    pub(super) fn put_back(&mut self, group: u32, stays_awake: bool) {
        self.held(group).is_awake = stays_awake;
        if stays_awake {
            self.awake.push(group);
        }
    }

    /// Whether no group needs to be looked at until something is added to it.
    pub(super) fn is_idle(&self) -> bool {
        self.awake.is_empty()
    }
}

/// Where one group stands under one rule. Nearly all are at rest: those take little room.
#[derive(Debug)]
pub(super) struct Held {
    /// It is in the list of groups to look at.
    is_awake: bool,
    /// The revision of the sensor when it was judged last.
    revision: u32,
    /// The newest minute that is judged.
    judged: i64,
    /// Minutes up to this one do not count: an alert has ended in it.
    ended: i64,
    /// `None` at rest.
    alert: Option<Box<Alert>>,
}

/// The state of a group that is not at rest.
#[derive(Debug)]
struct Alert {
    state: AlertState,
    found: Detection,
    /// The judgement of the newest judged minute, and the severity that was open then.
    newest: Option<(Option<Severity>, Reading)>,
}

impl Default for Held {
    fn default() -> Self {
        Self { is_awake: false, revision: 0, judged: NEVER, ended: NEVER, alert: None }
    }
}

/// What a group is judged with, beside what is known of it.
#[derive(Clone, Copy)]
pub(super) struct Circumstances<'a> {
    pub(super) rule: &'a Rule,
    pub(super) calendar: &'a Calendar,
    pub(super) labels: &'a GroupLabels,
    pub(super) moment: Moment,
    /// What the group, or the whole it is a part of, is used to.
    pub(super) usual: Option<f64>,
    /// Connectors send heartbeats.
    pub(super) has_heartbeats: bool,
}

impl<'a> Circumstances<'a> {
    /// What a sensor is told of a group at rest.
    pub(super) fn around(&self) -> Around<'a> {
        // Only arrivals follow the partner's own day.
        let is_drop = matches!(self.rule.signal, Signal::Drop { .. });
        let partner = self.labels.get(Label::Partner).filter(|_| is_drop);
        Around {
            rule: self.rule,
            days: self.calendar.of(partner),
            moment: self.moment,
            open: None,
            ended: NEVER,
            has_heartbeats: self.has_heartbeats,
            at_rest: true,
            usual: self.usual,
        }
    }
}

impl Held {
    fn state(&self) -> AlertState {
        self.alert.as_ref().map_or(AlertState::Inactive, |alert| alert.state)
    }

    /// Goes on from a stored state.
    pub(super) fn restore(&mut self, state: AlertState, found: Detection) {
        let alert = (state != AlertState::Inactive).then_some(Alert { state, found, newest: None });
        self.alert = alert.map(Box::new);
        self.judged = NEVER;
    }

    /// An alert has ended at that moment: what it rested on must not start the next one.
    pub(super) fn forget(&mut self, at: TimestampMs) {
        self.ended = at.0.div_euclid(MINUTE_MS);
        self.judged = NEVER;
    }

    /// Judges the group; `None` when it is at rest and stays so.
    pub(super) fn judge(
        &mut self,
        circumstances: &Circumstances<'_>,
        wanted: &Wanted,
        sensor: &mut Sensor,
    ) -> Option<Evaluation> {
        let Circumstances { rule, moment, labels, .. } = *circumstances;
        let before = self.state();
        // History that is judged again does not touch an alert that fired later.
        if matches!(before, AlertState::Firing(firing) if moment.at <= firing.fired_at) {
            return None;
        }
        let (reading, found) = self.reading(circumstances, wanted, sensor, before);
        let active = rule.schedule.as_ref().is_none_or(|hours| hours.is_active(moment.at));
        let level = if active { level(rule, &reading, before) } else { Some(Level::Normal) };
        let (state, transition) = match level {
            Some(level) => step(timing(rule), before, level, moment.at),
            None => (before, None),
        };
        if state == AlertState::Inactive && transition.is_none() {
            if reading != Reading::Quiet {
                // What is found and must not be told is looked for again.
                self.judged = NEVER;
            }
            return None;
        }
        let found = found.unwrap_or(self.found());
        let newest = Some((open_severity(before), reading));
        let alert = (state != AlertState::Inactive).then_some(Alert { state, found, newest });
        self.alert = alert.map(Box::new);
        // What an alert rested on must not start the next one, nor raise this one again.
        if transition
            .is_some_and(|it| matches!(it.change, StateChange::Resolved | StateChange::Eased))
        {
            self.forget(moment.at);
        }
        let (labels, evidence) = (labels.clone(), reading.evidence());
        Some(Evaluation { rule: 0, labels, before, state, transition, evidence, detection: found })
    }

    /// What there is to say of the group: what was said before, as long as it holds.
    fn reading(
        &mut self,
        circumstances: &Circumstances<'_>,
        wanted: &Wanted,
        sensor: &mut Sensor,
        state: AlertState,
    ) -> (Reading, Option<Detection>) {
        let severity = open_severity(state);
        let (minute, revision) = (circumstances.moment.minute(), sensor.revision());
        if self.judged == minute && revision == Some(self.revision) {
            match &self.alert {
                None => return (Reading::Quiet, None),
                Some(alert) => {
                    let held = alert.newest.filter(|(open, _)| *open == severity);
                    if let Some((_, reading)) = held {
                        return (reading, None);
                    }
                }
            }
        }
        let around = Around {
            open: severity.map(|severity| (severity, self.found())),
            ended: self.ended,
            at_rest: state == AlertState::Inactive,
            ..circumstances.around()
        };
        let judged = sensor.judge(&around, wanted);
        if let Some(revision) = revision {
            (self.judged, self.revision) = (minute, revision);
        }
        judged
    }

    /// What a sensor is told of the group when all that it finds is to be said.
    pub(super) fn spelling_out<'a>(&self, circumstances: &Circumstances<'a>) -> Around<'a> {
        Around { ended: self.ended, at_rest: false, ..circumstances.around() }
    }

    fn found(&self) -> Detection {
        self.alert.as_ref().map(|alert| alert.found).unwrap_or_default()
    }

    /// Whether it must be looked at again though nothing is observed.
    pub(super) fn stays_awake(&self, rule: &Rule, sensor: &Sensor, moment: Moment) -> bool {
        let is_judged = self.judged >= moment.minute() && sensor.revision() == Some(self.revision);
        self.alert.is_some() || !sensor.is_settled(rule, moment, is_judged)
    }
}

fn open_severity(state: AlertState) -> Option<Severity> {
    match state {
        AlertState::Firing(firing) => Some(firing.severity),
        AlertState::Inactive | AlertState::Pending { .. } => None,
    }
}

fn timing(rule: &Rule) -> RuleTiming {
    RuleTiming { for_ms: rule.for_ms, clear_ms: rule.clear_ms.max(rule.keep_firing_ms) }
}

/// What a reading means for the state; `None` when it leaves the state as it is.
fn level(rule: &Rule, reading: &Reading, state: AlertState) -> Option<Level> {
    let worst = rule.thresholds().next().map_or(Severity::Warning, |(severity, _)| severity);
    match (reading, rule.on_no_data) {
        (Reading::NoData, OnNoData::Alert) => Some(Level::Reached(worst)),
        (Reading::NoData, OnNoData::Keep) if state != AlertState::Inactive => None,
        (Reading::NoData, _) => Some(Level::NoData),
        (Reading::Quiet | Reading::Judged(_), _) => {
            let held = match (state, reading) {
                (AlertState::Firing(firing), Reading::Judged(evidence)) => {
                    rule.holds_at(evidence.value).then_some(firing.severity)
                }
                _ => None,
            };
            Some(reading.reached().or(held).map_or(Level::Normal, Level::Reached))
        }
    }
}
