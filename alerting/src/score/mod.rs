//! How good alerts are, measured against labelled incidents.
//!
//! What counts, and how. Times are those of the replay's clock.
//!
//! - A **page** is a notification with action `trigger`. Several receivers told of the same thing at the
//!   same moment are one page. `escalate` is no page: it says more about what was said already.
//! - The **window** of an incident reaches from its start to half an hour after its end. A page belongs
//!   to an incident when its alert's partner is one of the incident's and it lies in the window. When
//!   it lies in several windows, it belongs to an incident that is still going on rather than to one
//!   that is over, and then to the one that began last. It belongs to one incident only.
//! - An incident that **must page** is found when a page belongs to it. An alert that fired but was
//!   folded into another message is no page, so the incident is missed.
//! - An incident that **may page** (`must_page` is false, such as a warning) is found when any alert
//!   about one of its partners, told or not, fired within its window. Pages that belong to it are neither
//!   true nor false.
//! - Every other page is **false**: those in blips, load tests, announced maintenance, holidays, late or
//!   doubled batches included.
//! - Before `score_from` nothing counts. An incident that began before it is treated as one that may
//!   page.
//! - **Time to detect** runs from the onset (when the fault passed its limit) to the first page that
//!   belongs; a page before the onset counts as 0.
//! - **Pages per incident** is over incidents that were found.
//! - A **flap** is a page about a partner within half an hour after a message about the same partner
//!   was resolved, whether true or false.
//! - The **resolve lag** runs from the end of a found incident to the moment its last page was resolved.
//!   It is negative when that came first. Pages that are open at the end of the data are left out.

mod judge;
mod report;

use plimsoll_storage::{Label, TimestampMs};
use serde::Deserialize;

pub use judge::{FalsePage, Found, Score, score};

use crate::records::delivery::Action;
use crate::replay::ReplayedAlert;

/// Something that happened, as it is labelled. Times are in ms since 1970; a file may also have
/// RFC 3339.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct Incident {
    /// Its name; its partners when left out.
    #[serde(default)]
    pub id: String,
    /// What kind of fault, or of harmless oddity, it is.
    #[serde(default = "an_incident")]
    pub kind: String,
    /// Whether it is a fault at all.
    #[serde(default = "yes")]
    pub incident: bool,
    /// Whether someone must be paged for it.
    #[serde(default = "yes")]
    pub must_page: bool,
    /// Whom it is about.
    pub partners: Vec<String>,
    /// When it began.
    #[serde(deserialize_with = "moment")]
    pub start: i64,
    /// When it passed its limit; the start when left out.
    #[serde(default, deserialize_with = "maybe_moment")]
    pub onset: Option<i64>,
    /// When it was over.
    #[serde(deserialize_with = "moment")]
    pub end: i64,
}

fn an_incident() -> String {
    "incident".to_owned()
}

const fn yes() -> bool {
    true
}

/// A time as a file has it.
#[derive(Deserialize)]
#[serde(untagged)]
enum Moment {
    Ms(i64),
    Text(jiff::Timestamp),
}

fn moment<'de, D: serde::Deserializer<'de>>(deserializer: D) -> Result<i64, D::Error> {
    let moment = Moment::deserialize(deserializer).map_err(|_| {
        serde::de::Error::custom("a time must be RFC 3339 in quotes or milliseconds since 1970")
    })?;
    Ok(match moment {
        Moment::Ms(ms) => ms,
        Moment::Text(at) => at.as_millisecond(),
    })
}

fn maybe_moment<'de, D: serde::Deserializer<'de>>(
    deserializer: D,
) -> Result<Option<i64>, D::Error> {
    let moment = Option::<Moment>::deserialize(deserializer).map_err(|_| {
        serde::de::Error::custom("a time must be RFC 3339 in quotes or milliseconds since 1970")
    })?;
    Ok(moment.map(|moment| match moment {
        Moment::Ms(ms) => ms,
        Moment::Text(at) => at.as_millisecond(),
    }))
}

impl Incident {
    /// Reads a list of incidents from JSON.
    ///
    /// # Errors
    /// Where the text is not such a list, or an incident ends before it begins or has no partner.
    pub fn read_list(json: &[u8]) -> Result<Vec<Self>, String> {
        let mut incidents: Vec<Self> =
            serde_json::from_slice(json).map_err(|error| error.to_string())?;
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

    /// When it could be noticed first.
    #[must_use]
    pub fn onset(&self) -> i64 {
        self.onset.unwrap_or(self.start)
    }
}

/// What is scored. Times are in ms since 1970.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Scored {
    /// What came before is for learning.
    pub from: i64,
    /// The end of the data.
    pub end: i64,
    /// How many partners there are.
    pub partners: usize,
}

/// An alert, as far as it matters here. Times are in ms since 1970.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Alert {
    /// Name of the rule.
    pub rule: String,
    /// Whom it is about; empty when it names nobody.
    pub partner: String,
    /// When it fired.
    pub fired_at: i64,
    /// What was said, in order.
    pub said: Vec<Said>,
}

/// Something that was said about an alert.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Said {
    /// When, in ms since 1970.
    pub at: i64,
    /// What.
    pub action: Action,
    /// Name of the message it belongs to.
    pub group: String,
}

impl From<&ReplayedAlert> for Alert {
    fn from(alert: &ReplayedAlert) -> Self {
        let TimestampMs(fired_at) = alert.fired_at;
        let said = alert.notifications.iter().map(|one| Said {
            at: one.at.0,
            action: one.action,
            group: one.group.clone(),
        });
        Self {
            rule: alert.rule.clone(),
            partner: alert.labels.get(Label::Partner).unwrap_or_default().to_owned(),
            fired_at,
            said: said.collect(),
        }
    }
}

#[cfg(test)]
mod tests;
