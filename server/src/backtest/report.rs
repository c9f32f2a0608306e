//! What a backtest found: a JSON object a line and an alert, or a table for people.

use std::{
    collections::BTreeMap,
    fmt::{self, Write as _},
    io,
};

use plimsoll_alerting::ReplayedAlert;
use serde::Serialize;

use crate::wire::{alert::EvidenceBody, series::LabelsBody, time};

/// One alert of a backtest, as a line of JSON.
#[derive(Debug, Serialize)]
struct AlertLine<'a> {
    rule: &'a str,
    signal: &'static str,
    severity: &'static str,
    labels: LabelsBody,
    pending_at: String,
    fired_at: String,
    resolved_at: Option<String>,
    peak: EvidenceBody,
    notifications: Vec<NotificationLine<'a>>,
}

#[derive(Debug, Serialize)]
struct NotificationLine<'a> {
    at: String,
    action: &'static str,
    receiver: &'a str,
    group: &'a str,
}

impl<'a> AlertLine<'a> {
    fn new(alert: &'a ReplayedAlert) -> Self {
        let labels = alert.labels.iter().map(|(label, value)| (label.as_str(), value.to_owned()));
        let notifications = alert.notifications.iter().map(|one| NotificationLine {
            at: time::format(one.at),
            action: one.action.as_str(),
            receiver: &one.receiver,
            group: &one.group,
        });
        Self {
            rule: &alert.rule,
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

/// Writes one JSON object a line and an alert.
///
/// # Errors
/// When `out` cannot be written.
pub(crate) fn write_json(alerts: &[ReplayedAlert], out: &mut dyn io::Write) -> io::Result<()> {
    for alert in alerts {
        serde_json::to_writer(&mut *out, &AlertLine::new(alert))?;
        out.write_all(b"\n")?;
    }
    out.flush()
}

/// A table of the alerts, and what each rule did in all.
pub(crate) fn table(alerts: &[ReplayedAlert]) -> Result<String, fmt::Error> {
    let mut text = String::new();
    if alerts.is_empty() {
        writeln!(text, "no alert")?;
        return Ok(text);
    }
    let rule_width = alerts.iter().map(|alert| alert.rule.len()).max().unwrap_or(0).max(4);
    let header = ["fired", "lasted", "severity", "told"];
    let [fired, lasted, severity, told] = header;
    writeln!(
        text,
        "{fired:<24}  {lasted:>8}  {severity:<8}  {told:>4}  {:<rule_width$}  group",
        "rule"
    )?;
    for alert in alerts {
        let lasted = alert
            .resolved_at
            .map_or_else(|| "open".to_owned(), |end| span(end.since_ms(alert.fired_at)));
        writeln!(
            text,
            "{:<24}  {lasted:>8}  {:<8}  {:>4}  {:<rule_width$}  {}",
            time::format(alert.fired_at),
            alert.severity.as_str(),
            triggers(alert),
            alert.rule,
            alert.labels.title(),
        )?;
    }
    let mut rules: BTreeMap<&str, (usize, usize)> = BTreeMap::new();
    for alert in alerts {
        let (count, told) = rules.entry(&alert.rule).or_default();
        *count += 1;
        *told += triggers(alert);
    }
    writeln!(text, "\n{:<rule_width$}  {:>7}  {:>7}", "rule", "alerts", "told")?;
    for (rule, (count, told)) in rules {
        writeln!(text, "{rule:<rule_width$}  {count:>7}  {told:>7}")?;
    }
    Ok(text)
}

/// How often someone was told that it began.
fn triggers(alert: &ReplayedAlert) -> usize {
    alert.notifications.iter().filter(|one| one.action.as_str() == "trigger").count()
}

/// A span for people: `45s`, `12m`, `3h20m`, `2d04h`.
fn span(ms: i64) -> String {
    let (minutes, hours, days) = (ms / 60_000, ms / 3_600_000, ms / 86_400_000);
    match (days, hours, minutes) {
        (0, 0, 0) => format!("{}s", ms / 1_000),
        (0, 0, _) => format!("{minutes}m"),
        (0, ..) => format!("{hours}h{:02}m", minutes % 60),
        _ => format!("{days}d{:02}h", hours % 24),
    }
}

#[cfg(test)]
mod tests {
    use plimsoll_alerting::{
        Evidence, Gate, GroupLabels, ReplayedNotification, Severity, SignalKind, outbox::Action,
    };
    use plimsoll_storage::{Label, TimestampMs};

    use super::*;

    fn alert() -> ReplayedAlert {
        let told = |at, action| ReplayedNotification {
            at: TimestampMs(at),
            action,
            receiver: "oncall".into(),
            group: "dhl".into(),
        };
        ReplayedAlert {
            rule: "partner-5xx".into(),
            signal: SignalKind::Ratio,
            severity: Severity::Critical,
            labels: GroupLabels::new([(Label::Partner, "dhl".to_owned())]),
            pending_at: TimestampMs(0),
            fired_at: TimestampMs(60_000),
            resolved_at: Some(TimestampMs(12_060_000)),
            peak: Evidence {
                value: 0.25,
                count: 400,
                lower: 0.2,
                upper: f64::INFINITY,
                threshold: 0.05,
                reached: Some(Severity::Critical),
                gate: Gate::Passed,
            },
            notifications: vec![told(60_000, Action::Trigger), told(12_060_000, Action::Resolve)],
        }
    }

    #[test]
    fn an_alert_is_a_line_of_json() {
        let mut out = Vec::new();
        write_json(&[alert()], &mut out).expect("into memory");
        let expected = r#"{"rule":"partner-5xx","signal":"ratio","severity":"critical","labels":{"partner":"dhl"},"pending_at":"1970-01-01T00:00:00.000Z","fired_at":"1970-01-01T00:01:00.000Z","resolved_at":"1970-01-01T03:21:00.000Z","peak":{"value":0.25,"count":400,"lower":0.2,"upper":null,"threshold":0.05,"unit":"ratio","severity":"critical","gate":"passed"},"notifications":[{"at":"1970-01-01T00:01:00.000Z","action":"trigger","receiver":"oncall","group":"dhl"},{"at":"1970-01-01T03:21:00.000Z","action":"resolve","receiver":"oncall","group":"dhl"}]}"#;
        assert_eq!(String::from_utf8(out).expect("text"), format!("{expected}\n"));
    }

    #[test]
    fn a_table_tells_each_alert_and_sums_up_the_rules() {
        let folded = ReplayedAlert { resolved_at: None, notifications: Vec::new(), ..alert() };
        let text = table(&[alert(), folded]).expect("text");
        let rows: Vec<Vec<&str>> =
            text.lines().map(|line| line.split_whitespace().collect()).collect();
        let at = "1970-01-01T00:01:00.000Z";
        assert_eq!(rows[1][..5], [at, "3h20m", "critical", "1", "partner-5xx"]);
        assert_eq!(rows[2][..5], [at, "open", "critical", "0", "partner-5xx"]);
        assert_eq!(rows.last().expect("a row")[..], ["partner-5xx", "2", "1"]);
        assert_eq!(table(&[]).expect("text"), "no alert\n");
    }

    #[test]
    fn spans_are_short() {
        let table =
            [(45_000, "45s"), (720_000, "12m"), (12_000_000, "3h20m"), (187_200_000, "2d04h")];
        for (ms, text) in table {
            assert_eq!(span(ms), text);
        }
    }
}
