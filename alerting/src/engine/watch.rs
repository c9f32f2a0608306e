//! A rule with one of its groupings, and the states of its groups.

use crate::engine::group::GroupState;
use crate::engine::scope::{Parent, Place};

/// One grouping of a rule.
#[derive(Debug)]
pub(super) struct Watch {
    /// Position of the rule.
    pub(super) rule: usize,
    /// Where its sensors are.
    pub(super) place: Place,
    /// Where the baseline of a new group comes from.
    pub(super) parent: Option<Parent>,
    /// By number of the group in its scope; groups that were never evaluated may be missing.
    groups: Vec<GroupState>,
    /// Groups to evaluate, each once.
    due: Vec<u32>,
}

impl Watch {
    pub(super) const fn new(rule: usize, place: Place, parent: Option<Parent>) -> Self {
        Self { rule, place, parent, groups: Vec::new(), due: Vec::new() }
    }

    /// The state of a group.
    pub(super) fn group_state(&mut self, group: u32) -> &mut GroupState {
        let position = group as usize;
        if position >= self.groups.len() {
            self.groups.resize_with(position + 1, GroupState::default);
        }
        &mut self.groups[position]
    }

    /// Makes a group due for evaluation.
    pub(super) fn make_due(&mut self, group: u32) {
        if !std::mem::replace(&mut self.group_state(group).is_due, true) {
            self.due.push(group);
        }
    }

    /// Takes the groups to evaluate. Each must be put back with [`Watch::put_back`].
    pub(super) fn take_due(&mut self) -> Vec<u32> {
        std::mem::take(&mut self.due)
    }

    /// Puts back a group that was taken: it stays due, or is not due until a cell is added to it.
    pub(super) fn put_back(&mut self, group: u32, stays_due: bool) {
        self.group_state(group).is_due = stays_due;
        if stays_due {
            self.due.push(group);
        }
    }

    /// Whether no group is due.
    pub(super) fn is_idle(&self) -> bool {
        self.due.is_empty()
    }
}
