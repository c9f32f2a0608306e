//! The alerts and state changes of a backtest: one JSON object a line, or a table for people.

use std::collections::BTreeMap;
use std::fmt::{self, Write as _};
use std::io;

use plimsoll_alerting::{ReplayedAlert, RuleSet, Severity, TransitionEvent};
use plimsoll_storage::TimestampMs;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::backtest::span;
use crate::wire::alerting::alert::EvidenceBody;
use crate::wire::query::series::LabelsBody;
use crate::wire::time;

/// One alert of a backtest, as a line of JSON.
#[derive(Debug, Serialize, JsonSchema)]
#[schemars(rename = "BacktestAlert")]
pub(crate) struct AlertLine {
    rule: String,
    signal: &'static str,
    severity: &'static str,
    labels: LabelsBody,
    pending_at: String,
    fired_at: String,
    resolved_at: Option<String>,
    peak: EvidenceBody,
    notifications: Vec<NotificationLine>,
}

/// A notification about an alert of a backtest.
#[derive(Debug, Serialize, JsonSchema)]
struct NotificationLine {
    at: String,
    action: &'static str,
    receiver: String,
    group: String,
}

impl AlertLine {
    pub(crate) fn new(alert: &ReplayedAlert) -> Self {
        let labels = alert.labels.iter().map(|(label, value)| (label.as_str(), value.to_owned()));
        let notifications = alert.notifications.iter().map(|one| NotificationLine {
            at: time::format(one.at),
            action: one.action.as_str(),
            receiver: one.receiver.clone(),
            group: one.group.clone(),
        });
        Self {
            rule: alert.rule.clone(),
            signal: alert.signal.as_str(),
            severity: alert.severity.as_str(),
            labels: labels.collect(),
            pending_at: time::format(alert.pending_at),
            fired_at: time::format(alert.fired_at),
            resolved_at: alert.resolved_at.map(time::format),
            peak: EvidenceBody::new(&alert.peak, alert.signal),
            notifications: notifications.collect(),
        }
    }
}

/// Writes one JSON object a line, one line for each alert.
///
/// # Errors
/// `out` cannot be written.
pub(crate) fn write_json(alerts: &[ReplayedAlert], out: &mut dyn io::Write) -> io::Result<()> {
    for alert in alerts {
        serde_json::to_writer(&mut *out, &AlertLine::new(alert))?;
        out.write_all(b"\n")?;
    }
    out.flush()
}

/// One change of state, as a line of JSON.
#[derive(Debug, Serialize)]
struct TransitionLine<'a> {
    at: String,
    rule: &'a str,
    labels: LabelsBody,
    change: &'static str,
    reason: &'static str,
    severity: Option<&'static str>,
    evidence: Option<EvidenceBody>,
    alert: Option<&'a str>,
}

/// Writes one JSON object a line, one line for each change of state. A live run and a replay of the same data
/// write the same bytes.
///
/// # Errors
/// `out` cannot be written.
pub(crate) fn write_transitions(
    events: &[TransitionEvent],
    rules: &RuleSet,
    out: &mut dyn io::Write,
) -> io::Result<()> {
    for event in events {
        let signal = rules.rule(&event.rule).map(|rule| rule.signal.kind());
        let labels = event.labels.iter().map(|(label, value)| (label.as_str(), value.to_owned()));
        let line = TransitionLine {
            at: time::format(event.at),
            rule: &event.rule,
            labels: labels.collect(),
            change: event.change.as_str(),
            reason: event.reason.as_str(),
            severity: event.severity.map(Severity::as_str),
            evidence: event.evidence.zip(signal).map(|(it, signal)| EvidenceBody::new(&it, signal)),
            alert: event.alert_id.as_deref(),
        };
        serde_json::to_writer(&mut *out, &line)?;
        out.write_all(b"\n")?;
    }
    out.flush()
}

/// An alert as a row of a table, made of an alert or read from its line of JSON.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub(crate) struct Row {
    rule: String,
    severity: String,
    labels: BTreeMap<String, String>,
    fired_at: jiff::Timestamp,
    resolved_at: Option<jiff::Timestamp>,
    notifications: Vec<ActionRow>,
}

#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
struct ActionRow {
    action: String,
}

impl From<&ReplayedAlert> for Row {
    fn from(alert: &ReplayedAlert) -> Self {
        let labels = alert.labels.iter();
        let notifications = alert.notifications.iter();
        let time = |at: TimestampMs| jiff::Timestamp::from_millisecond(at.0).unwrap_or_default();
        Self {
            rule: alert.rule.clone(),
            severity: alert.severity.as_str().to_owned(),
            labels: labels
                .map(|(label, value)| (label.as_str().to_owned(), value.to_owned()))
                .collect(),
            fired_at: time(alert.fired_at),
            resolved_at: alert.resolved_at.map(time),
            notifications: notifications
                .map(|one| ActionRow { action: one.action.as_str().to_owned() })
                .collect(),
        }
    }
}

impl Row {
    /// The values of its labels.
    fn title(&self) -> String {
        self.labels.values().map(String::as_str).collect::<Vec<_>>().join(" ")
    }

    fn lasted(&self) -> String {
        self.resolved_at.map_or_else(
            || "open".to_owned(),
            |end| span(end.as_millisecond() - self.fired_at.as_millisecond()),
        )
    }

    /// How many notifications its firing caused.
    fn triggers(&self) -> usize {
        self.notifications.iter().filter(|one| one.action == "trigger").count()
    }
}

/// A table of alerts, and the totals of each rule.
///
/// # Errors
/// Never: the text is written into memory.
pub(crate) fn table(rows: &[Row]) -> Result<String, fmt::Error> {
    let mut text = String::new();
    if rows.is_empty() {
        writeln!(text, "no alert")?;
        return Ok(text);
    }
    let rule_width = rows.iter().map(|row| row.rule.len()).max().unwrap_or(0).max(4);
    let header = ["fired", "lasted", "severity", "notified"];
    let [fired, lasted, severity, notified] = header;
    writeln!(
        text,
        "{fired:<24}  {lasted:>8}  {severity:<8}  {notified:>8}  {:<rule_width$}  group",
        "rule"
    )?;
    for row in rows {
        writeln!(
            text,
            "{:<24}  {:>8}  {:<8}  {:>8}  {:<rule_width$}  {}",
            format!("{:.3}", row.fired_at),
            row.lasted(),
            row.severity,
            row.triggers(),
            row.rule,
            row.title(),
        )?;
    }
    let mut rules: BTreeMap<&str, (usize, usize)> = BTreeMap::new();
    for row in rows {
        let (count, notified) = rules.entry(&row.rule).or_default();
        *count += 1;
        *notified += row.triggers();
    }
    writeln!(text, "\n{:<rule_width$}  {:>7}  {:>8}", "rule", "alerts", "notified")?;
    for (rule, (count, notified)) in rules {
        writeln!(text, "{rule:<rule_width$}  {count:>7}  {notified:>8}")?;
    }
    Ok(text)
}

#[cfg(test)]
mod tests;
