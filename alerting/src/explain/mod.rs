//! Why a rule did or did not fire: its evaluations around a time, computed again from the stored data by
//! the engine that runs live.
//!
//! The engine is warmed up like the live one, with the streams of one rule; it continues with the alerts
//! that were open then, and evaluates slot after slot. The evidence of groups at rest is computed as well.

mod clock_step;
pub(crate) mod muting;
mod thin;
mod words;

use std::collections::BTreeSet;
use std::ops::{ControlFlow, Range};
use std::sync::Arc;

use plimsoll_query::{Budget, Meter, Selector};
use plimsoll_storage::{Label, Scan, Slot, Store, TimestampMs};

use crate::engine::{AlertState, Comparison, Detection, Engine, Evidence, Firing, Transition};
use crate::error::Result;
use crate::evaluate::grace_ms;
use crate::evaluate::warm_up::{StreamNumbers, WarmUp, WatchedStreams, group_labels, seed_newest};
use crate::explain::clock_step::AffectedSlots;
use crate::explain::thin::thinned;
use crate::labels::{GroupLabels, SANDBOX};
use crate::limits::LIST_ROWS_MAX;
use crate::notify::decide::{NotifyState, SlotInput, Statuses, decide};
use crate::notify::mute::dependencies;
use crate::notify::open::{OpenAlerts, muted_by_rules};
use crate::records::alerts::{self, Alert, AlertFilter};
use crate::records::checkpoint;
use crate::records::muted_by::MutedBy;
use crate::records::silence::{self, Silence};
use crate::rule::{Rule, RuleSet};

/// Groups of one explanation.
const EXPLAIN_GROUPS_MAX: usize = 20;
/// How long an explanation evaluates at most before the first slot that it shows, in ms.
const EXPLAIN_LEAD_MS_MAX: i64 = 6 * 3_600_000;
/// Longest span of an explanation, in ms.
pub const EXPLAIN_SPAN_MS_MAX: i64 = 24 * 3_600_000;
/// Timers run at least this long before the first slot that is shown, in ms.
const LEAD_MS_MIN: i64 = 10 * 60_000;

/// What is to be explained.
#[derive(Debug, Clone)]
pub struct ExplainRequest<'a> {
    /// The rule.
    pub rule: &'a Rule,
    /// Label values of the group; labels that the rule does not group by are ignored.
    pub labels: Vec<(Label, String)>,
    /// The time it is about.
    pub at: TimestampMs,
    /// How much is shown, half of it before `at`, in ms.
    pub span_ms: i64,
    /// The time now: nothing later is evaluated.
    pub now: TimestampMs,
}

/// The evaluations of the groups that were asked for.
#[derive(Debug, Clone)]
pub struct Explanation {
    /// The slot end that the words are about: `at`, or the newest that can be evaluated.
    pub at: TimestampMs,
    /// In the order of labels.
    pub groups: Vec<GroupExplanation>,
    /// How many groups match and are not shown.
    pub groups_left_out: usize,
    /// The names of damaged places whose cells are missing.
    pub damaged: Vec<String>,
}

/// The evaluations of one group.
#[derive(Debug, Clone)]
pub struct GroupExplanation {
    /// The group.
    pub labels: GroupLabels,
    /// In words, about `at`.
    pub words: String,
    /// In the order of time. Of a long span some are left out, but none that changed anything.
    pub slots: Vec<ExplainedSlot>,
}

/// The evaluation of one group in one slot.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct ExplainedSlot {
    /// End of the evaluated slot.
    pub t: TimestampMs,
    /// What was found; `None` when there was no data.
    pub evidence: Option<Evidence>,
    /// What decided; `None` when there was no data.
    pub comparison: Option<Comparison>,
    /// The state of the group then.
    pub state: AlertState,
    /// What changed, when something did.
    pub transition: Option<Transition>,
    /// What muted the open alert.
    pub muted_by: Option<MutedBy>,
}

/// Explains what a rule evaluated around a time. `None` when no group of the rule has those labels.
///
/// # Errors
/// When the data cannot be read, or reading would cost more than the budget.
pub fn explain(
    store: &Store,
    rules: &RuleSet,
    request: &ExplainRequest<'_>,
    budget: Budget,
) -> Result<Option<Explanation>> {
    let rule = request.rule;
    let asked = asked_labels(rule, &request.labels);
    let mut run = Run::new(store, rules, rule, &asked);
    let (first, last) = run.slots(request);
    let meter = Meter::new(budget);
    let found = run.warm_up(first, &asked, &meter)?;
    if found.is_empty() {
        return Ok(None);
    }
    let groups_left_out = found.len().saturating_sub(EXPLAIN_GROUPS_MAX);
    let mut shown: Vec<GroupRun> = Vec::new();
    for labels in found.into_iter().take(EXPLAIN_GROUPS_MAX) {
        shown.push(GroupRun { records: run.restore(&labels, first)?, labels, slots: Vec::new() });
    }
    let affected = AffectedSlots::load(store, (first, run.newest(request.now)))?;
    let silences = silence::list(store)?;
    let open = run.open_dependencies(rules, &shown)?;
    run.evaluate(first..last.plus(1), &mut shown, (&silences, &open), &meter)?;
    let width = store.slot_width();
    let from = request.at.plus_ms(-request.span_ms / 2);
    let at = width.end(last).min(width.end(width.slot_of(request.at.plus_ms(-1))));
    let mut groups = Vec::new();
    for mut group in shown {
        group.slots.retain(|slot| slot.t >= from);
        for slot in &mut group.slots {
            *slot = affected.correct(width.slot_of(slot.t.plus_ms(-1)), *slot, &group.records);
        }
        let clock_step = affected.words(at, width);
        let records = clock_step.is_empty().then_some(&*group.records);
        let words = words::words(rule, &group.labels, (&group.slots, records), at) + &clock_step;
        let (labels, slots) = (group.labels, thinned(group.slots));
        groups.push(GroupExplanation { labels, words, slots });
    }
    let damaged = run.damaged.into_iter().collect();
    Ok(Some(Explanation { at, groups, groups_left_out, damaged }))
}

/// The labels that were asked for, of those that the rule groups by.
fn asked_labels(rule: &Rule, labels: &[(Label, String)]) -> GroupLabels {
    let grouped: BTreeSet<Label> = rule.groupings().flatten().copied().collect();
    let is_sandbox =
        |(label, value): &(Label, String)| *label == Label::Environment && value == SANDBOX;
    let asked = labels.iter().filter(|one| grouped.contains(&one.0) || is_sandbox(one));
    GroupLabels::new(asked.cloned())
}

/// An engine with one rule over what is stored.
struct Run<'a> {
    store: &'a Store,
    rules: Arc<RuleSet>,
    selector: Selector,
    streams: WatchedStreams,
    engine: Engine,
    /// Whether it is about a group of the sandbox.
    in_sandbox: bool,
    numbers: StreamNumbers,
    /// The names of damaged places that reading has met.
    damaged: BTreeSet<String>,
}

/// A group that is shown.
struct GroupRun {
    labels: GroupLabels,
    /// Its alerts on record.
    records: Vec<Alert>,
    slots: Vec<ExplainedSlot>,
}

impl<'a> Run<'a> {
    fn new(store: &'a Store, rules: &RuleSet, rule: &Rule, asked: &GroupLabels) -> Self {
        // The baseline of a new part is that of its whole, so all streams of the whole are needed.
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
            streams: WatchedStreams::of(store, [(rule, selector.clone())]),
            selector,
            engine: Engine::new(Arc::clone(&rules), store.slot_width()),
            rules,
            store,
            in_sandbox: asked.is_sandbox(),
            numbers: StreamNumbers::default(),
            damaged: BTreeSet::new(),
        }
    }

    fn rule(&self) -> &Rule {
        &self.rules.rules[0]
    }

    /// The newest slot that is evaluated at a time.
    fn newest(&self, now: TimestampMs) -> Slot {
        let width = self.store.slot_width();
        width.slot_of(now.plus_ms(-grace_ms(width))).minus(1)
    }

    /// The first and the last slot that are evaluated.
    fn slots(&self, request: &ExplainRequest<'_>) -> (Slot, Slot) {
        let width = self.store.slot_width();
        let rule = request.rule;
        let timers_ms = rule.for_ms + rule.clear_ms.max(rule.keep_firing_ms);
        let lead_ms = timers_ms.clamp(LEAD_MS_MIN, EXPLAIN_LEAD_MS_MAX);
        let half_ms = request.span_ms / 2;
        let last = width.slot_of(request.at.plus_ms(half_ms - 1)).min(self.newest(request.now));
        let first = width.slot_of(request.at.plus_ms(-half_ms - lead_ms)).min(last);
        (first, last)
    }

    /// Learns the past, and returns the groups that were asked for.
    fn warm_up(
        &mut self,
        first: Slot,
        asked: &GroupLabels,
        meter: &Meter,
    ) -> Result<Vec<GroupLabels>> {
        let width = self.store.slot_width();
        let plan = WarmUp::plan(&self.rules.rules, self.streams.clone(), width, first);
        let rule = &self.rules.rules[0];
        seed_newest(self.store, &mut self.engine, rule, &self.selector, self.in_sandbox, first)?;
        let Self { store, engine, numbers, damaged, .. } = self;
        plan.run(engine, |engine, scan| {
            read(store, engine, numbers, damaged, scan, meter).map(ControlFlow::Continue)
        })?;
        let expected = checkpoint::EXPECTED.load(self.store)?.unwrap_or_default();
        self.engine.expect(&expected, width.start(first));
        self.engine.warm_up(first.minus(1));
        Ok(self.groups(asked))
    }

    /// The groups that have the labels asked for: the one that has no others, or else each. Groups that
    /// report only later are evaluated as well, without data.
    fn groups(&self, asked: &GroupLabels) -> Vec<GroupLabels> {
        let mut groups: BTreeSet<GroupLabels> =
            self.engine.groups_of(&self.rule().name).into_iter().collect();
        for by in self.rule().groupings() {
            let known = plimsoll_query::groups(self.store, &self.selector, by).into_iter();
            groups.extend(known.map(|group| group_labels(group.labels, self.in_sandbox)));
        }
        if groups.contains(asked) {
            return vec![asked.clone()];
        }
        let has = |labels: &GroupLabels| {
            asked.iter().all(|(label, value)| labels.get(label) == Some(value))
        };
        groups.into_iter().filter(has).collect()
    }

    /// Continues with the alert of a group that was open at the first slot, and ignores what alerts that
    /// had ended were based on. Returns its alerts on record.
    fn restore(&mut self, labels: &GroupLabels, first: Slot) -> Result<Vec<Alert>> {
        let rule = self.rule().name.clone();
        let own = labels.iter().map(|(label, value)| (label, value.to_owned())).collect();
        let filter =
            AlertFilter { rule: Some(rule.clone()), labels: own, ..AlertFilter::default() };
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

    fn evaluate(
        &mut self,
        slots: Range<Slot>,
        groups: &mut [GroupRun],
        (silences, open): (&[Silence], &OpenAlerts),
        meter: &Meter,
    ) -> Result<()> {
        let streams = self.streams.all();
        let Self { store, engine, numbers, damaged, .. } = self;
        read(store, engine, numbers, damaged, &Scan::new(&streams, slots.clone()), meter)?;
        let width = self.store.slot_width();
        let rule = self.rule().name.clone();
        let (mut state, statuses) = (NotifyState::default(), Statuses::new());
        for number in slots.start.0..slots.end.0 {
            let slot = Slot(number);
            let evaluations = self.engine.evaluate(slot);
            let input = SlotInput {
                at: width.end(slot),
                rules: &self.rules,
                evaluations: &evaluations,
                open,
                silences,
                releases: &[],
                statuses: &statuses,
                acknowledged: &BTreeSet::new(),
                is_missed: false,
            };
            let (decision, next) = decide(&input, &state);
            state = next;
            for group in groups.iter_mut() {
                let found = evaluations.iter().find(|it| it.labels == group.labels);
                let evaluated = found.and_then(|it| it.evidence.zip(it.comparison));
                let state = found.map_or(AlertState::Inactive, |it| it.state);
                let key = (rule.clone(), group.labels.clone());
                let muted_by = decision.muted.get(&key).copied();
                let at_rest = || self.engine.compute_evidence(&rule, &group.labels, slot);
                let (evidence, comparison) = evaluated.or_else(at_rest).unzip();
                group.slots.push(ExplainedSlot {
                    t: width.end(slot),
                    evidence,
                    comparison,
                    state,
                    transition: found.and_then(|it| it.transition),
                    muted_by: muted_by.or_else(|| group.recorded_mute(state)),
                });
            }
        }
        Ok(())
    }

    /// The alerts on record that somebody can be notified of, of what the alerts of groups depend on.
    fn open_dependencies(&self, rules: &RuleSet, groups: &[GroupRun]) -> Result<OpenAlerts> {
        let of = |group: &GroupRun| dependencies(&self.rules, self.rule(), &group.labels);
        let names: BTreeSet<String> = groups.iter().flat_map(of).flat_map(|it| it.rules).collect();
        let mut open = OpenAlerts::default();
        for rule in names.iter().filter_map(|name| rules.rule(name)) {
            let filter = AlertFilter { rule: Some(rule.name.clone()), ..AlertFilter::default() };
            for alert in alerts::list(self.store, &filter, LIST_ROWS_MAX)? {
                // The record of an alert that is over has its last severity, which may not be its worst.
                let worst = alert.notify.notified.filter(|_| !alert.is_open());
                let severity = worst.map_or(alert.severity, |worst| worst.max(alert.severity));
                if muted_by_rules(rules, rule, severity, &alert.labels).is_none() {
                    open.add(&rule.name, &alert.labels, alert.fired_at, alert.resolved_at);
                }
            }
        }
        Ok(open)
    }
}

/// Passes the cells of a scan to an engine, within the budget.
fn read(
    store: &Store,
    engine: &mut Engine,
    numbers: &mut StreamNumbers,
    damaged: &mut BTreeSet<String>,
    scan: &Scan<'_>,
    meter: &Meter,
) -> Result<()> {
    let mut cells = 0;
    store.scan(scan, &mut |stream, slot, value| {
        cells += 1;
        numbers.observe(engine, store, (stream, slot), value);
    })?;
    meter.count(cells)?;
    if store.has_damage() {
        damaged.extend(store.damaged(scan.streams, &scan.slots));
    }
    Ok(())
}

impl GroupRun {
    /// What the record of an open alert that was never notified says of it, for example that it shares the
    /// notification of another rule, which is not evaluated here.
    fn recorded_mute(&self, state: AlertState) -> Option<MutedBy> {
        let AlertState::Firing(firing) = state else { return None };
        let recorded = self.records.iter().find(|alert| alert.pending_at == firing.since)?;
        recorded.notify.muted_by.filter(|_| recorded.notify.notified.is_none())
    }
}
