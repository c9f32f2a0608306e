//! Which rules a silence or maintenance by labels can reach.
//!
//! An alert has the labels that its rule groups by, and those of which its rule watches one value. A silence
//! of one site must not mute the partner as a whole, so it reaches no alert that lacks a label it names.

use std::fmt;

use plimsoll_storage::{Label, LabelMatchers};

use crate::labels::SANDBOX;
use crate::rule::types::rule::Rule;
use crate::rule::types::set::RuleSet;
use crate::rule::types::signal::Signal;

/// Why labels select no alert of a rule.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum OutOfReach {
    /// Its alerts do not have the label.
    NoLabel(Label),
    /// It watches no stream with such a value of the label.
    OtherValue(Label),
}

impl fmt::Display for OutOfReach {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NoLabel(label) => {
                let label = label.as_str();
                write!(
                    f,
                    "its alerts have no `{label}`, because it neither groups by `{label}` nor matches one \
                     value of it"
                )
            }
            Self::OtherValue(label) => {
                write!(f, "it watches no stream with such a value of `{}`", label.as_str())
            }
        }
    }
}

impl Rule {
    /// Why labels select no alert of this rule; `None` when they can select one.
    #[must_use]
    pub fn out_of_reach(&self, matches: &LabelMatchers) -> Option<OutOfReach> {
        let in_sandbox = matches.only(Label::Environment) == Some(SANDBOX);
        let watched = if in_sandbox { self.sandbox_selector() } else { self.selector() }.labels;
        let mut both = watched.clone();
        matches.iter().for_each(|(label, matcher)| both.push(label, matcher.clone()));
        let of_group = |by: &[Label]| {
            matches.iter().find_map(|(label, _)| {
                if !both.is_possible(label) {
                    Some(OutOfReach::OtherValue(label))
                } else if by.contains(&label) || watched.only(label).is_some() {
                    None
                } else {
                    Some(OutOfReach::NoLabel(label))
                }
            })
        };
        let obstacles: Option<Vec<OutOfReach>> = self.groupings().map(of_group).collect();
        obstacles?.into_iter().next()
    }
}

impl Rule {
    /// Why maintenance by labels has no effect on this rule. Scans and drops do not count data of its time,
    /// whatever labels alerts have.
    pub(in crate::rule) fn unaffected_by_maintenance(
        &self,
        matches: &LabelMatchers,
    ) -> Option<OutOfReach> {
        let ignores_data = self.scan.is_some() || matches!(self.signal, Signal::Drop { .. });
        let reason = self.out_of_reach(matches)?;
        (!ignores_data || matches!(reason, OutOfReach::OtherValue(_))).then_some(reason)
    }
}

impl RuleSet {
    /// The rules of which labels select no alert, of those with that name or of all.
    #[must_use]
    pub fn out_of_reach(
        &self,
        rule: Option<&str>,
        matches: &LabelMatchers,
    ) -> Vec<(&Rule, OutOfReach)> {
        let asked = self.rules.iter().filter(|one| rule.is_none_or(|rule| rule == one.name));
        asked.filter_map(|rule| Some((rule, rule.out_of_reach(matches)?))).collect()
    }
}

#[cfg(test)]
mod tests;
