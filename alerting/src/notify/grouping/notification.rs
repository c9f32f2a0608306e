//! One notification: the alerts that share it, and those that have triggered it.

use std::cmp::Reverse;
use std::collections::{BTreeMap, BTreeSet};

use bincode::{Decode, Encode};
use plimsoll_storage::TimestampMs;

use crate::notify::grouping::{AlertInput, AlertInstance, AlertKey, GroupChange, GroupEvent};
use crate::rule::{GroupingSettings, Severity, SignalKind};

/// How often an open notification is updated at most, in ms.
const UPDATE_EVERY_MS: i64 = 2 * 60_000;

/// One notification and every alert that shares it.
#[derive(Debug, Clone, PartialEq, Encode, Decode)]
pub(super) struct NotificationGroup {
    pub(super) group: String,
    pub(super) opened_at: TimestampMs,
    pub(super) opened_by: SignalKind,
    pub(super) triggered_at: TimestampMs,
    /// Signals that have triggered it; none while it waits.
    pub(super) signals: Vec<SignalKind>,
    /// An alert in it is critical, or was while it waited.
    pub(super) is_urgent: bool,
    /// The groups that it listed when it was sent last, and when that was.
    pub(super) listed: BTreeSet<String>,
    pub(super) listed_at: TimestampMs,
    /// Open alerts by the group they belong to.
    pub(super) members: BTreeMap<String, BTreeSet<AlertKey>>,
    /// Alerts that have triggered it, in that order; it is resolved under each of them.
    pub(super) triggers: Vec<Trigger>,
}

/// An alert that has triggered a notification.
#[derive(Debug, Clone, PartialEq, Encode, Decode)]
pub(super) struct Trigger {
    pub(super) alert: AlertInstance,
    /// Names of the receivers that are notified under it.
    pub(super) receivers: BTreeSet<String>,
    /// It has triggered the notification only for receivers that did not have it.
    pub(super) is_joined: bool,
}

/// Alerts that are active, with their position among all.
pub(super) type Active<'a> = BTreeMap<&'a AlertKey, (usize, &'a AlertInput<'a>)>;

impl NotificationGroup {
    /// A notification of one alert, which is not triggered yet.
    pub(super) fn waiting(group: String, at: TimestampMs, alert: &AlertInput<'_>) -> Self {
        Self {
            group: group.clone(),
            opened_at: at,
            opened_by: alert.kind,
            triggered_at: at,
            signals: Vec::new(),
            is_urgent: alert.severity == Severity::Critical,
            listed: BTreeSet::new(),
            listed_at: at,
            members: BTreeMap::from([(group, BTreeSet::from([alert.key.clone()]))]),
            triggers: Vec::new(),
        }
    }

    /// Whether it was not triggered yet.
    pub(super) const fn is_waiting(&self) -> bool {
        self.triggers.is_empty()
    }

    pub(super) fn contains(&self, key: &AlertKey) -> bool {
        self.members.values().any(|alerts| alerts.contains(key))
    }

    pub(super) fn is_triggered_by(&self, key: &AlertKey) -> bool {
        self.triggers.iter().any(|trigger| trigger.alert.0 == *key)
    }

    /// Triggers it once it has waited long enough: with the worst alert in it; of several with the one whose
    /// condition held first, and then with the first in the order of the slot. Others in it trigger it for
    /// the receivers that this one does not notify.
    pub(super) fn trigger_first(
        &mut self,
        settings: Option<&GroupingSettings>,
        at: TimestampMs,
        active: &Active<'_>,
        events: &mut Vec<GroupEvent>,
    ) {
        let wait_ms = settings.map_or(0, |settings| settings.wait_ms(self.is_urgent));
        if !self.is_waiting() || at.since_ms(self.opened_at) < wait_ms {
            return;
        }
        let members = self.members.values().flatten().filter_map(|key| active.get(key));
        let mut worst_first: Vec<&(usize, &AlertInput<'_>)> = members.collect();
        worst_first
            .sort_by_key(|(position, alert)| (Reverse(alert.severity), alert.since, *position));
        let Some(((_, first), others)) = worst_first.split_first() else { return };
        (self.triggered_at, self.listed_at) = (at, at);
        self.signals = vec![first.kind];
        self.listed = self.members.keys().cloned().collect();
        events.push(self.trigger(first, first.receivers.iter().cloned().collect(), false));
        events.extend(others.iter().filter_map(|(_, alert)| self.trigger_joined(alert)));
    }

    /// Triggers it again with an alert of another signal, when the last trigger is old enough.
    pub(super) fn trigger_again(
        &mut self,
        settings: &GroupingSettings,
        at: TimestampMs,
        alert: &AlertInput<'_>,
    ) -> Option<GroupEvent> {
        let is_old = at.since_ms(self.triggered_at) >= settings.again_after_ms;
        if self.is_waiting() || !is_old || self.signals.contains(&alert.kind) {
            return None;
        }
        self.signals.push(alert.kind);
        self.triggered_at = at;
        Some(self.trigger(alert, alert.receivers.iter().cloned().collect(), false))
    }

    /// Triggers it for the receivers of an alert that joins and that it has not reached.
    pub(super) fn trigger_joined(&mut self, alert: &AlertInput<'_>) -> Option<GroupEvent> {
        let is_reached = |name: &String| self.triggers.iter().any(|it| it.receivers.contains(name));
        let new = alert.receivers.iter().filter(|name| !is_reached(name)).cloned();
        let new: BTreeSet<String> = new.collect();
        (!self.is_waiting() && !new.is_empty()).then(|| self.trigger(alert, new, true))
    }

    fn trigger(
        &mut self,
        alert: &AlertInput<'_>,
        receivers: BTreeSet<String>,
        is_joined: bool,
    ) -> GroupEvent {
        let instance = (alert.key.clone(), alert.since);
        match self.triggers.iter_mut().find(|it| it.alert == instance) {
            Some(known) => {
                known.receivers.extend(receivers);
                known.is_joined &= is_joined;
            }
            None => self.triggers.push(Trigger { alert: instance.clone(), receivers, is_joined }),
        }
        self.event(GroupChange::Trigger, instance)
    }

    /// Updates it when other groups are in it than it listed, under each alert that has triggered it.
    pub(super) fn update(&mut self, at: TimestampMs, events: &mut Vec<GroupEvent>) {
        let is_soon = at.since_ms(self.listed_at) < UPDATE_EVERY_MS;
        if is_soon || self.members.is_empty() || self.members.keys().eq(&self.listed) {
            return;
        }
        let is_due = |(position, it): &(usize, &Trigger)| *position == 0 || it.is_joined;
        let due = self.triggers.iter().enumerate().filter(is_due);
        let due = due.map(|(_, it)| self.event(GroupChange::Update, it.alert.clone()));
        let before = events.len();
        events.extend(due);
        if events.len() > before {
            self.listed = self.members.keys().cloned().collect();
            self.listed_at = at;
        }
    }

    fn event(&self, change: GroupChange, alert: AlertInstance) -> GroupEvent {
        GroupEvent { alert, change, group: self.group.clone() }
    }
}
