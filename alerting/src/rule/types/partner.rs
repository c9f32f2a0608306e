//! Partners, their holidays, and announced maintenance.

use jiff::tz::TimeZone;
use plimsoll_storage::{LabelMatchers, TimestampMs};

use crate::labels::GroupLabels;
use crate::rule::types::countries;
use crate::rule::types::period::Period;

/// A partner as the rules file describes it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Partner {
    /// The value of the `partner` label.
    pub name: String,
    /// Such as `carrier` or `shop`.
    pub kind: Option<String>,
    /// Two-letter code of its country, in capitals.
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

impl Partner {
    /// Its time zone: its own, or the one that most people of its country live in.
    #[must_use]
    pub fn zone(&self) -> Option<TimeZone> {
        let country = || self.country.as_deref().and_then(countries::main_zone);
        let name = self.time_zone.as_deref().or_else(country)?;
        TimeZone::get(name).ok()
    }
}

/// A holiday of a country.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Holiday {
    /// Two-letter code, in capitals.
    pub country: String,
    /// The day of the holiday.
    pub date: jiff::civil::Date,
}

/// Announced maintenance: while it lasts, matching alerts are muted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Maintenance {
    /// The alerts that it mutes; never empty.
    pub matches: LabelMatchers,
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
        self.period.contains(at) && self.matches.accept(|label| labels.get(label))
    }
}

#[cfg(test)]
mod tests;
