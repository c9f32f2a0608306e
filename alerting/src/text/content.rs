//! The content of a notification, as plain values: the symptom, the groups, the value against its
//! threshold, the trend, links, first steps and contacts.
//!
//! It is stored with each delivery, so that every attempt and every receiver gets the same content. How
//! it is shown is up to the receiver.

use bincode::{Decode, Encode};

/// The content of a notification.
#[derive(Debug, Clone, Default, PartialEq, Eq, Encode, Decode)]
pub struct Content {
    /// The symptom: `5xx+timeout share of requests`.
    pub what: String,
    /// Titles of the groups that share the notification, that of this alert first: `dhl`.
    pub which: Vec<String>,
    /// How many more groups there are than are listed.
    pub which_more: u32,
    /// End of the first slot in which the condition held, in ms since 1970.
    pub since_ms: i64,
    /// When the alert fired, in ms since 1970.
    pub fired_ms: i64,
    /// The newest value, with its unit: `12.5%`.
    pub value: String,
    /// The threshold: `> 5%`.
    pub threshold: String,
    /// How many items the value is computed from: `320 items in 5m`; empty for ages and levels.
    pub basis: String,
    /// The window of the rule: `5m`.
    pub window: String,
    /// The course of the value before the notification.
    pub trend: Trend,
    /// Exemplars, while the alert is open: `order_id O-1, correlation_id c-1: 5xx after 2s at …`.
    pub exemplars: Vec<String>,
    /// Links for a closer look.
    pub links: Links,
    /// The first steps of the runbook.
    pub steps: Vec<String>,
    /// What muted the alert until now, as text: `it fired while nothing was evaluated`.
    pub muted_by: Option<String>,
    /// The owner of the rule.
    pub owner: String,
    /// Contacts of the partners in the rules file: `dhl: support@dhl.example`.
    pub contacts: Vec<String>,
}

/// Addresses, all absolute.
#[derive(Debug, Clone, Default, PartialEq, Eq, Encode, Decode)]
pub struct Links {
    /// The dashboard of the partner, starting before the alert.
    pub dashboard: String,
    /// The stored alert.
    pub alert: String,
    /// The explanation of the evaluations around the time the alert fired.
    pub explain: String,
    /// The runbook; `None` when it has no address.
    pub runbook: Option<String>,
}

/// The course of a value before a notification.
#[derive(Debug, Clone, Default, PartialEq, Eq, Encode, Decode)]
pub struct Trend {
    /// A sparkline with a character for each step, oldest first: `▁▁▁▂▇██`; `·` without data.
    pub spark: String,
    /// The same as text: `0.2% → 12.5% within 15m, highest 14%`.
    pub text: String,
}
