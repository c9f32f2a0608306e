//! The two small notations of a rules file: durations (`5m`) and thresholds (`> 5%`).

use super::SignalKind;
use super::error::Problem;
use crate::limits::DURATION_MS_MAX;

/// Reads `30s`, `5m`, `2h`, `1d` or `500ms` as milliseconds, 0 to [`DURATION_MS_MAX`].
pub(super) fn duration_ms(text: &str) -> Result<i64, Problem> {
    let refuse = || Problem::Duration(text.to_owned());
    let (number, unit) = split_unit(text.trim());
    let number = number.parse::<i64>().ok().filter(|number| *number >= 0).ok_or_else(refuse)?;
    let unit_ms = unit_ms(unit).ok_or_else(refuse)?;
    number
        .checked_mul(unit_ms)
        .filter(|ms| (0..=DURATION_MS_MAX).contains(ms))
        .ok_or_else(|| Problem::DurationRange(text.to_owned()))
}

/// A threshold as it is written.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Threshold {
    /// Bad when below it, not above.
    pub(super) below: bool,
    /// In the unit of the signal.
    pub(super) value: f64,
}

/// Reads `> 5%` in the unit of the signal: a fraction of 1 for a ratio or a drop, seconds for
/// latency and ages, a plain number for a gauge or a burn rate.
pub(super) fn threshold(text: &str, signal: SignalKind) -> Result<Threshold, Problem> {
    let example = example(signal);
    let refuse = || Problem::Threshold(text.to_owned(), example);
    let trimmed = text.trim();
    let (below, rest) = match (trimmed.strip_prefix('>'), trimmed.strip_prefix('<')) {
        (Some(rest), _) if signal != SignalKind::Drop => (false, rest),
        (_, Some(rest)) if matches!(signal, SignalKind::Drop | SignalKind::Gauge) => (true, rest),
        _ => return Err(refuse()),
    };
    let rest = match signal {
        SignalKind::Drop => rest.trim().strip_suffix("of usual").ok_or_else(refuse)?,
        _ => rest,
    };
    let (number, unit) = split_unit(rest.trim());
    let number: f64 = number.parse().map_err(|_| refuse())?;
    let scale = match (signal, unit) {
        (SignalKind::Ratio | SignalKind::Drop, "%") => Some(0.01),
        (SignalKind::Ratio | SignalKind::Gauge | SignalKind::Burn, "") => Some(1.0),
        (SignalKind::Ratio | SignalKind::Drop | SignalKind::Gauge | SignalKind::Burn, _) => None,
        _ => unit_ms(unit).map(|ms| ms as f64 / 1e3),
    };
    let scale = scale.ok_or_else(|| Problem::ThresholdUnit {
        text: text.to_owned(),
        unit: unit.to_owned(),
        signal: signal.as_str(),
        example,
    })?;
    Ok(Threshold { below, value: within_range(number * scale, text, signal)? })
}

/// Reads `99.9%` as a fraction of 1, above 0 and below 1.
pub(super) fn share(text: &str) -> Result<f64, Problem> {
    let expected = "more than 0% and less than 100%";
    let refuse = || Problem::OutOfRange { value: text.to_owned(), expected };
    let number = text.trim().strip_suffix('%').ok_or_else(refuse)?.trim();
    let share = number.parse::<f64>().map_err(|_| refuse())? / 100.0;
    if share > 0.0 && share < 1.0 { Ok(share) } else { Err(refuse()) }
}

/// Reads `08:30` as minutes of a day; `24:00` is its end.
pub(super) fn time_of_day(text: &str) -> Result<u16, Problem> {
    let refuse = || Problem::TimeOfDay(text.to_owned());
    let (hour, minute) = text.trim().split_once(':').ok_or_else(refuse)?;
    let (hour, minute): (u16, u16) =
        (hour.parse().map_err(|_| refuse())?, minute.parse().map_err(|_| refuse())?);
    let total = hour.saturating_mul(60).saturating_add(minute);
    if minute < 60 && total <= 24 * 60 { Ok(total) } else { Err(refuse()) }
}

fn within_range(value: f64, text: &str, signal: SignalKind) -> Result<f64, Problem> {
    let (fits, expected) = match signal {
        SignalKind::Ratio => ((0.0..1.0).contains(&value), "at least 0% and less than 100%"),
        SignalKind::Drop => (value > 0.0 && value < 1.0, "more than 0% and less than 100%"),
        SignalKind::Gauge => (value.is_finite(), "a number"),
        SignalKind::Burn => (value > 0.0 && value.is_finite(), "more than 0"),
        SignalKind::Latency | SignalKind::Freshness | SignalKind::Absence | SignalKind::Run => {
            (value > 0.0 && value * 1e3 <= DURATION_MS_MAX as f64, "more than 0s and at most 7d")
        }
    };
    if fits { Ok(value) } else { Err(Problem::OutOfRange { value: text.to_owned(), expected }) }
}

fn example(signal: SignalKind) -> &'static str {
    match signal {
        SignalKind::Ratio => "> 5%",
        SignalKind::Latency => "> 1000ms",
        SignalKind::Freshness | SignalKind::Absence | SignalKind::Run => "> 30m",
        SignalKind::Drop => "< 30% of usual",
        SignalKind::Gauge => "> 1000",
        SignalKind::Burn => "> 14.4",
    }
}

/// Splits `5m` into its number and its unit; either may be empty.
fn split_unit(text: &str) -> (&str, &str) {
    let number = |c: char| c.is_ascii_digit() || matches!(c, '.' | '-');
    let end = text.find(|c: char| !number(c)).unwrap_or(text.len());
    let (number, unit) = text.split_at(end);
    (number, unit.trim())
}

fn unit_ms(unit: &str) -> Option<i64> {
    match unit {
        "ms" => Some(1),
        "s" => Some(1_000),
        "m" => Some(60_000),
        "h" => Some(3_600_000),
        "d" => Some(86_400_000),
        _ => None,
    }
}

#[cfg(test)]
mod tests;
