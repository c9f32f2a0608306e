//! All scopes of an engine: which group a stream belongs to, and which groups contain others.

use plimsoll_storage::{SlotWidth, StreamRef};

use crate::engine::scope::{Parent, Place, Scope};
use crate::engine::streams::Route;
use crate::engine::watch::Watch;
use crate::labels::GroupLabels;
use crate::rule::Rule;

/// What rules watch, each scope once.
#[derive(Debug, Default)]
pub(super) struct Scopes {
    scopes: Vec<Scope>,
    /// Positions of scopes, those with the fewest labels first: parents before their parts.
    parents_first: Vec<usize>,
    /// Groups that were left out since they were last taken, with the position of their scope.
    left_out: Vec<(usize, GroupLabels)>,
}

impl Scopes {
    /// The scopes of some rules, and a watch for each grouping of each rule, in the order of rules.
    pub(super) fn of(rules: &[Rule], width: SlotWidth) -> (Self, Vec<Watch>) {
        let (mut scopes, mut watches) = (Self::default(), Vec::new());
        for position in 0..rules.len() {
            scopes.add_rule(rules, position, width, &mut watches);
        }
        scopes.parents_first = (0..scopes.scopes.len()).collect();
        scopes.parents_first.sort_by_key(|scope| scopes.scopes[*scope].by.len());
        (scopes, watches)
    }

    fn add_rule(
        &mut self,
        rules: &[Rule],
        position: usize,
        width: SlotWidth,
        watches: &mut Vec<Watch>,
    ) {
        let rule = &rules[position];
        let mut first = None;
        for by in rule.groupings() {
            let known = self.scopes.iter().position(|scope| scope.is_that_of(rules, rule, by));
            let scope = known.unwrap_or_else(|| {
                self.scopes.push(Scope::new(position, by));
                self.scopes.len() - 1
            });
            let sensors = self.scopes[scope].sensors_for(rules, position, width);
            let place = Place { scope, sensors };
            let parent = *first.get_or_insert(place);
            let has_parent = parent != place && rule.baseline.is_some();
            let parent = has_parent.then(|| self.scopes[scope].parent(parent));
            let held = &mut self.scopes[scope].sensors[sensors];
            held.parent = held.parent.or(parent);
            watches.push(Watch::new(position, place, parent));
        }
    }

    /// A scope, by position.
    pub(super) fn get(&self, scope: usize) -> &Scope {
        &self.scopes[scope]
    }

    /// A scope, by position.
    pub(super) fn get_mut(&mut self, scope: usize) -> &mut Scope {
        &mut self.scopes[scope]
    }

    /// All scopes.
    pub(super) fn iter(&self) -> impl Iterator<Item = &Scope> {
        self.scopes.iter()
    }

    /// All scopes.
    pub(super) fn iter_mut(&mut self) -> impl Iterator<Item = &mut Scope> {
        self.scopes.iter_mut()
    }

    /// Takes the groups that were left out because their scope has too many.
    pub(super) fn take_left_out(&mut self) -> Vec<(usize, GroupLabels)> {
        std::mem::take(&mut self.left_out)
    }

    /// The groups that a stream is a part of. New groups are created.
    pub(super) fn route(
        &mut self,
        rules: &[Rule],
        width: SlotWidth,
        stream: StreamRef<'_>,
    ) -> Box<[Route]> {
        let mut routes = Vec::new();
        for scope in self.parents_first.clone() {
            if !self.scopes[scope].covers(rules, stream) {
                continue;
            }
            let labels = self.scopes[scope].labels_of(stream);
            if let Some(group) = self.group(rules, width, scope, labels) {
                self.link(scope, group);
                routes.push((u32::try_from(scope).unwrap_or(u32::MAX), group));
            }
        }
        routes.into()
    }

    /// The group with these labels, created when it is new; `None` when the scope has too many.
    pub(super) fn group(
        &mut self,
        rules: &[Rule],
        width: SlotWidth,
        scope: usize,
        labels: GroupLabels,
    ) -> Option<u32> {
        let group = self.scopes[scope].group(rules, width, labels.clone());
        if group.is_none() {
            self.left_out.push((scope, labels));
        }
        group
    }

    /// Sets the parent groups of a group.
    fn link(&mut self, scope: usize, group: u32) {
        let parents: Vec<usize> = self.scopes[scope].parent_scopes().collect();
        for parent in parents {
            let labels = &self.scopes[scope].groups[group as usize];
            let number = self.scopes[parent].number_within(labels);
            self.scopes[scope].link(group, parent, number);
        }
    }

    /// The baseline of a group, or that of its parent group while its own is not known.
    pub(super) fn baseline(&self, place: Place, parent: Option<Parent>, group: u32) -> Option<f64> {
        let of = |place: Place, group: u32| {
            self.scopes[place.scope].sensors[place.sensors].of_groups[group as usize].baseline()
        };
        of(place, group).or_else(|| {
            let parent = parent?;
            of(parent.place, self.scopes[place.scope].number_of_parent(parent, group)?)
        })
    }
}
