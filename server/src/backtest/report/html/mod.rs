//! A backtest as one self-contained HTML page: no script, nothing from the network.

mod chart;

use std::collections::BTreeMap;
use std::fmt::Write as _;

use plimsoll_alerting::report::Score;
use plimsoll_alerting::{ReplayedAlert, RuleSet};
use plimsoll_storage::{Label, TimestampMs};

use super::compare::{RulesComparison, TriggerRecord};
use super::signals::{SignalTrace, traces};
use crate::backtest::limits::CHARTS_MAX;
use crate::backtest::{
    History, HistoryError, ReadSummary, ReplayedScope, level_text, span, trigger_times,
};

const STYLE: &str = include_str!("style.css");

/// What a report shows.
#[derive(Debug)]
struct Report<'a> {
    /// `1,080 of 1,080 lines replayed (…)`
    read: String,
    rules: &'a RuleSet,
    alerts: &'a [ReplayedAlert],
    /// Signals of the first alerts, in their order.
    traces: &'a [Option<SignalTrace>],
    score: Option<&'a Score>,
    from: TimestampMs,
    to: TimestampMs,
    partners: usize,
}

/// The page of a backtest: its alerts with their score, and which part of the history it covers.
///
/// # Errors
/// The history cannot be read again for the charts.
pub(crate) fn of(
    history: &History,
    rules: &RuleSet,
    (alerts, score): (&[ReplayedAlert], Option<&Score>),
    (scope, read): (&ReplayedScope, &ReadSummary),
    from: Option<TimestampMs>,
) -> Result<String, HistoryError> {
    let charted: Vec<&ReplayedAlert> = alerts.iter().take(CHARTS_MAX).collect();
    let (from, to) = scope.span(history.width(), from);
    let traces = traces(history, rules, &charted, to)?;
    let (read, partners) = (read.to_string(), scope.partners.len());
    Ok(report(&Report { read, rules, alerts, traces: &traces, score, from, to, partners }))
}

fn report(report: &Report<'_>) -> String {
    let pages: usize = report.alerts.iter().map(|alert| trigger_times(alert).len()).sum();
    let weeks = report.to.since_ms(report.from).max(1) as f64 / (7.0 * 86_400e3);
    let per_week = pages as f64 / weeks / report.partners.max(1) as f64;
    let mut body = heading("Backtest", report.from, report.to, &report.read);
    body += &tiles(&[
        ("alerts", report.alerts.len().to_string()),
        ("notifications", pages.to_string()),
        ("notifications a partner-week", format!("{per_week:.2}")),
        ("partners", report.partners.to_string()),
        ("rules", report.rules.rules.len().to_string()),
    ]);
    if let Some(score) = report.score {
        body += &scored(score);
    }
    if !report.alerts.is_empty() {
        body += "<h2>When</h2><div class=\"card\">";
        body += &chart::timeline(&by_partner(report.alerts), report.from, report.to);
        body += "<p class=\"key\"><i class=\"critical\"></i>critical <i class=\"warning\"></i>warning <i class=\"grouped\"></i>grouped with another alert, or muted</p></div>";
    }
    body += "<h2>Rules</h2>";
    body += &rules(report);
    body += "<h2>Alerts</h2>";
    if report.alerts.is_empty() {
        body += "<p>No alert.</p>";
    } else {
        body += "<p class=\"key\"><i class=\"signal\"></i>what was measured <i class=\"band\"></i>its bounds <i class=\"pending\"></i>pending <i class=\"critical\"></i>firing <b>&#9662;</b> notification</p>";
    }
    for (number, alert) in report.alerts.iter().enumerate() {
        body += &one(alert, report, report.traces.get(number).and_then(Option::as_ref));
    }
    page("Backtest", &body)
}

/// The page of a comparison.
pub(crate) fn comparison(
    comparison: &RulesComparison,
    (a, b): (&str, &str),
    read: &str,
    (from, to): (TimestampMs, TimestampMs),
) -> String {
    let mut body = heading("Two rules files", from, to, read);
    let _ = write!(body, "<p>A is <b>{}</b>, B is <b>{}</b>.</p>", escaped(a), escaped(b));
    body += &tiles(&[
        ("notifications only in A", comparison.only_a.len().to_string()),
        ("notifications only in B", comparison.only_b.len().to_string()),
        ("notifications in both", comparison.both.len().to_string()),
    ]);
    let row = |trigger: &TriggerRecord| {
        let lasted =
            trigger.resolved_at.map_or_else(|| "open".into(), |it| span(it.since_ms(trigger.at)));
        vec![clock(trigger.at), trigger.partner.clone(), trigger.rule.clone(), lasted]
    };
    for (title, pages) in [("Only in A", &comparison.only_a), ("Only in B", &comparison.only_b)] {
        let _ = write!(body, "<h2>{title}</h2>");
        body += &table(&["at", "partner", "rule", "lasted"], pages.iter().map(row));
    }
    body += "<h2>In both</h2>";
    let both = comparison.both.iter().map(|(a, b)| {
        let later = b.at.since_ms(a.at);
        let shift = match later {
            0 => "at the same time".to_owned(),
            1.. => format!("{} later", span(later)),
            _ => format!("{} earlier", span(-later)),
        };
        vec![clock(a.at), a.partner.clone(), a.rule.clone(), b.rule.clone(), shift]
    });
    body += &table(&["A at", "partner", "rule of A", "rule of B", "B is"], both);
    page("Two rules files", &body)
}

fn page(title: &str, body: &str) -> String {
    format!(
        "<!doctype html>\n<html lang=\"en\"><head><meta charset=\"utf-8\"><meta name=\"viewport\" content=\"width=device-width, initial-scale=1\"><title>Plimsoll: {title}</title><style>{STYLE}</style></head>\n<body><main>{body}</main></body></html>\n"
    )
}

fn heading(title: &str, from: TimestampMs, to: TimestampMs, read: &str) -> String {
    format!(
        "<header><h1>{title}</h1><p>{} to {} UTC ({})<br>{}</p></header>",
        clock(from),
        clock(to),
        span(to.since_ms(from)),
        escaped(read)
    )
}

fn tiles(tiles: &[(&str, String)]) -> String {
    let tiles = tiles.iter().map(|(name, value)| {
        format!("<div class=\"tile\"><b>{}</b><span>{name}</span></div>", escaped(value))
    });
    format!("<section class=\"tiles\">{}</section>", tiles.collect::<String>())
}

fn table(heads: &[&str], rows: impl Iterator<Item = Vec<String>>) -> String {
    let rows: String = rows
        .map(|row| {
            let cells: String = row.iter().map(|it| format!("<td>{}</td>", escaped(it))).collect();
            format!("<tr>{cells}</tr>")
        })
        .collect();
    if rows.is_empty() {
        return "<p>None.</p>".to_owned();
    }
    let heads: String = heads.iter().map(|head| format!("<th>{head}</th>")).collect();
    format!(
        "<div class=\"card\"><table><thead><tr>{heads}</tr></thead><tbody>{rows}</tbody></table></div>"
    )
}

fn scored(score: &Score) -> String {
    let share = |share: Option<f64>| {
        share.map_or_else(|| "-".to_owned(), |share| format!("{:.1} %", share * 100.0))
    };
    let time = |ms: Option<i64>| ms.map_or_else(|| "-".to_owned(), span);
    let weeks = score.partner_weeks.max(f64::MIN_POSITIVE);
    let pages: usize = score.found.iter().map(|found| found.notifications).sum();
    let mut text = "<h2>Against incidents</h2>".to_owned();
    text += &tiles(&[
        ("recall", share(score.recall())),
        ("precision", share(score.precision())),
        ("median time to detect", time(score.detected_after_ms(0.5))),
        (
            "notifications an incident",
            match score.found.len() {
                0 => "-".to_owned(),
                found => format!("{:.2}", pages as f64 / found as f64),
            },
        ),
        (
            "false notifications a partner-week",
            format!("{:.3}", score.false_notifications.len() as f64 / weeks),
        ),
        ("flaps", score.flaps.to_string()),
    ]);
    let found = score.found.iter().map(|it| {
        let lag = it.resolve_lag_ms.map_or_else(
            || "open".into(),
            |ms| match ms {
                0.. => span(ms),
                _ => format!("-{}", span(-ms)),
            },
        );
        let detected = span(it.detected_after_ms);
        vec![it.id.clone(), it.kind.clone(), detected, it.notifications.to_string(), lag]
    });
    let missed = score.missed.iter().map(|(id, kind)| {
        vec![id.clone(), kind.clone(), "missed".into(), "0".into(), String::new()]
    });
    text += &table(
        &["incident", "kind", "detected after", "notifications", "resolved after its end"],
        missed.chain(found),
    );
    if !score.false_notifications.is_empty() {
        text += "<h2>False notifications</h2>";
        let rows = score.false_notifications.iter().map(|it| {
            let during = it.during.clone().unwrap_or_else(|| "nothing".into());
            vec![clock(TimestampMs(it.at)), it.partner.clone(), it.rule.clone(), during]
        });
        text += &table(&["at", "partner", "rule", "during"], rows);
    }
    text
}

/// What each rule did, also rules that never fired.
fn rules(report: &Report<'_>) -> String {
    let rows = report.rules.rules.iter().map(|rule| {
        let alerts: Vec<&ReplayedAlert> =
            report.alerts.iter().filter(|alert| alert.rule == rule.name).collect();
        let pages: usize = alerts.iter().map(|alert| trigger_times(alert).len()).sum();
        let open = |alert: &&ReplayedAlert| {
            alert.resolved_at.unwrap_or(report.to).since_ms(alert.fired_at).max(0)
        };
        let time: i64 = alerts.iter().map(open).sum();
        let sign = if rule.fires_below() { '<' } else { '>' };
        let limits: Vec<String> = rule
            .thresholds()
            .map(|(severity, level)| {
                format!("{} {sign} {}", severity.as_str(), level_text(rule.signal.kind(), level))
            })
            .collect();
        let fired = if alerts.is_empty() { "never".to_owned() } else { alerts.len().to_string() };
        vec![
            rule.name.clone(),
            rule.signal.symptom(),
            limits.join(", "),
            fired,
            pages.to_string(),
            span(time),
        ]
    });
    table(&["rule", "what", "limits", "fired", "notifications", "open for"], rows)
}

fn by_partner(alerts: &[ReplayedAlert]) -> Vec<(String, Vec<&ReplayedAlert>)> {
    let mut rows: BTreeMap<String, Vec<&ReplayedAlert>> = BTreeMap::new();
    for alert in alerts {
        let partner = alert.labels.get(Label::Partner).unwrap_or("everyone");
        rows.entry(partner.to_owned()).or_default().push(alert);
    }
    rows.into_iter().collect()
}

fn one(alert: &ReplayedAlert, report: &Report<'_>, trace: Option<&SignalTrace>) -> String {
    let severity = alert.severity.as_str();
    let lasted = alert.resolved_at.map_or_else(
        || "still open at the end".to_owned(),
        |end| format!("{} long", span(end.since_ms(alert.fired_at))),
    );
    let peak = &alert.peak;
    let unit = |value: f64| level_text(alert.signal, value);
    let bounds = match (peak.lower.is_finite(), peak.upper.is_finite()) {
        (true, true) => format!(" (between {} and {})", unit(peak.lower), unit(peak.upper)),
        _ => String::new(),
    };
    let notified = match trigger_times(alert).len() {
        0 => "grouped with another alert, or muted".to_owned(),
        1 => "1 notification".to_owned(),
        pages => format!("{pages} notifications"),
    };
    let mut text = format!(
        "<article class=\"card\"><h3><span class=\"badge {severity}\">{severity}</span> {} <em>{}</em></h3><p>fired {} UTC, {lasted}; worst {} of {} items{bounds} against {}; {notified}</p>",
        escaped(&alert.labels.title()),
        escaped(&alert.rule),
        clock(alert.fired_at),
        unit(peak.value),
        peak.count,
        unit(peak.threshold),
    );
    if let Some((trace, rule)) = trace.zip(report.rules.rule(&alert.rule)) {
        text += &chart::alert(alert, rule, trace);
    }
    text + "</article>"
}

/// `11-20 19:04`, in UTC.
fn clock(at: TimestampMs) -> String {
    let time = jiff::Timestamp::from_millisecond(at.0).unwrap_or_default();
    time.strftime("%Y-%m-%d %H:%M").to_string()
}

/// Text escaped for HTML and its attributes.
fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;")
}
