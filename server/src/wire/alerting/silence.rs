//! Silences as JSON, in both directions.

use std::collections::BTreeMap;

use plimsoll_alerting::WrittenTime;
use plimsoll_alerting::rule::Schedule;
use plimsoll_alerting::silence::Silence;
use plimsoll_storage::TimestampMs;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::wire::alerting::alert::AlertBody;
use crate::wire::time;

/// A silence that is asked for.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct SilenceRequest {
    pub(crate) author: String,
    pub(crate) reason: String,
    /// A value or several for each label.
    #[serde(default, rename = "match")]
    pub(crate) matches: BTreeMap<String, OneOrMany>,
    pub(crate) rule: Option<String>,
    /// RFC 3339 or epoch milliseconds; now when left out.
    pub(crate) start: Option<WrittenTime>,
    /// RFC 3339 or epoch milliseconds.
    pub(crate) end: Option<WrittenTime>,
    /// Only in these hours of the week.
    pub(crate) weekly: Option<HoursBody>,
    /// In place of `end`: how long.
    #[serde(rename = "for")]
    pub(crate) lasts: Option<String>,
    /// Only answer what it would cover.
    #[serde(default)]
    pub(crate) dry_run: bool,
}

/// `"dhl"` or `["dhl", "ups"]`.
#[derive(Debug, Deserialize)]
#[serde(untagged)]
pub(crate) enum OneOrMany {
    One(String),
    Many(Vec<String>),
}

/// Hours of the week, as a rules file has them.
#[derive(Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct HoursBody {
    /// `mon` to `sun`; every day when left out.
    #[serde(default)]
    pub(crate) days: Vec<String>,
    pub(crate) from: String,
    /// Before `from`: over midnight.
    pub(crate) to: String,
    pub(crate) time_zone: String,
}

impl From<&Schedule> for HoursBody {
    fn from(hours: &Schedule) -> Self {
        let time = |minute: u16| format!("{:02}:{:02}", minute / 60, minute % 60);
        Self {
            days: hours.day_names().map(str::to_owned).collect(),
            from: time(hours.from_min),
            to: time(hours.to_min),
            time_zone: hours.time_zone.iana_name().unwrap_or_default().to_owned(),
        }
    }
}

/// A list of silences.
#[derive(Debug, Serialize, JsonSchema)]
pub(crate) struct SilencesBody {
    pub(crate) silences: Vec<SilenceBody>,
}

/// A silence.
#[derive(Debug, Serialize, JsonSchema)]
pub(crate) struct SilenceBody {
    id: String,
    state: &'static str,
    #[serde(rename = "match")]
    matches: BTreeMap<&'static str, Vec<String>>,
    rule: Option<String>,
    start: String,
    end: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    weekly: Option<HoursBody>,
    author: String,
    reason: String,
    created_at: String,
}

/// The states of a silence.
pub(crate) const STATES: [&str; 3] = ["pending", "active", "expired"];

/// The state of a silence at a time.
pub(crate) fn state(silence: &Silence, now: TimestampMs) -> &'static str {
    if now < silence.period.start {
        STATES[0]
    } else if now < silence.period.end {
        STATES[1]
    } else {
        STATES[2]
    }
}

impl SilenceBody {
    pub(crate) fn new(silence: Silence, now: TimestampMs) -> Self {
        let matches = silence.matches.written().into_iter();
        Self {
            state: state(&silence, now),
            matches: matches.map(|(label, values)| (label.as_str(), values)).collect(),
            start: time::format(silence.period.start),
            end: time::format(silence.period.end),
            weekly: silence.period.weekly.as_ref().map(HoursBody::from),
            created_at: time::format(silence.created_at),
            id: silence.id,
            rule: silence.rule,
            author: silence.author,
            reason: silence.reason,
        }
    }
}

/// A silence that was created, or would be, with what it covers.
#[derive(Debug, Serialize, JsonSchema)]
pub(crate) struct MadeSilenceBody {
    pub(crate) dry_run: bool,
    pub(crate) silence: SilenceBody,
    pub(crate) covers: CoverageBody,
}

/// What a silence covers.
#[derive(Debug, Serialize, JsonSchema)]
pub(crate) struct CoverageBody {
    /// Streams with these labels.
    pub(crate) streams: usize,
    /// Their partners: how many, and the first of them.
    pub(crate) partner_count: usize,
    pub(crate) partners: Vec<String>,
    /// Open alerts that it matches: how many, and the newest of them. Notifications that were sent stay.
    pub(crate) open_alert_count: usize,
    pub(crate) open_alerts: Vec<AlertBody>,
    /// Rules of which it can mute no alert: how many, and the first of them.
    pub(crate) unreached_rule_count: usize,
    pub(crate) unreached_rules: Vec<UnreachedRuleBody>,
    /// What is probably not meant as it is written.
    pub(crate) warnings: Vec<String>,
}

/// A rule of which a silence can mute no alert.
#[derive(Debug, Serialize, JsonSchema)]
pub(crate) struct UnreachedRuleBody {
    pub(crate) rule: String,
    pub(crate) reason: String,
}
