//! Why a rule did or did not fire: its judgements around a time, made again from the stored data by the
//! engine that runs live.
//!
//! The engine is warmed with the past of one rule and of the streams it needs, goes on with the alerts
//! that were open then, and judges slot after slot; beside its verdicts it is asked what it found
//! where nothing came of it.

mod words;

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Instant;

use plimsoll_query::{Budget, Selector};
use plimsoll_storage::{Label, Scan, Slot, Store, StreamId, TimestampMs};

use crate::engine::{AlertState, Detection, Engine, Evidence, Firing, Transition};
use crate::error::Result;
use crate::evaluate::{WarmUp, grace_ms, observe, seed};
use crate::labels::{GroupLabels, SANDBOX};
use crate::limits::LIST_ROWS_MAX;
use crate::notify::mute::{self, Mutes};
use crate::records::alerts::{self, Alert, AlertFilter, alert_id};
use crate::records::muted_by::MutedBy;
use crate::records::silence;
use crate::rule::{Rule, RuleSet};

/// Groups that one explanation tells of.
const EXPLAIN_GROUPS_MAX: usize = 20;
/// Judgements of a group that an explanation tells of, beside those that changed something.
const EXPLAIN_JUDGEMENTS_MAX: usize = 360;
/// How long an explanation judges at most before the first judgement it tells of, in ms.
const EXPLAIN_LEAD_MS_MAX: i64 = 6 * 3_600_000;
/// Longest span of an explanation, in ms.
pub const EXPLAIN_SPAN_MS_MAX: i64 = 24 * 3_600_000;

/// Timers settle over at least this long before the first judgement that is told, in ms.
const LEAD_MS_MIN: i64 = 10 * 60_000;

/// What is to be explained.
#[derive(Debug, Clone)]
pub struct ExplainRequest<'a> {
    /// The rule.
    pub rule: &'a Rule,
    /// Label values of the group; labels that the rule does not judge by are passed over.
    pub labels: Vec<(Label, String)>,
    /// The time it is about.
    pub at: TimestampMs,
    /// How much to tell, half of it before `at`, in ms.
    pub span_ms: i64,
    /// The time now: nothing later is judged.
    pub now: TimestampMs,
}

/// What was judged of the groups asked for.
#[derive(Debug, Clone)]
pub struct Explanation {
    /// The slot end the words are about: `at`, or the newest that can be judged.
    pub at: TimestampMs,
    /// In the order of labels.
    pub groups: Vec<GroupExplanation>,
    /// How many groups match that are not told of.
    pub groups_left_out: usize,
}

/// What was judged of one group.
#[derive(Debug, Clone)]
pub struct GroupExplanation {
    /// The group.
    pub labels: GroupLabels,
    /// In words, about `at`.
    pub words: String,
    /// In the order of time. Of a long span some are left out, but none that changed anything.
    pub judgements: Vec<ExplainedSlot>,
}

/// One judgement of one group.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct ExplainedSlot {
    /// End of the judged slot.
    pub t: TimestampMs,
    /// What was found; `None` when there was nothing to judge.
    pub evidence: Option<Evidence>,
    /// Where the group stood then.
    pub state: AlertState,
    /// What changed, when something did.
    pub transition: Option<Transition>,
    /// What kept the open alert from being told.
    pub suppressor: Option<MutedBy>,
}

/// Explains what a rule judged around a time. `None` when nothing that it judges has those labels.
///
/// # Errors
/// When the data cannot be read, or reading would cost more than the budget.
pub fn explain(
    store: &Store,
    rules: &RuleSet,
    question: &ExplainRequest<'_>,
    budget: Budget,
) -> Result<Option<Explanation>> {
    let rule = question.rule;
    let asked = asked_labels(rule, &question.labels);
    let mut run = Run::new(store, rules, rule, &asked);
    let (first, last) = run.slots(question);
    let groups = run.warm_up(first, &asked, budget)?;
    if groups.is_empty() {
        return Ok(None);
    }
    let groups_left_out = groups.len().saturating_sub(EXPLAIN_GROUPS_MAX);
    let mut told: Vec<GroupRun> = Vec::new();
    for labels in groups.into_iter().take(EXPLAIN_GROUPS_MAX) {
        told.push(GroupRun { records: run.go_on(&labels, first)?, labels, judgements: Vec::new() });
    }
    run.judge(first..last.plus(1), &mut told, budget)?;
    let width = store.slot_width();
    let from = question.at.plus_ms(-question.span_ms / 2);
    let at = width.end(last).min(width.end(width.slot_of(question.at.plus_ms(-1))));
    let silences = silence::list(store)?;
    let mutes = Mutes { rules: &run.rules, silences: &silences };
    let mut groups = Vec::new();
    for mut group in told {
        group.judgements.retain(|judgement| judgement.t >= from);
        group.note_suppressors(mutes, &run.dependencies(&group.labels)?);
        let words = words::words(rule, &group.labels, &group.judgements, at);
        let (labels, judgements) = (group.labels, thinned(group.judgements));
        groups.push(GroupExplanation { labels, words, judgements });
    }
    Ok(Some(Explanation { at, groups, groups_left_out }))
}

/// The labels asked for, of those that the rule judges by.
fn asked_labels(rule: &Rule, labels: &[(Label, String)]) -> GroupLabels {
    let judged: BTreeSet<Label> = rule.groupings().flatten().copied().collect();
    let is_sandbox =
        |(label, value): &(Label, String)| *label == Label::Environment && value == SANDBOX;
    let asked = labels.iter().filter(|one| judged.contains(&one.0) || is_sandbox(one));
    GroupLabels::new(asked.cloned())
}

/// One rule at work on what is stored.
struct Run<'a> {
    store: &'a Store,
    rules: Arc<RuleSet>,
    selector: Selector,
    streams: Vec<StreamId>,
    engine: Engine,
    /// Whether it is about a group of the sandbox.
    in_sandbox: bool,
    numbers: crate::evaluate::Numbers,
}

/// A group that is told of.
struct GroupRun {
    labels: GroupLabels,
    /// Its alerts on record.
    records: Vec<Alert>,
    judgements: Vec<ExplainedSlot>,
}

impl<'a> Run<'a> {
    fn new(store: &'a Store, rules: &RuleSet, rule: &Rule, asked: &GroupLabels) -> Self {
        // What a part is used to comes from its whole, so all streams of the whole are needed.
        let is_asked = |label: Label| {
            rule.by.contains(&label) || label == Label::Environment && asked.is_sandbox()
        };
        let of_whole = asked.iter().filter(|(label, _)| is_asked(*label));
        let whole = GroupLabels::new(of_whole.map(|(label, value)| (label, value.to_owned())));
        let selector = rule.selector_of(&whole);
        let rules = Arc::new(RuleSet {
            rules: vec![rule.clone()],
            partners: rules.partners.clone(),
            maintenance: rules.maintenance.clone(),
            holidays: rules.holidays.clone(),
            ..RuleSet::default()
        });
        Self {
            streams: selector.streams(store),
            selector,
            engine: Engine::new(Arc::clone(&rules), store.slot_width()),
            rules,
            store,
            in_sandbox: asked.is_sandbox(),
            numbers: crate::evaluate::Numbers::default(),
        }
    }

    fn rule(&self) -> &Rule {
        &self.rules.rules[0]
    }

    /// The first and the last slot that are judged.
    fn slots(&self, question: &ExplainRequest<'_>) -> (Slot, Slot) {
        let width = self.store.slot_width();
        let rule = question.rule;
        let timers_ms = rule.for_ms + rule.clear_ms.max(rule.keep_firing_ms);
        let lead_ms = timers_ms.clamp(LEAD_MS_MIN, EXPLAIN_LEAD_MS_MAX);
        let half_ms = question.span_ms / 2;
        let newest = width.slot_of(question.now.plus_ms(-grace_ms(width))).minus(1);
        let last = width.slot_of(question.at.plus_ms(half_ms - 1)).min(newest);
        let first = width.slot_of(question.at.plus_ms(-half_ms - lead_ms)).min(last);
        (first, last)
    }

    /// Learns the past, and answers the groups asked for.
    fn warm_up(
        &mut self,
        first: Slot,
        asked: &GroupLabels,
        budget: Budget,
    ) -> Result<Vec<GroupLabels>> {
        let plan = WarmUp::of(&self.rules, self.store.slot_width(), first, self.streams.len());
        let cells: u64 = plan
            .clone()
            .map(|(slots, grain)| {
                self.store.cells_max(&Scan { grain, ..Scan::new(&self.streams, slots) })
            })
            .sum();
        if cells > budget.cells_max {
            let limit = budget.cells_max;
            return Err(plimsoll_query::Error::TooManyCells { cells, limit }.into());
        }
        for (slots, grain) in plan {
            let last = slots.end.minus(1);
            self.read(slots, grain, budget)?;
            self.engine.warm_up(last);
        }
        let rule = &self.rules.rules[0];
        seed(self.store, &mut self.engine, rule, &self.selector, self.in_sandbox, first)?;
        // Whom the rules file expects something of is watched from the first moment on.
        self.engine.warm_up(first.minus(1));
        Ok(self.groups(asked))
    }

    /// The groups that have the labels asked for: the one that has no others, or else each. Those that
    /// report only later are judged as well, as having nothing to judge.
    fn groups(&self, asked: &GroupLabels) -> Vec<GroupLabels> {
        let mut groups: BTreeSet<GroupLabels> =
            self.engine.groups_of(&self.rule().name).into_iter().collect();
        for by in self.rule().groupings() {
            let known = plimsoll_query::groups(self.store, &self.selector, by);
            let on_top = self.in_sandbox.then(|| (Label::Environment, SANDBOX.to_owned()));
            let labels = |group: plimsoll_query::Group| {
                GroupLabels::new(group.labels.into_iter().chain(on_top.clone()))
            };
            groups.extend(known.into_iter().map(labels));
        }
        if groups.contains(asked) {
            return vec![asked.clone()];
        }
        let has = |labels: &GroupLabels| {
            asked.iter().all(|(label, value)| labels.get(label) == Some(value))
        };
        groups.into_iter().filter(has).collect()
    }

    fn read(&mut self, slots: std::ops::Range<Slot>, grain: u32, budget: Budget) -> Result<()> {
        if budget.deadline.is_some_and(|deadline| Instant::now() >= deadline) {
            return Err(plimsoll_query::Error::TimedOut.into());
        }
        let Self { store, engine, numbers, streams, .. } = self;
        let scan = Scan { grain, ..Scan::new(streams, slots) };
        store.scan(&scan, &mut |stream, slot, value| {
            observe(engine, store, numbers, stream, slot, value);
        })?;
        Ok(())
    }

    /// Goes on with the alert of a group that was open at the first slot, and passes over what alerts
    /// that had ended rested on. Answers its alerts on record.
    fn go_on(&mut self, labels: &GroupLabels, first: Slot) -> Result<Vec<Alert>> {
        let rule = self.rule().name.clone();
        let own = labels.iter().map(|(label, value)| (label, value.to_owned())).collect();
        let filter = AlertFilter { rule: Some(rule.clone()), labels: own, open: None };
        let mut records = alerts::list(self.store, &filter, LIST_ROWS_MAX)?;
        records.retain(|alert| alert.labels == *labels);
        let at = self.store.slot_width().start(first);
        for alert in &records {
            match alert.resolved_at {
                Some(resolved_at) if resolved_at <= at => {
                    self.engine.note_resolved(&rule, labels, resolved_at);
                }
                _ if alert.fired_at <= at => {
                    let firing = Firing {
                        since: alert.pending_at,
                        fired_at: alert.fired_at,
                        severity: alert.severity,
                        clear_since: None,
                        moved_since: None,
                    };
                    let window_min = u32::try_from(alert.window_ms / 60_000).unwrap_or(0);
                    let detection = Detection { window_min, ..Detection::default() };
                    self.engine.restore(&rule, labels, AlertState::Firing(firing), detection);
                }
                _ => {}
            }
        }
        Ok(records)
    }

    fn judge(
        &mut self,
        slots: std::ops::Range<Slot>,
        groups: &mut [GroupRun],
        budget: Budget,
    ) -> Result<()> {
        self.read(slots.clone(), 1, budget)?;
        let width = self.store.slot_width();
        let rule = self.rule().name.clone();
        for number in slots.start.0..slots.end.0 {
            let slot = Slot(number);
            let verdicts = self.engine.evaluate(slot);
            for group in groups.iter_mut() {
                let verdict = verdicts.iter().find(|verdict| verdict.labels == group.labels);
                let found = verdict.and_then(|verdict| verdict.evidence);
                let evidence =
                    found.or_else(|| self.engine.compute_evidence(&rule, &group.labels, slot));
                group.judgements.push(ExplainedSlot {
                    t: width.end(slot),
                    evidence,
                    state: verdict.map_or(AlertState::Inactive, |verdict| verdict.state),
                    transition: verdict.and_then(|verdict| verdict.transition),
                    suppressor: None,
                });
            }
        }
        Ok(())
    }

    /// Alerts on record of what a group's alert depends on, with the labels they must lie within.
    fn dependencies(&self, labels: &GroupLabels) -> Result<Vec<(Alert, GroupLabels)>> {
        let mut found = Vec::new();
        for (rules, labels) in mute::dependencies(&self.rules, self.rule(), labels) {
            for rule in rules {
                let filter = AlertFilter { rule: Some(rule), ..AlertFilter::default() };
                let alerts = alerts::list(self.store, &filter, LIST_ROWS_MAX)?.into_iter();
                found.extend(alerts.map(|alert| (alert, labels.clone())));
            }
        }
        Ok(found)
    }
}

impl GroupRun {
    fn note_suppressors(&mut self, mutes: Mutes<'_>, dependencies: &[(Alert, GroupLabels)]) {
        let Self { labels, records, judgements } = self;
        let Some(rule) = mutes.rules.rules.first() else { return };
        for judgement in judgements {
            let AlertState::Firing(firing) = judgement.state else { continue };
            let at = judgement.t;
            let depends =
                || dependencies.iter().any(|(alert, labels)| is_open_on(alert, labels, at));
            let id = alert_id(&rule.name, labels, firing.since);
            let record = records.iter().find(|alert| alert.id == id && alert.paged.is_none());
            judgement.suppressor = mutes
                .suppressor(rule, firing.severity, labels, at, depends)
                .or(record.and_then(|alert| alert.suppressor));
        }
    }
}

/// Whether an alert was open on labels that all are among `labels`.
fn is_open_on(alert: &Alert, labels: &GroupLabels, at: TimestampMs) -> bool {
    let within = alert.labels.iter().all(|(label, value)| labels.get(label) == Some(value));
    within && alert.fired_at <= at && alert.resolved_at.is_none_or(|resolved| at < resolved)
}

/// As many judgements as are told at most: those that changed something, and others evenly.
fn thinned(judgements: Vec<ExplainedSlot>) -> Vec<ExplainedSlot> {
    let each = judgements.len().div_ceil(EXPLAIN_JUDGEMENTS_MAX).max(1);
    let last = judgements.len().saturating_sub(1);
    let kept = judgements.into_iter().enumerate().filter(|(position, judgement)| {
        judgement.transition.is_some() || (last - position).is_multiple_of(each)
    });
    kept.map(|(_, judgement)| judgement).collect()
}
