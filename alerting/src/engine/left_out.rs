//! The groups that are not evaluated because their rule has too many.

use std::collections::BTreeMap;
use std::hash::BuildHasher;

use foldhash::HashSet;
use foldhash::quality::FixedState;

use crate::labels::GroupLabels;
use crate::limits::GROUPS_LEFT_OUT_MAX;

/// The groups that are left out, by rule. A rule has at most
/// [`GROUPS_PER_RULE_MAX`](crate::limits::GROUPS_PER_RULE_MAX) groups.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct GroupsLeftOut {
    /// Hashes of labels, at most [`GROUPS_LEFT_OUT_MAX`] for each rule.
    rules: BTreeMap<String, HashSet<u64>>,
}

impl GroupsLeftOut {
    /// The rules that leave groups out, with how many; of very many they are the first ones.
    pub fn rules(&self) -> impl Iterator<Item = (&str, usize)> {
        self.rules.iter().map(|(rule, groups)| (rule.as_str(), groups.len()))
    }

    /// How many groups a rule leaves out.
    #[must_use]
    pub fn of(&self, rule: &str) -> usize {
        self.rules.get(rule).map_or(0, HashSet::len)
    }

    /// How many groups are left out.
    #[must_use]
    pub fn total(&self) -> usize {
        self.rules.values().map(HashSet::len).sum()
    }

    /// Whether a rule leaves out a group.
    #[must_use]
    pub fn contains(&self, rule: &str, labels: &GroupLabels) -> bool {
        self.rules.get(rule).is_some_and(|groups| groups.contains(&hash(labels)))
    }

    /// Whether adding a group of a rule changes anything.
    pub(super) fn takes(&self, rule: &str, labels: &GroupLabels) -> bool {
        self.of(rule) < GROUPS_LEFT_OUT_MAX && !self.contains(rule, labels)
    }

    pub(super) fn add(&mut self, rule: &str, labels: &GroupLabels) {
        self.rules.entry(rule.to_owned()).or_default().insert(hash(labels));
    }
}

fn hash(labels: &GroupLabels) -> u64 {
    FixedState::default().hash_one(labels)
}
