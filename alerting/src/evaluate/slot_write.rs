//! What one slot changes on record: alerts, states and deliveries are collected, then written in one
//! commit.

use std::collections::{BTreeMap, BTreeSet};

use plimsoll_storage::{Store, TableBatch, TimestampMs};

use crate::engine::{AlertState, Detection, Evaluation, Evidence, Firing, StateReason};
use crate::error::{Error, Result};
use crate::limits::SENDS_IN_FLIGHT_MAX;
use crate::message::content::{ContentSource, Findings, compose, find};
use crate::message::units;
use crate::notify::decide::{Decision, Notification, Statuses};
use crate::notify::event::TransitionEvent;
use crate::notify::grouping::{AlertInstance, AlertKey, AlertKeyRef, Grouping};
use crate::records::acknowledgement;
use crate::records::alerts::{self, Alert, alert_id};
use crate::records::delivery::{DeadReason, Delivery, NotificationRecord};
use crate::records::ledger;
use crate::records::notify_status::NotifiedReceiver;
use crate::records::outbox;
use crate::records::state::{self, Tracked, Tracking};
use crate::rule::{Rule, RuleIdentity, RuleSet};
use crate::text::content::Content;

/// Entries waiting for one receiver. Beyond it new triggers go to the dead letters; a resolve always
/// fits, because its trigger did.
const OUTBOX_ENTRIES_PER_RECEIVER_MAX: usize = 10_000;
const _: () = assert!(OUTBOX_ENTRIES_PER_RECEIVER_MAX > SENDS_IN_FLIGHT_MAX);
/// Notifications of one slot whose trend and exemplars are read from the store; further ones are sent
/// without.
const TRENDS_PER_SLOT_MAX: usize = 50;
/// The newest evaluation of an open alert is written once in this time, in ms.
const LATEST_WRITE_MS: i64 = 60_000;

/// One slot with everything that it changes.
pub(super) struct SlotWrite<'a> {
    store: &'a Store,
    rules: &'a RuleSet,
    base_url: &'a str,
    /// End of the slot.
    at: TimestampMs,
    batch: TableBatch,
    /// The alerts of the slot, and those that have triggered an open notification.
    alerts: BTreeMap<AlertInstance, RecordedAlert>,
    /// The next states of the evaluated groups.
    groups: Vec<(AlertKey, Option<NextState>)>,
    deliveries: Vec<Delivery>,
    events: Vec<TransitionEvent>,
    /// Contents that were collected in this slot.
    contents: usize,
}

struct RecordedAlert {
    alert: Alert,
    /// It is to be written.
    is_changed: bool,
}

/// The state of a group that is not at rest, without its alert.
struct NextState {
    identity: RuleIdentity,
    state: AlertState,
    detection: Detection,
    /// When the condition began to hold, of an open alert.
    alert_since: Option<TimestampMs>,
}

impl<'a> SlotWrite<'a> {
    pub(super) fn new(
        store: &'a Store,
        rules: &'a RuleSet,
        base_url: &'a str,
        at: TimestampMs,
    ) -> Self {
        Self {
            store,
            rules,
            base_url,
            at,
            batch: TableBatch::default(),
            alerts: BTreeMap::new(),
            groups: Vec::new(),
            deliveries: Vec::new(),
            events: Vec::new(),
            contents: 0,
        }
    }

    /// Takes the evaluation of a group; `tracked` is its state before.
    pub(super) fn evaluated(
        &mut self,
        rule: &Rule,
        identity: RuleIdentity,
        evaluation: &Evaluation,
        tracked: Option<&Tracked>,
    ) -> Result<()> {
        let Evaluation { labels, state, detection, evidence, transition, .. } = evaluation;
        let before = tracked.map_or(AlertState::Inactive, |tracked| tracked.state);
        if *state != before || tracked.is_some_and(|tracked| tracked.detection != *detection) {
            let next = (*state, *detection);
            state::write(&mut self.batch, &rule.name, labels, identity, next);
        }
        let alert = match (*state, tracked.and_then(|tracked| tracked.alert.as_ref())) {
            (AlertState::Firing(firing), Some(alert)) => {
                Some(self.still_open(rule, alert.clone(), firing, evaluation))
            }
            (AlertState::Firing(firing), None) => Some(self.fired(rule, evaluation, firing)?),
            (AlertState::Inactive, Some(alert)) => {
                let reason = transition.map(|transition| transition.reason);
                Some(self.ended(alert.clone(), *evidence, reason))
            }
            (AlertState::Inactive | AlertState::Pending { .. }, _) => None,
        };
        self.events.extend(TransitionEvent::of(rule, evaluation, self.at));
        let next = (*state != AlertState::Inactive).then(|| NextState {
            identity,
            state: *state,
            detection: *detection,
            alert_since: alert.as_ref().map(|it| it.alert.pending_at),
        });
        self.groups.push(((rule.name.clone(), labels.clone()), next));
        self.alerts.extend(alert.map(|it| (instance(&it.alert), it)));
        Ok(())
    }

    /// Ends what is tracked of a group that its rule no longer evaluates.
    pub(super) fn retired(
        &mut self,
        (rule, labels): AlertKeyRef<'_>,
        tracked: &Tracked,
        reason: StateReason,
    ) {
        let at_rest = (AlertState::Inactive, Detection::default());
        state::write(&mut self.batch, rule, labels, tracked.identity, at_rest);
        let alert = tracked.alert.clone().map(|alert| self.ended(alert, None, Some(reason)));
        let ended = alert.as_ref().map(|it| &it.alert);
        self.events.push(TransitionEvent::retired((rule, labels), ended, reason, self.at));
        self.groups.push(((rule.to_owned(), labels.clone()), None));
        self.alerts.extend(alert.map(|it| (instance(&it.alert), it)));
    }

    /// A new alert. When history is evaluated again it may be on record already, and continues with what
    /// was notified of it.
    fn fired(&self, rule: &Rule, evaluation: &Evaluation, firing: Firing) -> Result<RecordedAlert> {
        let Evaluation { labels, evidence, detection, .. } = evaluation;
        let evidence = evidence.unwrap_or(Evidence::NONE);
        // A scan names the window that proved it.
        let found_ms = i64::from(detection.window_min) * 60_000;
        let window_ms = if found_ms > 0 { found_ms } else { rule.window_ms };
        let id = alert_id(&rule.name, labels, firing.since);
        let known = alerts::get(self.store, &id)?;
        let mut alert =
            known.unwrap_or_else(|| Alert::fired(rule, labels, firing, evidence, window_ms));
        alert.severity = firing.severity;
        (alert.resolved_at, alert.resolved_because) = (None, None);
        alert.observe(rule, evidence);
        Ok(RecordedAlert { alert, is_changed: true })
    }

    /// One more slot of an open alert. It is written when something about it changed, and once a minute
    /// for its newest evaluation.
    fn still_open(
        &self,
        rule: &Rule,
        mut alert: Alert,
        firing: Firing,
        evaluation: &Evaluation,
    ) -> RecordedAlert {
        alert.severity = firing.severity;
        let evidence = evaluation.evidence;
        let is_peak = evidence.is_some_and(|evidence| alert.observe(rule, evidence));
        let width_ms = self.store.slot_width().ms();
        let is_new_minute = evidence.is_some() && self.at.0.rem_euclid(LATEST_WRITE_MS) < width_ms;
        let is_changed = evaluation.transition.is_some() || is_peak || is_new_minute;
        RecordedAlert { alert, is_changed }
    }

    fn ended(
        &self,
        mut alert: Alert,
        evidence: Option<Evidence>,
        reason: Option<StateReason>,
    ) -> RecordedAlert {
        if let Some(evidence) = evidence {
            alert.latest = evidence;
        }
        // It cannot end before it fired, though a clock that was set back may show an earlier time.
        alert.resolved_at = Some(self.at.max(alert.fired_at));
        alert.resolved_because = reason;
        RecordedAlert { alert, is_changed: true }
    }

    /// Reads the alerts that have ended before and have triggered an open notification.
    pub(super) fn load_triggers(&mut self, grouping: &Grouping) -> Result<()> {
        for (trigger, _) in grouping.triggers() {
            if self.alerts.contains_key(trigger) {
                continue;
            }
            let ((rule, labels), since) = trigger;
            let found = readable(alerts::get(self.store, &alert_id(rule, labels, *since)))?;
            let recorded = found.map(|alert| RecordedAlert { alert, is_changed: false });
            self.alerts.extend(recorded.map(|it| (trigger.clone(), it)));
        }
        Ok(())
    }

    /// What was notified of the alerts before this slot.
    pub(super) fn statuses(&self) -> Statuses<'_> {
        let each = self.alerts.iter();
        each.map(|(((rule, labels), since), it)| {
            ((rule.as_str(), labels, *since), &it.alert.notify)
        })
        .collect()
    }

    /// The notified alerts that someone has acknowledged, when that can matter.
    pub(super) fn acknowledged(&self) -> Result<BTreeSet<AlertInstance>> {
        let mut acknowledged = BTreeSet::new();
        if self.rules.receivers.iter().all(|receiver| receiver.escalate.is_none()) {
            return Ok(acknowledged);
        }
        for (instance, RecordedAlert { alert, .. }) in &self.alerts {
            if alert.notify.is_resolve_due()
                && readable(acknowledgement::get(self.store, &alert.id))?.is_some()
            {
                acknowledged.insert(instance.clone());
            }
        }
        Ok(acknowledged)
    }

    /// Applies a decision: deliveries are created, and the alerts record what was notified. `grouping` is
    /// that after the slot.
    pub(super) fn apply(&mut self, decision: Decision, grouping: &Grouping) {
        for notification in decision.notifications {
            self.deliver(notification, grouping);
        }
        for (action, notice) in decision.notices {
            let (group, receivers) = (notice.rule.clone(), notice.notify.receivers.clone());
            let (alert, content) = (notice, Content::default());
            let record = NotificationRecord { action, at: self.at, group, alert, content };
            self.add_deliveries(&record, &receivers);
        }
        for (instance, status) in decision.changed {
            if let Some(recorded) = self.alerts.get_mut(&instance) {
                recorded.alert.notify = status;
                recorded.is_changed = true;
            }
        }
    }

    fn deliver(&mut self, notification: Notification, grouping: &Grouping) {
        let Notification { alert, action, group, receivers, status, unacknowledged_ms } =
            notification;
        let Some(recorded) = self.alerts.get(&alert).filter(|_| !receivers.is_empty()) else {
            return;
        };
        let sharing = grouping.sharing(&alert.0);
        let alert = Alert { notify: status, ..recorded.alert.clone() };
        let source =
            ContentSource { rules: self.rules, base_url: self.base_url, sharing, at: self.at };
        let findings = if self.contents < TRENDS_PER_SLOT_MAX {
            find(self.store, &alert, &source)
        } else {
            Findings::default()
        };
        let mut content = compose(&alert, &source, findings);
        self.contents += 1;
        if let Some(after_ms) = unacknowledged_ms {
            let reason = format!("nobody acknowledged it for {}", units::duration(after_ms));
            content.muted_by = Some(reason);
        }
        let record = NotificationRecord { action, at: self.at, group, alert, content };
        self.add_deliveries(&record, &receivers);
    }

    fn add_deliveries(&mut self, record: &NotificationRecord, receivers: &[NotifiedReceiver]) {
        for NotifiedReceiver { receiver, fingerprint, .. } in receivers {
            let (receiver, fingerprint) = (receiver.clone(), fingerprint.clone());
            self.deliveries.push(Delivery::new(receiver, fingerprint, record.clone()));
        }
    }

    /// Whether nothing is to be written.
    pub(super) fn is_empty(&self) -> bool {
        self.batch.is_empty()
            && self.deliveries.is_empty()
            && self.alerts.values().all(|recorded| !recorded.is_changed)
    }

    /// Writes everything, with what `also` adds, in one commit; then updates the states in memory.
    pub(super) fn commit(
        mut self,
        tracking: &mut Tracking,
        also: impl FnOnce(&mut TableBatch),
    ) -> Result<Vec<TransitionEvent>> {
        for recorded in self.alerts.values().filter(|recorded| recorded.is_changed) {
            alerts::put(&mut self.batch, &recorded.alert);
        }
        self.put_deliveries()?;
        also(&mut self.batch);
        let events = std::mem::take(&mut self.events);
        self.store.commit(std::mem::take(&mut self.batch))?;
        self.keep_in_memory(tracking);
        Ok(events)
    }

    /// Updates the states in memory without a commit, when only newest evaluations have changed.
    pub(super) fn keep_in_memory(mut self, tracking: &mut Tracking) {
        debug_assert!(self.batch.is_empty(), "a change would be lost");
        for (key, next) in std::mem::take(&mut self.groups) {
            let tracked = next.map(|NextState { identity, state, detection, alert_since }| {
                let alert = alert_since.and_then(|since| self.alerts.remove(&(key.clone(), since)));
                Tracked { identity, state, detection, alert: alert.map(|it| it.alert) }
            });
            tracking.set(&key.0, &key.1, tracked);
        }
    }

    /// Puts the deliveries into the outbox, or into the dead letters when they cannot be sent. A resolve
    /// always fits, and goes to receivers that were removed as well: the notifier knows their targets.
    fn put_deliveries(&mut self) -> Result<()> {
        let mut backlog: BTreeMap<String, usize> = BTreeMap::new();
        for delivery in std::mem::take(&mut self.deliveries) {
            let limit = OUTBOX_ENTRIES_PER_RECEIVER_MAX;
            let waiting = match backlog.get(&delivery.receiver) {
                Some(waiting) => *waiting,
                None => outbox::backlog(self.store, &delivery.receiver, limit)?,
            };
            backlog.insert(delivery.receiver.clone(), waiting + 1);
            let delivery = match outbox::newest_at(self.store, &delivery)? {
                // The clock was set back: what follows comes after what waits.
                Some(newest) if newest >= delivery.at => delivery.decided_at(newest.plus_ms(1)),
                _ => delivery,
            };
            let begins = delivery.action.begins();
            let dead = if begins && self.rules.receiver(&delivery.receiver).is_none() {
                Some((DeadReason::ReceiverRemoved, "the rules file no longer has it"))
            } else if begins && waiting >= limit {
                Some((DeadReason::OutboxFull, "too many deliveries wait for it"))
            } else {
                None
            };
            match dead {
                Some((reason, detail)) => {
                    let batch = &mut self.batch;
                    ledger::give_up(batch, delivery, reason, detail.to_owned(), self.at);
                }
                None => outbox::put(&mut self.batch, &delivery),
            }
        }
        Ok(())
    }
}

fn instance(alert: &Alert) -> AlertInstance {
    ((alert.rule.clone(), alert.labels.clone()), alert.pending_at)
}

/// A damaged row must not stop evaluation: it is logged and treated as absent.
fn readable<T>(read: Result<Option<T>>) -> Result<Option<T>> {
    match read {
        Err(error @ Error::Corrupt { .. }) => {
            tracing::error!(%error, "evaluation continues without it");
            Ok(None)
        }
        read => read,
    }
}
