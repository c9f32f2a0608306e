//! One slot under judgement: what changes is collected, then written in one commit.

mod messages;

use std::collections::{BTreeMap, BTreeSet};

use plimsoll_storage::{Store, TableBatch, TimestampMs};

use super::TransitionEvent;
use crate::engine::{
    AlertState, Detection, Evaluation, Evidence, Firing, StateChange, StateReason, Transition,
};
use crate::error::Result;
use crate::labels::GroupLabels;
use crate::limits::SENDS_IN_FLIGHT_MAX;
use crate::message::content::{self, ContentSource};
use crate::notify::due;
use crate::notify::grouping::{AlertKey, GroupChange, GroupEvent, Grouping};
use crate::records::alerts::{self, Alert, NotifiedReceiver, alert_id};
use crate::records::delivery::{Action, DeadReason, Delivery, NotificationRecord};
use crate::records::muted_by::MutedBy;
use crate::records::state::{Tracked, Tracking, write_state};
use crate::records::{ledger, outbox};
use crate::rule::{Rule, RuleIdentity, RuleSet};
use crate::text::content::Content;

/// Entries waiting for one receiver. Beyond it new triggers go to the dead letters; a resolve always
/// fits, because its trigger did.
const OUTBOX_ENTRIES_PER_RECEIVER_MAX: usize = 10_000;
const _: () = assert!(OUTBOX_ENTRIES_PER_RECEIVER_MAX > SENDS_IN_FLIGHT_MAX);
/// Pages of one slot that tell their trend and examples, which are read from the store; further ones go
/// without.
const TRENDS_PER_SLOT_MAX: usize = 50;

/// The newest judgement of an open alert is written once in this time, in ms.
const LATEST_WRITE_MS: i64 = 60_000;

/// A group's next state, for after the commit.
type Staged = (String, GroupLabels, Option<Tracked>);

/// The slot that is judged, with everything it changes.
pub(super) struct SlotRun<'a> {
    store: &'a Store,
    rules: &'a RuleSet,
    /// End of the slot.
    at: TimestampMs,
    batch: TableBatch,
    staged: Vec<Staged>,
    deliveries: Vec<Delivery>,
    events: Vec<TransitionEvent>,
    telling: Telling<'a>,
    /// Pages put together in this slot.
    pages: usize,
}

/// Who is told what in a slot.
pub(super) struct Telling<'a> {
    /// Alerts that begin a message.
    begins: BTreeSet<AlertKey>,
    /// Messages that end in this slot, by the alerts that spoke in them.
    ended: BTreeMap<AlertKey, String>,
    /// Open messages after this slot.
    pager: &'a Grouping,
    /// What keeps open alerts from being told.
    suppressed: BTreeMap<AlertKey, MutedBy>,
    /// The slot was missed: only ends are told.
    is_missed: bool,
    /// Where people reach this server.
    base_url: &'a str,
}

impl<'a> Telling<'a> {
    pub(super) fn new(
        says: &[GroupEvent],
        pager: &'a Grouping,
        suppressed: BTreeMap<AlertKey, MutedBy>,
        is_missed: bool,
        base_url: &'a str,
    ) -> Self {
        let begins = says.iter().filter(|say| say.word == GroupChange::Trigger);
        let begins = begins.map(|say| say.key.clone()).collect();
        let ended = says.iter().filter(|say| say.word == GroupChange::Resolve);
        let ended = ended.map(|say| (say.key.clone(), say.group.clone())).collect();
        Self { begins, ended, pager, suppressed, is_missed, base_url }
    }
}

impl<'a> SlotRun<'a> {
    pub(super) fn new(
        store: &'a Store,
        rules: &'a RuleSet,
        at: TimestampMs,
        telling: Telling<'a>,
    ) -> Self {
        Self {
            store,
            rules,
            at,
            batch: TableBatch::default(),
            staged: Vec::new(),
            deliveries: Vec::new(),
            events: Vec::new(),
            telling,
            pages: 0,
        }
    }

    /// Takes over what the engine made of one group.
    pub(super) fn take(
        &mut self,
        rule: &Rule,
        identity: RuleIdentity,
        verdict: &Evaluation,
        tracked: Option<&Tracked>,
    ) -> Result<()> {
        let Evaluation { labels, state, transition, evidence, detection, .. } = verdict;
        let before = tracked.map_or(AlertState::Inactive, |tracked| tracked.state);
        if *state != before || tracked.is_some_and(|tracked| tracked.detection != *detection) {
            write_state(&mut self.batch, &rule.name, labels, identity, (*state, *detection));
        }
        let alert = match (*state, tracked.and_then(|tracked| tracked.alert.as_ref())) {
            (AlertState::Firing(firing), Some(alert)) => {
                Some(self.go_on(rule, alert.clone(), firing, *evidence, transition.is_some()))
            }
            (AlertState::Firing(firing), None) => Some(self.fire(rule, verdict, firing)?),
            (AlertState::Inactive, Some(alert)) => {
                Some(self.end(alert.clone(), *evidence, *transition))
            }
            (AlertState::Inactive | AlertState::Pending { .. }, _) => None,
        };
        self.report(&rule.name, labels, *transition, *evidence, alert.as_ref());
        let next = Tracked { identity, state: *state, detection: *detection, alert };
        let next = (*state != AlertState::Inactive).then_some(next);
        self.staged.push((rule.name.clone(), labels.clone(), next));
        Ok(())
    }

    /// Ends what is tracked of a group whose rule no longer watches it.
    pub(super) fn retire(
        &mut self,
        rule: &str,
        labels: &GroupLabels,
        tracked: &Tracked,
        reason: StateReason,
    ) {
        let at_rest = (AlertState::Inactive, Detection::default());
        write_state(&mut self.batch, rule, labels, tracked.identity, at_rest);
        let change =
            if tracked.alert.is_some() { StateChange::Resolved } else { StateChange::Cancelled };
        let transition = Some(Transition::new(change, reason));
        let alert = tracked.alert.clone().map(|alert| self.end(alert, None, transition));
        self.report(rule, labels, transition, None, alert.as_ref());
        self.staged.push((rule.to_owned(), labels.clone(), None));
    }

    /// A new alert. When history is judged again it may be on record already, and then goes on with
    /// what was said about it.
    fn fire(&mut self, rule: &Rule, verdict: &Evaluation, firing: Firing) -> Result<Alert> {
        let Evaluation { labels, evidence, detection, .. } = verdict;
        let evidence = evidence.unwrap_or(Evidence::NONE);
        // A scan tells the window that proved it.
        let found_ms = i64::from(detection.window_min) * 60_000;
        let id = alert_id(&rule.name, labels, firing.since);
        let known = alerts::get(self.store, &id)?;
        let mut alert = known.unwrap_or_else(|| Alert {
            id,
            rule: rule.name.clone(),
            owner: rule.owner.clone(),
            runbook: rule.runbook.clone(),
            signal: rule.signal.kind(),
            symptom: rule.signal.symptom(),
            labels: labels.clone(),
            window_ms: if found_ms > 0 { found_ms } else { rule.window_ms },
            severity: firing.severity,
            pending_at: firing.since,
            fired_at: firing.fired_at,
            resolved_at: None,
            resolved_because: None,
            at_fire: evidence,
            latest: evidence,
            peak: evidence,
            suppressor: None,
            paged: None,
            resolve_sent_at: None,
            receivers: Vec::new(),
        });
        alert.severity = firing.severity;
        (alert.resolved_at, alert.resolved_because) = (None, None);
        alert.observe(rule, evidence);
        self.tell(Some(rule), &mut alert);
        alerts::put(&mut self.batch, &alert);
        Ok(alert)
    }

    /// One more slot of an open alert. It is written when something about it changed, and once a
    /// minute for its newest judgement.
    fn go_on(
        &mut self,
        rule: &Rule,
        mut alert: Alert,
        firing: Firing,
        evidence: Option<Evidence>,
        changed: bool,
    ) -> Alert {
        alert.severity = firing.severity;
        let is_peak = evidence.is_some_and(|evidence| alert.observe(rule, evidence));
        let told = self.tell(Some(rule), &mut alert);
        let width_ms = self.store.slot_width().ms();
        let minute = evidence.is_some() && self.at.0.rem_euclid(LATEST_WRITE_MS) < width_ms;
        if changed || is_peak || told || minute {
            alerts::put(&mut self.batch, &alert);
        }
        alert
    }

    fn end(
        &mut self,
        mut alert: Alert,
        evidence: Option<Evidence>,
        transition: Option<Transition>,
    ) -> Alert {
        if let Some(evidence) = evidence {
            alert.latest = evidence;
        }
        alert.resolved_at = Some(self.at);
        alert.resolved_because = transition.map(|transition| transition.reason);
        self.tell(None, &mut alert);
        alerts::put(&mut self.batch, &alert);
        alert
    }

    /// Puts out what is due to be said about the alert. `rule` names whom to tell; an end is told
    /// to those who heard of the beginning.
    fn tell(&mut self, rule: Option<&Rule>, alert: &mut Alert) -> bool {
        let held_back = self.is_held_back(alert);
        let Some(action) = due::due(alert, held_back, self.at) else {
            return self.note_suppressor(alert);
        };
        if let Some(rule) = rule {
            let receivers = rule.notify.iter().filter_map(|name| self.rules.receiver(name));
            alert.tell(receivers, action == Action::Trigger, self.at);
        }
        due::note(alert, action, self.at);
        self.notify(alert, action);
        alert.suppressor = None;
        true
    }

    /// Notes why an open alert that nobody was told of is not told. Answers whether that is new.
    fn note_suppressor(&self, alert: &mut Alert) -> bool {
        if alert.paged.is_some() || !alert.is_open() {
            return false;
        }
        let key = (alert.rule.clone(), alert.labels.clone());
        // What held it back before it waited is what its page tells.
        let folded = match self.telling.pager.waits(&key) {
            true => alert.suppressor.unwrap_or(MutedBy::Waiting),
            false => MutedBy::Shared,
        };
        let found = self.telling.suppressed.get(&key).copied().or(Some(folded));
        std::mem::replace(&mut alert.suppressor, found) != found
    }

    /// Whether the alert is not to be told now: its message is another's, or its message goes on
    /// though it has ended itself. What was told is never muted.
    fn is_held_back(&self, alert: &Alert) -> bool {
        let key = (alert.rule.clone(), alert.labels.clone());
        let Telling { begins, pager, is_missed, .. } = &self.telling;
        if alert.is_open() {
            return *is_missed || !begins.contains(&key) && !pager.owes(&key);
        }
        pager.owes(&key)
    }

    /// Tells the end of messages whose alert has ended before, or goes on at a severity that is not
    /// told.
    pub(super) fn end_messages(&mut self, says: &[GroupEvent]) -> Result<()> {
        for say in says.iter().filter(|say| say.word == GroupChange::Resolve) {
            let (rule, labels) = &say.key;
            let staged = self.staged.iter_mut().find(|(held_rule, held_labels, next)| {
                held_rule == rule && held_labels == labels && next.is_some()
            });
            let open = staged.and_then(|(_, _, next)| next.as_mut()?.alert.as_mut());
            let mut alert = match open {
                Some(alert) => {
                    due::note(alert, Action::Resolve, self.at);
                    alert.clone()
                }
                None => {
                    let id = alert_id(rule, labels, say.since);
                    let Some(mut alert) = alerts::get(self.store, &id)? else { continue };
                    if alert.paged.is_none() || alert.resolve_sent_at.is_some() || self.ends(&id) {
                        continue;
                    }
                    due::note(&mut alert, Action::Resolve, self.at);
                    alert
                }
            };
            alert.resolve_sent_at = Some(self.at);
            alerts::put(&mut self.batch, &alert);
            self.notify(&alert, Action::Resolve);
        }
        Ok(())
    }

    /// Whether the alert ends in this very slot, and so has told its end.
    fn ends(&self, id: &str) -> bool {
        self.events.iter().any(|event| {
            event.change == StateChange::Resolved && event.alert_id.as_deref() == Some(id)
        })
    }

    fn notify(&mut self, alert: &Alert, action: Action) {
        let said = self.said(alert, action);
        self.deliver(&said, &alert.receivers);
    }

    fn said(&mut self, alert: &Alert, action: Action) -> NotificationRecord {
        let key = (alert.rule.clone(), alert.labels.clone());
        let ended = || self.telling.ended.get(&key).map(String::as_str);
        let group = self.telling.pager.group_of_speaker(&key).or_else(ended).unwrap_or_default();
        let (at, group, content) = (self.at, group.to_owned(), self.content_of(alert));
        NotificationRecord { action, at, group, alert: alert.clone(), content }
    }

    fn deliver(&mut self, said: &NotificationRecord, to: &[NotifiedReceiver]) {
        for told in to {
            let (receiver, fingerprint) = (told.receiver.clone(), told.fingerprint.clone());
            self.deliveries.push(Delivery::new(receiver, fingerprint, said.clone()));
        }
    }

    fn content_of(&mut self, alert: &Alert) -> Content {
        let key = (alert.rule.clone(), alert.labels.clone());
        let with_trend = self.pages < TRENDS_PER_SLOT_MAX;
        self.pages += 1;
        let source = ContentSource {
            store: self.store,
            rules: self.rules,
            base_url: self.telling.base_url,
            sharing: self.telling.pager.sharing(&key),
            at: self.at,
            with_trend,
        };
        content::collect(alert, &source)
    }

    fn report(
        &mut self,
        rule: &str,
        labels: &GroupLabels,
        transition: Option<Transition>,
        evidence: Option<Evidence>,
        alert: Option<&Alert>,
    ) {
        let Some(Transition { change, reason }) = transition else { return };
        self.events.push(TransitionEvent {
            rule: rule.to_owned(),
            labels: labels.clone(),
            at: self.at,
            change,
            reason,
            severity: alert.map(|alert| alert.severity),
            evidence,
            alert_id: alert.map(|alert| alert.id.clone()),
        });
    }

    /// Whether nothing is to be written.
    pub(super) fn is_quiet(&self) -> bool {
        self.batch.is_empty() && self.deliveries.is_empty()
    }

    /// Writes everything, with what `also` adds, in one commit; then follows in memory.
    pub(super) fn commit(
        mut self,
        tracking: &mut Tracking,
        also: impl FnOnce(&mut TableBatch),
    ) -> Result<Vec<TransitionEvent>> {
        self.post()?;
        also(&mut self.batch);
        self.store.commit(self.batch)?;
        follow(tracking, self.staged);
        Ok(self.events)
    }

    /// Follows in memory without writing: for slots in which only the newest judgements changed.
    pub(super) fn follow(self, tracking: &mut Tracking) {
        debug_assert!(self.batch.is_empty(), "a change would be lost");
        follow(tracking, self.staged);
    }

    /// Moves the deliveries into the outbox, or to the dead letters when they cannot be sent. An end
    /// always fits, and is also told to receivers that were removed: the notifier knows how.
    fn post(&mut self) -> Result<()> {
        let mut backlog: BTreeMap<String, usize> = BTreeMap::new();
        for delivery in std::mem::take(&mut self.deliveries) {
            let limit = OUTBOX_ENTRIES_PER_RECEIVER_MAX;
            let waiting = match backlog.get(&delivery.receiver) {
                Some(waiting) => *waiting,
                None => outbox::backlog(self.store, &delivery.receiver, limit)?,
            };
            backlog.insert(delivery.receiver.clone(), waiting + 1);
            let begins = delivery.action.begins();
            let refused = if begins && self.rules.receiver(&delivery.receiver).is_none() {
                Some((DeadReason::ReceiverRemoved, "the rules file no longer has it"))
            } else if begins && waiting >= limit {
                Some((DeadReason::OutboxFull, "too many deliveries wait for it"))
            } else {
                None
            };
            match refused {
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

fn follow(tracking: &mut Tracking, staged: Vec<Staged>) {
    for (rule, labels, tracked) in staged {
        tracking.set(&rule, &labels, tracked);
    }
}
