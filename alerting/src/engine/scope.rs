//! What several rules look at in common: the groups that some streams fall into, and what is known
//! of each. Rules that ask the same of a group share its sensor. Streams of the sandbox are groups of
//! their own beside those of all other environments.

use foldhash::HashMap;
use plimsoll_storage::{Label, SlotWidth, StreamKind, StreamRef};

use super::sensor::{Sensor, Wanted};
use crate::labels::{GroupLabels, SANDBOX};
use crate::limits::GROUPS_PER_RULE_MAX;
use crate::rule::{Rule, Signal};

/// Groups of the sandbox that one grouping of a rule watches: room for some hundred drills.
const SANDBOX_GROUPS_PER_RULE_MAX: usize = 500;

/// Where the sensors for a rule are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Place {
    /// Position of the scope.
    pub(super) scope: usize,
    /// Position among the sensors of the scope.
    pub(super) sensors: usize,
}

/// Where to look for the whole that the groups of a scope are parts of.
#[derive(Debug, Clone, Copy)]
pub(super) struct Whole {
    pub(super) place: Place,
    /// Position among the [`Wholes`] of the scope of the parts.
    wholes: usize,
}

/// One sensor for each group of a scope, and what they measure.
#[derive(Debug)]
pub(super) struct Sensors {
    /// Position of a rule they were made for; they serve others as well.
    pub(super) rule: usize,
    pub(super) wanted: Wanted,
    /// What new groups are like until more is known of them.
    pub(super) whole: Option<Whole>,
    pub(super) of_groups: Vec<Sensor>,
}

/// The groups of another scope that those of a scope are parts of.
#[derive(Debug)]
struct Wholes {
    scope: usize,
    numbers: Vec<Option<u32>>,
}

/// Some streams, by groups.
#[derive(Debug)]
pub(super) struct Scope {
    /// Position of a rule that watches these streams.
    rule: usize,
    pub(super) by: Vec<Label>,
    pub(super) groups: Vec<GroupLabels>,
    index: HashMap<GroupLabels, u32>,
    pub(super) sensors: Vec<Sensors>,
    wholes: Vec<Wholes>,
    /// Groups that something was added to since the last judgement, each once.
    touched: Vec<u32>,
    is_touched: Vec<bool>,
    /// Groups of the sandbox.
    sandbox_groups: usize,
    /// A cell without counts was seen: connectors say so when nothing happens. Outside the sandbox, and
    /// in it.
    pub(super) has_heartbeats: [bool; 2],
}

impl Scope {
    /// The streams that the rule at a position watches, by some labels.
    pub(super) fn new(rule: usize, by: &[Label]) -> Self {
        Self {
            rule,
            by: by.to_vec(),
            groups: Vec::new(),
            index: HashMap::default(),
            sensors: Vec::new(),
            wholes: Vec::new(),
            touched: Vec::new(),
            is_touched: Vec::new(),
            sandbox_groups: 0,
            has_heartbeats: [false; 2],
        }
    }

    /// Whether it is what a rule watches when it groups by these labels.
    pub(super) fn is_that_of(&self, rules: &[Rule], rule: &Rule, by: &[Label]) -> bool {
        let own = &rules[self.rule];
        let streams = |rule: &Rule| kind(&rule.signal);
        self.by == by
            && streams(own) == streams(rule)
            && own.signal.stream() == rule.signal.stream()
            && own.matches == rule.matches
    }

    /// The position of the sensors that serve the rule at a position.
    pub(super) fn sensors_for(&mut self, rules: &[Rule], rule: usize, width: SlotWidth) -> usize {
        let asks = &rules[rule];
        let serves = |held: &Sensors| Sensor::serves_both(&rules[held.rule], asks, width);
        let known = self.sensors.iter().position(serves);
        let position = known.unwrap_or_else(|| {
            let (wanted, of_groups) = (Wanted::default(), Vec::new());
            self.sensors.push(Sensors { rule, wanted, whole: None, of_groups });
            self.sensors.len() - 1
        });
        self.sensors[position].wanted.extend(asks);
        position
    }

    /// How to find what the groups are parts of.
    pub(super) fn whole(&mut self, place: Place) -> Whole {
        let known = self.wholes.iter().position(|wholes| wholes.scope == place.scope);
        let wholes = known.unwrap_or_else(|| {
            self.wholes.push(Wholes { scope: place.scope, numbers: Vec::new() });
            self.wholes.len() - 1
        });
        Whole { place, wholes }
    }

    /// The group that a group is a part of.
    pub(super) fn number_of_whole(&self, whole: Whole, group: u32) -> Option<u32> {
        *self.wholes.get(whole.wholes)?.numbers.get(group as usize)?
    }

    /// Whether a stream is one of those it is about.
    pub(super) fn covers(&self, rules: &[Rule], stream: StreamRef<'_>) -> bool {
        let rule = &rules[self.rule];
        let in_sandbox = stream.labels[Label::Environment as usize] == SANDBOX;
        let is_value = |label: Label, values: &std::collections::BTreeSet<String>| {
            let is_open = in_sandbox && label == Label::Environment;
            is_open || values.contains(stream.labels[label as usize])
        };
        stream.kind == kind(&rule.signal)
            && stream.name == rule.signal.stream()
            && rule.matches.iter().all(|(label, values)| is_value(*label, values))
    }

    /// The labels of the group that a stream belongs to.
    pub(super) fn labels_of(&self, stream: StreamRef<'_>) -> GroupLabels {
        let in_sandbox = stream.labels[Label::Environment as usize] == SANDBOX;
        let on_top = in_sandbox.then_some(&Label::Environment);
        let value = |label: &Label| (*label, stream.labels[*label as usize].to_owned());
        GroupLabels::new(self.by.iter().chain(on_top).map(value))
    }

    /// The group with exactly these labels.
    pub(super) fn number(&self, labels: &GroupLabels) -> Option<u32> {
        self.index.get(labels).copied()
    }

    /// The group whose labels are those of `by` among `labels`.
    pub(super) fn number_within(&self, labels: &GroupLabels) -> Option<u32> {
        self.number(&labels.within(&self.by)?)
    }

    /// The group with these labels, made when it is new; `None` when there are too many.
    pub(super) fn group(
        &mut self,
        rules: &[Rule],
        width: SlotWidth,
        labels: GroupLabels,
    ) -> Option<u32> {
        if let Some(number) = self.number(&labels) {
            return Some(number);
        }
        let number = u32::try_from(self.groups.len()).ok()?;
        let others = self.groups.len() - self.sandbox_groups;
        let is_full = if labels.is_sandbox() {
            self.sandbox_groups >= SANDBOX_GROUPS_PER_RULE_MAX
        } else {
            others >= GROUPS_PER_RULE_MAX
        };
        if is_full {
            return None;
        }
        self.sandbox_groups += usize::from(labels.is_sandbox());
        for sensors in &mut self.sensors {
            let sensor = Sensor::new(&rules[sensors.rule], &sensors.wanted, width);
            sensors.of_groups.push(sensor);
        }
        for wholes in &mut self.wholes {
            wholes.numbers.push(None);
        }
        self.is_touched.push(false);
        self.groups.push(labels.clone());
        self.index.insert(labels, number);
        Some(number)
    }

    /// The scopes in which the groups of this one are parts.
    pub(super) fn scopes_of_wholes(&self) -> impl Iterator<Item = usize> {
        self.wholes.iter().map(|wholes| wholes.scope)
    }

    /// Notes which group of another scope a group is a part of.
    pub(super) fn link(&mut self, group: u32, scope: usize, number: Option<u32>) {
        for wholes in self.wholes.iter_mut().filter(|wholes| wholes.scope == scope) {
            if let Some(held) = wholes.numbers.get_mut(group as usize) {
                *held = number.or(*held);
            }
        }
    }

    /// A cell without counts was added to a group.
    pub(super) fn note_heartbeat(&mut self, group: u32) {
        let in_sandbox = self.groups.get(group as usize).is_some_and(GroupLabels::is_sandbox);
        self.has_heartbeats[usize::from(in_sandbox)] = true;
    }

    /// Whether connectors send heartbeats, to groups like this one.
    pub(super) fn has_heartbeats(&self, labels: &GroupLabels) -> bool {
        self.has_heartbeats[usize::from(labels.is_sandbox())]
    }

    /// Something was added to a group.
    pub(super) fn touch(&mut self, group: u32) {
        if let Some(is_touched) = self.is_touched.get_mut(group as usize)
            && !std::mem::replace(is_touched, true)
        {
            self.touched.push(group);
        }
    }

    /// Groups that something was added to since the last judgement.
    pub(super) fn touched(&self) -> &[u32] {
        &self.touched
    }

    /// A judgement has been made.
    pub(super) fn clear_touched(&mut self) {
        for group in self.touched.drain(..) {
            self.is_touched[group as usize] = false;
        }
    }
}

const fn kind(signal: &Signal) -> StreamKind {
    match signal {
        Signal::Gauge { .. } => StreamKind::Gauge,
        _ => StreamKind::Activity,
    }
}
