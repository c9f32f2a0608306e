//! A scope: some streams by some labels, which several rules may watch, with the groups that the streams
//! make and the sensors of each group. Rules that need the same of a group share its sensor. Streams of the
//! sandbox are groups of their own beside those of all other environments.

use foldhash::HashMap;
use plimsoll_storage::{Label, SlotWidth, StreamKind, StreamRef};

use crate::engine::sensor::{Sensor, SensorNeeds, can_share_sensor};
use crate::labels::{GroupLabels, SANDBOX};
use crate::limits::GROUPS_PER_RULE_MAX;
use crate::rule::{Rule, Signal};

/// Most groups of the sandbox in one scope: enough for some hundred drills.
const SANDBOX_GROUPS_PER_RULE_MAX: usize = 500;

/// Where the sensors of a rule are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Place {
    /// Position of the scope.
    pub(super) scope: usize,
    /// Position among the sensors of the scope.
    pub(super) sensors: usize,
}

/// Where the parent groups of the groups of a scope are.
#[derive(Debug, Clone, Copy)]
pub(super) struct Parent {
    pub(super) place: Place,
    /// Position among the [`ParentGroups`] of the scope.
    position: usize,
}

/// One sensor for each group of a scope.
#[derive(Debug)]
pub(super) struct Sensors {
    /// Position of the first rule that they serve.
    pub(super) rule: usize,
    pub(super) needs: SensorNeeds,
    /// Where the baseline of a new group comes from.
    pub(super) parent: Option<Parent>,
    /// By number of the group.
    pub(super) of_groups: Vec<Sensor>,
}

/// The groups of another scope that contain the groups of a scope.
#[derive(Debug)]
struct ParentGroups {
    scope: usize,
    numbers: Vec<Option<u32>>,
}

/// Some streams by some labels.
#[derive(Debug)]
pub(super) struct Scope {
    /// Position of a rule that watches these streams.
    rule: usize,
    pub(super) by: Vec<Label>,
    pub(super) groups: Vec<GroupLabels>,
    index: HashMap<GroupLabels, u32>,
    pub(super) sensors: Vec<Sensors>,
    parents: Vec<ParentGroups>,
    /// Groups that a cell was added to since the last evaluation, each once.
    touched: Vec<u32>,
    is_touched: Vec<bool>,
    /// How many groups are in the sandbox.
    sandbox_groups: usize,
    /// Whether a heartbeat was seen, which is a cell without counts: outside the sandbox, and in it.
    pub(super) has_heartbeats: [bool; 2],
}

impl Scope {
    /// The scope of the streams that the rule at a position watches, by some labels.
    pub(super) fn new(rule: usize, by: &[Label]) -> Self {
        Self {
            rule,
            by: by.to_vec(),
            groups: Vec::new(),
            index: HashMap::default(),
            sensors: Vec::new(),
            parents: Vec::new(),
            touched: Vec::new(),
            is_touched: Vec::new(),
            sandbox_groups: 0,
            has_heartbeats: [false; 2],
        }
    }

    /// Whether it is the scope of a rule that groups by these labels.
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
        let serves = |held: &Sensors| can_share_sensor(&rules[held.rule], &rules[rule], width);
        let known = self.sensors.iter().position(serves);
        let position = known.unwrap_or_else(|| {
            let (needs, of_groups) = (SensorNeeds::default(), Vec::new());
            self.sensors.push(Sensors { rule, needs, parent: None, of_groups });
            self.sensors.len() - 1
        });
        self.sensors[position].needs.add(&rules[rule]);
        position
    }

    /// Makes a place the parent of the groups.
    pub(super) fn parent(&mut self, place: Place) -> Parent {
        let known = self.parents.iter().position(|parents| parents.scope == place.scope);
        let position = known.unwrap_or_else(|| {
            self.parents.push(ParentGroups { scope: place.scope, numbers: Vec::new() });
            self.parents.len() - 1
        });
        Parent { place, position }
    }

    /// The number of the parent group of a group; `None` when it has none.
    pub(super) fn number_of_parent(&self, parent: Parent, group: u32) -> Option<u32> {
        *self.parents.get(parent.position)?.numbers.get(group as usize)?
    }

    /// Whether it contains a stream.
    pub(super) fn covers(&self, rules: &[Rule], stream: StreamRef<'_>) -> bool {
        let rule = &rules[self.rule];
        let in_sandbox = stream.labels[Label::Environment as usize] == SANDBOX;
        let is_open = |label| in_sandbox && label == Label::Environment;
        stream.kind == kind(&rule.signal)
            && stream.name == rule.signal.stream()
            && rule.matches.iter().all(|(label, matcher)| {
                is_open(label) || matcher.accepts(stream.labels[label as usize])
            })
    }

    /// The labels of the group of a stream.
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
            let sensor = Sensor::new(&rules[sensors.rule], &sensors.needs, width);
            sensors.of_groups.push(sensor);
        }
        for parents in &mut self.parents {
            parents.numbers.push(None);
        }
        self.is_touched.push(false);
        self.groups.push(labels.clone());
        self.index.insert(labels, number);
        Some(number)
    }

    /// The scopes of the parent groups.
    pub(super) fn parent_scopes(&self) -> impl Iterator<Item = usize> {
        self.parents.iter().map(|parents| parents.scope)
    }

    /// Sets the parent group of a group in another scope.
    pub(super) fn link(&mut self, group: u32, scope: usize, number: Option<u32>) {
        for parents in self.parents.iter_mut().filter(|parents| parents.scope == scope) {
            if let Some(held) = parents.numbers.get_mut(group as usize) {
                *held = number.or(*held);
            }
        }
    }

    /// Notes that a heartbeat was added to a group.
    pub(super) fn note_heartbeat(&mut self, group: u32) {
        let in_sandbox = self.groups.get(group as usize).is_some_and(GroupLabels::is_sandbox);
        self.has_heartbeats[usize::from(in_sandbox)] = true;
    }

    /// Whether connectors send heartbeats, in the sandbox or outside it as the group is.
    pub(super) fn has_heartbeats(&self, labels: &GroupLabels) -> bool {
        self.has_heartbeats[usize::from(labels.is_sandbox())]
    }

    /// Notes that a cell was added to a group.
    pub(super) fn touch(&mut self, group: u32) {
        if let Some(is_touched) = self.is_touched.get_mut(group as usize)
            && !std::mem::replace(is_touched, true)
        {
            self.touched.push(group);
        }
    }

    /// Groups that a cell was added to since the last evaluation.
    pub(super) fn touched(&self) -> &[u32] {
        &self.touched
    }

    /// Forgets them after an evaluation.
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
