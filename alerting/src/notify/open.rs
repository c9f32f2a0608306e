//! Which alerts are open when, of those that mute others: what a rule or a partner depends on mutes an alert
//! while it is open. An alert of which the rules file lets nobody be notified mutes none: the problem would
//! be notified by neither.

use std::collections::{BTreeMap, BTreeSet};

use plimsoll_storage::{Label, TimestampMs};

use crate::engine::{AlertState, Evaluation};
use crate::labels::GroupLabels;
use crate::records::muted_by::MutedBy;
use crate::rule::{Partner, Rule, RuleMode, RuleSet, Severity};

/// Alerts and the periods in which they are open, by rule.
#[derive(Debug, Clone, Default)]
pub(crate) struct OpenAlerts {
    rules: BTreeMap<String, RuleAlerts>,
}

#[derive(Debug, Clone, Default)]
struct RuleAlerts {
    /// The sets of labels that name its groups.
    names: BTreeSet<Vec<Label>>,
    periods: BTreeMap<GroupLabels, Vec<OpenPeriod>>,
}

/// From when an alert fired until it resolved.
#[derive(Debug, Clone, Copy)]
struct OpenPeriod {
    from: TimestampMs,
    until: Option<TimestampMs>,
}

impl OpenAlerts {
    /// Adds an alert that is open from `from` on, until `until` when that is known.
    pub(crate) fn add(
        &mut self,
        rule: &str,
        labels: &GroupLabels,
        from: TimestampMs,
        until: Option<TimestampMs>,
    ) {
        let alerts = self.rules.entry(rule.to_owned()).or_default();
        let names: Vec<Label> = labels.iter().map(|(label, _)| label).collect();
        alerts.names.insert(names);
        let periods = alerts.periods.entry(labels.clone()).or_default();
        periods.push(OpenPeriod { from, until });
    }

    /// Removes the alerts of a group.
    pub(crate) fn remove(&mut self, rule: &str, labels: &GroupLabels) {
        if let Some(alerts) = self.rules.get_mut(rule) {
            alerts.periods.remove(labels);
        }
    }

    /// Follows the evaluations of a slot: alerts that fire and can be notified are open, others of these
    /// groups are not.
    pub(crate) fn update(&mut self, rules: &RuleSet, evaluations: &[Evaluation]) {
        for evaluation in evaluations {
            let Some(rule) = rules.rules.get(evaluation.rule) else { continue };
            let alerts = self.rules.get(&rule.name);
            let is_known = alerts.is_some_and(|it| it.periods.contains_key(&evaluation.labels));
            let muted = |severity| muted_by_rules(rules, rule, severity, &evaluation.labels);
            match evaluation.state {
                AlertState::Firing(firing) if muted(firing.severity).is_none() => {
                    if !is_known {
                        self.add(&rule.name, &evaluation.labels, firing.fired_at, None);
                    }
                }
                _ => self.remove(&rule.name, &evaluation.labels),
            }
        }
    }

    /// Whether at `at` an alert of one of these rules is open on labels that all are among `labels`.
    pub(crate) fn any_within(
        &self,
        rules: &[String],
        labels: &GroupLabels,
        at: TimestampMs,
    ) -> bool {
        let alerts = rules.iter().filter_map(|rule| self.rules.get(rule));
        alerts.flat_map(|alerts| alerts.within(labels)).any(|period| period.contains(at))
    }
}

impl RuleAlerts {
    fn within(&self, labels: &GroupLabels) -> impl Iterator<Item = &OpenPeriod> {
        let part = |names: &Vec<Label>| {
            let values = names.iter().map(|name| Some((*name, labels.get(*name)?.to_owned())));
            values.collect::<Option<Vec<_>>>().map(GroupLabels::new)
        };
        let parts = self.names.iter().filter_map(part);
        parts.filter_map(|part| self.periods.get(&part)).flatten()
    }
}

impl OpenPeriod {
    fn contains(self, at: TimestampMs) -> bool {
        self.from <= at && self.until.is_none_or(|until| at < until)
    }
}

/// What mutes every alert of a rule with that severity and these labels, as long as the rules file is the
/// same.
pub(crate) fn muted_by_rules(
    rules: &RuleSet,
    rule: &Rule,
    severity: Severity,
    labels: &GroupLabels,
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
    let labels = rule.known_labels(labels);
    let partner = labels.get(Label::Partner);
    let is_paused = |it: &Partner| it.paused && Some(it.name.as_str()) == partner;
    rules.partners.iter().any(is_paused).then_some(MutedBy::Paused)
}

#[cfg(test)]
mod tests;
