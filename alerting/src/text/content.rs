//! The content of a notification, as plain values: the symptom, the groups, the value against its
//! threshold, the trend, links, first steps and contacts.
//!
//! It is stored with each delivery, so that every attempt and every receiver gets the same content. How
//! it is shown is up to the receiver.

use std::collections::BTreeMap;

use bincode::{Decode, Encode};

/// The content of a notification.
#[derive(Debug, Clone, Default, PartialEq, Eq, Encode, Decode)]
pub struct Content {
    /// Who, what, how bad and since when, or how it ended, in one line: `dhl create_label at ams1: 5xx on 31%
    /// of requests (41 of 132 in 10m, limit 5%) since 17:46 UTC`. Empty for a notice.
    pub headline: String,
    /// Who has the fault: `dhl create_label at ams1`.
    pub who: String,
    /// What goes wrong, without numbers: `5xx and timeouts on requests`.
    pub what: String,
    /// Titles of the groups that share the notification, that of this alert first: `dhl`.
    pub which: Vec<String>,
    /// How many more groups there are than are listed.
    pub which_more: u32,
    /// The parts of the group that have the fault, a line for each label: `operation create_label: 31% (41 of
    /// 132); elsewhere 0.2% (1 of 600)`.
    pub place: Vec<String>,
    /// When the fault began, in ms since 1970.
    pub onset_ms: i64,
    /// How far the true onset may be away, in ms.
    pub onset_within_ms: i64,
    /// End of the first slot in which the condition held, in ms since 1970.
    pub since_ms: i64,
    /// When the alert fired, in ms since 1970.
    pub fired_ms: i64,
    /// The newest value with its bounds, the number of items and the threshold: `19.9% of 663 items in 5m,
    /// surely above 15%; critical from 5% on`.
    pub how_bad: String,
    /// How it ended: `back to normal after 42m (worst 41%; 412 of 3,120 in 42m)`; empty while it is open.
    pub ended: String,
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
    /// What fits this case, and the first steps of the runbook.
    pub steps: Vec<String>,
    /// What muted the alert until now, as text: `it fired while nothing was evaluated`.
    pub muted_by: Option<String>,
    /// Names of the receivers that were notified of the alert.
    pub notified: Vec<String>,
    /// Labels of the rule itself.
    pub rule_labels: BTreeMap<String, String>,
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
