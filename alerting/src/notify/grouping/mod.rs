//! Notification grouping: which alerts share one notification, so that one problem is notified once.
//!
//! While any alert of a group (such as a partner) is open, its first alert has triggered the notification
//! and the others share it. An alert of another signal triggers again when the last trigger is older than
//! `again_after`, because it may be another problem. Groups that begin to fail together are a cascade: from
//! the configured number of groups on, or at once when they fail at the same time, they share the first
//! notification of the cascade. A notification is resolved when every alert in it has ended.
//!
//! An alert that joins and whose rule names receivers that the notification has not reached triggers it for
//! these receivers only, under a key of its own.
//!
//! A new notification waits for other alerts to join, for a shorter time when one of them is critical. The
//! worst of them triggers it; none does when all have ended by then. When groups join or leave later, the
//! notification is updated, under the alert that triggered it first and not too often.
//!
//! Pure: alerts in, events out.

mod notification;

use std::collections::BTreeSet;

use bincode::{Decode, Encode};
use plimsoll_storage::{Label, TimestampMs};

use crate::labels::GroupLabels;
use crate::notify::grouping::notification::{Active, NotificationGroup, Trigger};
use crate::rule::{GroupingSettings, Severity, SignalKind};

/// What an alert is known by: the name of its rule and its labels.
pub(crate) type AlertKey = (String, GroupLabels);

/// The same by reference.
pub(crate) type AlertKeyRef<'a> = (&'a str, &'a GroupLabels);

/// One alert of a key: the end of the first slot in which its condition held.
pub(crate) type AlertInstance = (AlertKey, TimestampMs);

/// An alert after a slot.
#[derive(Debug, Clone)]
pub(crate) struct AlertInput<'a> {
    /// Which alert.
    pub(crate) key: AlertKey,
    /// End of the first slot in which its condition held.
    pub(crate) since: TimestampMs,
    /// What it measures.
    pub(crate) kind: SignalKind,
    /// How bad it is.
    pub(crate) severity: Severity,
    /// Names of the receivers of its rule.
    pub(crate) receivers: &'a [String],
    /// Whether it is to be notified: it is open, severe enough and not muted.
    pub(crate) is_active: bool,
}

/// What happens to a notification.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum GroupChange {
    /// The alert triggers it.
    Trigger,
    /// Other groups share it than it listed.
    Update,
    /// Every alert in it has ended.
    Resolve,
}

/// A change of a notification.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct GroupEvent {
    /// The alert under which it is sent.
    pub(crate) alert: AlertInstance,
    /// What happens.
    pub(crate) change: GroupChange,
    /// Name of the notification's group.
    pub(crate) group: String,
}

/// The open notifications and the alerts that share them.
#[derive(Debug, Clone, Default, PartialEq, Encode, Decode)]
pub(crate) struct Grouping {
    notifications: Vec<NotificationGroup>,
}

impl Grouping {
    /// Takes the alerts of a slot that ends `at`, and returns what happens to notifications, in order.
    /// Without `settings` each alert has a notification of its own.
    pub(crate) fn update(
        &mut self,
        settings: Option<&GroupingSettings>,
        at: TimestampMs,
        alerts: &[AlertInput<'_>],
    ) -> Vec<GroupEvent> {
        let mut events = Vec::new();
        for alert in alerts.iter().filter(|alert| !alert.is_active) {
            self.leave(&alert.key);
        }
        for alert in alerts.iter().filter(|alert| alert.is_active) {
            events.extend(self.join(settings, at, alert));
        }
        let mut active = Active::new();
        if self.notifications.iter().any(NotificationGroup::is_waiting) {
            let found = alerts.iter().enumerate().filter(|(_, alert)| alert.is_active);
            active.extend(found.map(|(position, alert)| (&alert.key, (position, alert))));
        }
        for notification in &mut self.notifications {
            notification.trigger_first(settings, at, &active, &mut events);
            notification.update(at, &mut events);
        }
        self.close(&mut events);
        events
    }

    /// Removes alerts that are no longer evaluated, and returns the notifications that resolve.
    pub(crate) fn remove(&mut self, keys: &[AlertKey]) -> Vec<GroupEvent> {
        let mut events = Vec::new();
        keys.iter().for_each(|key| self.leave(key));
        self.close(&mut events);
        events
    }

    /// Moves all times, because the clock was set: what has waited has waited for as long as before.
    pub(crate) fn move_by(&mut self, by_ms: i64) {
        for it in &mut self.notifications {
            for at in [&mut it.opened_at, &mut it.triggered_at, &mut it.listed_at] {
                *at = at.plus_ms(by_ms);
            }
        }
    }

    /// The alerts in notifications that wait for others.
    pub(crate) fn waiting(&self) -> impl Iterator<Item = &AlertKey> {
        let waiting = self.notifications.iter().filter(|it| it.is_waiting());
        waiting.flat_map(|it| it.members.values().flatten())
    }

    /// Whether the alert is in a notification.
    pub(crate) fn contains(&self, key: &AlertKey) -> bool {
        self.notifications.iter().any(|it| it.contains(key))
    }

    /// Alerts that have triggered an open notification, each with the name of its group.
    pub(crate) fn triggers(&self) -> impl Iterator<Item = (&AlertInstance, &str)> {
        let each = self.notifications.iter();
        each.flat_map(|it| it.triggers.iter().map(|trigger| (&trigger.alert, it.group.as_str())))
    }

    /// The alerts that have triggered the notification that the alert is in, or has triggered.
    pub(crate) fn triggers_with(&self, key: &AlertKey) -> impl Iterator<Item = &AlertInstance> {
        let is_in = |it: &&NotificationGroup| it.contains(key) || it.is_triggered_by(key);
        let found = self.notifications.iter().find(is_in).into_iter();
        found.flat_map(|it| it.triggers.iter().map(|trigger| &trigger.alert))
    }

    /// Whether a receiver of the alert's rule is notified under this alert: other alerts of the notification
    /// have not notified it.
    pub(crate) fn is_notified_under(&self, key: &AlertKey, receiver: &str) -> bool {
        let Some(found) = self.notifications.iter().find(|it| it.is_triggered_by(key)) else {
            return true;
        };
        let mut by = found.triggers.iter().filter(|it| it.receivers.contains(receiver)).peekable();
        by.peek().is_none() || by.any(|it| it.alert.0 == *key)
    }

    /// The other alerts of the notification whose receivers this alert does not escalate to, because they
    /// have the notification. A notification that was triggered again escalates anew.
    pub(crate) fn not_escalated_to(&self, alert: &AlertInstance) -> Vec<&AlertInstance> {
        let found = self.notifications.iter().find_map(|it| {
            let position = it.triggers.iter().position(|trigger| trigger.alert == *alert)?;
            Some((position, &it.triggers))
        });
        let Some((own, triggers)) = found else { return Vec::new() };
        let is_joined = triggers.get(own).is_some_and(|it| it.is_joined);
        let others = triggers.iter().enumerate().filter(|(position, it)| {
            *position != own && (is_joined || it.is_joined && *position > own)
        });
        others.map(|(_, it)| &it.alert).collect()
    }

    /// Adds receivers that were notified under an alert.
    pub(crate) fn add_receivers<'a>(
        &mut self,
        alert: &AlertInstance,
        receivers: impl Iterator<Item = &'a str>,
    ) {
        let mut triggers = self.notifications.iter_mut().flat_map(|it| &mut it.triggers);
        if let Some(trigger) = triggers.find(|it| it.alert == *alert) {
            trigger.receivers.extend(receivers.map(str::to_owned));
        }
    }

    /// Labels of every open alert in the notification that the alert has triggered.
    pub(crate) fn sharing(&self, key: &AlertKey) -> BTreeSet<&GroupLabels> {
        let found = self.notifications.iter().find(|it| it.is_triggered_by(key)).into_iter();
        let alerts = found.flat_map(|it| it.members.values().flatten());
        alerts.map(|(_, labels)| labels).collect()
    }

    fn join(
        &mut self,
        settings: Option<&GroupingSettings>,
        at: TimestampMs,
        alert: &AlertInput<'_>,
    ) -> Option<GroupEvent> {
        let is_urgent = alert.severity == Severity::Critical;
        if let Some(known) = self.notifications.iter_mut().find(|it| it.contains(&alert.key)) {
            known.is_urgent |= is_urgent;
            return None;
        }
        let group = group_of(settings, &alert.key);
        let open = self.notifications.iter_mut().find(|it| it.members.contains_key(&group));
        if let Some((open, settings)) = open.zip(settings) {
            open.members.entry(group).or_default().insert(alert.key.clone());
            open.is_urgent |= is_urgent;
            return open.trigger_again(settings, at, alert).or_else(|| open.trigger_joined(alert));
        }
        let cascade = settings.and_then(|it| self.cascade(it, at, &group, alert.kind));
        if let Some(cascade) = cascade {
            cascade.members.entry(group).or_default().insert(alert.key.clone());
            cascade.is_urgent |= is_urgent;
            return cascade.trigger_joined(alert);
        }
        self.notifications.push(NotificationGroup::waiting(group, at, alert));
        None
    }

    /// The notification of the cascade that a group's alert belongs to: the oldest of those that opened with
    /// the same signal within the time, when they hold enough groups; or the one that opened just now or
    /// still waits.
    fn cascade(
        &mut self,
        settings: &GroupingSettings,
        at: TimestampMs,
        group: &str,
        kind: SignalKind,
    ) -> Option<&mut NotificationGroup> {
        let is_recent = |it: &&mut NotificationGroup| {
            it.opened_by == kind && at.since_ms(it.opened_at) <= settings.cascade_within_ms
        };
        let mut found: Vec<&mut NotificationGroup> =
            self.notifications.iter_mut().filter(is_recent).collect();
        let members = found.iter().flat_map(|it| it.members.keys());
        let groups: BTreeSet<&String> = members.filter(|held| *held != group).collect();
        let is_enough = groups.len() + 1 >= settings.cascade_groups as usize;
        let is_at_once = |it: &&mut NotificationGroup| {
            it.is_waiting() || at.since_ms(it.opened_at) <= settings.cascade_at_once_ms
        };
        let at_once = found.iter().position(is_at_once);
        let position = if is_enough { Some(0) } else { at_once }?;
        (position < found.len()).then(|| found.swap_remove(position))
    }

    fn leave(&mut self, key: &AlertKey) {
        for notification in &mut self.notifications {
            for alerts in notification.members.values_mut() {
                alerts.remove(key);
            }
            notification.members.retain(|_, alerts| !alerts.is_empty());
        }
    }

    /// Resolves the notifications that no alert is left in.
    fn close(&mut self, events: &mut Vec<GroupEvent>) {
        for closed in self.notifications.extract_if(.., |it| it.members.is_empty()) {
            let NotificationGroup { group, triggers, .. } = closed;
            let resolve = |Trigger { alert, .. }| {
                let group = group.clone();
                GroupEvent { alert, change: GroupChange::Resolve, group }
            };
            events.extend(triggers.into_iter().map(resolve));
        }
    }
}

/// Name of the group whose notification an alert shares: its labels among `by`, or all of its own.
fn group_of(settings: Option<&GroupingSettings>, (rule, labels): &AlertKey) -> String {
    let name = |label: Label, value: &str| format!("{}={value}", label.as_str());
    let named: Vec<String> = match settings {
        Some(settings) => {
            let by = settings.by.iter();
            by.filter_map(|label| Some(name(*label, labels.get(*label)?))).collect()
        }
        None => labels.iter().map(|(label, value)| name(label, value)).collect(),
    };
    if settings.is_some() && !named.is_empty() {
        named.join(",")
    } else {
        format!("{rule}:{}", named.join(","))
    }
}

#[cfg(test)]
mod tests;
