//! Partners, their holidays, and announced maintenance.

use std::collections::{BTreeMap, BTreeSet};

use plimsoll_storage::{Label, TimestampMs};

use crate::labels::GroupLabels;
use crate::rule::types::period::Period;

/// A partner as the rules file describes it.
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
    /// Whom to contact.
    pub contacts: Vec<String>,
    /// Name of its class of service level.
    pub sla_class: Option<String>,
    /// Streams that are expected of it.
    pub expects: Vec<String>,
    /// Partners that lie between it and us: while a rule has an open alert on one of them, its alerts on
    /// this partner are muted.
    pub depends_on: Vec<String>,
    /// While this is set, its alerts are muted.
    pub paused: bool,
}

/// A holiday of a country.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Holiday {
    /// Country code.
    pub country: String,
    /// The day of the holiday.
    pub date: jiff::civil::Date,
}

/// Announced maintenance: while it lasts, matching alerts are muted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Maintenance {
    /// Values by label; never empty.
    pub matches: BTreeMap<Label, BTreeSet<String>>,
    /// When it takes place.
    pub period: Period,
    /// Who announced it.
    pub author: String,
    /// Why it takes place.
    pub reason: String,
}

impl Maintenance {
    /// Whether it covers an alert with these labels at a time. The alert must have every label that the
    /// maintenance names: maintenance of one site does not mute the partner as a whole.
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
