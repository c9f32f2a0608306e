//! Alerts and rules as JSON.

use std::collections::BTreeMap;

use plimsoll_alerting::{Acknowledgement, Alert, Evidence, Rule, Severity, SignalKind};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::wire::query::series::LabelsBody;
use crate::wire::{number, time};

/// A list of alerts, newest first.
#[derive(Debug, Serialize, JsonSchema)]
pub(crate) struct AlertsBody {
    pub(crate) alerts: Vec<AlertBody>,
    /// Whether there are more than are listed.
    pub(crate) is_cut: bool,
}

/// One alert.
#[derive(Debug, Serialize, JsonSchema)]
pub(crate) struct AlertBody {
    pub(crate) id: String,
    rule: String,
    owner: String,
    runbook: String,
    signal: &'static str,
    pub(crate) symptom: String,
    pub(crate) severity: &'static str,
    state: &'static str,
    labels: LabelsBody,
    window_s: f64,
    pub(crate) pending_at: String,
    fired_at: String,
    resolved_at: Option<String>,
    resolved_because: Option<&'static str>,
    at_fire: EvidenceBody,
    latest: EvidenceBody,
    peak: EvidenceBody,
    /// Why nobody is or was notified of it; `null` when somebody was.
    #[serde(rename = "suppressor")]
    muted_by: Option<&'static str>,
    receivers: Vec<String>,
    /// Its acknowledgement; `null` while there is none.
    acknowledged: Option<AcknowledgedBody>,
    dedup_key: String,
}

/// The acknowledgement of an alert.
#[derive(Debug, Serialize, JsonSchema)]
pub(crate) struct AcknowledgedBody {
    at: String,
    author: String,
    /// The receiver that it came from; `null` when it was made here.
    by_receiver: Option<String>,
}

impl From<Acknowledgement> for AcknowledgedBody {
    fn from(Acknowledgement { at, author, by_receiver, .. }: Acknowledgement) -> Self {
        Self { at: time::format(at), author, by_receiver }
    }
}

/// A request to acknowledge an alert.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct AcknowledgeRequest {
    pub(crate) author: String,
}

/// The result of a webhook.
#[derive(Debug, Serialize, JsonSchema)]
pub(crate) struct AcknowledgementBody {
    /// The alert that it acknowledged; `null` when there is no such open alert.
    pub(crate) acknowledged: Option<String>,
}

/// What an evaluation found. Durations are in ms, ratios are fractions of 1.
#[derive(Debug, Serialize, JsonSchema)]
pub(crate) struct EvidenceBody {
    value: f64,
    count: u64,
    lower: Option<f64>,
    upper: Option<f64>,
    threshold: f64,
    unit: &'static str,
    severity: Option<&'static str>,
    gate: &'static str,
}

/// The factor that converts values of a signal to the unit in which they are shown, and that unit.
pub(crate) const fn unit_of(signal: SignalKind) -> (f64, &'static str) {
    match signal {
        SignalKind::Ratio => (1.0, "ratio"),
        SignalKind::Latency => (1e3, "ms"),
        SignalKind::Freshness | SignalKind::Absence | SignalKind::Run => (1.0, "s"),
        SignalKind::Drop => (1.0, "of_usual"),
        SignalKind::Gauge => (1.0, "value"),
        SignalKind::Burn => (1.0, "times_budget"),
    }
}

impl EvidenceBody {
    pub(crate) fn new(evidence: &Evidence, signal: SignalKind) -> Self {
        let (scale, unit) = unit_of(signal);
        let shown = |value: f64| number::plain(value * scale);
        let finite = |value: f64| value.is_finite().then(|| shown(value));
        Self {
            value: shown(evidence.value),
            count: evidence.count,
            lower: finite(evidence.lower),
            upper: finite(evidence.upper),
            threshold: shown(evidence.threshold),
            unit,
            severity: evidence.reached.map(Severity::as_str),
            gate: evidence.gate.as_str(),
        }
    }
}

impl AlertBody {
    pub(crate) fn new(alert: Alert, acknowledged: Option<Acknowledgement>) -> Self {
        let evidence = |evidence| EvidenceBody::new(evidence, alert.signal);
        let labels = alert.labels.iter().map(|(label, value)| (label.as_str(), value.to_owned()));
        Self {
            dedup_key: alert.dedup_key(),
            signal: alert.signal.as_str(),
            severity: alert.severity.as_str(),
            state: if alert.is_open() { "firing" } else { "resolved" },
            labels: labels.collect(),
            window_s: alert.window_ms as f64 / 1e3,
            pending_at: time::format(alert.pending_at),
            fired_at: time::format(alert.fired_at),
            resolved_at: alert.resolved_at.map(time::format),
            resolved_because: alert.resolved_because.map(|reason| reason.as_str()),
            at_fire: evidence(&alert.at_fire),
            latest: evidence(&alert.latest),
            peak: evidence(&alert.peak),
            muted_by: alert.notify.muted_by.map(|it| it.as_str()),
            receivers: alert
                .notify
                .receivers
                .into_iter()
                .map(|notified| notified.receiver)
                .collect(),
            acknowledged: acknowledged.map(Into::into),
            id: alert.id,
            rule: alert.rule,
            owner: alert.owner,
            runbook: alert.runbook,
            symptom: alert.symptom,
        }
    }
}

/// The rules in force.
#[derive(Debug, Serialize, JsonSchema)]
pub(crate) struct RulesBody {
    pub(crate) rules: Vec<RuleBody>,
    /// Why the changed rules file cannot be used; `null` when its rules are in force.
    pub(crate) rules_error: Option<String>,
}

/// One rule. Thresholds are in ms, s or fractions of 1, as `unit` says.
#[derive(Debug, Serialize, JsonSchema)]
pub(crate) struct RuleBody {
    name: String,
    owner: String,
    runbook: String,
    signal: &'static str,
    stream: String,
    symptom: String,
    /// The outcome classes that it counts, if any.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    of: Vec<&'static str>,
    #[serde(rename = "match")]
    matches: BTreeMap<&'static str, Vec<String>>,
    by: Vec<&'static str>,
    window_s: f64,
    for_s: f64,
    clear_s: f64,
    critical: Option<f64>,
    warning: Option<f64>,
    unit: &'static str,
    min_count: u64,
    confidence: f64,
    notify: Vec<String>,
    /// The labels of the rule itself, if any.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    labels: BTreeMap<String, String>,
    /// Whether it is not in the rules file, but follows from `expects` of partners.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    implied: bool,
    /// How many of its alerts are open.
    open_alerts: usize,
    /// How many groups are not evaluated because the rule has too many.
    #[serde(skip_serializing_if = "is_zero")]
    groups_left_out: usize,
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde passes a reference")]
const fn is_zero(count: &usize) -> bool {
    *count == 0
}

impl RuleBody {
    pub(crate) fn new(rule: &Rule, open_alerts: usize, groups_left_out: usize) -> Self {
        let (scale, unit) = unit_of(rule.signal.kind());
        let matches = rule.matches.written().into_iter();
        let shown = |threshold: f64| number::plain(threshold * scale);
        Self {
            name: rule.name.clone(),
            owner: rule.owner.clone(),
            runbook: rule.runbook.clone(),
            signal: rule.signal.kind().as_str(),
            stream: rule.signal.stream().to_owned(),
            symptom: rule.signal.symptom(),
            of: rule.signal.of().iter().map(|outcome| outcome.as_str()).collect(),
            matches: matches.map(|(label, values)| (label.as_str(), values)).collect(),
            by: rule.by.iter().map(|label| label.as_str()).collect(),
            window_s: rule.window_ms as f64 / 1e3,
            for_s: rule.for_ms as f64 / 1e3,
            clear_s: rule.clear_ms as f64 / 1e3,
            critical: rule.critical.map(shown),
            warning: rule.warning.map(shown),
            unit,
            min_count: rule.min_count,
            confidence: rule.confidence,
            notify: rule.notify.clone(),
            labels: rule.labels.clone(),
            implied: rule.is_implied,
            open_alerts,
            groups_left_out,
        }
    }
}
