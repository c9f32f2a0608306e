//! A decision while it is put together, alert by alert.

use std::collections::{BTreeMap, BTreeSet};

use plimsoll_storage::TimestampMs;

use crate::engine::Firing;
use crate::labels::GroupLabels;
use crate::notify::decide::{AlertRef, Decision, Notification, SlotInput, alert_ref};
use crate::notify::due::due;
use crate::notify::escalate;
use crate::notify::grouping::{
    AlertInstance, AlertKey, AlertKeyRef, GroupChange, GroupEvent, Grouping,
};
use crate::records::delivery::Action;
use crate::records::muted_by::MutedBy;
use crate::records::notify_status::{NotifiedReceiver, NotifyStatus};
use crate::rule::Rule;

/// A decision while it is put together.
pub(super) struct Draft<'a> {
    input: SlotInput<'a>,
    /// After the slot.
    grouping: &'a Grouping,
    /// The group of each alert that has triggered an open notification.
    triggers: BTreeMap<AlertKeyRef<'a>, &'a str>,
    /// The alerts in notifications that wait for others.
    waiting: BTreeSet<AlertKeyRef<'a>>,
    /// The alerts that trigger a notification in this slot.
    triggered_now: BTreeSet<AlertKeyRef<'a>>,
    /// The groups of those whose notification resolves in this slot.
    resolved_now: BTreeMap<AlertKeyRef<'a>, &'a str>,
    /// The alerts that are open after this slot.
    open: BTreeMap<AlertKeyRef<'a>, TimestampMs>,
    /// The alerts that end in this slot.
    ended: BTreeSet<AlertRef<'a>>,
    decision: Decision,
}

impl<'a> Draft<'a> {
    pub(super) fn new(
        input: SlotInput<'a>,
        grouping: &'a Grouping,
        events: &'a [GroupEvent],
    ) -> Self {
        let mut triggers = BTreeMap::new();
        for ((key, _), group) in grouping.triggers() {
            triggers.entry(key_ref(key)).or_insert(group);
        }
        let of = |change| events.iter().filter(move |event| event.change == change);
        let resolved = of(GroupChange::Resolve);
        Self {
            input,
            grouping,
            triggers,
            waiting: grouping.waiting().map(key_ref).collect(),
            triggered_now: of(GroupChange::Trigger).map(|it| key_ref(&it.alert.0)).collect(),
            resolved_now: resolved.map(|it| (key_ref(&it.alert.0), it.group.as_str())).collect(),
            open: BTreeMap::new(),
            ended: BTreeSet::new(),
            decision: Decision::default(),
        }
    }

    /// Decides about an alert that is open after the slot.
    pub(super) fn open_alert(
        &mut self,
        rule: &'a Rule,
        labels: &'a GroupLabels,
        firing: Firing,
        muted: Option<MutedBy>,
    ) {
        let SlotInput { at, rules, is_missed, .. } = self.input;
        let key = (rule.name.as_str(), labels);
        let alert = (key.0, key.1, firing.since);
        self.open.insert(key, firing.since);
        let Some(before) = self.input.statuses.get(&alert).copied() else { return };
        let has_triggered = self.triggered_now.contains(&key) || self.triggers.contains_key(&key);
        let action = due(before, firing.severity, at).filter(|_| has_triggered && !is_missed);
        let Some(action) = action else {
            return self.note_mute(alert, before, muted);
        };
        let mut status = before.clone();
        let instance = instance(alert);
        let is_own = |name: &str| self.grouping.is_notified_under(&instance.0, name);
        if action == Action::Trigger {
            status.receivers.retain(|known| is_own(&known.receiver));
        }
        let named = rule.notify.iter().filter(|name| is_own(name));
        let receivers = named.filter_map(|name| rules.receiver(name));
        status.add_receivers(receivers, action == Action::Trigger, at);
        status.record_trigger(firing.severity);
        self.send(alert, action, &status);
        status.muted_by = None;
        self.change(alert, status);
    }

    /// Decides about an alert that ends in this slot. Its resolve waits while a notification that it has
    /// triggered is open.
    pub(super) fn ended_alert(&mut self, alert: AlertRef<'a>) {
        self.ended.insert(alert);
        let status = self.input.statuses.get(&alert).copied();
        let status = status.filter(|status| status.is_resolve_due());
        if let Some(status) = status.filter(|_| !self.triggers.contains_key(&(alert.0, alert.1))) {
            self.resolve_alert(alert, status.clone());
        }
    }

    /// Notes what mutes an open alert that was not notified.
    fn note_mute(&mut self, alert: AlertRef<'a>, before: &NotifyStatus, muted: Option<MutedBy>) {
        if before.notified.is_some() {
            return;
        }
        let muted_by = muted.unwrap_or_else(|| {
            // What muted it before it waited is named in its notification.
            let is_waiting = self.waiting.contains(&(alert.0, alert.1));
            let waiting = before.muted_by.unwrap_or(MutedBy::Waiting);
            if is_waiting { waiting } else { MutedBy::Shared }
        });
        if before.muted_by != Some(muted_by) {
            self.change(alert, NotifyStatus { muted_by: Some(muted_by), ..before.clone() });
        }
    }

    /// Resolves notifications under alerts that have ended before, or are open at a severity that is not
    /// notified.
    pub(super) fn resolve(&mut self, events: &[GroupEvent]) {
        for event in events.iter().filter(|event| event.change == GroupChange::Resolve) {
            let (rule, labels, since) = alert_ref(&event.alert);
            let open = self.open.get(&(rule, labels)).copied();
            let alert = (rule, labels, open.unwrap_or(since));
            let Some(status) = self.status(alert) else { continue };
            let has_ended_before = status.is_resolve_due() && !self.ended.contains(&alert);
            if open.is_some() || has_ended_before {
                let status = status.clone();
                self.resolve_alert(alert, status);
            }
        }
    }

    /// Updates notifications at the receivers that can change what they were sent.
    pub(super) fn update(&mut self, events: &[GroupEvent]) {
        for event in events.iter().filter(|event| event.change == GroupChange::Update) {
            let alert = alert_ref(&event.alert);
            let status = self.status(alert).filter(|status| status.is_resolve_due());
            let Some(status) = status.cloned() else { continue };
            let takes_updates = |it: &&NotifiedReceiver| {
                let receiver = self.input.rules.receiver(&it.receiver);
                receiver.is_some_and(|receiver| receiver.target.takes_updates())
            };
            let receivers = status.receivers.iter().filter(takes_updates).cloned().collect();
            let notification = self.notification(alert, Action::Update, &status);
            self.decision.notifications.push(Notification { receivers, ..notification });
        }
    }

    /// Notifies the next receivers of notifications that nobody has acknowledged in time.
    pub(super) fn escalate(&mut self) {
        let SlotInput { at, rules, acknowledged, .. } = self.input;
        if rules.receivers.iter().all(|receiver| receiver.escalate.is_none()) {
            return;
        }
        for (instance, _) in self.grouping.triggers() {
            let alert = alert_ref(instance);
            let status = self.status(alert).filter(|status| status.is_resolve_due());
            let Some(mut status) = status.cloned() else { continue };
            let mut due = escalate::due(&status.receivers, &rules.receivers, at);
            due.retain(|next| !self.has_notification(instance, &next.receiver.name));
            let Some(longest_ms) = due.iter().map(|next| next.after_ms).max() else { continue };
            if acknowledged.contains(instance) {
                continue;
            }
            let known = status.receivers.len();
            status.add_receivers(due.iter().map(|next| next.receiver), false, at);
            let receivers = status.receivers.get(known..).unwrap_or_default().to_vec();
            let notification = self.notification(alert, Action::Trigger, &status);
            self.decision.notifications.push(Notification {
                receivers,
                unacknowledged_ms: Some(longest_ms),
                ..notification
            });
            self.change(alert, status);
        }
    }

    /// Whether a receiver has the notification of an alert under another alert, so that this one does not
    /// escalate to it.
    fn has_notification(&self, alert: &AlertInstance, receiver: &str) -> bool {
        let others = self.grouping.not_escalated_to(alert).into_iter();
        let mut known = others.filter_map(|other| self.status(alert_ref(other)));
        known.any(|status| status.receivers.iter().any(|it| it.receiver == receiver))
    }

    pub(super) fn into_decision(self) -> Decision {
        self.decision
    }

    /// The status of an alert with what was decided up to now.
    fn status(&self, alert: AlertRef<'_>) -> Option<&NotifyStatus> {
        let changed = self.decision.changed.get(&instance(alert));
        changed.or_else(|| self.input.statuses.get(&alert).copied())
    }

    fn resolve_alert(&mut self, alert: AlertRef<'_>, mut status: NotifyStatus) {
        status.record_resolve(self.input.at);
        self.send(alert, Action::Resolve, &status);
        self.change(alert, status);
    }

    /// Sends an action to everyone who is notified of the alert.
    fn send(&mut self, alert: AlertRef<'_>, action: Action, status: &NotifyStatus) {
        let notification = self.notification(alert, action, status);
        self.decision.notifications.push(notification);
    }

    fn notification(
        &self,
        alert: AlertRef<'_>,
        action: Action,
        status: &NotifyStatus,
    ) -> Notification {
        let key = (alert.0, alert.1);
        let group = self.triggers.get(&key).or_else(|| self.resolved_now.get(&key));
        Notification {
            alert: instance(alert),
            action,
            group: group.map(|group| (*group).to_owned()).unwrap_or_default(),
            receivers: status.receivers.clone(),
            status: status.clone(),
            unacknowledged_ms: None,
        }
    }

    fn change(&mut self, alert: AlertRef<'_>, status: NotifyStatus) {
        self.decision.changed.insert(instance(alert), status);
    }
}

fn key_ref((rule, labels): &AlertKey) -> AlertKeyRef<'_> {
    (rule, labels)
}

fn instance((rule, labels, since): AlertRef<'_>) -> AlertInstance {
    ((rule.to_owned(), labels.clone()), since)
}
