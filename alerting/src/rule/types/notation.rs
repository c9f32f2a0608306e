//! The notations of the rules file: durations (`5m`), thresholds (`> 5%`), shares (`99.9%`) and times of
//! day (`08:30`).

use crate::rule::error::RuleProblem;
use crate::rule::types::signal::SignalKind;
use crate::text::quantity::{parse_duration_or_zero_ms, unit_ms};

/// Longest `window`, `for` and `clear.for`: seven days, the reach of the finest data that is kept.
pub(in crate::rule) const DURATION_MS_MAX: i64 = 7 * 24 * 3_600_000;

/// Reads a duration as milliseconds, 0 to [`DURATION_MS_MAX`].
pub(in crate::rule) fn duration_ms(text: &str) -> Result<i64, RuleProblem> {
    let ms = parse_duration_or_zero_ms(text)?;
    if ms <= DURATION_MS_MAX { Ok(ms) } else { Err(RuleProblem::DurationRange(text.to_owned())) }
}

/// Writes a duration with the largest unit that it is a whole number of.
pub(in crate::rule) fn duration_text(ms: i64) -> String {
    const UNITS: [(&str, i64); 5] =
        [("d", 86_400_000), ("h", 3_600_000), ("m", 60_000), ("s", 1_000), ("ms", 1)];
    let whole = UNITS.iter().find(|(_, unit_ms)| ms >= *unit_ms && ms % unit_ms == 0);
    whole.map_or_else(|| "0s".to_owned(), |(unit, unit_ms)| format!("{}{unit}", ms / unit_ms))
}

/// A threshold as the file has it.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(in crate::rule) struct Threshold {
    /// Whether values below it are bad, not those above.
    pub(in crate::rule) below: bool,
    /// The value in the unit of the signal.
    pub(in crate::rule) value: f64,
}

/// Reads `> 5%` in the unit of the signal: a fraction of 1 for a ratio or a drop, seconds for
/// latency and ages, a plain number for a gauge or a burn rate.
pub(in crate::rule) fn threshold(text: &str, signal: SignalKind) -> Result<Threshold, RuleProblem> {
    let example = example(signal);
    let error = |reason: String| RuleProblem::Threshold { text: text.to_owned(), reason, example };
    let (below, rest) = side(text.trim(), signal).map_err(error)?;
    let rest = match signal {
        SignalKind::Drop => rest.strip_suffix("of usual").ok_or_else(|| {
            error("it does not say `of usual`, which a drop is measured against".to_owned())
        })?,
        _ => rest,
    };
    let (number, unit) = split_unit(rest.trim());
    let number: f64 = number.parse().map_err(|_| {
        error(match (number, unit.starts_with(',')) {
            ("", _) => "it has no number".to_owned(),
            (_, true) => "its number has a comma; decimals are written with a point".to_owned(),
            _ => format!("`{number}` is not a number"),
        })
    })?;
    let scale = match (signal, unit) {
        (SignalKind::Ratio | SignalKind::Drop, "%") => Some(0.01),
        (SignalKind::Ratio | SignalKind::Gauge | SignalKind::Burn, "") => Some(1.0),
        (SignalKind::Ratio | SignalKind::Drop | SignalKind::Gauge | SignalKind::Burn, _) => None,
        _ => unit_ms(unit).map(|ms| ms as f64 / 1e3),
    };
    let scale = scale.ok_or_else(|| match unit {
        "" => error("its number has no unit".to_owned()),
        _ if unit.starts_with(',') => {
            error("its number has a comma; decimals are written with a point".to_owned())
        }
        unit => RuleProblem::ThresholdUnit {
            text: text.to_owned(),
            unit: unit.to_owned(),
            signal: signal.as_str(),
            example,
        },
    })?;
    if signal == SignalKind::Ratio && unit.is_empty() && (1.0..100.0).contains(&number) {
        return Err(error(format!("it is a fraction of 1; {number} percent is `{number}%`")));
    }
    Ok(Threshold { below, value: within_range(number * scale, text, signal)? })
}

/// Whether values below a threshold are bad, and what follows the sign.
fn side(text: &str, signal: SignalKind) -> Result<(bool, &str), String> {
    let end = text.find(|c| !matches!(c, '>' | '<' | '=' | '!' | '≥' | '≤')).unwrap_or(text.len());
    let (sign, rest) = text.split_at(end);
    match (sign, signal) {
        (">", SignalKind::Drop) => {
            Err("`drop` is bad below its threshold, so the sign is `<`".to_owned())
        }
        (">", _) => Ok((false, rest)),
        ("<", SignalKind::Drop | SignalKind::Gauge) => Ok((true, rest)),
        ("<", _) => {
            Err(format!("`{}` is bad above its threshold, so the sign is `>`", signal.as_str()))
        }
        ("", _) => Err("it does not begin with `>` or `<`".to_owned()),
        (other, _) => Err(format!("its sign is `{other}`; thresholds have `>` or `<`")),
    }
}

/// Reads `99.9%` as a fraction of 1, above 0 and below 1.
pub(in crate::rule) fn share(text: &str) -> Result<f64, RuleProblem> {
    let expected = "more than 0% and less than 100%";
    let error = || RuleProblem::OutOfRange { value: text.to_owned(), expected };
    let number = text.trim().strip_suffix('%').ok_or_else(|| {
        RuleProblem::Shape(format!("`{text}` has no unit; write it in percent, as in 99.9%"))
    })?;
    let number = number.trim();
    let share = number.parse::<f64>().map_err(|_| error())? / 100.0;
    if share > 0.0 && share < 1.0 { Ok(share) } else { Err(error()) }
}

/// Reads `08:30` as minutes of a day; `24:00` is its end.
pub(in crate::rule) fn time_of_day(text: &str) -> Result<u16, RuleProblem> {
    let error = || RuleProblem::TimeOfDay(text.to_owned());
    let (hour, minute) = text.trim().split_once(':').ok_or_else(error)?;
    let (hour, minute): (u16, u16) =
        (hour.parse().map_err(|_| error())?, minute.parse().map_err(|_| error())?);
    let total = hour.saturating_mul(60).saturating_add(minute);
    if minute < 60 && total <= 24 * 60 { Ok(total) } else { Err(error()) }
}

fn within_range(value: f64, text: &str, signal: SignalKind) -> Result<f64, RuleProblem> {
    let (fits, expected) = match signal {
        SignalKind::Ratio => ((0.0..1.0).contains(&value), "at least 0% and less than 100%"),
        SignalKind::Drop => (value > 0.0 && value < 1.0, "more than 0% and less than 100%"),
        SignalKind::Gauge => (value.is_finite(), "a number"),
        SignalKind::Burn => (value > 0.0 && value.is_finite(), "more than 0"),
        SignalKind::Latency | SignalKind::Freshness | SignalKind::Absence | SignalKind::Run => {
            (value > 0.0 && value * 1e3 <= DURATION_MS_MAX as f64, "more than 0s and at most 7d")
        }
    };
    if fits { Ok(value) } else { Err(RuleProblem::OutOfRange { value: text.to_owned(), expected }) }
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

#[cfg(test)]
mod tests;
