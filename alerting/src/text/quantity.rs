//! Durations and sizes as people write them: a whole number and a unit, such as `30s` or `2GiB`.

use std::fmt;

use super::excerpt::excerpt;

/// The units of a quantity and how it is called.
#[derive(Debug, PartialEq, Eq)]
struct Notation {
    name: &'static str,
    /// With how many milliseconds or bytes each is, ascending.
    units: &'static [(&'static str, u64)],
    /// The unit of a number without one.
    unit_default: Option<&'static str>,
    max: u64,
    max_text: &'static str,
    examples: &'static str,
}

const DURATION: Notation = Notation {
    name: "duration",
    units: &[("ms", 1), ("s", 1_000), ("m", 60_000), ("h", 3_600_000), ("d", 86_400_000)],
    unit_default: None,
    max: 365_000 * 86_400_000,
    max_text: "365000d",
    examples: "30s, 5m, 2h or 1d",
};

const SIZE: Notation = Notation {
    name: "size",
    units: &[("B", 1), ("KiB", 1 << 10), ("MiB", 1 << 20), ("GiB", 1 << 30), ("TiB", 1 << 40)],
    unit_default: Some("B"),
    max: 1 << 60,
    max_text: "1048576TiB",
    examples: "512MiB or 50GiB",
};

/// A text that is no duration or size.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct QuantityError {
    text: String,
    notation: &'static Notation,
    problem: Problem,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Problem {
    Empty,
    NoNumber,
    Negative,
    Fraction,
    NoUnit,
    SeveralUnits,
    UnknownUnit,
    Zero,
    TooLarge,
}

impl fmt::Display for QuantityError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { text, notation, problem } = self;
        let units = || notation.units.iter().map(|(unit, _)| *unit).collect::<Vec<_>>().join(", ");
        write!(f, "`{text}` is not a {}: ", notation.name)?;
        match problem {
            Problem::Empty => f.write_str("it is empty")?,
            Problem::NoNumber => f.write_str("it does not begin with a number")?,
            Problem::Negative => f.write_str("it is negative")?,
            Problem::Fraction => f.write_str("it is not a whole number")?,
            Problem::NoUnit => write!(f, "it has no unit, which is one of {}", units())?,
            Problem::SeveralUnits => f.write_str("it has several units")?,
            Problem::UnknownUnit => write!(f, "its unit is none of {}", units())?,
            Problem::Zero => f.write_str("it must be more than zero")?,
            Problem::TooLarge => write!(f, "it is more than {}", notation.max_text)?,
        }
        write!(f, "; write a whole number and a unit, such as {}", notation.examples)
    }
}

impl std::error::Error for QuantityError {}

/// Reads a duration such as `500ms`, `30s`, `5m`, `2h` or `8d`, in ms; at least 1 and at most 1,000 years.
///
/// # Errors
/// What is wrong with the text, and what to write.
pub fn parse_duration_ms(text: &str) -> Result<i64, QuantityError> {
    let ms = positive(text, &DURATION)?;
    Ok(ms as i64)
}

/// As [`parse_duration_ms`], and zero with any unit, such as `0s`.
///
/// # Errors
/// What is wrong with the text, and what to write.
pub fn parse_duration_or_zero_ms(text: &str) -> Result<i64, QuantityError> {
    let ms = whole(text, &DURATION)?;
    Ok(ms as i64)
}

/// Reads a size such as `512MiB` or `50GiB`, in bytes; at least 1 and at most 2^60. A number without a unit
/// is in bytes.
///
/// # Errors
/// What is wrong with the text, and what to write.
pub fn parse_size_bytes(text: &str) -> Result<u64, QuantityError> {
    positive(text, &SIZE)
}

/// How many ms a unit of durations is.
pub(crate) fn unit_ms(unit: &str) -> Option<u64> {
    DURATION.units.iter().find_map(|(name, ms)| (*name == unit).then_some(*ms))
}

fn positive(text: &str, notation: &'static Notation) -> Result<u64, QuantityError> {
    match whole(text, notation)? {
        0 => Err(QuantityError { text: excerpt(text), notation, problem: Problem::Zero }),
        count => Ok(count),
    }
}

fn whole(text: &str, notation: &'static Notation) -> Result<u64, QuantityError> {
    let read = read(text.trim(), notation);
    read.map_err(|problem| QuantityError { text: excerpt(text), notation, problem })
}

fn read(text: &str, notation: &Notation) -> Result<u64, Problem> {
    if text.is_empty() {
        return Err(Problem::Empty);
    }
    let end = text.find(|c: char| !c.is_ascii_digit()).unwrap_or(text.len());
    let (number, rest) = text.split_at(end);
    let is_number =
        rest.get(1..).is_some_and(|rest| rest.starts_with(|c: char| c.is_ascii_digit()));
    match rest.chars().next() {
        Some('-') if number.is_empty() && is_number => return Err(Problem::Negative),
        Some('.' | ',') if !number.is_empty() => return Err(Problem::Fraction),
        _ if number.is_empty() => return Err(Problem::NoNumber),
        _ => {}
    }
    let unit = match rest.trim_start() {
        "" => notation.unit_default.ok_or(Problem::NoUnit)?,
        unit => unit,
    };
    let found = notation.units.iter().find(|(name, _)| *name == unit);
    let Some((_, factor)) = found else {
        let several = unit.contains(|c: char| c.is_ascii_digit());
        return Err(if several { Problem::SeveralUnits } else { Problem::UnknownUnit });
    };
    // Digits that do not fit are a number that is too large.
    let count = number.parse::<u64>().ok().and_then(|number| number.checked_mul(*factor));
    count.filter(|count| *count <= notation.max).ok_or(Problem::TooLarge)
}

#[cfg(test)]
mod tests;
