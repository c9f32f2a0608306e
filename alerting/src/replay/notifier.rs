//! Telling of a replay: what judges found is heard slot by slot, in one place, because alerts share
//! messages, hold each other back and fold into cascades, whichever judge found them.

use std::collections::{BTreeMap, BTreeSet};

use plimsoll_storage::TimestampMs;

use super::{ReplayedAlert, ReplayedNotification, SlotEvaluations};
use crate::engine::{AlertState, Evaluation, Evidence, Firing, StateChange};
use crate::evaluate::TransitionEvent;
use crate::labels::GroupLabels;
use crate::notify::grouping::{AlertInput, AlertKey, GroupChange, Grouping};
use crate::notify::mute::{self, Mutes};
use crate::records::alerts::alert_id;
use crate::records::delivery::Action;
use crate::records::silence::Silence;
use crate::rule::{RuleSet, Severity};

/// Who is told in a replay when the rules file has no receivers.
const NOMINAL_RECEIVER: &str = "oncall";

/// Hears what was found, and notes what is said.
#[derive(Debug)]
pub struct ReplayNotifier {
    rules: RuleSet,
    silences: Vec<Silence>,
    pager: Grouping,
    /// Everything that fires after the slot that is heard.
    firing: BTreeSet<AlertKey>,
    open: BTreeMap<AlertKey, ReplayedAlert>,
    /// The severity that was told of alerts that spoke.
    told: BTreeMap<AlertKey, Severity>,
    ended: Vec<ReplayedAlert>,
    /// Every change of state, when they are asked for.
    transitions: Option<Vec<TransitionEvent>>,
}

impl ReplayNotifier {
    /// Tells of the alerts of some rules; keeps every change of state as well, if asked to.
    #[must_use]
    pub fn new(rules: RuleSet, with_transitions: bool) -> Self {
        Self {
            rules,
            silences: Vec::new(),
            pager: Grouping::default(),
            firing: BTreeSet::new(),
            open: BTreeMap::new(),
            told: BTreeMap::new(),
            ended: Vec::new(),
            transitions: with_transitions.then(Vec::new),
        }
    }

    /// Tells nobody of what these silences cover.
    #[must_use]
    pub fn silenced_by(self, silences: Vec<Silence>) -> Self {
        Self { silences, ..self }
    }

    /// Hears what judges found, which may be of the same slots. All of them must have come as far:
    /// what is heard next is of later slots.
    pub fn hear(&mut self, found: impl IntoIterator<Item = SlotEvaluations>) {
        let mut slots: BTreeMap<TimestampMs, Vec<Evaluation>> = BTreeMap::new();
        for SlotEvaluations { at, verdicts } in found {
            slots.entry(at).or_default().extend(verdicts);
        }
        for (at, mut verdicts) in slots {
            verdicts.sort_by(|a, b| (a.rule, &a.labels).cmp(&(b.rule, &b.labels)));
            self.hear_slot(at, &verdicts);
        }
    }

    /// Every alert, in the order of firing, rule and labels, and the changes of state that were asked
    /// for, as the evaluator tells them.
    #[must_use]
    pub fn finish(self) -> (Vec<ReplayedAlert>, Vec<TransitionEvent>) {
        let mut alerts = self.ended;
        alerts.extend(self.open.into_values());
        alerts.sort_by(|a, b| {
            (a.fired_at, &a.rule, &a.labels).cmp(&(b.fired_at, &b.rule, &b.labels))
        });
        (alerts, self.transitions.unwrap_or_default())
    }

    fn hear_slot(&mut self, at: TimestampMs, verdicts: &[Evaluation]) {
        for verdict in verdicts {
            self.note_firing(verdict);
        }
        let mut heard = Vec::new();
        for verdict in verdicts {
            self.note_transition(at, verdict);
            heard.extend(self.follow(at, verdict));
        }
        for say in self.pager.hear(self.rules.grouping.as_ref(), at, &heard) {
            let action = match say.word {
                GroupChange::Trigger => Action::Trigger,
                // It wakes nobody.
                GroupChange::Update => continue,
                GroupChange::Resolve => Action::Resolve,
            };
            self.tell(&say.key, say.since, at, action, &say.group);
        }
        for verdict in verdicts {
            self.escalate(at, verdict);
        }
    }

    fn note_firing(&mut self, verdict: &Evaluation) {
        let Some(rule) = self.rules.rules.get(verdict.rule) else { return };
        let key = (rule.name.clone(), verdict.labels.clone());
        if matches!(verdict.state, AlertState::Firing(_)) {
            self.firing.insert(key);
        } else {
            self.firing.remove(&key);
        }
    }

    /// Whether an alert of one of these rules is open on labels that all are among `labels`.
    fn is_open(&self, rules: &[String], labels: &GroupLabels) -> bool {
        let mut open = self.firing.iter().filter(|(rule, _)| rules.contains(rule));
        open.any(|(_, own)| own.iter().all(|(label, value)| labels.get(label) == Some(value)))
    }

    fn note_transition(&mut self, at: TimestampMs, verdict: &Evaluation) {
        let Some(transitions) = &mut self.transitions else { return };
        let Some((transition, rule)) = verdict.transition.zip(self.rules.rules.get(verdict.rule))
        else {
            return;
        };
        let alert = match (verdict.state, verdict.before) {
            (AlertState::Firing(Firing { since, severity, .. }), _)
            | (AlertState::Inactive, AlertState::Firing(Firing { since, severity, .. })) => {
                Some((since, severity))
            }
            _ => None,
        };
        transitions.push(TransitionEvent {
            rule: rule.name.clone(),
            labels: verdict.labels.clone(),
            at,
            change: transition.change,
            reason: transition.reason,
            severity: alert.map(|(_, severity)| severity),
            evidence: verdict.evidence,
            alert_id: alert.map(|(since, _)| alert_id(&rule.name, &verdict.labels, since)),
        });
    }

    /// Notes on an alert what was said of it.
    fn tell(
        &mut self,
        key: &AlertKey,
        since: TimestampMs,
        at: TimestampMs,
        action: Action,
        group: &str,
    ) {
        let told = self.receivers(&key.0).into_iter().map(|receiver| ReplayedNotification {
            at,
            action,
            receiver,
            group: group.to_owned(),
        });
        let mut ended = self.ended.iter_mut().rev();
        let alert = match self.open.get_mut(key) {
            Some(alert) => Some(alert),
            None => {
                ended.find(|it| (&it.rule, &it.labels, it.pending_at) == (&key.0, &key.1, since))
            }
        };
        if let Some(alert) = alert {
            alert.notifications.extend(told);
        }
    }

    /// Tells of an alert that spoke and has become worse since.
    fn escalate(&mut self, at: TimestampMs, verdict: &Evaluation) {
        let Some(rule) = self.rules.rules.get(verdict.rule) else { return };
        let key = (rule.name.clone(), verdict.labels.clone());
        let AlertState::Firing(firing) = verdict.state else {
            self.told.remove(&key);
            return;
        };
        let Some(group) = self.pager.group_of_speaker(&key).map(str::to_owned) else { return };
        let told = self.told.entry(key.clone()).or_insert(firing.severity);
        if firing.severity > *told {
            *told = firing.severity;
            self.tell(&key, firing.since, at, Action::Escalate, &group);
        }
    }

    /// Follows one alert; answers what the pager hears of it.
    fn follow(&mut self, at: TimestampMs, verdict: &Evaluation) -> Option<AlertInput> {
        let rule = self.rules.rules.get(verdict.rule)?;
        let key = (rule.name.clone(), verdict.labels.clone());
        let kind = rule.signal.kind();
        if let AlertState::Firing(firing) = verdict.state {
            let alert = self.open.entry(key.clone()).or_insert_with(|| ReplayedAlert {
                rule: rule.name.clone(),
                signal: kind,
                severity: firing.severity,
                labels: verdict.labels.clone(),
                pending_at: firing.since,
                fired_at: firing.fired_at,
                resolved_at: None,
                peak: verdict.evidence.unwrap_or(Evidence::NONE),
                notifications: Vec::new(),
            });
            alert.severity = firing.severity;
            if let Some(evidence) = verdict.evidence
                && evidence.is_worse_than(&alert.peak, rule)
            {
                alert.peak = evidence;
            }
            let labels = &verdict.labels;
            let is_open = |rules: &[String], labels: &GroupLabels| self.is_open(rules, labels);
            let dependent = || mute::is_dependent(&self.rules, rule, labels, &is_open);
            let mutes = Mutes { rules: &self.rules, silences: &self.silences };
            let speaks = mutes.suppressor(rule, firing.severity, labels, at, dependent).is_none();
            // A mute holds back a beginning; it does not end what was told.
            let speaks =
                speaks || (self.pager.holds(&key) && firing.severity >= rule.notify_policy.from);
            let (since, severity) = (firing.since, firing.severity);
            return Some(AlertInput { key, since, kind, severity, speaks });
        }
        let resolved = verdict.transition.is_some_and(|it| it.change == StateChange::Resolved);
        let mut alert = self.open.remove(&key).filter(|_| resolved)?;
        alert.resolved_at = Some(at);
        let (since, severity) = (alert.pending_at, alert.severity);
        self.ended.push(alert);
        Some(AlertInput { key, since, kind, severity, speaks: false })
    }

    /// Who is told of a rule's alerts.
    fn receivers(&self, rule: &str) -> Vec<String> {
        let named = self.rules.rule(rule).map(|rule| rule.notify.clone()).unwrap_or_default();
        if named.is_empty() { vec![NOMINAL_RECEIVER.to_owned()] } else { named }
    }
}
