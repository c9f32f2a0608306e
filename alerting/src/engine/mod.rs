//! The engine: what is known of every rule and group, in memory, and its judgement.
//!
//! It has no store, no clock and no IO. Cells are added as they become known ([`Engine::observe`]);
//! each slot that has closed is judged in data time ([`Engine::judge`]). Running live, catching up
//! and replaying history differ only in who calls. A cell of a slot that is not judged yet waits, so
//! a judgement never sees the future, and a late one adds to the past.
//!
//! Cost follows what changes: a group is looked at while it has something unjudged, something open,
//! or a condition that time alone can bring about.

mod calendar;
mod group;
mod minutes;
mod profile;
mod quantile;
mod reading;
mod recent;
mod scan;
mod sensor;
mod share;
mod usual;
mod volume;
mod window;

use std::collections::BTreeMap;
use std::sync::Arc;

use bincode::{Decode, Encode};
use foldhash::HashMap;
use plimsoll_storage::{
    Label, Slot, SlotValue, SlotWidth, StreamKey, StreamKind, StreamRef, TimestampMs,
};

use self::calendar::Calendar;
use self::group::{Group, Learned, Watch};
use self::reading::Moment;
use crate::evidence::Evidence;
use crate::labels::GroupLabels;
use crate::limits::{AHEAD_CELLS_MAX, GROUPS_PER_RULE_MAX};
use crate::rule::{Rule, RuleSet, Signal};
use crate::step::{State, Transition};

/// What a judgement made of one rule and group that is not at rest, or has just come to rest.
#[derive(Debug, Clone, PartialEq)]
pub struct Verdict {
    /// Position of the rule in the rule set.
    pub rule: usize,
    /// The group.
    pub labels: GroupLabels,
    /// Where it stood before.
    pub before: State,
    /// Where it stands now.
    pub state: State,
    /// What changed, when something did.
    pub transition: Option<Transition>,
    /// The judgement; `None` when there was no data.
    pub evidence: Option<Evidence>,
    /// What must be kept of the open alert, beside its state.
    pub found: Found,
}

/// How the open alert of a group was found: what it is held against until it ends.
#[derive(Debug, Clone, Copy, PartialEq, Encode, Decode)]
pub struct Found {
    /// The window, in minutes.
    pub window_min: u32,
    /// Of a drop, how the hours before compared with other days: its own drop must not lower what is
    /// expected.
    pub scale: f64,
}

impl Default for Found {
    fn default() -> Self {
        Self { window_min: 0, scale: 1.0 }
    }
}

/// The number of a stream in one engine; see [`Engine::stream`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct StreamNumber(u32);

/// Everything that is watched.
#[derive(Debug)]
pub struct Engine {
    rules: Arc<RuleSet>,
    width: SlotWidth,
    calendar: Calendar,
    /// One for each grouping of each rule, in the order of rules.
    watches: Vec<Watch>,
    numbers: HashMap<StreamKey, StreamNumber>,
    streams: Vec<Stream>,
    /// Cells of slots that are not judged yet.
    ahead: BTreeMap<Slot, Vec<(StreamNumber, SlotValue)>>,
    ahead_cells: usize,
    /// Groups to look at: (watch, group).
    awake: Vec<(u32, u32)>,
    judged: Option<Slot>,
    groups_left_out: usize,
    cells_left_out: u64,
}

/// Where the cells of a stream go.
#[derive(Debug)]
struct Stream {
    /// (watch, group) that it is a part of.
    routes: Vec<(u32, u32)>,
    /// Announced maintenance that covers it.
    maintenance: Vec<(TimestampMs, TimestampMs)>,
}

impl Engine {
    /// An engine that knows nothing yet.
    #[must_use]
    pub fn new(rules: Arc<RuleSet>, width: SlotWidth) -> Self {
        let calendar = Calendar::new(&rules);
        let mut watches = Vec::new();
        for (position, rule) in rules.rules.iter().enumerate() {
            let whole = u32::try_from(watches.len()).unwrap_or(u32::MAX);
            watches.extend(rule.groupings().map(|by| Watch::new(position, rule, by, whole)));
        }
        Self {
            rules,
            width,
            calendar,
            watches,
            numbers: HashMap::default(),
            streams: Vec::new(),
            ahead: BTreeMap::new(),
            ahead_cells: 0,
            awake: Vec::new(),
            judged: None,
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
    pub const fn judged(&self) -> Option<Slot> {
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
        self.awake.is_empty()
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
        let maintenance = maintenance.map(|window| (window.start, window.end)).collect();
        self.streams.push(Stream { routes, maintenance });
        self.numbers.insert(stream.to_key(), number);
        number
    }

    /// Adds a cell, as a delta. One of a slot that is judged already adds to the past.
    pub fn observe(&mut self, stream: StreamNumber, slot: Slot, value: &SlotValue) {
        if self.judged.is_some_and(|judged| slot <= judged) {
            self.apply(stream, slot, value);
        } else if self.ahead_cells < AHEAD_CELLS_MAX {
            self.ahead.entry(slot).or_default().push((stream, value.clone()));
            self.ahead_cells += 1;
        } else {
            self.cells_left_out += 1;
        }
    }

    /// Tells that an alert has ended at that moment: what it rested on does not count again.
    pub fn forget(&mut self, rule: &str, labels: &GroupLabels, at: TimestampMs) {
        let Some(watch) = self.watch_of(rule, labels) else { return };
        let Some(held) = self.watches.get_mut(watch as usize) else { return };
        let number = held.index.get(labels).copied();
        if let Some(group) = number.and_then(|number| held.groups.get_mut(number as usize)) {
            group.sensor.forget(at);
        }
    }

    /// Goes on from a stored state.
    pub fn restore(&mut self, rule: &str, labels: &GroupLabels, state: State, found: Found) {
        let Some(watch) = self.watch_of(rule, labels) else { return };
        if let Some(group) = self.group(watch, labels.clone())
            && let Some(held) = self.watches[watch as usize].groups.get_mut(group as usize)
        {
            held.state = state;
            held.sensor.resume(found);
            self.wake(watch, group);
        }
    }

    /// Takes in everything up to a slot without judging it: the past is learned, nothing is said.
    pub fn warm(&mut self, slot: Slot) {
        self.come_to(slot);
        let moment = Moment::new(slot, self.width);
        for (watch, group) in self.awake.clone() {
            let usual = self.usual(watch, group);
            let Some(held) = self.watches.get_mut(watch as usize) else { continue };
            let Some(rule) = self.rules.rules.get(held.rule) else { continue };
            let learned = Learned { usual, has_heartbeats: held.has_heartbeats };
            if let Some(group) = held.groups.get_mut(group as usize) {
                group.warm(rule, &self.calendar, moment, learned);
            }
        }
    }

    /// Tells of the newest event of a group that lies further back than what is taken in.
    pub fn seed(&mut self, rule: &str, labels: &GroupLabels, newest: TimestampMs) {
        let Some(watch) = self.watch_of(rule, labels) else { return };
        let Some(number) = self.group(watch, labels.clone()) else { return };
        let held = self.watches.get_mut(watch as usize);
        if let Some(group) = held.and_then(|held| held.groups.get_mut(number as usize)) {
            group.sensor.expect_from(newest);
        }
        self.wake(watch, number);
    }

    /// Judges the end of a slot, which comes after every slot that was judged before. The verdicts
    /// are in the order of rules and labels.
    pub fn judge(&mut self, slot: Slot) -> Vec<Verdict> {
        self.come_to(slot);
        let moment = Moment::new(slot, self.width);
        let awake = std::mem::take(&mut self.awake);
        let mut verdicts = Vec::new();
        for (watch, group) in awake {
            let usual = self.usual(watch, group);
            let Some(held) = self.watches.get_mut(watch as usize) else { continue };
            let Some(rule) = self.rules.rules.get(held.rule) else { continue };
            let (position, has_heartbeats) = (held.rule, held.has_heartbeats);
            let Some(group_held) = held.groups.get_mut(group as usize) else { continue };
            let learned = Learned { usual, has_heartbeats };
            let verdict = group_held.judge(rule, &self.calendar, moment, learned);
            verdicts.extend(verdict.map(|verdict| Verdict { rule: position, ..verdict }));
            if group_held.stays_awake(moment) {
                self.awake.push((watch, group));
            } else {
                group_held.awake = false;
            }
        }
        verdicts.sort_by(|a, b| (a.rule, &a.labels).cmp(&(b.rule, &b.labels)));
        verdicts
    }

    /// Whether an alert of one of these rules is open on labels that all are among `labels`.
    #[must_use]
    pub fn is_open(&self, rules: &[String], labels: &GroupLabels) -> bool {
        let named = |watch: &&Watch| {
            let rule = self.rules.rules.get(watch.rule);
            rule.is_some_and(|rule| rules.contains(&rule.name))
        };
        self.watches.iter().filter(named).any(|watch| {
            watch.within(labels).is_some_and(|group| matches!(group.state, State::Firing(_)))
        })
    }

    /// Applies the cells that waited for a slot.
    fn come_to(&mut self, slot: Slot) {
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
        let maintained = held.maintenance.iter().any(|(from, to)| (*from..*to).contains(&start));
        let is_heartbeat = matches!(value, SlotValue::Activity(cell) if cell.outcomes.total() == 0);
        for position in 0..held.routes.len() {
            let Some(&(watch, group)) =
                self.streams.get(stream.0 as usize).and_then(|held| held.routes.get(position))
            else {
                return;
            };
            let usual = self.usual(watch, group);
            let Some(held) = self.watches.get_mut(watch as usize) else { continue };
            let Some(rule) = self.rules.rules.get(held.rule) else { continue };
            held.has_heartbeats |= is_heartbeat;
            let Some(group_held) = held.groups.get_mut(group as usize) else { continue };
            if maintained && group_held.sensor.passes_over_maintenance() {
                continue;
            }
            group_held.sensor.add(rule, slot, self.width, value, usual);
            self.wake(watch, group);
        }
    }

    /// The groups a stream is a part of.
    fn route(&mut self, stream: StreamRef<'_>) -> Vec<(u32, u32)> {
        let mut routes = Vec::new();
        for watch in 0..self.watches.len() {
            let Some(rule) = self.watches.get(watch).and_then(|it| self.rules.rules.get(it.rule))
            else {
                continue;
            };
            if !watches(rule, stream) {
                continue;
            }
            let labels = self.watches.get(watch).map(|watch| watch.labels_of(stream));
            let watch = u32::try_from(watch).unwrap_or(u32::MAX);
            if let Some(group) = labels.and_then(|labels| self.group(watch, labels)) {
                routes.push((watch, group));
            }
        }
        routes
    }

    /// The group of a watch, made when it is new; `None` when there are too many.
    fn group(&mut self, watch: u32, labels: GroupLabels) -> Option<u32> {
        let held = self.watches.get(watch as usize)?;
        if let Some(group) = held.index.get(&labels) {
            return Some(*group);
        }
        if held.groups.len() >= GROUPS_PER_RULE_MAX {
            self.groups_left_out += 1;
            return None;
        }
        let whole = self.watches.get(held.whole as usize).filter(|_| held.whole != watch);
        let whole = whole.and_then(|whole| whole.number_within(&labels));
        let rule = self.rules.rules.get(held.rule)?;
        let group = Group::new(rule, labels.clone(), whole);
        let held = self.watches.get_mut(watch as usize)?;
        let number = u32::try_from(held.groups.len()).ok()?;
        held.groups.push(group);
        held.index.insert(labels, number);
        Some(number)
    }

    /// What a group is used to: itself, or the whole it is a part of when it is new.
    fn usual(&self, watch: u32, group: u32) -> Option<f64> {
        let held = self.watches.get(watch as usize).filter(|held| held.adapts)?;
        let group = held.groups.get(group as usize)?;
        group.sensor.usual().or_else(|| {
            let whole = self.watches.get(held.whole as usize)?;
            whole.groups.get(group.whole? as usize)?.sensor.usual()
        })
    }

    fn wake(&mut self, watch: u32, group: u32) {
        let held = self.watches.get_mut(watch as usize);
        if let Some(held) = held.and_then(|held| held.groups.get_mut(group as usize))
            && !held.awake
        {
            held.awake = true;
            self.awake.push((watch, group));
        }
    }

    /// The watch of a rule whose groups have exactly these labels.
    fn watch_of(&self, rule: &str, labels: &GroupLabels) -> Option<u32> {
        let fits = |watch: &Watch| {
            self.rules.rules.get(watch.rule).is_some_and(|held| held.name == rule)
                && labels.iter().map(|(label, _)| label).eq(watch.by.iter().copied())
        };
        self.watches.iter().position(fits).and_then(|position| u32::try_from(position).ok())
    }

    /// Partners that the rules file expects something of are watched before anything was seen.
    fn expect_partners(&mut self, from: TimestampMs) {
        let rules = Arc::clone(&self.rules);
        for partner in &rules.partners {
            for watch in 0..self.watches.len() {
                let Some(held) = self.watches.get(watch) else { continue };
                let Some(rule) = rules.rules.get(held.rule) else { continue };
                let expects = partner.expects.iter().any(|stream| stream == rule.signal.stream());
                if held.by != [Label::Partner] || !expects || !is_age(rule) {
                    continue;
                }
                let watch = u32::try_from(watch).unwrap_or(u32::MAX);
                let labels = GroupLabels::new([(Label::Partner, partner.name.clone())]);
                if let Some(group) = self.group(watch, labels) {
                    let held = self.watches.get_mut(watch as usize);
                    if let Some(held) = held.and_then(|it| it.groups.get_mut(group as usize)) {
                        held.sensor.expect_from(from);
                    }
                    self.wake(watch, group);
                }
            }
        }
    }
}

fn is_age(rule: &Rule) -> bool {
    matches!(rule.signal, Signal::Absence { .. } | Signal::Freshness { .. } | Signal::Run { .. })
}

/// Whether a rule watches a stream.
fn watches(rule: &Rule, stream: StreamRef<'_>) -> bool {
    let kind = match rule.signal {
        Signal::Gauge { .. } => StreamKind::Gauge,
        _ => StreamKind::Activity,
    };
    stream.kind == kind
        && stream.name == rule.signal.stream()
        && rule
            .matches
            .iter()
            .all(|(label, values)| values.contains(stream.labels[*label as usize]))
}
