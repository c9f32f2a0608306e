//! The engine: what is known of every rule and group, in memory, and its evaluation.
//!
//! It has no store, no clock and no IO. Cells are added as they become known ([`Engine::observe`]); each slot
//! that has closed is evaluated in data time ([`Engine::evaluate`]). Running live, catching up and replaying
//! history differ only in the caller. A cell of a slot that is not evaluated yet waits, so that no evaluation
//! sees the future, and a late cell adds to the past.
//!
//! The cost depends on what changes: a group is evaluated while it has a new cell, a pending or open alert,
//! or a condition that time alone can bring about.

mod bound;
mod calendar;
mod compact;
mod evaluation;
mod evidence;
mod expected;
mod group;
mod incoming;
mod left_out;
mod scope;
mod scopes;
mod sensor;
mod step;
mod streams;
mod time;
mod warm_up;
mod watch;

use std::sync::Arc;

use plimsoll_storage::{Slot, SlotWidth, StreamRef, TimestampMs};

use self::calendar::Calendar;
use self::compact::NEVER;
pub use self::evaluation::{Detection, Evaluation};
pub use self::evidence::{ComparedUnit, Comparison, Evidence, EvidenceTest, Gate, Unmet};
pub use self::expected::ExpectedAges;
pub(crate) use self::expected::ExpectedSince;
use self::group::EvaluationContext;
use self::incoming::WaitingCells;
pub use self::left_out::GroupsLeftOut;
use self::scope::{Place, Scope, Sensors};
use self::scopes::Scopes;
use self::sensor::Sensor;
pub use self::step::{AlertState, Firing, StateChange, StateReason, Transition};
pub use self::streams::StreamNumber;
use self::streams::Streams;
use self::time::SlotEnd;
pub(crate) use self::time::{ClockStep, CountedAge};
pub(crate) use self::warm_up::{BASELINE_STRETCH_MS, LookBack, learns_by_minute, stretch_slots};
use self::watch::Watch;
use crate::labels::GroupLabels;
use crate::rule::RuleSet;

/// All rules and groups.
#[derive(Debug)]
pub struct Engine {
    rules: Arc<RuleSet>,
    width: SlotWidth,
    calendar: Calendar,
    scopes: Scopes,
    /// One for each grouping of each rule, in the order of rules.
    watches: Vec<Watch>,
    streams: Streams,
    waiting: WaitingCells,
    left_out: Arc<GroupsLeftOut>,
    evaluated: Option<Slot>,
    /// The newest step of the clock; `None` when it was never set.
    clock_step: Option<ClockStep>,
    /// The newest minute that may have been evaluated, numbered since 1970.
    evaluated_minute: i64,
}

impl Engine {
    /// An engine without any data.
    #[must_use]
    pub fn new(rules: Arc<RuleSet>, width: SlotWidth) -> Self {
        let (scopes, watches) = Scopes::of(&rules.rules, width);
        Self {
            calendar: Calendar::new(&rules),
            rules,
            width,
            scopes,
            watches,
            streams: Streams::default(),
            waiting: WaitingCells::default(),
            left_out: Arc::default(),
            evaluated: None,
            clock_step: None,
            evaluated_minute: NEVER,
        }
    }

    /// The rules it evaluates.
    #[must_use]
    pub const fn rules(&self) -> &Arc<RuleSet> {
        &self.rules
    }

    /// The last evaluated slot.
    #[must_use]
    pub const fn evaluated(&self) -> Option<Slot> {
        self.evaluated
    }

    /// The first slot of which a cell waits for its evaluation.
    #[must_use]
    pub fn next_waiting(&self) -> Option<Slot> {
        self.waiting.first_slot()
    }

    /// The last slot of which a cell waits for its evaluation.
    #[must_use]
    pub fn last_waiting(&self) -> Option<Slot> {
        self.waiting.last_slot()
    }

    /// The last slot before `end` of which a cell waits for its evaluation.
    pub(crate) fn last_waiting_before(&self, end: Slot) -> Option<Slot> {
        self.waiting.last_slot_before(end)
    }

    /// Whether no group needs to be evaluated until a cell is added.
    #[must_use]
    pub fn is_idle(&self) -> bool {
        self.scopes.iter().all(|scope| scope.touched().is_empty())
            && self.watches.iter().all(Watch::is_idle)
    }

    /// Groups that are not watched because their rule has too many.
    #[must_use]
    pub const fn groups_left_out(&self) -> &Arc<GroupsLeftOut> {
        &self.left_out
    }

    /// Cells that were dropped because too many waited for their slot.
    #[must_use]
    pub const fn cells_left_out(&self) -> u64 {
        self.waiting.dropped()
    }

    /// The number of a stream, for [`Engine::observe`]. The groups of a new stream are determined here.
    pub fn stream(&mut self, stream: StreamRef<'_>) -> StreamNumber {
        if let Some(number) = self.streams.number(stream) {
            return number;
        }
        let routes = self.scopes.route(&self.rules.rules, self.width, stream);
        self.note_left_out();
        self.streams.add(stream, routes, &self.rules.maintenance)
    }

    /// Notes that an alert resolved at a time: the data it rested on must not count again.
    pub fn note_resolved(&mut self, rule: &str, labels: &GroupLabels, at: TimestampMs) {
        let Some(watch) = self.watch_of(rule, labels) else { return };
        let watch = &mut self.watches[watch];
        if let Some(group) = self.scopes.get(watch.place.scope).number(labels) {
            watch.group_state(group).note_resolved(at);
        }
    }

    /// Continues from a stored state.
    pub fn restore(
        &mut self,
        rule: &str,
        labels: &GroupLabels,
        state: AlertState,
        detection: Detection,
    ) {
        let Some(watch) = self.watch_of(rule, labels) else { return };
        let scope = self.watches[watch].place.scope;
        if let Some(group) = self.group(scope, labels.clone()) {
            self.watches[watch].group_state(group).restore(state, detection);
            self.watches[watch].make_due(group);
        }
    }

    /// Learns everything up to a slot without evaluating it.
    pub fn warm_up(&mut self, slot: Slot) {
        self.advance_to(slot);
        let end = SlotEnd::new(slot, self.width);
        let Self { scopes, rules, calendar, .. } = self;
        for scope in scopes.iter_mut() {
            let Scope { groups, sensors, has_heartbeats, .. } = scope;
            for sensors in sensors {
                let rule = &rules.rules[sensors.rule];
                let first = end.window_start(sensors.needs.window_ms);
                for (labels, sensor) in groups.iter().zip(&mut sensors.of_groups) {
                    let has_heartbeats = has_heartbeats[usize::from(labels.is_sandbox())];
                    let context = EvaluationContext {
                        rule,
                        calendar,
                        labels,
                        end,
                        clock_step: None,
                        baseline: None,
                        has_heartbeats,
                    };
                    sensor.slide_to(first);
                    sensor.learn(&context.at_rest());
                }
            }
        }
    }

    /// Sets the time of the newest event of a group that lies before the data that is read.
    pub fn seed(&mut self, rule: &str, labels: &GroupLabels, newest: TimestampMs) {
        if let Some(watch) = self.watch_of(rule, labels)
            && let Some(sensor) = self.due_sensor(watch, labels.clone())
        {
            sensor.seed(newest);
        }
    }

    /// Evaluates the end of a slot, which must be later than every evaluated slot. The evaluations are in
    /// the order of rules and labels.
    pub fn evaluate(&mut self, slot: Slot) -> Vec<Evaluation> {
        if self.evaluated.is_none() {
            self.expect(&ExpectedSince::new(), self.width.start(slot));
        }
        self.advance_to(slot);
        let end = SlotEnd::new(slot, self.width);
        let mut evaluations = Vec::new();
        for watch in 0..self.watches.len() {
            self.evaluate_watch(watch, end, &mut evaluations);
        }
        self.scopes.iter_mut().for_each(Scope::clear_touched);
        self.evaluated_minute = end.last_minute();
        evaluations.sort_by(|a, b| (a.rule, &a.labels).cmp(&(b.rule, &b.labels)));
        evaluations
    }

    /// All groups of a rule.
    #[must_use]
    pub fn groups_of(&self, rule: &str) -> Vec<GroupLabels> {
        let own = self.watches.iter().filter(|watch| self.rules.rules[watch.rule].name == rule);
        own.flat_map(|watch| self.scopes.get(watch.place.scope).groups.iter().cloned()).collect()
    }

    /// The evidence of a group at rest in the last evaluated slot. [`Engine::evaluate`] does not compute
    /// evidence that reaches no severity. `None` when there is no data.
    pub fn compute_evidence(
        &mut self,
        rule: &str,
        labels: &GroupLabels,
        slot: Slot,
    ) -> Option<(Evidence, Comparison)> {
        let watch = self.watch_of(rule, labels)?;
        let end = SlotEnd::new(slot, self.width);
        let Self { watches, scopes, rules, calendar, .. } = self;
        let watch = &mut watches[watch];
        let rule = &rules.rules[watch.rule];
        let Place { scope, sensors } = watch.place;
        let group = scopes.get(scope).number(labels)?;
        let baseline =
            rule.baseline.and_then(|_| scopes.baseline(watch.place, watch.parent, group));
        let has_heartbeats = scopes.get(scope).has_heartbeats(labels);
        let clock_step = self.clock_step;
        let context =
            EvaluationContext { rule, calendar, labels, end, clock_step, baseline, has_heartbeats };
        let context = watch.group_state(group).evidence_context(&context);
        let Sensors { needs, of_groups, .. } = &mut scopes.get_mut(scope).sensors[sensors];
        let reading = of_groups[group as usize].compute_evidence(&context, needs);
        reading.evidence().zip(reading.comparison())
    }

    fn evaluate_watch(&mut self, watch: usize, end: SlotEnd, evaluations: &mut Vec<Evaluation>) {
        let Self { watches, scopes, rules, calendar, .. } = self;
        let watch = &mut watches[watch];
        let rule = &rules.rules[watch.rule];
        let Place { scope, sensors } = watch.place;
        scopes.get(scope).touched().iter().for_each(|group| watch.make_due(*group));
        let first = end.window_start(scopes.get(scope).sensors[sensors].needs.window_ms);
        let clock_step = self.clock_step;
        let first = clock_step.map_or(first, |step| step.first.max(first));
        for number in watch.take_due() {
            let baseline =
                rule.baseline.and_then(|_| scopes.baseline(watch.place, watch.parent, number));
            let Scope { groups, sensors: held, has_heartbeats, .. } = scopes.get_mut(scope);
            let labels = &groups[number as usize];
            let has_heartbeats = has_heartbeats[usize::from(labels.is_sandbox())];
            let Sensors { needs, of_groups, .. } = &mut held[sensors];
            let sensor = &mut of_groups[number as usize];
            sensor.slide_to(first);
            let context = EvaluationContext {
                rule,
                calendar,
                labels,
                end,
                clock_step,
                baseline,
                has_heartbeats,
            };
            let group = watch.group_state(number);
            let evaluation = group.evaluate(&context, needs, sensor);
            let stays_due = group.stays_due(rule, sensor, end);
            evaluations.extend(evaluation.map(|it| Evaluation { rule: watch.rule, ..it }));
            watch.put_back(number, stays_due);
        }
    }

    /// The group of a scope, created when it is new; `None` when there are too many.
    fn group(&mut self, scope: usize, labels: GroupLabels) -> Option<u32> {
        let group = self.scopes.group(&self.rules.rules, self.width, scope, labels);
        self.note_left_out();
        group
    }

    /// Notes the groups that have just been left out at the rules that would watch them.
    fn note_left_out(&mut self) {
        for (scope, labels) in self.scopes.take_left_out() {
            for watch in self.watches.iter().filter(|watch| watch.place.scope == scope) {
                let rule = &self.rules.rules[watch.rule].name;
                if self.left_out.takes(rule, &labels) {
                    Arc::make_mut(&mut self.left_out).add(rule, &labels);
                }
            }
        }
    }

    /// The watch of a rule whose groups have exactly these labels.
    fn watch_of(&self, rule: &str, labels: &GroupLabels) -> Option<usize> {
        let fits = |watch: &Watch| {
            let by = &self.scopes.get(watch.place.scope).by;
            self.rules.rules[watch.rule].name == rule && labels.are_by(by)
        };
        self.watches.iter().position(fits)
    }

    /// The sensor of a group of a watch, which becomes due; `None` when there are too many groups.
    fn due_sensor(&mut self, watch: usize, labels: GroupLabels) -> Option<&mut Sensor> {
        let Place { scope, sensors } = self.watches[watch].place;
        let group = self.group(scope, labels)?;
        self.watches[watch].make_due(group);
        self.scopes.get_mut(scope).sensors[sensors].of_groups.get_mut(group as usize)
    }
}
