//! Spans and thresholds as text for people.

use plimsoll_alerting::SignalKind;

/// A span of time: `45s`, `12m`, `3h20m`, `2d04h`.
pub(crate) fn span(ms: i64) -> String {
    let (minutes, hours, days) = (ms / 60_000, ms / 3_600_000, ms / 86_400_000);
    match (days, hours, minutes) {
        (0, 0, 0) => format!("{}s", ms / 1_000),
        (0, 0, _) => format!("{minutes}m"),
        (0, ..) => format!("{hours}h{:02}m", minutes % 60),
        _ => format!("{days}d{:02}h", hours % 24),
    }
}

/// A threshold as a rules file writes it, without its sign: `5%`, `1200ms`, `30m`.
pub(crate) fn level_text(signal: SignalKind, level: f64) -> String {
    match signal {
        SignalKind::Ratio => format!("{}%", digits(level * 100.0)),
        SignalKind::Drop => format!("{}% of usual", digits(level * 100.0)),
        SignalKind::Latency => format!("{}ms", digits(level * 1e3)),
        SignalKind::Freshness | SignalKind::Absence | SignalKind::Run => {
            format!("{}s", level.round())
        }
        SignalKind::Gauge | SignalKind::Burn => digits(level),
    }
}

/// A number with three significant digits.
fn digits(value: f64) -> String {
    let places = (2.0 - value.abs().max(1e-9).log10().floor()).clamp(0.0, 6.0);
    let text = format!("{value:.*}", places as usize);
    match text.contains('.') {
        true => text.trim_end_matches('0').trim_end_matches('.').to_owned(),
        false => text,
    }
}

#[cfg(test)]
mod tests;
