//! Judging history: the engine and the pager that run live, with the clock of the data.
//!
//! The caller adds cells in the order they became known, moves the clock on, and gets every alert
//! with what was said about it. Batches that came twice are the caller's to drop; late cells are
//! simply added, late.

use std::collections::BTreeMap;
use std::sync::Arc;

use plimsoll_storage::{Slot, SlotValue, SlotWidth, StreamRef, TimestampMs};

use crate::alerts::alert_id;
use crate::delivery::Action;
use crate::engine::{Engine, StreamNumber, Verdict};
use crate::evaluate::{Event, grace_ms};
use crate::evidence::{Evidence, Severity};
use crate::labels::GroupLabels;
use crate::pager::{AlertKey, Heard, Pager};
use crate::rule::{RuleSet, SignalKind};
use crate::silence::Silence;
use crate::step::{Change, Firing, State};
use crate::voice::{self, Mutes};

/// Who is told in a replay when the rules file has no receivers.
const NOMINAL_RECEIVER: &str = "oncall";

/// A replay that is under way.
#[derive(Debug)]
pub struct Replay {
    rules: Arc<RuleSet>,
    width: SlotWidth,
    engine: Engine,
    silences: Vec<Silence>,
    pager: Pager,
    /// The first slot anything was observed of.
    first: Option<Slot>,
    /// The last slot anything was observed of.
    last: Option<Slot>,
    now: TimestampMs,
    open: BTreeMap<AlertKey, ReplayedAlert>,
    /// The severity that was told of alerts that spoke.
    told: BTreeMap<AlertKey, Severity>,
    ended: Vec<ReplayedAlert>,
    /// Every change of state, when they are asked for.
    transitions: Option<Vec<Event>>,
}

/// An alert of a replay.
#[derive(Debug, Clone, PartialEq)]
pub struct ReplayedAlert {
    /// Name of the rule.
    pub rule: String,
    /// What was measured.
    pub signal: SignalKind,
    /// The highest severity it had.
    pub severity: Severity,
    /// The group it is about.
    pub labels: GroupLabels,
    /// End of the first slot in which the condition held.
    pub pending_at: TimestampMs,
    /// When it fired.
    pub fired_at: TimestampMs,
    /// When it ended; `None` when it was open at the end of the data.
    pub resolved_at: Option<TimestampMs>,
    /// The judgement with the strongest bound.
    pub peak: Evidence,
    /// What was said, in order; nothing when it was folded into another alert's message.
    pub notifications: Vec<ReplayedNotification>,
}

/// Something that was said about an alert.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ReplayedNotification {
    /// When, in event time.
    pub at: TimestampMs,
    /// What.
    pub action: Action,
    /// Name of the receiver.
    pub receiver: String,
    /// Name of the message it belongs to: alerts of one group share it.
    pub group: String,
}

impl Replay {
    /// A replay of rules over slots of that width.
    #[must_use]
    pub fn new(rules: RuleSet, width: SlotWidth) -> Self {
        let rules = Arc::new(rules);
        Self {
            engine: Engine::new(Arc::clone(&rules), width),
            rules,
            width,
            silences: Vec::new(),
            pager: Pager::default(),
            first: None,
            last: None,
            now: TimestampMs(i64::MIN),
            open: BTreeMap::new(),
            told: BTreeMap::new(),
            ended: Vec::new(),
            transitions: None,
        }
    }

    /// Tells nobody of what these silences cover.
    #[must_use]
    pub fn silenced_by(self, silences: Vec<Silence>) -> Self {
        Self { silences, ..self }
    }

    /// Keeps every change of state as well, for [`Replay::take_transitions`].
    #[must_use]
    pub fn with_transitions(mut self) -> Self {
        self.transitions = Some(Vec::new());
        self
    }

    /// The changes of state since the last call, as the evaluator tells them; none unless they are
    /// asked for.
    pub fn take_transitions(&mut self) -> Vec<Event> {
        self.transitions.as_mut().map(std::mem::take).unwrap_or_default()
    }

    /// The number of a stream, for [`Replay::observe`].
    pub fn stream(&mut self, stream: StreamRef<'_>) -> StreamNumber {
        self.engine.stream(stream)
    }

    /// Adds a cell of a stream, as a delta.
    pub fn observe(&mut self, stream: StreamNumber, slot: Slot, value: &SlotValue) {
        self.engine.observe(stream, slot, value);
        self.first = Some(self.first.map_or(slot, |first| first.min(slot)));
        self.last = self.last.max(Some(slot));
    }

    /// The clock has come to `now`: judges every slot that has ended a grace ago. A clock that goes
    /// back is passed over.
    pub fn advance(&mut self, now: TimestampMs) {
        if now <= self.now {
            return;
        }
        self.now = now;
        let newest = self.width.slot_of(now.plus_ms(-grace_ms(self.width))).minus(1);
        self.judge_through(newest);
    }

    /// Judges what is left up to the end of the data.
    pub fn judge_rest(&mut self) {
        if let Some(last) = self.last {
            self.judge_through(last);
        }
    }

    /// Judges what is left up to the end of the data. Answers every alert, in the order of firing,
    /// rule and labels.
    #[must_use]
    pub fn finish(mut self) -> Vec<ReplayedAlert> {
        self.judge_rest();
        let mut alerts = self.ended;
        alerts.extend(self.open.into_values());
        alerts.sort_by(|a, b| {
            (a.fired_at, &a.rule, &a.labels).cmp(&(b.fired_at, &b.rule, &b.labels))
        });
        alerts
    }

    fn judge_through(&mut self, newest: Slot) {
        let Some(first) = self.first else { return };
        let mut next = self.engine.judged().map_or(first, |judged| judged.plus(1));
        while next <= newest {
            if self.engine.is_idle() {
                // Nothing can happen before the next cell.
                match self.engine.next_waiting() {
                    Some(waiting) => next = next.max(waiting.min(newest)),
                    None if self.engine.judged().is_some() => next = newest,
                    None => {}
                }
            }
            let verdicts = self.engine.judge(next);
            if !verdicts.is_empty() {
                self.record(self.width.end(next), &verdicts);
            }
            next = next.plus(1);
        }
    }

    fn record(&mut self, at: TimestampMs, verdicts: &[Verdict]) {
        let mut heard = Vec::new();
        for verdict in verdicts {
            self.note_transition(at, verdict);
            heard.extend(self.follow(at, verdict));
        }
        for say in self.pager.hear(self.rules.pages.as_ref(), at, &heard) {
            let action = if say.begins { Action::Trigger } else { Action::Resolve };
            self.tell(&say.key, say.since, at, action, &say.group);
        }
        for verdict in verdicts {
            self.escalate(at, verdict);
        }
    }

    fn note_transition(&mut self, at: TimestampMs, verdict: &Verdict) {
        let Some(transitions) = &mut self.transitions else { return };
        let Some((transition, rule)) = verdict.transition.zip(self.rules.rules.get(verdict.rule))
        else {
            return;
        };
        let alert = match (verdict.state, verdict.before) {
            (State::Firing(Firing { since, severity, .. }), _)
            | (State::Inactive, State::Firing(Firing { since, severity, .. })) => {
                Some((since, severity))
            }
            _ => None,
        };
        transitions.push(Event {
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
    fn escalate(&mut self, at: TimestampMs, verdict: &Verdict) {
        let Some(rule) = self.rules.rules.get(verdict.rule) else { return };
        let key = (rule.name.clone(), verdict.labels.clone());
        let State::Firing(firing) = verdict.state else {
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
    fn follow(&mut self, at: TimestampMs, verdict: &Verdict) -> Option<Heard> {
        let rule = self.rules.rules.get(verdict.rule)?;
        let key = (rule.name.clone(), verdict.labels.clone());
        let kind = rule.signal.kind();
        if let State::Firing(firing) = verdict.state {
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
            alert.severity = alert.severity.max(firing.severity);
            if let Some(evidence) = verdict.evidence
                && rule.is_worse(&evidence, &alert.peak)
            {
                alert.peak = evidence;
            }
            let labels = &verdict.labels;
            let dependent = || voice::is_dependent(&self.engine, rule, labels);
            let mutes = Mutes { rules: &self.rules, silences: &self.silences };
            let speaks = mutes.suppressor(rule, firing.severity, labels, at, dependent).is_none();
            // A mute holds back a beginning; it does not end what was told.
            let speaks = speaks || (self.pager.holds(&key) && firing.severity >= rule.voice.from);
            return Some(Heard { key, since: firing.since, kind, speaks });
        }
        let resolved = verdict.transition.is_some_and(|it| it.change == Change::Resolved);
        let mut alert = self.open.remove(&key).filter(|_| resolved)?;
        alert.resolved_at = Some(at);
        let since = alert.pending_at;
        self.ended.push(alert);
        Some(Heard { key, since, kind, speaks: false })
    }

    /// Who is told of a rule's alerts.
    fn receivers(&self, rule: &str) -> Vec<String> {
        let named = self.rules.rule(rule).map(|rule| rule.notify.clone()).unwrap_or_default();
        if named.is_empty() { vec![NOMINAL_RECEIVER.to_owned()] } else { named }
    }
}
