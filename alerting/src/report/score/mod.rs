//! How good alerts are, measured against labelled incidents. Times are those of the replay's clock.
//!
//! - A **notification** is one with action `trigger`. Notifications of several receivers about the same
//!   group at the same time count once. `escalate` does not count: it extends an earlier notification.
//! - The **window** of an incident is from its start to half an hour after its end. A notification
//!   belongs to an incident when its partner is one of the incident's and its time is in the window. With
//!   several such incidents it belongs to one that has not ended rather than to one that has, and then
//!   to the one that started last. It belongs to one incident only.
//! - An incident that **must notify** (`must_page` is true) is found when a notification belongs to it. An
//!   alert that fired but was grouped into another notification does not count, so the incident is
//!   missed.
//! - An incident that **may notify** (`must_page` is false, such as a warning) is found when any alert
//!   about one of its partners, notified or not, fired in its window. Notifications that belong to it are
//!   neutral: neither true nor false.
//! - Every other notification is **false**, including those during blips, load tests, announced
//!   maintenance, holidays, and late or duplicate batches.
//! - Before `score_from` nothing counts. An incident that started before it is treated as one that may
//!   notify.
//! - **Time to detect** is from the onset (when the fault crossed its limit) to the first notification
//!   that belongs to the incident; a notification before the onset counts as 0.
//! - **Notifications per incident** is over incidents that were found.
//! - A **flap** is a notification about a partner within half an hour after a notification about the same
//!   partner was resolved, whether true or false.
//! - The **resolve lag** is from the end of a found incident to the time its last notification was
//!   resolved. It is negative when that was earlier. Notifications that are open at the end of the data
//!   are left out.

mod scoring;
mod summary;

use plimsoll_storage::{Label, TimestampMs};
use serde::de::Error;
use serde::{Deserialize, Deserializer};

use crate::records::delivery::Action;
use crate::replay::ReplayedAlert;
use crate::text::json::read_json;
use crate::text::time::WrittenTime;

pub use self::scoring::{FalseNotification, FoundIncident, Score, score};

/// A labelled incident. Times are in ms since 1970; a file may also have RFC 3339.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct Incident {
    /// Its name; made from its partners when left out.
    #[serde(default)]
    pub id: String,
    /// The kind of fault, or of harmless event.
    #[serde(default = "an_incident")]
    pub kind: String,
    /// Whether it is a fault at all.
    #[serde(default = "yes")]
    pub incident: bool,
    /// Whether it must be notified.
    #[serde(rename = "must_page", default = "yes")]
    pub must_notify: bool,
    /// Its partners.
    pub partners: Vec<String>,
    /// When it started.
    #[serde(deserialize_with = "time")]
    pub start: i64,
    /// When it crossed its limit; the start when left out.
    #[serde(default, deserialize_with = "optional_time")]
    pub onset: Option<i64>,
    /// When it ended.
    #[serde(deserialize_with = "time")]
    pub end: i64,
}

fn an_incident() -> String {
    "incident".to_owned()
}

const fn yes() -> bool {
    true
}

fn time<'de, D: Deserializer<'de>>(deserializer: D) -> Result<i64, D::Error> {
    let time = WrittenTime::deserialize(deserializer)?.read();
    time.map(|at| at.0).map_err(Error::custom)
}

fn optional_time<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<i64>, D::Error> {
    let time = Option::<WrittenTime>::deserialize(deserializer)?;
    time.map(|time| time.read().map(|at| at.0)).transpose().map_err(Error::custom)
}

impl Incident {
    /// Reads a list of incidents from JSON.
    ///
    /// # Errors
    /// Where the text is not such a list, or an incident ends before it begins or has no partner.
    pub fn read_list(json: &[u8]) -> Result<Vec<Self>, String> {
        let mut incidents: Vec<Self> = read_json(json)?;
        for (number, incident) in incidents.iter_mut().enumerate() {
            if incident.id.is_empty() {
                incident.id = format!("{}-{}", incident.partners.join("+"), number + 1);
            }
            if incident.partners.is_empty() {
                return Err(format!("incident {} names no partner", number + 1));
            }
            if incident.end < incident.start {
                return Err(format!("incident {} ends before it starts", incident.id));
            }
        }
        Ok(incidents)
    }

    /// When it could first be detected.
    #[must_use]
    pub fn onset(&self) -> i64 {
        self.onset.unwrap_or(self.start)
    }
}

/// The period and the number of partners that are scored. Times are in ms since 1970.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Scored {
    /// Start of the period; the data before it is only for learning.
    pub from: i64,
    /// The end of the data.
    pub end: i64,
    /// How many partners there are.
    pub partners: usize,
}

/// An alert that is scored. Times are in ms since 1970.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ScoredAlert {
    /// Name of the rule.
    pub rule: String,
    /// Its partner; empty when it has none.
    pub partner: String,
    /// When it fired.
    pub fired_at: i64,
    /// Its notifications, in order.
    pub notifications: Vec<ScoredNotification>,
}

/// A notification about an alert.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ScoredNotification {
    /// When, in ms since 1970.
    pub at: i64,
    /// Its action.
    pub action: Action,
    /// Name of the notification group.
    pub group: String,
}

impl From<&ReplayedAlert> for ScoredAlert {
    fn from(alert: &ReplayedAlert) -> Self {
        let TimestampMs(fired_at) = alert.fired_at;
        let notifications = alert.notifications.iter().map(|one| ScoredNotification {
            at: one.at.0,
            action: one.action,
            group: one.group.clone(),
        });
        Self {
            rule: alert.rule.clone(),
            partner: alert.labels.get(Label::Partner).unwrap_or_default().to_owned(),
            fired_at,
            notifications: notifications.collect(),
        }
    }
}

#[cfg(test)]
mod tests;
