//! The rules file as it is written: every field with its place in the file, nothing judged yet.

use std::collections::BTreeMap;
use std::fmt;

use serde::Deserialize;
use serde::de::{self, Deserializer, SeqAccess, Visitor};
use serde_saphyr::Spanned;

use super::secret::SecretSource;

#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct RawFile {
    pub(super) receivers: Option<Vec<Spanned<RawReceiver>>>,
    pub(super) rules: Option<Vec<Spanned<RawRule>>>,
    pub(super) partners: Option<Vec<Spanned<RawPartner>>>,
    pub(super) maintenance: Option<Vec<Spanned<RawMaintenance>>>,
    pub(super) holidays: Option<Vec<Spanned<RawHoliday>>>,
    pub(super) pages: Option<Spanned<RawPages>>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct RawReceiver {
    pub(super) name: Spanned<String>,
    pub(super) pagerduty: Option<RawPagerDuty>,
    pub(super) webhook: Option<RawWebhook>,
    pub(super) slack: Option<RawSlack>,
    pub(super) alertmanager: Option<RawAlertmanager>,
    pub(super) email: Option<RawEmail>,
    pub(super) rate: Option<RawRate>,
    pub(super) give_up_after: Option<Spanned<String>>,
    pub(super) fail_over: Option<RawNext>,
    pub(super) escalate: Option<RawNext>,
    pub(super) text: Option<RawTexts>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct RawTexts {
    pub(super) summary: Option<Spanned<String>>,
    pub(super) body: Option<Spanned<String>>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct RawPagerDuty {
    pub(super) routing_key: Option<SecretSource>,
    pub(super) webhook_secret: Option<SecretSource>,
    #[serde(default)]
    pub(super) changes: bool,
    pub(super) url: Option<Spanned<String>>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct RawWebhook {
    pub(super) url: Option<Spanned<String>>,
    pub(super) secret: Option<SecretSource>,
    pub(super) secrets: Option<Vec<SecretSource>>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct RawSlack {
    pub(super) url: Option<SecretSource>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct RawAlertmanager {
    pub(super) url: Option<Spanned<String>>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct RawEmail {
    pub(super) host: Option<String>,
    pub(super) port: Option<u16>,
    pub(super) tls: Option<RawMailTls>,
    pub(super) ca: Option<Spanned<String>>,
    pub(super) user: Option<String>,
    pub(super) password: Option<SecretSource>,
    pub(super) from: Option<Spanned<String>>,
    pub(super) to: Option<Vec<Spanned<String>>>,
}

#[derive(Debug, Clone, Copy, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum RawMailTls {
    Starttls,
    Tls,
    None,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct RawRate {
    pub(super) calls: Spanned<u32>,
    pub(super) per: Spanned<String>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct RawNext {
    pub(super) to: Spanned<String>,
    pub(super) after: Option<Spanned<String>>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct RawRule {
    pub(super) name: Spanned<String>,
    pub(super) owner: Option<String>,
    pub(super) runbook: Option<String>,
    pub(super) signal: Option<Spanned<RawSignal>>,
    #[serde(rename = "match")]
    pub(super) matches: Option<BTreeMap<String, Spanned<OneOrMany>>>,
    pub(super) by: Option<Vec<Spanned<String>>>,
    pub(super) window: Option<Spanned<String>>,
    #[serde(rename = "for")]
    pub(super) hold: Option<Spanned<String>>,
    pub(super) critical: Option<Spanned<String>>,
    pub(super) warning: Option<Spanned<String>>,
    pub(super) notify: Option<Vec<Spanned<String>>>,
    pub(super) clear: Option<RawClear>,
    pub(super) min_count: Option<u64>,
    pub(super) confidence: Option<Spanned<f64>>,
    pub(super) also_by: Option<Vec<Vec<Spanned<String>>>>,
    pub(super) scan: Option<RawScan>,
    pub(super) usual: Option<RawUsual>,
    pub(super) keep_firing_for: Option<Spanned<String>>,
    pub(super) on_no_data: Option<RawNoData>,
    pub(super) schedule: Option<RawSchedule>,
    pub(super) depends_on: Option<Vec<Spanned<String>>>,
    pub(super) labels: Option<BTreeMap<String, String>>,
    pub(super) mode: Option<RawMode>,
    pub(super) notify_from: Option<RawSeverity>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct RawClear {
    #[serde(rename = "for")]
    pub(super) hold: Option<Spanned<String>>,
    pub(super) level: Option<Spanned<String>>,
    pub(super) count: Option<u32>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct RawScan {
    pub(super) windows: Vec<Spanned<String>>,
    pub(super) evidence: Option<Spanned<f64>>,
    pub(super) margin: Option<Spanned<f64>>,
    pub(super) bad_minutes: Option<u32>,
    pub(super) few: Option<u32>,
    pub(super) few_span: Option<Spanned<String>>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct RawUsual {
    pub(super) times: Spanned<f64>,
    pub(super) over: Option<Spanned<String>>,
}

#[derive(Debug, Clone, Copy, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum RawNoData {
    Ok,
    Keep,
    Alert,
}

#[derive(Debug, Clone, Copy, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum RawMode {
    Live,
    Shadow,
}

#[derive(Debug, Clone, Copy, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum RawSeverity {
    Warning,
    Critical,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct RawSchedule {
    pub(super) days: Option<Vec<Spanned<String>>>,
    pub(super) from: Spanned<String>,
    pub(super) to: Spanned<String>,
    pub(super) time_zone: Spanned<String>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct RawPages {
    pub(super) by: Vec<Spanned<String>>,
    pub(super) again_after: Option<Spanned<String>>,
    pub(super) cascade: Option<RawCascade>,
    pub(super) wait: Option<RawWait>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct RawWait {
    pub(super) critical: Option<Spanned<String>>,
    pub(super) warning: Option<Spanned<String>>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct RawCascade {
    pub(super) groups: u32,
    pub(super) within: Spanned<String>,
    pub(super) at_once: Option<Spanned<String>>,
}

/// The signals of the format.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum RawSignal {
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
pub(super) struct RawDrop {
    pub(super) stream: String,
    pub(super) on_holiday: Option<Spanned<String>>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct RawGauge {
    pub(super) name: String,
    pub(super) forecast: Option<Spanned<String>>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct RawBurn {
    pub(super) of: Vec<Spanned<String>>,
    pub(super) stream: String,
    pub(super) objective: Spanned<String>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct RawRatio {
    pub(super) of: Vec<Spanned<String>>,
    pub(super) to: Option<Vec<Spanned<String>>>,
    pub(super) stream: String,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct RawLatency {
    pub(super) q: Spanned<f64>,
    pub(super) stream: String,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct RawFreshness {
    pub(super) stream: String,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct RawPartner {
    pub(super) name: String,
    pub(super) kind: Option<String>,
    pub(super) country: Option<String>,
    pub(super) time_zone: Option<String>,
    pub(super) contacts: Option<Vec<String>>,
    pub(super) sla_class: Option<String>,
    pub(super) expects: Option<Vec<String>>,
    pub(super) depends_on: Option<Vec<String>>,
    pub(super) paused: Option<bool>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct RawMaintenance {
    #[serde(rename = "match")]
    pub(super) matches: Option<BTreeMap<String, Spanned<OneOrMany>>>,
    pub(super) start: Option<Spanned<String>>,
    pub(super) end: Option<Spanned<String>>,
    pub(super) weekly: Option<RawSchedule>,
    pub(super) author: Option<String>,
    pub(super) reason: Option<String>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct RawHoliday {
    pub(super) country: String,
    pub(super) date: Spanned<String>,
}

/// A label's value or values: `dhl` or `[dhl, ups]`.
#[derive(Debug)]
pub(super) struct OneOrMany(pub(super) Vec<String>);

impl<'de> Deserialize<'de> for OneOrMany {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(OneOrManyVisitor)
    }
}

struct OneOrManyVisitor;

impl<'de> Visitor<'de> for OneOrManyVisitor {
    type Value = OneOrMany;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a label value or a list of them (numbers need quotes)")
    }

    fn visit_str<E: de::Error>(self, text: &str) -> Result<OneOrMany, E> {
        Ok(OneOrMany(vec![text.to_owned()]))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<OneOrMany, A::Error> {
        let mut values = Vec::new();
        while let Some(value) = seq.next_element()? {
            values.push(value);
        }
        Ok(OneOrMany(values))
    }
}
