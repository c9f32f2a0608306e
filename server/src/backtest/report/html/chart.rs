//! Charts of a report, as SVG in the page.

use std::fmt::Write as _;

use plimsoll_alerting::{ReplayedAlert, Rule, Severity, SignalKind};
use plimsoll_storage::TimestampMs;

use super::{clock, escaped};
use crate::backtest::report::signals::SignalTrace;
use crate::backtest::{level_text, span, trigger_times};

const WIDTH: f64 = 860.0;
const HEIGHT: f64 = 190.0;
const LEFT: f64 = 64.0;
const RIGHT: f64 = 14.0;
const TOP: f64 = 12.0;
const BOTTOM: f64 = 24.0;

/// Maps times and values to coordinates.
struct Scale {
    from: TimestampMs,
    to: TimestampMs,
    top: f64,
}

impl Scale {
    fn x(&self, at: TimestampMs) -> f64 {
        let whole = self.to.since_ms(self.from).max(1) as f64;
        let part = at.since_ms(self.from) as f64 / whole;
        LEFT + part.clamp(0.0, 1.0) * (WIDTH - LEFT - RIGHT)
    }

    fn y(&self, value: f64) -> f64 {
        HEIGHT - BOTTOM - (value / self.top).clamp(0.0, 1.0) * (HEIGHT - TOP - BOTTOM)
    }
}

/// An alert on its signal, with thresholds and bounds.
pub(super) fn alert(alert: &ReplayedAlert, rule: &Rule, trace: &SignalTrace) -> String {
    let signal = alert.signal;
    // A drop is compared with the expected count, so its threshold is not a number of arrivals.
    let ladder: Vec<(Severity, f64)> =
        if signal == SignalKind::Drop { Vec::new() } else { rule.thresholds().collect() };
    let highest = trace.points.iter().map(|point| point.value);
    let highest = highest.chain(ladder.iter().map(|(_, level)| *level * 1.15));
    let top = highest.fold(0.0, f64::max) * 1.08;
    let scale = Scale { from: trace.from, to: trace.to, top: top.max(f64::MIN_POSITIVE) };
    let mut svg = format!(
        r#"<svg viewBox="0 0 {WIDTH} {HEIGHT}" role="img" aria-label="{} of {}">"#,
        escaped(&alert.rule),
        escaped(&alert.labels.title())
    );
    let end = alert.resolved_at.unwrap_or(trace.to);
    svg += &stripe(&scale, alert.pending_at, alert.fired_at, "pending");
    svg += &stripe(&scale, alert.fired_at, end, alert.severity.as_str());
    svg += &axes(&scale, signal);
    svg += &band(&scale, trace);
    svg += &line(&scale, trace);
    for (severity, level) in ladder {
        let y = scale.y(level);
        // At opposite ends, so that the labels of two close levels do not overlap.
        let (x, anchor) = match severity {
            Severity::Critical => (WIDTH - RIGHT - 4.0, "end"),
            Severity::Warning => (LEFT + 4.0, "start"),
        };
        let _ = write!(
            svg,
            r#"<line class="limit {0}" x1="{LEFT}" x2="{1}" y1="{y:.1}" y2="{y:.1}"/><text class="limit {0}" x="{x}" y="{2:.1}" text-anchor="{anchor}">{0} {3}</text>"#,
            severity.as_str(),
            WIDTH - RIGHT,
            y - 4.0,
            level_text(signal, level),
        );
    }
    for at in trigger_times(alert) {
        let x = scale.x(at);
        let _ = write!(
            svg,
            r#"<path class="page" d="M{x:.1} {TOP}l-5 -9h10z"><title>notification at {}</title></path>"#,
            clock(at)
        );
    }
    svg + "</svg>"
}

fn stripe(scale: &Scale, from: TimestampMs, to: TimestampMs, class: &str) -> String {
    let (x, end) = (scale.x(from), scale.x(to));
    let height = HEIGHT - TOP - BOTTOM;
    let width = (end - x).max(0.8);
    format!(
        r#"<rect class="stripe {class}" x="{x:.1}" y="{TOP}" width="{width:.1}" height="{height}"/>"#
    )
}

fn axes(scale: &Scale, signal: SignalKind) -> String {
    let mut svg = String::new();
    for part in [0.0, 0.5, 1.0] {
        let value = scale.top * part;
        let y = scale.y(value);
        let text = match signal {
            SignalKind::Drop => format!("{value:.0}/min"),
            SignalKind::Freshness | SignalKind::Absence | SignalKind::Run => {
                span((value * 1e3) as i64)
            }
            _ => level_text(signal, value),
        };
        let _ = write!(
            svg,
            r#"<line class="grid" x1="{LEFT}" x2="{}" y1="{y:.1}" y2="{y:.1}"/><text x="{}" y="{:.1}" text-anchor="end">{}</text>"#,
            WIDTH - RIGHT,
            LEFT - 6.0,
            y + 4.0,
            if part == 0.0 { "0" } else { &text },
        );
    }
    for step in 0..=4 {
        let at = scale.from.plus_ms(scale.to.since_ms(scale.from) * step / 4);
        let anchor = ["start", "middle", "middle", "middle", "end"][step as usize];
        let _ = write!(
            svg,
            r#"<text x="{:.1}" y="{}" text-anchor="{anchor}">{}</text>"#,
            scale.x(at),
            HEIGHT - 7.0,
            clock(at)
        );
    }
    svg
}

/// The area between the bounds of the values.
fn band(scale: &Scale, trace: &SignalTrace) -> String {
    let bounded: Vec<(f64, f64, f64)> = trace
        .points
        .iter()
        .filter_map(|point| {
            let (lower, upper) = point.bounds.filter(|(_, upper)| upper.is_finite())?;
            Some((scale.x(point.at), scale.y(lower), scale.y(upper)))
        })
        .collect();
    if bounded.len() < 2 {
        return String::new();
    }
    let upper = bounded.iter().map(|(x, _, upper)| format!("{x:.1},{upper:.1}"));
    let lower = bounded.iter().rev().map(|(x, lower, _)| format!("{x:.1},{lower:.1}"));
    let points: Vec<String> = upper.chain(lower).collect();
    format!(r#"<polygon class="band" points="{}"/>"#, points.join(" "))
}

/// The values, with a gap where there are none.
fn line(scale: &Scale, trace: &SignalTrace) -> String {
    let steps = trace.points.windows(2).map(|pair| pair[1].at.since_ms(pair[0].at));
    let step_ms = steps.min().unwrap_or(0);
    let mut path = String::new();
    let mut before: Option<TimestampMs> = None;
    for point in &trace.points {
        let continues = before.is_some_and(|before| point.at.since_ms(before) <= 3 * step_ms);
        let letter = if continues { 'L' } else { 'M' };
        let _ = write!(path, "{letter}{:.1} {:.1}", scale.x(point.at), scale.y(point.value));
        before = Some(point.at);
    }
    format!(r#"<path class="signal" d="{path}"/>"#)
}

/// Every alert as a bar in the row of its partner.
pub(super) fn timeline(
    rows: &[(String, Vec<&ReplayedAlert>)],
    from: TimestampMs,
    to: TimestampMs,
) -> String {
    const ROW: f64 = 20.0;
    const LEFT: f64 = 150.0;
    let height = rows.len() as f64 * ROW + 26.0;
    let whole = to.since_ms(from).max(1) as f64;
    let x = |at: TimestampMs| {
        LEFT + (at.since_ms(from) as f64 / whole).clamp(0.0, 1.0) * (WIDTH - LEFT - RIGHT)
    };
    let mut svg = format!(
        r#"<svg viewBox="0 0 {WIDTH} {height}" role="img" aria-label="alerts by partner over time">"#
    );
    for (number, (partner, alerts)) in rows.iter().enumerate() {
        let y = number as f64 * ROW;
        let (right, below) = (WIDTH - RIGHT, y + ROW);
        let (beside, middle, name) = (LEFT - 8.0, y + 14.0, escaped(partner));
        let _ = write!(
            svg,
            r#"<line class="grid" x1="{LEFT}" x2="{right}" y1="{below:.1}" y2="{below:.1}"/><text class="name" x="{beside}" y="{middle:.1}" text-anchor="end">{name}</text>"#,
        );
        for alert in alerts {
            let start = x(alert.fired_at);
            let wide = (x(alert.resolved_at.unwrap_or(to)) - start).max(2.0);
            let class = if trigger_times(alert).is_empty() { " grouped" } else { "" };
            let _ = write!(
                svg,
                r#"<rect class="bar {}{class}" x="{start:.1}" y="{:.1}" width="{wide:.1}" height="12" rx="2"><title>{} at {}</title></rect>"#,
                alert.severity.as_str(),
                y + 4.0,
                escaped(&alert.rule),
                clock(alert.fired_at),
            );
        }
    }
    for step in 0..=4 {
        let at = from.plus_ms(to.since_ms(from) * step / 4);
        let anchor = ["start", "middle", "middle", "middle", "end"][step as usize];
        let _ = write!(
            svg,
            r#"<text x="{:.1}" y="{:.1}" text-anchor="{anchor}">{}</text>"#,
            x(at),
            height - 6.0,
            clock(at)
        );
    }
    svg + "</svg>"
}
