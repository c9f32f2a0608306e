//! The state of one group under one rule, and its evaluation.

use plimsoll_storage::{Label, TimestampMs};

use crate::engine::calendar::Calendar;
use crate::engine::compact::NEVER;
use crate::engine::evaluation::{Detection, Evaluation};
use crate::engine::sensor::{BURN_SHORT_PART, Reading, Sensor, SensorContext, SensorNeeds};
use crate::engine::step::{
    AlertState, Level, RuleTiming, StateChange, StateReason, Transition, step,
};
use crate::engine::time::{ClockStep, MINUTE_MS, SlotEnd};
use crate::labels::GroupLabels;
use crate::rule::{OnNoData, Rule, Severity, Signal, SignalKind};

/// The state of one group under one rule. Nearly all groups are at rest, and those take little memory.
#[derive(Debug)]
pub(super) struct GroupState {
    /// Whether it is in the list of groups to evaluate.
    pub(super) is_due: bool,
    /// The revision of the sensor at the last evaluation.
    revision: u32,
    /// The newest minute that is evaluated.
    evaluated: i64,
    /// Minutes up to this one do not count, because an alert resolved in it.
    resolved_minute: i64,
    /// `None` at rest.
    alert: Option<Box<GroupAlert>>,
}

/// The alert of a group that is not at rest.
#[derive(Debug)]
struct GroupAlert {
    state: AlertState,
    detection: Detection,
    /// The reading of the newest evaluated minute, and the severity that was open then.
    newest: Option<(Option<Severity>, Reading)>,
}

impl Default for GroupState {
    fn default() -> Self {
        Self { is_due: false, revision: 0, evaluated: NEVER, resolved_minute: NEVER, alert: None }
    }
}

/// What a group is evaluated with, beside its sensor.
#[derive(Clone, Copy)]
pub(super) struct EvaluationContext<'a> {
    pub(super) rule: &'a Rule,
    pub(super) calendar: &'a Calendar,
    pub(super) labels: &'a GroupLabels,
    pub(super) end: SlotEnd,
    /// The newest step of the clock; `None` when it was never set.
    pub(super) clock_step: Option<ClockStep>,
    /// The baseline of the group, or of its parent group.
    pub(super) baseline: Option<f64>,
    /// Whether connectors send heartbeats.
    pub(super) has_heartbeats: bool,
}

impl<'a> EvaluationContext<'a> {
    /// Whether the window that decides is not full again since the clock was set.
    fn is_filling(&self, detection: Detection) -> bool {
        let window_ms = match (detection.window_min, &self.rule.signal) {
            (_, Signal::Freshness { .. } | Signal::Absence { .. } | Signal::Run { .. }) => 0,
            (0, Signal::Burn { .. }) => self.rule.window_ms / i64::from(BURN_SHORT_PART),
            (0, _) => self.rule.window_ms,
            (minutes, _) => i64::from(minutes) * MINUTE_MS,
        };
        self.clock_step.is_some_and(|step| step.is_within(window_ms, self.end))
    }

    /// The context of a sensor whose group is at rest.
    pub(super) fn at_rest(&self) -> SensorContext<'a> {
        // Only arrivals and silences depend on the local time of the partner.
        let kind = self.rule.signal.kind();
        let is_local = kind == SignalKind::Drop || kind.is_age();
        let partner = self.labels.get(Label::Partner).filter(|_| is_local);
        SensorContext {
            rule: self.rule,
            days: self.calendar.of(partner),
            end: self.end,
            open: None,
            resolved_minute: NEVER,
            has_heartbeats: self.has_heartbeats,
            at_rest: true,
            baseline: self.baseline,
        }
    }
}

impl GroupState {
    /// The state of its alert.
    pub(super) fn state(&self) -> AlertState {
        self.alert.as_ref().map_or(AlertState::Inactive, |alert| alert.state)
    }

    /// Continues from a stored state.
    pub(super) fn restore(&mut self, state: AlertState, detection: Detection) {
        self.set_alert(state, detection, None);
        self.evaluated = NEVER;
    }

    /// An alert resolved at a time: the minutes that it rested on must not fire the next one.
    pub(super) fn note_resolved(&mut self, at: TimestampMs) {
        self.resolved_minute = at.0.div_euclid(MINUTE_MS);
        self.evaluated = NEVER;
    }

    /// Evaluates the group; `None` when it is at rest and stays so.
    pub(super) fn evaluate(
        &mut self,
        context: &EvaluationContext<'_>,
        needs: &SensorNeeds,
        sensor: &mut Sensor,
    ) -> Option<Evaluation> {
        let EvaluationContext { rule, end, labels, .. } = *context;
        let before = self.state();
        // A slot that is evaluated again must not change an alert that fired later.
        if matches!(before, AlertState::Firing(firing) if end.at <= firing.fired_at) {
            return None;
        }
        let (reading, detection) = self.reading(context, needs, sensor, before);
        let active = rule.schedule.as_ref().is_none_or(|hours| hours.is_active(end.at));
        let is_filling = context.is_filling(detection.unwrap_or(self.detection()));
        let level = match level(rule, &reading, before) {
            _ if !active => Some(Level::Normal),
            level if is_filling => level_while_filling(level, &reading, before),
            level => level,
        };
        let (state, transition) = match level {
            Some(level) => step(timing(rule), before, level, end.at),
            None => (before, None),
        };
        let transition = transition.map(|found| match found.reason {
            StateReason::ClearedFor if !active => {
                Transition { reason: StateReason::OutsideHours, ..found }
            }
            _ => found,
        });
        let earlier_ms = context.clock_step.map_or(0, |step| step.earlier_ms(end.slot));
        let begins = before == AlertState::Inactive;
        let state = if begins { state.begun_earlier(earlier_ms) } else { state };
        if state == AlertState::Inactive && transition.is_none() {
            if reading != Reading::Quiet {
                // It reaches a severity outside the schedule, so it must be evaluated again.
                self.evaluated = NEVER;
            }
            return None;
        }
        let detection = detection.unwrap_or(self.detection());
        self.set_alert(state, detection, Some((open_severity(before), reading)));
        // The minutes that an alert rested on must not fire the next one, nor escalate this one again.
        let ends = |change| matches!(change, StateChange::Resolved | StateChange::Eased);
        if transition.is_some_and(|transition| ends(transition.change)) {
            self.note_resolved(end.at);
        }
        Some(Evaluation {
            rule: 0,
            labels: labels.clone(),
            before,
            state,
            transition,
            evidence: reading.evidence(),
            comparison: reading.comparison(),
            detection,
        })
    }

    fn set_alert(
        &mut self,
        state: AlertState,
        detection: Detection,
        newest: Option<(Option<Severity>, Reading)>,
    ) {
        let alert =
            (state != AlertState::Inactive).then_some(GroupAlert { state, detection, newest });
        self.alert = alert.map(Box::new);
    }

    /// The reading of the sensor: the one before, as long as it holds.
    fn reading(
        &mut self,
        context: &EvaluationContext<'_>,
        needs: &SensorNeeds,
        sensor: &mut Sensor,
        state: AlertState,
    ) -> (Reading, Option<Detection>) {
        let severity = open_severity(state);
        let (minute, revision) = (context.end.last_minute(), sensor.revision());
        if self.evaluated == minute && revision == Some(self.revision) {
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
        let context = SensorContext {
            open: severity.map(|severity| (severity, self.detection())),
            resolved_minute: self.ignored_minute(context),
            at_rest: state == AlertState::Inactive,
            ..context.at_rest()
        };
        let evaluated = sensor.evaluate(&context, needs);
        if let Some(revision) = revision {
            (self.evaluated, self.revision) = (minute, revision);
        }
        evaluated
    }

    /// The context in which a sensor computes evidence that reaches no severity.
    pub(super) fn evidence_context<'a>(
        &self,
        context: &EvaluationContext<'a>,
    ) -> SensorContext<'a> {
        let resolved_minute = self.ignored_minute(context);
        SensorContext { resolved_minute, at_rest: false, ..context.at_rest() }
    }

    /// The newest minute that does not count.
    fn ignored_minute(&self, context: &EvaluationContext<'_>) -> i64 {
        let minute = context.clock_step.map_or(NEVER, |step| step.minute(context.end.width));
        self.resolved_minute.max(minute)
    }

    fn detection(&self) -> Detection {
        self.alert.as_ref().map(|alert| alert.detection).unwrap_or_default()
    }

    /// Whether it must be evaluated again though no cell is added.
    pub(super) fn stays_due(&self, rule: &Rule, sensor: &Sensor, end: SlotEnd) -> bool {
        let is_evaluated =
            self.evaluated >= end.last_minute() && sensor.revision() == Some(self.revision);
        self.alert.is_some() || !sensor.is_stable(rule, end, is_evaluated)
    }
}

/// The level while windows fill after the clock was set: what they lack does not end or ease anything.
fn level_while_filling(
    level: Option<Level>,
    reading: &Reading,
    state: AlertState,
) -> Option<Level> {
    let holds = |severity: Severity| match state {
        AlertState::Firing(firing) => severity >= firing.severity,
        AlertState::Inactive | AlertState::Pending { .. } => true,
    };
    match level {
        _ if *reading == Reading::NoData => None,
        Some(Level::Reached(severity)) => holds(severity).then_some(Level::Reached(severity)),
        level if state == AlertState::Inactive => level,
        _ => None,
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

/// The level of a reading; `None` when it leaves the state as it is.
fn level(rule: &Rule, reading: &Reading, state: AlertState) -> Option<Level> {
    let worst = rule.thresholds().next().map_or(Severity::Warning, |(severity, _)| severity);
    match (reading, rule.on_no_data) {
        (Reading::NoData, OnNoData::Alert) => Some(Level::Reached(worst)),
        (Reading::NoData, OnNoData::Keep) if state != AlertState::Inactive => None,
        (Reading::NoData, _) => Some(Level::NoData),
        (Reading::Quiet | Reading::Measured(..), _) => {
            let held = match (state, reading) {
                (AlertState::Firing(firing), Reading::Measured(evidence, _)) => {
                    rule.holds_at(evidence.value).then_some(firing.severity)
                }
                _ => None,
            };
            Some(reading.reached().or(held).map_or(Level::Normal, Level::Reached))
        }
    }
}
