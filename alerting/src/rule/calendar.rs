//! What the file says about partners and about time: maintenance and holidays.

use std::collections::{BTreeMap, BTreeSet};

use plimsoll_storage::{Label, TimestampMs};

use super::Period;
use crate::labels::GroupLabels;

/// A partner as the file describes it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Partner {
    /// The value of the `partner` label.
    pub name: String,
    /// Such as `carrier` or `shop`.
    pub kind: Option<String>,
    /// Country code.
    pub country: Option<String>,
    /// IANA name of its time zone.
    pub time_zone: Option<String>,
    /// Whom to call.
    pub contacts: Vec<String>,
    /// Name of its service level.
    pub sla_class: Option<String>,
    /// Streams that should be reported for it.
    pub expects: Vec<String>,
    /// Partners that stand between it and us: while a rule has an open alert on one of them, it tells
    /// of none on this one.
    pub depends_on: Vec<String>,
    /// Nobody is told of it while this is set.
    pub paused: bool,
}

/// A holiday of a country.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Holiday {
    /// Country code.
    pub country: String,
    /// The day.
    pub date: jiff::civil::Date,
}

/// Announced times in which matching alerts page nobody.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Maintenance {
    /// Values by label; never empty.
    pub matches: BTreeMap<Label, BTreeSet<String>>,
    /// When.
    pub period: Period,
    /// Who announced it.
    pub author: String,
    /// Why.
    pub reason: String,
}

impl Maintenance {
    /// Whether it covers an alert with these labels at that moment. Every label it names must be
    /// one of the alert's: maintenance of one site does not mute the partner as a whole.
    #[must_use]
    pub fn covers(&self, labels: &GroupLabels, at: TimestampMs) -> bool {
        let named = |(label, values): (&Label, &BTreeSet<String>)| {
            labels.get(*label).is_some_and(|value| values.contains(value))
        };
        self.period.contains(at) && self.matches.iter().all(named)
    }
}

#[cfg(test)]
mod tests;
