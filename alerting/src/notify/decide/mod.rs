//! The decision: who is notified of what at the end of a slot.
//!
//! An alert that fires and is not muted joins a notification; grouping says which alerts trigger, update
//! and resolve one. An alert whose severity rises escalates, and a notification that nobody acknowledges
//! goes to the next receivers. Silences that end soon and new releases are announced as notices.

mod draft;

use std::collections::{BTreeMap, BTreeSet};

use plimsoll_storage::TimestampMs;

use crate::engine::{AlertState, Evaluation};
use crate::labels::GroupLabels;
use crate::notify::decide::draft::Draft;
use crate::notify::event::alert_of;
use crate::notify::grouping::{AlertInput, AlertInstance, AlertKey, AlertKeyRef, Grouping};
use crate::notify::mute::Mutes;
use crate::notify::open::OpenAlerts;
use crate::notify::release::{Releases, ReportedRelease};
use crate::notify::reminder::Reminders;
use crate::records::alerts::Alert;
use crate::records::delivery::Action;
use crate::records::muted_by::MutedBy;
use crate::records::notify_status::{NotifiedReceiver, NotifyStatus};
use crate::records::silence::Silence;
use crate::rule::{Rule, RuleSet, Severity};

/// What decisions remember from slot to slot.
#[derive(Debug, Clone, Default, PartialEq)]
pub(crate) struct NotifyState {
    pub(crate) grouping: Grouping,
    pub(crate) reminders: Reminders,
    pub(crate) releases: Releases,
}

/// What one decision looks at.
#[derive(Debug, Clone, Copy)]
pub(crate) struct SlotInput<'a> {
    /// End of the slot.
    pub(crate) at: TimestampMs,
    /// Their receivers are those that can be notified. Without receivers nothing escalates from one to the
    /// next and nobody takes notices.
    pub(crate) rules: &'a RuleSet,
    /// Of every group that is not at rest, in the order of rules and labels.
    pub(crate) evaluations: &'a [Evaluation],
    /// The alerts that are open after the slot.
    pub(crate) open: &'a OpenAlerts,
    pub(crate) silences: &'a [Silence],
    /// The releases that are reported and not known to [`NotifyState::releases`].
    pub(crate) releases: &'a [ReportedRelease],
    /// What was notified of the alerts that are open, end in this slot, or have triggered an open
    /// notification.
    pub(crate) statuses: &'a Statuses<'a>,
    /// The alerts that have triggered an open notification and that someone has acknowledged.
    pub(crate) acknowledged: &'a BTreeSet<AlertInstance>,
    /// The slot was missed and is made up for: only ends are notified.
    pub(crate) is_missed: bool,
}

/// Rule, labels and the end of the first slot in which the condition held, of one alert.
pub(crate) type AlertRef<'a> = (&'a str, &'a GroupLabels, TimestampMs);

/// What mutes open alerts.
type Muted<'a> = BTreeMap<AlertKeyRef<'a>, MutedBy>;

/// What was notified of alerts.
pub(crate) type Statuses<'a> = BTreeMap<AlertRef<'a>, &'a NotifyStatus>;

/// Who is notified, and what changes on record.
#[derive(Debug, Clone, Default, PartialEq)]
pub(crate) struct Decision {
    /// In the order in which they are sent.
    pub(crate) notifications: Vec<Notification>,
    /// What mutes each open alert that is muted, also one that was notified before.
    pub(crate) muted: BTreeMap<AlertKey, MutedBy>,
    /// What is not about an alert, to the receivers that it names.
    pub(crate) notices: Vec<(Action, Alert)>,
    /// The new statuses of alerts, with what mutes them; of those that change only.
    pub(crate) changed: BTreeMap<AlertInstance, NotifyStatus>,
}

/// An action on one alert.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Notification {
    pub(crate) alert: AlertInstance,
    pub(crate) action: Action,
    /// Name of the notification's group.
    pub(crate) group: String,
    /// To whom it is sent.
    pub(crate) receivers: Vec<NotifiedReceiver>,
    /// The status of the alert with this action; still with what muted it until now.
    pub(crate) status: NotifyStatus,
    /// How long nobody acknowledged the alert, in ms, when it escalates to the next receivers.
    pub(crate) unacknowledged_ms: Option<i64>,
}

/// Decides who is notified at the end of a slot. Returns the decision and the state after it.
pub(crate) fn decide(input: &SlotInput<'_>, state: &NotifyState) -> (Decision, NotifyState) {
    let SlotInput { at, rules, .. } = *input;
    let mut next = state.clone();
    let muted = muted(input);
    let alerts = grouping_inputs(input, &state.grouping, &muted);
    let events = next.grouping.update(rules.grouping.as_ref(), at, &alerts);
    let is_reminded = |it: &MutedBy| *it == MutedBy::Silenced && !input.is_missed;
    let silenced = muted.iter().filter(|(_, it)| is_reminded(it));
    let silenced: Vec<AlertKeyRef<'_>> = silenced.map(|(key, _)| *key).collect();
    let mut notices = next.reminders.update(rules, input.silences, &silenced, at);
    let releases = next.releases.update(rules, input.releases, at).into_iter();
    notices.extend(releases.map(|notice| (Action::Change, notice)));

    let mut draft = Draft::new(*input, &next.grouping, &events);
    for (rule, evaluation) in with_rules(input) {
        let key = (rule.name.as_str(), &evaluation.labels);
        match (alert_of(evaluation), evaluation.state) {
            (Some(firing), AlertState::Firing(_)) => {
                draft.open_alert(rule, key.1, firing, muted.get(&key).copied());
            }
            (Some(firing), _) => draft.ended_alert((key.0, key.1, firing.since)),
            (None, _) => {}
        }
    }
    draft.resolve(&events);
    draft.update(&events);
    if !input.is_missed {
        draft.escalate();
    }
    let owned = |((rule, labels), it): (&AlertKeyRef<'_>, &MutedBy)| {
        (((*rule).to_owned(), (*labels).clone()), *it)
    };
    let muted = muted.iter().map(owned).collect();
    let decision = Decision { notices, muted, ..draft.into_decision() };
    for sent in decision.notifications.iter().filter(|it| it.action.begins()) {
        let receivers = sent.receivers.iter().map(|it| it.receiver.as_str());
        next.grouping.add_receivers(&sent.alert, receivers);
    }
    (decision, next)
}

/// Decides who is notified when groups are no longer evaluated: their alerts end. `retired` are the alerts
/// among them that are open.
pub(crate) fn retire(
    input: &SlotInput<'_>,
    state: &NotifyState,
    groups: &[AlertKey],
    retired: &[AlertRef<'_>],
) -> (Decision, NotifyState) {
    let mut next = state.clone();
    let events = next.grouping.remove(groups);
    let mut draft = Draft::new(*input, &next.grouping, &events);
    retired.iter().for_each(|alert| draft.ended_alert(*alert));
    draft.resolve(&events);
    let decision = draft.into_decision();
    (decision, next)
}

/// What mutes the alerts that are open.
fn muted<'a>(input: &SlotInput<'a>) -> Muted<'a> {
    let SlotInput { at, rules, silences, open, .. } = *input;
    let mutes = Mutes { rules, silences, open };
    let mut muted = Muted::new();
    for (rule, evaluation) in with_rules(input) {
        let AlertState::Firing(firing) = evaluation.state else { continue };
        let found = mutes.muted_by(rule, firing.severity, &evaluation.labels, at);
        let found = found.or(input.is_missed.then_some(MutedBy::Downtime));
        muted.extend(found.map(|found| ((rule.name.as_str(), &evaluation.labels), found)));
    }
    muted
}

/// The evaluated groups as grouping takes them. A mute ends the wait of an alert, but not a notification
/// that was triggered; a severity below that which its rule notifies ends both.
fn grouping_inputs<'a>(
    input: &SlotInput<'a>,
    before: &Grouping,
    muted: &Muted<'_>,
) -> Vec<AlertInput<'a>> {
    let alert = |(rule, evaluation): (&'a Rule, &'a Evaluation)| {
        let key = (rule.name.clone(), evaluation.labels.clone());
        let (kind, receivers) = (rule.signal.kind(), rule.notify.as_slice());
        let AlertState::Firing(firing) = evaluation.state else {
            let (since, severity) = (input.at, Severity::Warning);
            return AlertInput { key, since, kind, severity, receivers, is_active: false };
        };
        let (since, severity) = (firing.since, firing.severity);
        let stays = || severity >= rule.notify_policy.from && before.contains(&key);
        let is_active = match muted.get(&(rule.name.as_str(), &evaluation.labels)) {
            None => true,
            Some(MutedBy::Downtime) => stays(),
            Some(_) => stays() && before.waiting().all(|waiting| *waiting != key),
        };
        AlertInput { key, since, kind, severity, receivers, is_active }
    };
    with_rules(input).map(alert).collect()
}

fn with_rules<'a>(input: &SlotInput<'a>) -> impl Iterator<Item = (&'a Rule, &'a Evaluation)> {
    let rules = &input.rules.rules;
    input.evaluations.iter().filter_map(|it| Some((rules.get(it.rule)?, it)))
}

/// An alert by reference.
pub(crate) fn alert_ref(((rule, labels), since): &AlertInstance) -> AlertRef<'_> {
    (rule, labels, *since)
}

#[cfg(test)]
mod tests;
