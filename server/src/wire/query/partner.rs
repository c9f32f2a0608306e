//! Partners, their freshness and their health as JSON.

use plimsoll_alerting::rule::Partner as Registered;
use plimsoll_query::{Freshness, PartnerActivity, StreamAge, StreamHealth, WindowHealth};
use plimsoll_storage::{Label, TimestampMs};
use schemars::JsonSchema;
use serde::Serialize;

use crate::wire::alerting::alert::AlertBody;
use crate::wire::query::latency::QuantileBody;
use crate::wire::query::outcomes::RatioBody;
use crate::wire::query::series::{LabelsBody, labels};
use crate::wire::time;

/// The newest event by group.
#[derive(Debug, Serialize, JsonSchema)]
pub(crate) struct FreshnessesBody {
    pub(crate) series: Vec<FreshnessBody>,
}

/// The newest event of a group.
#[derive(Debug, Serialize, JsonSchema)]
pub(crate) struct FreshnessBody {
    labels: LabelsBody,
    /// Missing when it is about every stream.
    #[serde(skip_serializing_if = "Option::is_none")]
    stream: Option<String>,
    last_at: Option<String>,
    age_s: Option<f64>,
    /// Whether the rules file expects it.
    expected: bool,
    #[serde(flatten)]
    silence: SilenceBody,
}

/// What rules say of the silence of an expected stream; left out where none watches it.
#[derive(Debug, Default, Serialize, JsonSchema)]
pub(crate) struct SilenceBody {
    /// Whether it is silent, as the rules that watch it evaluate it.
    #[serde(skip_serializing_if = "Option::is_none")]
    silent: Option<bool>,
    /// How long it has been silent, or expected when it never came.
    #[serde(skip_serializing_if = "Option::is_none")]
    silent_for_s: Option<f64>,
    /// From when on it is silent.
    #[serde(skip_serializing_if = "Option::is_none")]
    silent_after_s: Option<f64>,
}

impl From<Option<StreamAge>> for SilenceBody {
    fn from(age: Option<StreamAge>) -> Self {
        Self {
            silent: age.map(|age| age.is_silent),
            silent_for_s: age.map(|age| age.age_ms as f64 / 1e3),
            silent_after_s: age.map(|age| age.limit_ms as f64 / 1e3),
        }
    }
}

impl FreshnessBody {
    /// A group of no values, with every field.
    pub(crate) fn example(by: &[Label]) -> Self {
        let labels = by.iter().map(|label| (label.as_str(), String::new())).collect();
        Self {
            labels,
            stream: Some(String::new()),
            last_at: None,
            age_s: None,
            expected: false,
            silence: Some(StreamAge { age_ms: 0, limit_ms: 0, is_silent: false }).into(),
        }
    }

    pub(crate) fn new(freshness: Freshness, age: Option<StreamAge>, now: TimestampMs) -> Self {
        Self {
            labels: labels(&freshness.labels),
            stream: freshness.stream,
            last_at: freshness.last_at.map(time::format),
            age_s: freshness.last_at.map(|at| age_s(at, now)),
            expected: freshness.expected,
            silence: age.into(),
        }
    }
}

/// Seconds since `at`; zero when `at` is in the future.
fn age_s(at: TimestampMs, now: TimestampMs) -> f64 {
    now.since_ms(at).max(0) as f64 / 1e3
}

/// The partners that ever pushed data, and those of the rules file.
#[derive(Debug, Serialize, JsonSchema)]
pub(crate) struct PartnersBody {
    pub(crate) partners: Vec<PartnerBody>,
}

/// One partner.
#[derive(Debug, Serialize, JsonSchema)]
pub(crate) struct PartnerBody {
    partner: String,
    streams: Vec<String>,
    series: u64,
    last_at: Option<String>,
    age_s: Option<f64>,
    /// Its entry in the rules file.
    #[serde(skip_serializing_if = "Option::is_none")]
    registered: Option<RegisteredBody>,
}

/// A partner as the rules file describes it.
#[derive(Debug, Serialize, JsonSchema)]
struct RegisteredBody {
    kind: Option<String>,
    country: Option<String>,
    time_zone: Option<String>,
    sla_class: Option<String>,
    contacts: Vec<String>,
    /// Streams that should be reported.
    expects: Vec<String>,
    /// Whether nobody is notified of it.
    paused: bool,
}

impl From<&Registered> for RegisteredBody {
    fn from(partner: &Registered) -> Self {
        let Registered { kind, country, time_zone, sla_class, .. } = partner.clone();
        Self {
            kind,
            country,
            time_zone,
            sla_class,
            contacts: partner.contacts.clone(),
            expects: partner.expects.clone(),
            paused: partner.paused,
        }
    }
}

impl PartnerBody {
    pub(crate) fn new(
        partner: PartnerActivity,
        registered: Option<&Registered>,
        now: TimestampMs,
    ) -> Self {
        Self {
            registered: registered.map(Into::into),
            partner: partner.name,
            streams: partner.streams.into_iter().collect(),
            series: partner.series,
            last_at: partner.last_at.map(time::format),
            age_s: partner.last_at.map(|at| age_s(at, now)),
        }
    }
}

/// The health of a partner.
#[derive(Debug, Serialize, JsonSchema)]
pub(crate) struct HealthBody {
    pub(crate) partner: String,
    pub(crate) at: String,
    #[serde(rename = "verdict")]
    pub(crate) status: &'static str,
    /// What decides the status.
    pub(crate) reason: String,
    pub(crate) streams: Vec<StreamHealthBody>,
    /// Those that are open.
    pub(crate) alerts: Vec<AlertBody>,
    /// What cannot be read and is missing from the counts; left out when nothing is.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(crate) damaged: Vec<String>,
}

/// One stream of a partner.
#[derive(Debug, Serialize, JsonSchema)]
pub(crate) struct StreamHealthBody {
    pub(crate) stream: String,
    /// Whether the rules file expects it.
    pub(crate) expected: bool,
    pub(crate) last_at: Option<String>,
    pub(crate) age_s: Option<f64>,
    #[serde(flatten)]
    pub(crate) silence: SilenceBody,
    pub(crate) windows: Vec<WindowHealthBody>,
}

#[derive(Debug, Serialize, JsonSchema)]
pub(crate) struct WindowHealthBody {
    pub(crate) window_s: f64,
    /// Whether an event came in the window.
    pub(crate) fresh: bool,
    pub(crate) count: u64,
    pub(crate) per_second: f64,
    /// Everything but 2xx, 3xx and success.
    pub(crate) errors: RatioBody,
    pub(crate) p95: Option<QuantileBody>,
}

impl StreamHealthBody {
    pub(crate) fn new(health: StreamHealth, now: TimestampMs) -> Self {
        let last_at = health.last_at;
        let window = |window: WindowHealth| WindowHealthBody {
            window_s: window.window_ms as f64 / 1e3,
            fresh: last_at.is_some_and(|at| now.since_ms(at) <= window.window_ms),
            count: window.count,
            per_second: window.per_second,
            errors: window.errors.into(),
            p95: window.p95.map(|p95| QuantileBody::new(0.95, p95)),
        };
        Self {
            stream: health.stream,
            expected: health.expected,
            last_at: last_at.map(time::format),
            age_s: last_at.map(|at| age_s(at, now)),
            silence: health.age.into(),
            windows: health.windows.into_iter().map(window).collect(),
        }
    }
}
