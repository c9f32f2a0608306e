//! The engine: what is known of every rule and group, in memory, and its judgement.
//!
//! It has no store, no clock and no IO. Cells are added as they become known ([`Engine::observe`]);
//! each slot that has closed is judged in data time ([`Engine::evaluate`]). Running live, catching up
//! and replaying history differ only in who calls. A cell of a slot that is not judged yet waits, so
//! a judgement never sees the future, and a late one adds to the past.
//!
//! Cost follows what changes: a group is looked at while it has something unjudged, something open,
//! or a condition that time alone can bring about.

mod arrivals;
mod bound;
mod calendar;
mod coarse;
mod compact;
mod evidence;
mod packed;
mod profile;
mod quantile;
mod reading;
mod ring;
mod scan;
mod scope;
mod sensor;
mod share;
mod step;
mod usual;
mod volume;
mod warm_up;
mod watch;
mod window;

use std::collections::BTreeMap;
use std::sync::Arc;

use bincode::{Decode, Encode};
use foldhash::HashMap;
use plimsoll_storage::{Label, Slot, SlotValue, SlotWidth, StreamKey, StreamRef, TimestampMs};

pub use self::evidence::{Evidence, Gate};
pub use self::step::{AlertState, Firing, StateChange, StateReason, Transition};
pub(crate) use self::warm_up::{BASELINE_STRETCH_MS, LookBack, learns_by_minute, stretch_slots};

use self::calendar::Calendar;
use self::reading::{Incoming, Moment};
use self::ring::NEVER;
use self::scope::{Place, Scope, Sensors, Whole};
use self::watch::{Circumstances, Watch};
use crate::labels::GroupLabels;
use crate::limits::AHEAD_CELLS_MAX;
use crate::rule::{Period, Rule, RuleSet, Signal};

/// What a judgement made of one rule and group that is not at rest, or has just come to rest.
#[derive(Debug, Clone, PartialEq)]
pub struct Evaluation {
    /// Position of the rule in the rule set.
    pub rule: usize,
    /// The group.
    pub labels: GroupLabels,
    /// Where it stood before.
    pub before: AlertState,
    /// Where it stands now.
    pub state: AlertState,
    /// What changed, when something did.
    pub transition: Option<Transition>,
    /// The judgement; `None` when there was no data.
    pub evidence: Option<Evidence>,
    /// What must be kept of the open alert, beside its state.
    pub detection: Detection,
}

/// How the open alert of a group was found: what it is held against until it ends.
#[derive(Debug, Clone, Copy, PartialEq, Encode, Decode)]
pub struct Detection {
    /// The window, in minutes.
    pub window_min: u32,
    /// Of a drop, how the hours before compared with other days: its own drop must not lower what is
    /// expected.
    pub scale: f64,
}

impl Default for Detection {
    fn default() -> Self {
        Self { window_min: 0, scale: 1.0 }
    }
}

/// The number of a stream in one engine; see [`Engine::stream`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct StreamNumber(u32);

/// Everything that is watched.
#[derive(Debug)]
pub struct Engine {
    rules: Arc<RuleSet>,
    width: SlotWidth,
    calendar: Calendar,
    /// What rules look at, each once.
    scopes: Vec<Scope>,
    /// Positions of scopes, those with the fewest labels first: wholes before their parts.
    wholes_first: Vec<usize>,
    /// One for each grouping of each rule, in the order of rules.
    watches: Vec<Watch>,
    numbers: HashMap<StreamKey, StreamNumber>,
    streams: Vec<Stream>,
    /// Cells of slots that are not judged yet. They are large: a map of them would move them about.
    ahead: BTreeMap<Slot, BTreeMap<StreamNumber, Box<SlotValue>>>,
    ahead_cells: usize,
    judged: Option<Slot>,
    /// The newest minute that may have been judged, numbered since 1970.
    judged_minute: i64,
    groups_left_out: usize,
    cells_left_out: u64,
}

/// Where the cells of a stream go.
#[derive(Debug)]
struct Stream {
    /// (scope, group) that it is a part of.
    routes: Box<[(u32, u32)]>,
    /// Announced maintenance that covers it.
    maintenance: Vec<Period>,
}

impl Engine {
    /// An engine that knows nothing yet.
    #[must_use]
    pub fn new(rules: Arc<RuleSet>, width: SlotWidth) -> Self {
        let (mut scopes, mut watches) = (Vec::new(), Vec::new());
        for position in 0..rules.rules.len() {
            watch(&rules.rules, position, width, &mut scopes, &mut watches);
        }
        let mut wholes_first: Vec<usize> = (0..scopes.len()).collect();
        wholes_first.sort_by_key(|scope| scopes[*scope].by.len());
        Self {
            calendar: Calendar::new(&rules),
            rules,
            width,
            scopes,
            wholes_first,
            watches,
            numbers: HashMap::default(),
            streams: Vec::new(),
            ahead: BTreeMap::new(),
            ahead_cells: 0,
            judged: None,
            judged_minute: NEVER,
            groups_left_out: 0,
            cells_left_out: 0,
        }
    }

    /// The rules it judges by.
    #[must_use]
    pub const fn rules(&self) -> &Arc<RuleSet> {
        &self.rules
    }

    /// The last judged slot.
    #[must_use]
    pub const fn evaluated(&self) -> Option<Slot> {
        self.judged
    }

    /// The first slot of which a cell waits to be judged.
    #[must_use]
    pub fn next_waiting(&self) -> Option<Slot> {
        self.ahead.keys().next().copied()
    }

    /// Whether no group needs to be looked at until something is observed.
    #[must_use]
    pub fn is_idle(&self) -> bool {
        self.scopes.iter().all(|scope| scope.touched().is_empty())
            && self.watches.iter().all(Watch::is_idle)
    }

    /// Groups that are not watched because their rule has too many.
    #[must_use]
    pub const fn groups_left_out(&self) -> usize {
        self.groups_left_out
    }

    /// Cells that are not judged because too many waited for their slot.
    #[must_use]
    pub const fn cells_left_out(&self) -> u64 {
        self.cells_left_out
    }

    /// The number of a stream, for [`Engine::observe`]. A new stream finds its groups here.
    pub fn stream(&mut self, stream: StreamRef<'_>) -> StreamNumber {
        if let Some(number) = self.numbers.get(&stream.to_key()) {
            return *number;
        }
        let number = StreamNumber(u32::try_from(self.streams.len()).unwrap_or(u32::MAX));
        let routes = self.route(stream);
        let maintenance = self.rules.maintenance.iter().filter(|window| {
            window
                .matches
                .iter()
                .all(|(label, values)| values.contains(stream.labels[*label as usize]))
        });
        let maintenance = maintenance.map(|window| window.period.clone()).collect();
        self.streams.push(Stream { routes, maintenance });
        self.numbers.insert(stream.to_key(), number);
        number
    }

    /// Adds a cell, as a delta. One of a slot that is judged already adds to the past.
    pub fn observe(&mut self, stream: StreamNumber, slot: Slot, value: &SlotValue) {
        if self.judged.is_some_and(|judged| slot <= judged) {
            self.apply(stream, slot, value);
            return;
        }
        let cells = self.ahead.entry(slot).or_default();
        if let Some(held) = cells.get_mut(&stream) {
            held.merge(value);
        } else if self.ahead_cells < AHEAD_CELLS_MAX {
            cells.insert(stream, Box::new(value.clone()));
            self.ahead_cells += 1;
        } else {
            self.cells_left_out += 1;
        }
    }

    /// Tells that an alert has ended at that moment: what it rested on does not count again.
    pub fn note_resolved(&mut self, rule: &str, labels: &GroupLabels, at: TimestampMs) {
        let Some(watch) = self.watch_of(rule, labels) else { return };
        let watch = &mut self.watches[watch];
        if let Some(group) = self.scopes[watch.place.scope].number(labels) {
            watch.held(group).forget(at);
        }
    }

    /// Goes on from a stored state.
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
            self.watches[watch].held(group).restore(state, detection);
            self.watches[watch].wake(group);
        }
    }

    /// Takes in everything up to a slot without judging it: the past is learned, nothing is said.
    pub fn warm_up(&mut self, slot: Slot) {
        self.advance_to(slot);
        let moment = Moment::new(slot, self.width);
        let Self { scopes, rules, calendar, .. } = self;
        for scope in scopes {
            let Scope { groups, sensors, has_heartbeats, .. } = scope;
            for sensors in sensors {
                let rule = &rules.rules[sensors.rule];
                let first = moment.first(sensors.wanted.window_ms);
                for (labels, sensor) in groups.iter().zip(&mut sensors.of_groups) {
                    let usual = None;
                    let has_heartbeats = has_heartbeats[usize::from(labels.is_sandbox())];
                    let circumstances =
                        Circumstances { rule, calendar, labels, moment, usual, has_heartbeats };
                    sensor.slide_to(first);
                    sensor.settle(&circumstances.around());
                }
            }
        }
    }

    /// Tells of the newest event of a group that lies further back than what is taken in.
    pub fn seed(&mut self, rule: &str, labels: &GroupLabels, newest: TimestampMs) {
        if let Some(watch) = self.watch_of(rule, labels) {
            self.expect_from(watch, labels.clone(), newest);
        }
    }

    /// Judges the end of a slot, which comes after every slot that was judged before. The evaluations
    /// are in the order of rules and labels.
    pub fn evaluate(&mut self, slot: Slot) -> Vec<Evaluation> {
        self.advance_to(slot);
        let moment = Moment::new(slot, self.width);
        let mut evaluations = Vec::new();
        for watch in 0..self.watches.len() {
            self.judge_watch(watch, moment, &mut evaluations);
        }
        self.scopes.iter_mut().for_each(Scope::clear_touched);
        self.judged_minute = moment.minute();
        evaluations.sort_by(|a, b| (a.rule, &a.labels).cmp(&(b.rule, &b.labels)));
        evaluations
    }

    /// Whether an alert of one of these rules is open on labels that all are among `labels`.
    #[must_use]
    pub fn is_open(&self, rules: &[String], labels: &GroupLabels) -> bool {
        let named = |watch: &&Watch| {
            let rule = self.rules.rules.get(watch.rule);
            rule.is_some_and(|rule| rules.contains(&rule.name))
        };
        self.watches.iter().filter(named).any(|watch| {
            let group = self.scopes[watch.place.scope].number_within(labels);
            group.is_some_and(|group| matches!(watch.state(group), AlertState::Firing(_)))
        })
    }

    /// Every group that a rule judges.
    #[must_use]
    pub fn groups_of(&self, rule: &str) -> Vec<GroupLabels> {
        let own = self.watches.iter().filter(|watch| self.rules.rules[watch.rule].name == rule);
        own.flat_map(|watch| self.scopes[watch.place.scope].groups.iter().cloned()).collect()
    }

    /// What the judgement of a slot, which is the last judged one, finds of a group at rest: a
    /// judgement without consequence is not spelled out otherwise. `None` when there is no data.
    pub fn compute_evidence(
        &mut self,
        rule: &str,
        labels: &GroupLabels,
        slot: Slot,
    ) -> Option<Evidence> {
        let watch = self.watch_of(rule, labels)?;
        let moment = Moment::new(slot, self.width);
        let Self { watches, scopes, rules, calendar, .. } = self;
        let watch = &mut watches[watch];
        let rule = &rules.rules[watch.rule];
        let Place { scope, sensors } = watch.place;
        let group = scopes[scope].number(labels)?;
        let usual = rule.baseline.and_then(|_| usual(scopes, watch.place, watch.whole, group));
        let has_heartbeats = scopes[scope].has_heartbeats(labels);
        let circumstances = Circumstances { rule, calendar, labels, moment, usual, has_heartbeats };
        let around = watch.held(group).spelling_out(&circumstances);
        let Sensors { wanted, of_groups, .. } = &mut scopes[scope].sensors[sensors];
        of_groups[group as usize].spell_out(&around, wanted).evidence()
    }

    fn judge_watch(&mut self, watch: usize, moment: Moment, evaluations: &mut Vec<Evaluation>) {
        let Self { watches, scopes, rules, calendar, .. } = self;
        let watch = &mut watches[watch];
        let rule = &rules.rules[watch.rule];
        let Place { scope, sensors } = watch.place;
        scopes[scope].touched().iter().for_each(|group| watch.wake(*group));
        let first = moment.first(scopes[scope].sensors[sensors].wanted.window_ms);
        for number in watch.take_awake() {
            let usual = rule.baseline.and_then(|_| usual(scopes, watch.place, watch.whole, number));
            let Scope { groups, sensors: held, has_heartbeats, .. } = &mut scopes[scope];
            let labels = &groups[number as usize];
            let has_heartbeats = has_heartbeats[usize::from(labels.is_sandbox())];
            let Sensors { wanted, of_groups, .. } = &mut held[sensors];
            let sensor = &mut of_groups[number as usize];
            sensor.slide_to(first);
            let circumstances =
                Circumstances { rule, calendar, labels, moment, usual, has_heartbeats };
            let held = watch.held(number);
            let evaluation = held.judge(&circumstances, wanted, sensor);
            let stays_awake = held.stays_awake(rule, sensor, moment);
            evaluations
                .extend(evaluation.map(|evaluation| Evaluation { rule: watch.rule, ..evaluation }));
            watch.put_back(number, stays_awake);
        }
    }

    /// Everything up to a slot is past from now on: cells that waited for it are taken in, others as
    /// they come.
    pub fn advance_to(&mut self, slot: Slot) {
        if self.judged.is_none() {
            self.expect_partners(self.width.start(slot));
        }
        self.judged = Some(slot);
        while let Some(entry) = self.ahead.first_entry()
            && *entry.key() <= slot
        {
            let (at, cells) = entry.remove_entry();
            self.ahead_cells -= cells.len();
            for (stream, value) in cells {
                self.apply(stream, at, &value);
            }
        }
    }

    fn apply(&mut self, stream: StreamNumber, slot: Slot, value: &SlotValue) {
        let start = self.width.start(slot);
        let Some(held) = self.streams.get(stream.0 as usize) else { return };
        let maintained = held.maintenance.iter().any(|period| period.contains(start));
        let is_heartbeat = matches!(value, SlotValue::Activity(cell) if cell.outcomes.total() == 0);
        let judged_minute = self.judged_minute;
        let incoming = Incoming { slot, width: self.width, value, judged_minute };
        for &(scope, group) in &held.routes {
            let position = scope as usize;
            let scope = &mut self.scopes[position];
            if is_heartbeat {
                scope.note_heartbeat(group);
            }
            scope.touch(group);
            for sensors in 0..self.scopes[position].sensors.len() {
                let whole = self.scopes[position].sensors[sensors].whole;
                let usual = usual(&self.scopes, Place { scope: position, sensors }, whole, group);
                let held = &mut self.scopes[position].sensors[sensors];
                let sensor = &mut held.of_groups[group as usize];
                if !(maintained && sensor.passes_over_maintenance()) {
                    sensor.add(&self.rules.rules[held.rule], &held.wanted, &incoming, usual);
                }
            }
        }
    }

    /// The groups a stream is a part of.
    fn route(&mut self, stream: StreamRef<'_>) -> Box<[(u32, u32)]> {
        let mut routes = Vec::new();
        for scope in self.wholes_first.clone() {
            if !self.scopes[scope].covers(&self.rules.rules, stream) {
                continue;
            }
            let labels = self.scopes[scope].labels_of(stream);
            if let Some(group) = self.group(scope, labels) {
                self.link(scope, group);
                routes.push((u32::try_from(scope).unwrap_or(u32::MAX), group));
            }
        }
        routes.into()
    }

    /// The group of a scope, made when it is new; `None` when there are too many.
    fn group(&mut self, scope: usize, labels: GroupLabels) -> Option<u32> {
        let group = self.scopes[scope].group(&self.rules.rules, self.width, labels);
        self.groups_left_out += usize::from(group.is_none());
        group
    }

    /// Finds the groups that a group is a part of.
    fn link(&mut self, scope: usize, group: u32) {
        let wholes: Vec<usize> = self.scopes[scope].scopes_of_wholes().collect();
        for whole in wholes {
            let labels = &self.scopes[scope].groups[group as usize];
            let number = self.scopes[whole].number_within(labels);
            self.scopes[scope].link(group, whole, number);
        }
    }

    /// The watch of a rule whose groups have exactly these labels.
    fn watch_of(&self, rule: &str, labels: &GroupLabels) -> Option<usize> {
        let fits = |watch: &Watch| {
            let by = &self.scopes[watch.place.scope].by;
            self.rules.rules[watch.rule].name == rule && labels.are_by(by)
        };
        self.watches.iter().position(fits)
    }

    /// Partners that the rules file expects something of are watched before anything was seen.
    fn expect_partners(&mut self, from: TimestampMs) {
        let rules = Arc::clone(&self.rules);
        for partner in &rules.partners {
            for watch in 0..self.watches.len() {
                let Watch { rule, place, .. } = &self.watches[watch];
                let rule = &rules.rules[*rule];
                let expects = partner.expects.iter().any(|stream| stream == rule.signal.stream());
                if self.scopes[place.scope].by == [Label::Partner] && expects && is_age(rule) {
                    let labels = GroupLabels::new([(Label::Partner, partner.name.clone())]);
                    self.expect_from(watch, labels, from);
                }
            }
        }
    }

    /// Expects something of a group from a moment on.
    fn expect_from(&mut self, watch: usize, labels: GroupLabels, from: TimestampMs) {
        let Place { scope, sensors } = self.watches[watch].place;
        if let Some(group) = self.group(scope, labels) {
            self.scopes[scope].sensors[sensors].of_groups[group as usize].expect_from(from);
            self.watches[watch].wake(group);
        }
    }
}

/// Adds what the rule at a position watches: its groupings, and the scopes that are not there yet.
fn watch(
    rules: &[Rule],
    position: usize,
    width: SlotWidth,
    scopes: &mut Vec<Scope>,
    watches: &mut Vec<Watch>,
) {
    let rule = &rules[position];
    let mut whole = None;
    for by in rule.groupings() {
        let known = scopes.iter().position(|scope| scope.is_that_of(rules, rule, by));
        let scope = known.unwrap_or_else(|| {
            scopes.push(Scope::new(position, by));
            scopes.len() - 1
        });
        let sensors = scopes[scope].sensors_for(rules, position, width);
        let place = Place { scope, sensors };
        let whole = *whole.get_or_insert(place);
        let whole = (whole != place && rule.baseline.is_some()).then(|| scopes[scope].whole(whole));
        let held = &mut scopes[scope].sensors[sensors];
        held.whole = held.whole.or(whole);
        watches.push(Watch::new(position, place, whole));
    }
}

/// What a group is used to: itself, or the whole it is a part of when it is new.
fn usual(scopes: &[Scope], place: Place, whole: Option<Whole>, group: u32) -> Option<f64> {
    let of = |place: Place, group: u32| {
        scopes[place.scope].sensors[place.sensors].of_groups[group as usize].usual()
    };
    of(place, group).or_else(|| {
        let whole = whole?;
        of(whole.place, scopes[place.scope].number_of_whole(whole, group)?)
    })
}

fn is_age(rule: &Rule) -> bool {
    matches!(rule.signal, Signal::Absence { .. } | Signal::Freshness { .. } | Signal::Run { .. })
}
