//! Notification: the evaluations of a slot go in; records, the state of notification and outbox entries
//! come out, in one commit. It reads records; of the cells only what the content of a notification shows.

use std::collections::BTreeSet;
use std::sync::Arc;

use plimsoll_query::Selector;
use plimsoll_storage::{Label, LabelMatchers, Slot, Store, StreamKind, TableBatch, TimestampMs};

use crate::engine::{AlertState, ClockStep, Evaluation, ExpectedSince, Firing, StateReason};
use crate::error::Result;
use crate::evaluate::slot_write::SlotWrite;
use crate::labels::{GroupLabels, SANDBOX};
use crate::notify::decide::{AlertRef, NotifyState, SlotInput, decide, retire};
use crate::notify::event::{SlotEvaluations, TransitionEvent};
use crate::notify::grouping::AlertKey;
use crate::notify::open::{OpenAlerts, muted_by_rules};
use crate::notify::release::{ReportedRelease, any_takes_changes};
use crate::records::alerts::{self, alert_id};
use crate::records::checkpoint;
use crate::records::silence::{self, Silence};
use crate::records::state::{self, Tracked, TrackedGroup, Tracking};
use crate::rule::{Rule, RuleIdentity, RuleSet};

/// Where links in notifications lead unless configured: where the server listens by default.
const BASE_URL_DEFAULT: &str = "http://127.0.0.1:8585";

/// Decides who is notified of the evaluations of a store, and records it.
#[derive(Debug)]
pub(super) struct SlotNotifier {
    store: Arc<Store>,
    rules: Arc<RuleSet>,
    /// In the order of rules.
    identities: Vec<RuleIdentity>,
    /// The public address of this server, for links in notifications.
    base_url: String,
    tracking: Tracking,
    state: NotifyState,
    open: OpenAlerts,
    /// Groups may be tracked whose rule is gone or has changed.
    may_be_retired: bool,
}

/// How a slot is recorded.
#[derive(Debug, Clone, Copy)]
pub(super) struct SlotOptions {
    /// The slot was missed and is made up for: only ends are notified.
    pub(super) is_missed: bool,
    /// The cursor is written even if nothing else changed.
    pub(super) writes_cursor: bool,
}

impl SlotNotifier {
    /// Continues from what is stored.
    ///
    /// # Errors
    /// When the store cannot be read.
    pub(super) fn load(store: Arc<Store>, rules: Arc<RuleSet>) -> Result<Self> {
        let state = NotifyState {
            grouping: checkpoint::GROUPING.load(&store)?.unwrap_or_default(),
            reminders: checkpoint::REMINDERS.load(&store)?.unwrap_or_default(),
            releases: checkpoint::RELEASES.load(&store)?.unwrap_or_default(),
        };
        let tracking = Tracking::load(&store)?;
        let open = open_alerts(&rules, &tracking);
        Ok(Self {
            store,
            identities: identities(&rules),
            rules,
            base_url: BASE_URL_DEFAULT.to_owned(),
            tracking,
            state,
            open,
            may_be_retired: true,
        })
    }

    /// Lets links in notifications begin with an address.
    pub(super) fn with_base_url(self, base_url: &str) -> Self {
        Self { base_url: base_url.trim_end_matches('/').to_owned(), ..self }
    }

    /// Notifies by other rules from the next slot on.
    pub(super) fn reload(&mut self, rules: Arc<RuleSet>) {
        self.identities = identities(&rules);
        self.rules = rules;
        self.may_be_retired = true;
    }

    /// The groups that are not at rest, for an engine that continues from them.
    pub(super) fn tracked(&self) -> impl Iterator<Item = TrackedGroup<'_>> {
        self.tracking.iter()
    }

    /// Decides and records what the evaluations of a slot mean. Returns the changes of state; `None` when
    /// nothing was written.
    ///
    /// # Errors
    /// When the store fails. Nothing is written then.
    pub(super) fn notify(
        &mut self,
        slot: Slot,
        evaluated: &SlotEvaluations,
        options: SlotOptions,
    ) -> Result<Option<Vec<TransitionEvent>>> {
        let SlotEvaluations { at, evaluations } = evaluated;
        let mut write = SlotWrite::new(&self.store, &self.rules, &self.base_url, *at);
        for evaluation in evaluations {
            let known = self.rules.rules.get(evaluation.rule);
            if let Some((rule, identity)) = known.zip(self.identities.get(evaluation.rule)) {
                let tracked = self.tracking.get(&rule.name, &evaluation.labels);
                write.evaluated(rule, *identity, evaluation, tracked)?;
            }
        }
        write.load_triggers(&self.state.grouping)?;
        self.open.update(&self.rules, evaluations);
        let input = SlotInput {
            at: *at,
            rules: &self.rules,
            evaluations,
            open: &self.open,
            silences: &self.silences(evaluations),
            releases: &self.new_releases(),
            statuses: &write.statuses(),
            acknowledged: &write.acknowledged()?,
            is_missed: options.is_missed,
        };
        let (decision, next) = decide(&input, &self.state);
        write.apply(decision, &next.grouping);
        if write.is_empty() && next == self.state && !options.writes_cursor {
            write.keep_in_memory(&mut self.tracking);
            return Ok(None);
        }
        let before = &self.state;
        let events = write.commit(&mut self.tracking, |batch| {
            checkpoint::CURSOR.put(batch, &slot);
            put_changed(batch, before, &next);
        })?;
        self.state = next;
        Ok(Some(events))
    }

    /// Ends what is tracked of rules that are gone or have changed, before a slot is evaluated by the rules
    /// that are in force. Returns the changes of state.
    ///
    /// # Errors
    /// When the store fails; the next call tries again.
    pub(super) fn retire(&mut self, at: TimestampMs) -> Result<Vec<TransitionEvent>> {
        if !self.may_be_retired {
            return Ok(Vec::new());
        }
        let retired: Vec<(String, GroupLabels, Tracked, StateReason)> = self
            .tracking
            .iter()
            .filter_map(|(rule, labels, tracked)| {
                let reason = self.retire_reason(rule, labels, tracked)?;
                Some((rule.to_owned(), labels.clone(), tracked.clone(), reason))
            })
            .collect();
        if retired.is_empty() {
            self.may_be_retired = false;
            return Ok(Vec::new());
        }
        // Where history is evaluated again, an alert may have fired later than the slot.
        let fired = retired.iter().filter_map(|(_, _, tracked, _)| tracked.alert.as_ref());
        let at = fired.map(|alert| alert.fired_at).fold(at, TimestampMs::max);
        let mut write = SlotWrite::new(&self.store, &self.rules, &self.base_url, at);
        for (rule, labels, tracked, reason) in &retired {
            write.retired((rule, labels), tracked, *reason);
        }
        write.load_triggers(&self.state.grouping)?;
        let keys: Vec<AlertKey> =
            retired.iter().map(|(rule, labels, ..)| (rule.clone(), labels.clone())).collect();
        let alerts: Vec<AlertRef<'_>> = retired.iter().filter_map(alert_ref).collect();
        let input = SlotInput {
            at,
            rules: &self.rules,
            evaluations: &[],
            open: &self.open,
            silences: &[],
            releases: &[],
            statuses: &write.statuses(),
            acknowledged: &BTreeSet::new(),
            is_missed: false,
        };
        let (decision, next) = retire(&input, &self.state, &keys, &alerts);
        write.apply(decision, &next.grouping);
        let events = write.commit(&mut self.tracking, |batch| {
            checkpoint::GROUPING.put(batch, &next.grouping);
        })?;
        keys.iter().for_each(|(rule, labels)| self.open.remove(rule, labels));
        self.state = next;
        self.may_be_retired = false;
        Ok(events)
    }

    /// Stops every running timer, because time does not continue where they stopped: pending states end,
    /// open alerts wait anew.
    ///
    /// # Errors
    /// When the store cannot be written.
    pub(super) fn reset_timers(&mut self) -> Result<()> {
        let reset = |state: AlertState| match state {
            AlertState::Firing(firing) => {
                AlertState::Firing(Firing { clear_since: None, moved_since: None, ..firing })
            }
            AlertState::Inactive | AlertState::Pending { .. } => AlertState::Inactive,
        };
        let mut batch = TableBatch::default();
        let mut changed = Vec::new();
        for (rule, labels, tracked) in self.tracking.iter() {
            let state = reset(tracked.state);
            state::write(&mut batch, rule, labels, tracked.identity, (state, tracked.detection));
            let next =
                (state != AlertState::Inactive).then(|| Tracked { state, ..tracked.clone() });
            changed.push((rule.to_owned(), labels.clone(), next));
        }
        self.store.commit(batch)?;
        for (rule, labels, next) in changed {
            self.tracking.set(&rule, &labels, next);
        }
        Ok(())
    }

    /// Moves every running timer, because the clock was set: each has run for as long as before. Evaluation
    /// goes on after `cursor`.
    ///
    /// # Errors
    /// When the store cannot be read or written.
    pub(super) fn move_timers(&mut self, by_ms: i64, step: ClockStep, cursor: Slot) -> Result<()> {
        let mut batch = TableBatch::default();
        let mut changed = Vec::new();
        for (rule, labels, tracked) in self.tracking.iter() {
            let state = tracked.state.moved_by(by_ms);
            state::write(&mut batch, rule, labels, tracked.identity, (state, tracked.detection));
            let alert = tracked.alert.clone().map(|mut alert| {
                alert.notify.move_by(by_ms);
                alerts::put(&mut batch, &alert);
                alert
            });
            changed.push((rule.to_owned(), labels.clone(), Tracked { state, alert, ..*tracked }));
        }
        // A notification can outlive the alert that has triggered it.
        for (((rule, labels), since), _) in self.state.grouping.triggers() {
            let ended = alerts::get(&self.store, &alert_id(rule, labels, *since))?;
            if let Some(mut alert) = ended.filter(|alert| alert.resolved_at.is_some()) {
                alert.notify.move_by(by_ms);
                alerts::put(&mut batch, &alert);
            }
        }
        if let Some(mut expected) = checkpoint::EXPECTED.load::<ExpectedSince>(&self.store)? {
            expected.values_mut().for_each(|since| *since = since.plus_ms(by_ms));
            checkpoint::EXPECTED.put(&mut batch, &expected);
        }
        let mut grouping = self.state.grouping.clone();
        grouping.move_by(by_ms);
        checkpoint::GROUPING.put(&mut batch, &grouping);
        checkpoint::CLOCK_STEP.put(&mut batch, &step);
        checkpoint::CURSOR.put(&mut batch, &cursor);
        self.store.commit(batch)?;
        self.state.grouping = grouping;
        for (rule, labels, tracked) in changed {
            self.tracking.set(&rule, &labels, Some(tracked));
        }
        self.open = open_alerts(&self.rules, &self.tracking);
        Ok(())
    }

    /// Why a tracked group is no longer evaluated as it was; `None` when it is.
    fn retire_reason(
        &self,
        rule: &str,
        labels: &GroupLabels,
        tracked: &Tracked,
    ) -> Option<StateReason> {
        let position = self.rules.rules.iter().position(|it| it.name == rule);
        let Some(position) = position else { return Some(StateReason::RuleRemoved) };
        let is_grouped = |it: &Rule| it.groupings().any(|by| labels.are_by(by));
        if !self.rules.rules.get(position).is_some_and(is_grouped) {
            return Some(StateReason::GroupingChanged);
        }
        let is_same = self.identities.get(position) == Some(&tracked.identity);
        (!is_same).then_some(StateReason::RuleChanged)
    }

    /// The silences, when they can matter. If they cannot be read, alerts are notified.
    fn silences(&self, evaluations: &[Evaluation]) -> Vec<Silence> {
        let is_open = |it: &Evaluation| matches!(it.state, AlertState::Firing(_));
        if self.state.reminders.is_empty() && !evaluations.iter().any(is_open) {
            return Vec::new();
        }
        silence::list(&self.store).unwrap_or_else(|error| {
            tracing::error!(%error, "silences cannot be read and mute nothing");
            Vec::new()
        })
    }

    /// The releases that were not reported before.
    fn new_releases(&self) -> Vec<ReportedRelease> {
        if !any_takes_changes(&self.rules) {
            return Vec::new();
        }
        let names = self.store.label_values(Label::Release).into_iter();
        let new = names.filter(|name| !self.state.releases.is_known(name));
        new.map(|name| reported_release(&self.store, name)).collect()
    }
}

/// The alerts that are open and mute others.
fn open_alerts(rules: &RuleSet, tracking: &Tracking) -> OpenAlerts {
    let mut open = OpenAlerts::default();
    for (name, labels, tracked) in tracking.iter() {
        let (AlertState::Firing(firing), Some(rule)) = (tracked.state, rules.rule(name)) else {
            continue;
        };
        if muted_by_rules(rules, rule, firing.severity, labels).is_none() {
            open.add(name, labels, firing.fired_at, None);
        }
    }
    open
}

/// A release with the partners and environments outside the sandbox that report it.
fn reported_release(store: &Store, name: String) -> ReportedRelease {
    let labels = LabelMatchers::any_of(Label::Release, [name.clone()]);
    let selector = Selector { kind: StreamKind::Activity, stream: None, labels };
    let mut release = ReportedRelease { name, ..ReportedRelease::default() };
    for stream in selector.streams(store) {
        let labels = store.stream_labels(stream, &[Label::Partner, Label::Environment]);
        if let [partner, environment] = &labels[..]
            && environment != SANDBOX
        {
            release.partners.insert(partner.clone());
            release.environments.insert(environment.clone());
        }
    }
    release
}

fn alert_ref<'a>(
    (rule, labels, tracked, _): &'a (String, GroupLabels, Tracked, StateReason),
) -> Option<AlertRef<'a>> {
    tracked.alert.as_ref().map(|alert| (rule.as_str(), labels, alert.pending_at))
}

fn identities(rules: &RuleSet) -> Vec<RuleIdentity> {
    rules.rules.iter().map(Rule::identity).collect()
}

fn put_changed(batch: &mut TableBatch, before: &NotifyState, next: &NotifyState) {
    if before.grouping != next.grouping {
        checkpoint::GROUPING.put(batch, &next.grouping);
    }
    if before.reminders != next.reminders {
        checkpoint::REMINDERS.put(batch, &next.reminders);
    }
    if before.releases != next.releases {
        checkpoint::RELEASES.put(batch, &next.releases);
    }
}
