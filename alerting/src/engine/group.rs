//! A rule's groupings and their groups: labels, sensor and state of each.

use std::collections::BTreeMap;

use plimsoll_storage::{Label, StreamRef};

use super::Verdict;
use super::calendar::Calendar;
use super::reading::{Moment, Reading};
use super::sensor::{Around, Sensor};
use crate::evidence::Severity;
use crate::labels::GroupLabels;
use crate::rule::{OnNoData, Rule};
use crate::step::{Change, Level, State, Timing, step};

/// One grouping of a rule.
#[derive(Debug)]
pub(super) struct Watch {
    /// Position of the rule.
    pub(super) rule: usize,
    pub(super) by: Vec<Label>,
    /// Position of the watch whose groups are the wholes that these are parts of; its own when these
    /// are the wholes.
    pub(super) whole: u32,
    pub(super) groups: Vec<Group>,
    pub(super) index: BTreeMap<GroupLabels, u32>,
    /// Its limits follow the usual.
    pub(super) adapts: bool,
    /// A cell without counts was seen: connectors say so when nothing happens.
    pub(super) has_heartbeats: bool,
}

impl Watch {
    /// A grouping of the rule at a position.
    pub(super) fn new(position: usize, rule: &Rule, by: &[Label], whole: u32) -> Self {
        let (by, adapts) = (by.to_vec(), rule.usual.is_some());
        Self {
            rule: position,
            by,
            whole,
            groups: Vec::new(),
            index: BTreeMap::new(),
            adapts,
            has_heartbeats: false,
        }
    }

    /// The labels of the group that a stream belongs to.
    pub(super) fn labels_of(&self, stream: StreamRef<'_>) -> GroupLabels {
        let value = |label: &Label| (*label, stream.labels[*label as usize].to_owned());
        GroupLabels::new(self.by.iter().map(value))
    }

    /// The group whose labels are those of `by` among `labels`.
    pub(super) fn number_within(&self, labels: &GroupLabels) -> Option<u32> {
        let value = |label: &Label| Some((*label, labels.get(*label)?.to_owned()));
        let own: Option<Vec<_>> = self.by.iter().map(value).collect();
        self.index.get(&GroupLabels::new(own?)).copied()
    }

    pub(super) fn within(&self, labels: &GroupLabels) -> Option<&Group> {
        self.groups.get(self.number_within(labels)? as usize)
    }
}

/// One group under one rule.
#[derive(Debug)]
pub(super) struct Group {
    pub(super) labels: GroupLabels,
    pub(super) sensor: Sensor,
    pub(super) state: State,
    /// It is in the list of groups to look at.
    pub(super) awake: bool,
    /// The group of the whole that this is a part of.
    pub(super) whole: Option<u32>,
}

impl Group {
    pub(super) fn new(rule: &Rule, labels: GroupLabels, whole: Option<u32>) -> Self {
        let sensor = Sensor::new(rule);
        Self { labels, sensor, state: State::Inactive, awake: false, whole }
    }

    /// Takes in what was observed, and says nothing.
    pub(super) fn warm(
        &mut self,
        rule: &Rule,
        calendar: &Calendar,
        moment: Moment,
        learned: Learned,
    ) {
        let days = calendar.of(self.labels.get(Label::Partner));
        let Learned { usual, has_heartbeats } = learned;
        let (open, at_rest) = (None, true);
        let around = Around { rule, days, moment, open, has_heartbeats, at_rest, usual };
        self.sensor.judge(&around);
    }

    /// Judges the group; `None` when it is at rest and stays so.
    pub(super) fn judge(
        &mut self,
        rule: &Rule,
        calendar: &Calendar,
        moment: Moment,
        learned: Learned,
    ) -> Option<Verdict> {
        let before = self.state;
        // History that is judged again does not touch an alert that fired later.
        if matches!(before, State::Firing(firing) if moment.at <= firing.fired_at) {
            return None;
        }
        let open = match before {
            State::Firing(firing) => Some(firing.severity),
            State::Inactive | State::Pending { .. } => None,
        };
        let days = calendar.of(self.labels.get(Label::Partner));
        let at_rest = before == State::Inactive;
        let Learned { usual, has_heartbeats } = learned;
        let around = Around { rule, days, moment, open, has_heartbeats, at_rest, usual };
        let reading = self.sensor.judge(&around);
        let active = rule.schedule.as_ref().is_none_or(|hours| hours.is_active(moment.at));
        let level = if active { level(rule, &reading, before) } else { Some(Level::Normal) };
        let (state, transition) = match level {
            Some(level) => step(timing(rule), before, level, moment.at),
            None => (before, None),
        };
        if state == State::Inactive && transition.is_none() {
            return None;
        }
        self.state = state;
        // What an alert rested on must not start the next one, nor raise this one again.
        if transition.is_some_and(|it| matches!(it.change, Change::Resolved | Change::Eased)) {
            self.sensor.forget(moment.at);
        }
        let (labels, evidence) = (self.labels.clone(), reading.evidence());
        let found = self.sensor.found();
        Some(Verdict { rule: 0, labels, before, state, transition, evidence, found })
    }

    /// Whether it must be looked at again though nothing is observed.
    pub(super) fn stays_awake(&self, moment: Moment) -> bool {
        self.state != State::Inactive || !self.sensor.is_settled(moment)
    }
}

/// What a group is told of its surroundings.
#[derive(Debug, Clone, Copy)]
pub(super) struct Learned {
    /// What it, or the whole it is a part of, is used to.
    pub(super) usual: Option<f64>,
    /// Connectors send heartbeats.
    pub(super) has_heartbeats: bool,
}

fn timing(rule: &Rule) -> Timing {
    Timing { for_ms: rule.for_ms, clear_ms: rule.clear_ms.max(rule.keep_firing_ms) }
}

/// What a reading means for the state; `None` when it leaves the state as it is.
fn level(rule: &Rule, reading: &Reading, state: State) -> Option<Level> {
    let worst = rule.ladder().next().map_or(Severity::Warning, |(severity, _)| severity);
    match (reading, rule.on_no_data) {
        (Reading::NoData, OnNoData::Alert) => Some(Level::Reached(worst)),
        (Reading::NoData, OnNoData::Keep) if state != State::Inactive => None,
        (Reading::NoData, _) => Some(Level::NoData),
        (Reading::Quiet | Reading::Judged(_), _) => {
            let held = match (state, reading) {
                (State::Firing(firing), Reading::Judged(evidence)) => {
                    rule.holds_at(evidence.value).then_some(firing.severity)
                }
                _ => None,
            };
            Some(reading.reached().or(held).map_or(Level::Normal, Level::Reached))
        }
    }
}
