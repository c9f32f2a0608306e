//! Rules as the rules file has them.

use std::collections::BTreeMap;

use serde::Deserialize;
use serde_saphyr::Spanned;

use crate::rule::parse::values::{OneOrMany, RawSchedule};

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(in crate::rule) struct RawRule {
    pub(in crate::rule) name: Spanned<String>,
    pub(in crate::rule) owner: Option<String>,
    pub(in crate::rule) runbook: Option<String>,
    pub(in crate::rule) signal: Option<Spanned<RawSignal>>,
    #[serde(rename = "match")]
    pub(in crate::rule) matches: Option<BTreeMap<String, Spanned<OneOrMany>>>,
    pub(in crate::rule) by: Option<Vec<Spanned<String>>>,
    pub(in crate::rule) window: Option<Spanned<String>>,
    #[serde(rename = "for")]
    pub(in crate::rule) hold: Option<Spanned<String>>,
    pub(in crate::rule) critical: Option<Spanned<String>>,
    pub(in crate::rule) warning: Option<Spanned<String>>,
    pub(in crate::rule) notify: Option<Vec<Spanned<String>>>,
    pub(in crate::rule) clear: Option<RawClear>,
    pub(in crate::rule) min_count: Option<u64>,
    pub(in crate::rule) confidence: Option<Spanned<f64>>,
    pub(in crate::rule) also_by: Option<Vec<Vec<Spanned<String>>>>,
    pub(in crate::rule) scan: Option<RawScan>,
    pub(in crate::rule) usual: Option<RawUsual>,
    pub(in crate::rule) keep_firing_for: Option<Spanned<String>>,
    pub(in crate::rule) on_no_data: Option<RawNoData>,
    pub(in crate::rule) schedule: Option<RawSchedule>,
    pub(in crate::rule) depends_on: Option<Vec<Spanned<String>>>,
    pub(in crate::rule) labels: Option<BTreeMap<String, String>>,
    pub(in crate::rule) mode: Option<RawMode>,
    pub(in crate::rule) notify_from: Option<RawSeverity>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(in crate::rule) struct RawClear {
    #[serde(rename = "for")]
    pub(in crate::rule) hold: Option<Spanned<String>>,
    pub(in crate::rule) level: Option<Spanned<String>>,
    pub(in crate::rule) count: Option<u32>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(in crate::rule) struct RawScan {
    pub(in crate::rule) windows: Option<Vec<Spanned<String>>>,
    pub(in crate::rule) evidence: Option<Spanned<f64>>,
    pub(in crate::rule) margin: Option<Spanned<f64>>,
    pub(in crate::rule) bad_minutes: Option<u32>,
    pub(in crate::rule) few: Option<u32>,
    pub(in crate::rule) few_span: Option<Spanned<String>>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(in crate::rule) struct RawUsual {
    pub(in crate::rule) times: Spanned<f64>,
    pub(in crate::rule) over: Option<Spanned<String>>,
}

#[derive(Debug, Clone, Copy, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(in crate::rule) enum RawNoData {
    Ok,
    Keep,
    Alert,
}

#[derive(Debug, Clone, Copy, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(in crate::rule) enum RawMode {
    Live,
    Shadow,
}

#[derive(Debug, Clone, Copy, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(in crate::rule) enum RawSeverity {
    Warning,
    Critical,
}

/// The signals of the format.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(in crate::rule) enum RawSignal {
    Ratio(RawRatio),
    Latency(RawLatency),
    Freshness(RawFreshness),
    Drop(RawDrop),
    Absence(RawFreshness),
    Gauge(RawGauge),
    Burn(RawBurn),
    Run(RawFreshness),
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(in crate::rule) struct RawDrop {
    pub(in crate::rule) stream: String,
    pub(in crate::rule) on_holiday: Option<Spanned<String>>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(in crate::rule) struct RawGauge {
    pub(in crate::rule) name: String,
    pub(in crate::rule) forecast: Option<Spanned<String>>,
    pub(in crate::rule) percent: Option<bool>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(in crate::rule) struct RawBurn {
    pub(in crate::rule) of: Vec<Spanned<String>>,
    pub(in crate::rule) stream: String,
    pub(in crate::rule) objective: Spanned<String>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(in crate::rule) struct RawRatio {
    pub(in crate::rule) of: Vec<Spanned<String>>,
    pub(in crate::rule) to: Option<Vec<Spanned<String>>>,
    pub(in crate::rule) stream: String,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(in crate::rule) struct RawLatency {
    pub(in crate::rule) q: Spanned<f64>,
    pub(in crate::rule) stream: String,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(in crate::rule) struct RawFreshness {
    pub(in crate::rule) stream: String,
}
