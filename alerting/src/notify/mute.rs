//! Whether an alert may be told now: what holds its beginning back. Nothing holds back an end.

use plimsoll_storage::{Label, TimestampMs};

use crate::labels::GroupLabels;
use crate::records::muted_by::MutedBy;
use crate::records::silence::Silence;
use crate::rule::{Partner, Rule, RuleMode, RuleSet, Severity};

/// What can mute an alert from outside its rule.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Mutes<'a> {
    /// With maintenance and paused partners.
    pub(crate) rules: &'a RuleSet,
    pub(crate) silences: &'a [Silence],
}

impl Mutes<'_> {
    /// What keeps an open alert of a rule, of that severity and with these labels, from being told at
    /// that moment. `is_dependent` looks whether something that it depends on has an open alert.
    pub(crate) fn suppressor(
        self,
        rule: &Rule,
        severity: Severity,
        labels: &GroupLabels,
        at: TimestampMs,
        is_dependent: impl FnOnce() -> bool,
    ) -> Option<MutedBy> {
        if labels.is_sandbox() {
            return Some(MutedBy::Sandbox);
        }
        if rule.notify_policy.mode == RuleMode::Shadow {
            return Some(MutedBy::Shadow);
        }
        if severity < rule.notify_policy.from {
            return Some(MutedBy::Severity);
        }
        let muted = self.mute(rule, labels, at);
        muted.or_else(|| is_dependent().then_some(MutedBy::Dependency))
    }

    /// The maintenance, silence or pause that covers the alert.
    fn mute(self, rule: &Rule, labels: &GroupLabels, at: TimestampMs) -> Option<MutedBy> {
        let labels = rule.known_labels(labels);
        let partner = labels.get(Label::Partner);
        let is_paused = |it: &Partner| it.paused && Some(it.name.as_str()) == partner;
        if self.rules.maintenance.iter().any(|window| window.covers(&labels, at)) {
            Some(MutedBy::Maintenance)
        } else if self.silences.iter().any(|silence| silence.covers(&rule.name, &labels, at)) {
            Some(MutedBy::Silenced)
        } else {
            self.rules.partners.iter().any(is_paused).then_some(MutedBy::Paused)
        }
    }
}

/// What an open alert would have to be on to keep this one from being told: by rules that the rule
/// depends on, on the same labels; and by the rule itself, on the labels of a partner that the partner
/// depends on.
pub(crate) fn dependencies(
    rules: &RuleSet,
    rule: &Rule,
    labels: &GroupLabels,
) -> Vec<(Vec<String>, GroupLabels)> {
    let mut found = Vec::new();
    if !rule.depends_on.is_empty() {
        found.push((rule.depends_on.clone(), labels.clone()));
    }
    let name = labels.get(Label::Partner).unwrap_or_default();
    let partner = rules.partners.iter().filter(|partner| partner.name == name);
    for other in partner.flat_map(|partner| &partner.depends_on) {
        let own = labels.iter().filter(|(label, _)| *label != Label::Partner);
        let own = own.map(|(label, value)| (label, value.to_owned()));
        let moved = GroupLabels::new(own.chain([(Label::Partner, other.clone())]));
        found.push((vec![rule.name.clone()], moved));
    }
    found
}

/// Whether something that the alert depends on has an open alert itself. `is_open` looks whether an
/// alert of some rules is open on labels that all are among some.
pub(crate) fn is_dependent(
    rules: &RuleSet,
    rule: &Rule,
    labels: &GroupLabels,
    is_open: &dyn Fn(&[String], &GroupLabels) -> bool,
) -> bool {
    let dependencies = dependencies(rules, rule, labels);
    dependencies.iter().any(|(rules, labels)| is_open(rules, labels))
}
