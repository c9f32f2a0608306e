//! Notification of a replay: the evaluations of all evaluators are taken slot by slot, in one place,
//! because alerts share notifications and mute each other whichever evaluator found them.

use std::collections::{BTreeMap, BTreeSet};

use plimsoll_storage::TimestampMs;

use crate::engine::{AlertState, Evaluation, Evidence, Firing};
use crate::notify::decide::{
    Decision, Notification, NotifyState, SlotInput, Statuses, alert_ref, decide,
};
use crate::notify::event::{SlotEvaluations, TransitionEvent, alert_of};
use crate::notify::grouping::AlertInstance;
use crate::notify::open::OpenAlerts;
use crate::records::delivery::Action;
use crate::records::notify_status::NotifyStatus;
use crate::records::silence::Silence;
use crate::replay::{ReplayedAlert, ReplayedNotification};
use crate::rule::{Rule, RuleSet};

/// The receiver of a replay when a rule names none.
const NOMINAL_RECEIVER: &str = "oncall";

/// Decides who would have been notified.
#[derive(Debug)]
pub struct ReplayNotifier {
    /// Without receivers: nobody acknowledges in a replay, so nothing escalates to the next receiver, and
    /// notices are not part of it. The rules name whom they notify.
    rules: RuleSet,
    silences: Vec<Silence>,
    state: NotifyState,
    open: OpenAlerts,
    alerts: BTreeMap<AlertInstance, NotifiedAlert>,
    /// Every change of state, when they are asked for.
    transitions: Option<Vec<TransitionEvent>>,
}

#[derive(Debug)]
struct NotifiedAlert {
    alert: ReplayedAlert,
    status: NotifyStatus,
    /// Names of the receivers that were notified of it.
    receivers: Vec<String>,
}

impl ReplayNotifier {
    /// Notifies of the alerts of some rules; collects every change of state as well, if asked to.
    #[must_use]
    pub fn new(mut rules: RuleSet, with_transitions: bool) -> Self {
        for rule in rules.rules.iter_mut().filter(|rule| rule.notify.is_empty()) {
            rule.notify.push(NOMINAL_RECEIVER.to_owned());
        }
        Self {
            rules: RuleSet { receivers: Vec::new(), ..rules },
            silences: Vec::new(),
            state: NotifyState::default(),
            open: OpenAlerts::default(),
            alerts: BTreeMap::new(),
            transitions: with_transitions.then(Vec::new),
        }
    }

    /// Mutes the alerts that these silences cover.
    #[must_use]
    pub fn with_silences(self, silences: Vec<Silence>) -> Self {
        Self { silences, ..self }
    }

    /// Takes what evaluators found, which may be of the same slots. All of them must have come as far: what
    /// is taken next is of later slots.
    pub fn notify(&mut self, found: impl IntoIterator<Item = SlotEvaluations>) {
        let mut slots: BTreeMap<TimestampMs, Vec<Evaluation>> = BTreeMap::new();
        for SlotEvaluations { at, evaluations } in found {
            slots.entry(at).or_default().extend(evaluations);
        }
        for (at, mut evaluations) in slots {
            evaluations.sort_by(|a, b| (a.rule, &a.labels).cmp(&(b.rule, &b.labels)));
            self.notify_slot(at, &evaluations);
        }
    }

    /// Every alert, in the order of firing, rule and labels, and the changes of state that were asked for,
    /// as the evaluator reports them.
    #[must_use]
    pub fn finish(self) -> (Vec<ReplayedAlert>, Vec<TransitionEvent>) {
        let mut alerts: Vec<ReplayedAlert> =
            self.alerts.into_values().map(|notified| notified.alert).collect();
        alerts.sort_by(|a, b| {
            (a.fired_at, &a.rule, &a.labels).cmp(&(b.fired_at, &b.rule, &b.labels))
        });
        (alerts, self.transitions.unwrap_or_default())
    }

    fn notify_slot(&mut self, at: TimestampMs, evaluations: &[Evaluation]) {
        let mut involved = BTreeSet::new();
        for evaluation in evaluations {
            let Some(rule) = self.rules.rules.get(evaluation.rule) else { continue };
            if let Some(transitions) = &mut self.transitions {
                transitions.extend(TransitionEvent::of(rule, evaluation, at));
            }
            let Some(firing) = alert_of(evaluation) else { continue };
            let alert = ((rule.name.clone(), evaluation.labels.clone()), firing.since);
            let known = self.alerts.entry(alert.clone());
            let known = known.or_insert_with(|| NotifiedAlert::fired(rule, evaluation, firing));
            known.follow(rule, evaluation, at);
            involved.insert(alert);
        }
        self.open.update(&self.rules, evaluations);
        involved.extend(self.state.grouping.triggers().map(|(alert, _)| alert.clone()));
        let status = |alert| Some((alert_ref(alert), &self.alerts.get(alert)?.status));
        let statuses: Statuses<'_> = involved.iter().filter_map(status).collect();
        let input = SlotInput {
            at,
            rules: &self.rules,
            evaluations,
            open: &self.open,
            silences: &self.silences,
            releases: &[],
            statuses: &statuses,
            acknowledged: &BTreeSet::new(),
            is_missed: false,
        };
        let (decision, next) = decide(&input, &self.state);
        self.state = next;
        self.record(at, decision);
    }

    fn record(&mut self, at: TimestampMs, decision: Decision) {
        for Notification { alert, action, group, .. } in decision.notifications {
            // An update wakes nobody.
            if action == Action::Update {
                continue;
            }
            let Some(notified) = self.alerts.get_mut(&alert) else { continue };
            if action.begins() {
                let named = self.rules.rule(&alert.0.0).map(|rule| rule.notify.as_slice());
                let grouping = &self.state.grouping;
                let is_own = |name: &&String| grouping.is_notified_under(&alert.0, name);
                let own = named.unwrap_or_default().iter().filter(is_own);
                notified.receivers = own.cloned().collect();
            }
            let receivers = notified.receivers.iter().cloned();
            let of = |receiver| ReplayedNotification { at, action, receiver, group: group.clone() };
            notified.alert.notifications.extend(receivers.map(of));
        }
        for (alert, status) in decision.changed {
            if let Some(notified) = self.alerts.get_mut(&alert) {
                notified.alert.muted_by = status.muted_by;
                notified.status = status;
            }
        }
    }
}

impl NotifiedAlert {
    fn fired(rule: &Rule, evaluation: &Evaluation, firing: Firing) -> Self {
        let alert = ReplayedAlert {
            rule: rule.name.clone(),
            signal: rule.signal.kind(),
            severity: firing.severity,
            labels: evaluation.labels.clone(),
            pending_at: firing.since,
            fired_at: firing.fired_at,
            resolved_at: None,
            peak: evaluation.evidence.unwrap_or(Evidence::NONE),
            muted_by: None,
            notifications: Vec::new(),
        };
        Self { alert, status: NotifyStatus::default(), receivers: Vec::new() }
    }

    /// Takes a further evaluation of the alert.
    fn follow(&mut self, rule: &Rule, evaluation: &Evaluation, at: TimestampMs) {
        let AlertState::Firing(firing) = evaluation.state else {
            self.alert.resolved_at = Some(at);
            return;
        };
        self.alert.severity = firing.severity;
        if let Some(evidence) = evaluation.evidence
            && evidence.is_worse_than(&self.alert.peak, rule)
        {
            self.alert.peak = evidence;
        }
    }
}
