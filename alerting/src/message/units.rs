//! Values of signals, durations and times as text: in messages, explanations and tables.

use crate::rule::SignalKind;
pub use crate::text::time::{duration, rfc3339};

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

/// A count with commas: `3,120`.
#[must_use]
pub(crate) fn grouped(count: u64) -> String {
    let digits = count.to_string();
    let mut text = String::new();
    for (position, digit) in digits.chars().enumerate() {
        if position > 0 && (digits.len() - position).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
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

#[cfg(test)]
mod tests;
