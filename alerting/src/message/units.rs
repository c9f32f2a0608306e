//! Numbers, durations and times as text: in messages, explanations and tables.

use plimsoll_storage::TimestampMs;

use crate::rule::SignalKind;

/// A value in the unit of its signal: `12.5%`, `1.42s`, `45m`.
#[must_use]
pub fn value(signal: SignalKind, value: f64) -> String {
    match signal {
        SignalKind::Ratio => format!("{}%", significant(value * 100.0)),
        SignalKind::Latency if value < 60.0 => format!("{}s", significant(value)),
        SignalKind::Latency | SignalKind::Freshness | SignalKind::Absence | SignalKind::Run => {
            duration((value * 1e3) as i64)
        }
        SignalKind::Drop => format!("{}% of usual", significant(value * 100.0)),
        SignalKind::Burn => format!("{}x", significant(value)),
        SignalKind::Gauge => significant(value),
    }
}

/// The unit of a signal's values in message bodies.
pub(crate) const fn unit(signal: SignalKind) -> &'static str {
    match signal {
        SignalKind::Ratio | SignalKind::Drop => "fraction",
        SignalKind::Latency | SignalKind::Freshness | SignalKind::Absence | SignalKind::Run => {
            "seconds"
        }
        SignalKind::Gauge => "level",
        SignalKind::Burn => "times",
    }
}

/// Three significant digits, without trailing zeros.
fn significant(value: f64) -> String {
    if value == 0.0 || !value.is_finite() {
        return value.to_string();
    }
    let magnitude = value.abs().log10().floor() as i32;
    let decimals = usize::try_from(2 - magnitude).unwrap_or(0).min(9);
    let text = format!("{value:.decimals$}");
    if text.contains('.') {
        text.trim_end_matches('0').trim_end_matches('.').to_owned()
    } else {
        text
    }
}

/// The two largest units of a duration: `45s`, `5m`, `1h 10m`, `3d 2h`.
#[must_use]
pub fn duration(ms: i64) -> String {
    let seconds = ms.max(0) / 1_000;
    let parts = [
        (seconds / 86_400, "d"),
        (seconds / 3_600 % 24, "h"),
        (seconds / 60 % 60, "m"),
        (seconds % 60, "s"),
    ];
    let first = parts.iter().position(|(count, _)| *count > 0).unwrap_or(parts.len() - 1);
    let shown = parts.iter().skip(first).take(2).filter(|(count, _)| *count > 0);
    let text: Vec<String> = shown.map(|(count, unit)| format!("{count}{unit}")).collect();
    if text.is_empty() { "0s".to_owned() } else { text.join(" ") }
}

/// A time as RFC 3339 in UTC.
#[must_use]
pub fn rfc3339(at: TimestampMs) -> String {
    jiff::Timestamp::from_millisecond(at.0).map_or_else(|_| at.0.to_string(), |at| at.to_string())
}

#[cfg(test)]
mod tests;
