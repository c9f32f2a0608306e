//! The two small notations of a rules file: durations (`5m`) and thresholds (`> 5%`).

use super::SignalKind;
use super::error::Problem;
use crate::limits::DURATION_MS_MAX;

/// Reads `30s`, `5m`, `2h`, `1d` or `500ms` as milliseconds, 0 to [`DURATION_MS_MAX`].
pub(super) fn duration_ms(text: &str) -> Result<i64, Problem> {
    let refuse = || Problem::Duration(text.to_owned());
    let (number, unit) = split_unit(text.trim());
    let number: i64 = number.parse().map_err(|_| refuse())?;
    let unit_ms = unit_ms(unit).ok_or_else(refuse)?;
    number
        .checked_mul(unit_ms)
        .filter(|ms| (0..=DURATION_MS_MAX).contains(ms))
        .ok_or_else(|| Problem::DurationRange(text.to_owned()))
}

/// Reads `> 5%` in the unit of the signal: a fraction of 1 for a ratio, seconds for the others.
pub(super) fn threshold(text: &str, signal: SignalKind) -> Result<f64, Problem> {
    let example = example(signal);
    let refuse = || Problem::Threshold(text.to_owned(), example);
    let rest = text.trim().strip_prefix('>').ok_or_else(refuse)?.trim();
    let (number, unit) = split_unit(rest);
    let number: f64 = number.parse().map_err(|_| refuse())?;
    let scale = match (signal, unit) {
        (SignalKind::Ratio, "%") => Some(0.01),
        (SignalKind::Ratio, "") => Some(1.0),
        (SignalKind::Ratio, _) => None,
        (SignalKind::Latency | SignalKind::Freshness, _) => unit_ms(unit).map(|ms| ms as f64 / 1e3),
    };
    let scale = scale.ok_or_else(|| Problem::ThresholdUnit {
        text: text.to_owned(),
        unit: unit.to_owned(),
        signal: signal.as_str(),
        example,
    })?;
    within_range(number * scale, text, signal)
}

fn within_range(value: f64, text: &str, signal: SignalKind) -> Result<f64, Problem> {
    let (fits, expected) = match signal {
        SignalKind::Ratio => ((0.0..1.0).contains(&value), "at least 0% and less than 100%"),
        SignalKind::Latency | SignalKind::Freshness => {
            (value > 0.0 && value * 1e3 <= DURATION_MS_MAX as f64, "more than 0s and at most 7d")
        }
    };
    if fits { Ok(value) } else { Err(Problem::OutOfRange { value: text.to_owned(), expected }) }
}

fn example(signal: SignalKind) -> &'static str {
    match signal {
        SignalKind::Ratio => "> 5%",
        SignalKind::Latency => "> 1000ms",
        SignalKind::Freshness => "> 30m",
    }
}

/// Splits `5m` into its number and its unit; either may be empty.
fn split_unit(text: &str) -> (&str, &str) {
    let end = text.find(|c: char| !c.is_ascii_digit() && c != '.').unwrap_or(text.len());
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
mod tests {
    use super::*;

    #[test]
    fn durations_are_whole_numbers_with_a_unit() {
        let read = [
            ("0s", 0),
            ("30s", 30_000),
            ("5m", 300_000),
            ("2h", 7_200_000),
            ("7d", DURATION_MS_MAX),
        ];
        for (text, ms) in read {
            assert_eq!(duration_ms(text), Ok(ms), "{text}");
        }
        for text in ["", "5", "m", "-5m", "1.5m", "5 minutes", "1h30m"] {
            assert!(matches!(duration_ms(text), Err(Problem::Duration(_))), "{text}");
        }
        for text in ["8d", "9223372036854775807d"] {
            assert!(matches!(duration_ms(text), Err(Problem::DurationRange(_))), "{text}");
        }
    }

    #[test]
    fn thresholds_are_read_in_the_unit_of_their_signal() {
        let read = [
            ("> 5%", SignalKind::Ratio, 0.05),
            (">0.05", SignalKind::Ratio, 0.05),
            ("> 1000ms", SignalKind::Latency, 1.0),
            ("> 1.5 s", SignalKind::Latency, 1.5),
            ("> 30m", SignalKind::Freshness, 1800.0),
        ];
        for (text, signal, value) in read {
            let found = threshold(text, signal).unwrap();
            assert!((found - value).abs() < 1e-12, "{text}: {found}");
        }
    }

    #[test]
    fn a_threshold_in_a_foreign_unit_is_refused_with_one_that_fits() {
        let refused = threshold("> 5%", SignalKind::Latency).unwrap_err();
        assert_eq!(
            refused.to_string(),
            "`> 5%` has the unit `%`, which does not measure a latency; write it as in \"> 1000ms\""
        );
        assert!(matches!(threshold("> 5s", SignalKind::Ratio), Err(Problem::ThresholdUnit { .. })));
        assert!(matches!(
            threshold("> 1000", SignalKind::Latency),
            Err(Problem::ThresholdUnit { .. })
        ));
    }

    #[test]
    fn a_threshold_that_can_never_be_crossed_is_refused() {
        for (text, signal) in [("> 100%", SignalKind::Ratio), ("> 0ms", SignalKind::Latency)] {
            assert!(matches!(threshold(text, signal), Err(Problem::OutOfRange { .. })), "{text}");
        }
        for text in ["5%", "< 5%", "> x", ">"] {
            assert!(
                matches!(threshold(text, SignalKind::Ratio), Err(Problem::Threshold(..))),
                "{text}"
            );
        }
    }
}
