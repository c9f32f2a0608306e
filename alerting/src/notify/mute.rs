//! What mutes an alert. A mute delays the trigger of an alert; it never suppresses a resolve.

use plimsoll_storage::{Label, TimestampMs};

use crate::labels::GroupLabels;
use crate::notify::open::{OpenAlerts, muted_by_rules};
use crate::records::muted_by::MutedBy;
use crate::records::silence::Silence;
use crate::rule::{Rule, RuleSet, Severity};

/// Everything that can mute an alert.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Mutes<'a> {
    /// With maintenance, and partners that are paused or depend on others.
    pub(crate) rules: &'a RuleSet,
    pub(crate) silences: &'a [Silence],
    pub(crate) open: &'a OpenAlerts,
}

impl Mutes<'_> {
    /// What mutes an open alert of a rule, of that severity and with these labels, at `at`; `None` when
    /// it may be notified.
    pub(crate) fn muted_by(
        self,
        rule: &Rule,
        severity: Severity,
        labels: &GroupLabels,
        at: TimestampMs,
    ) -> Option<MutedBy> {
        let by_rules = muted_by_rules(self.rules, rule, severity, labels);
        if by_rules.is_some() && by_rules != Some(MutedBy::Paused) {
            return by_rules;
        }
        self.covered_by(rule, labels, at).or(by_rules).or_else(|| {
            let mut dependencies = dependencies(self.rules, rule, labels).into_iter();
            let is_open = dependencies.any(|it| self.open.any_within(&it.rules, &it.labels, at));
            is_open.then_some(MutedBy::Dependency)
        })
    }

    /// The maintenance or silence that covers the alert.
    fn covered_by(self, rule: &Rule, labels: &GroupLabels, at: TimestampMs) -> Option<MutedBy> {
        let labels = rule.known_labels(labels);
        if self.rules.maintenance.iter().any(|window| window.covers(&labels, at)) {
            return Some(MutedBy::Maintenance);
        }
        let is_silenced = self.silences.iter().any(|it| it.covers(&rule.name, &labels, at));
        is_silenced.then_some(MutedBy::Silenced)
    }
}

/// What an alert depends on: it is muted while an alert of one of these rules that can be notified is open
/// on labels that all are among `labels`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Dependency {
    pub(crate) rules: Vec<String>,
    pub(crate) labels: GroupLabels,
}

/// The dependencies of an alert: the rules that its rule depends on, on the same labels; and the rule
/// itself, on the labels of each partner that the partner depends on.
pub(crate) fn dependencies(rules: &RuleSet, rule: &Rule, labels: &GroupLabels) -> Vec<Dependency> {
    let mut found = Vec::new();
    if !rule.depends_on.is_empty() {
        found.push(Dependency { rules: rule.depends_on.clone(), labels: labels.clone() });
    }
    let name = labels.get(Label::Partner).unwrap_or_default();
    let partner = rules.partners.iter().filter(|partner| partner.name == name);
    for other in partner.flat_map(|partner| &partner.depends_on) {
        let own = labels.iter().filter(|(label, _)| *label != Label::Partner);
        let own = own.map(|(label, value)| (label, value.to_owned()));
        let labels = GroupLabels::new(own.chain([(Label::Partner, other.clone())]));
        found.push(Dependency { rules: vec![rule.name.clone()], labels });
    }
    found
}

#[cfg(test)]
mod tests;
