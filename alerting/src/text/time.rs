//! Durations and times as text, and the one reader of times that people and programs write.

use std::fmt::Display;

use jiff::Timestamp;
use jiff::civil::DateTime;
use plimsoll_storage::TimestampMs;
use serde::Deserialize;

use super::excerpt::excerpt;

/// The first time that is read: 2000-01-01T00:00:00Z. What seems earlier is a mistake of the unit.
pub const TIME_MIN: TimestampMs = TimestampMs(946_684_800_000);
/// The first time that is too far ahead to be read: 2100-01-01T00:00:00Z. With it no number is a time in two
/// units, and slots of a second have numbers for all times before it.
pub const TIME_END: TimestampMs = TimestampMs(4_102_444_800_000);

/// Units in which times are counted by mistake, with milliseconds of one and how many make one.
const OTHER_UNITS: [(&str, f64, f64); 3] =
    [("seconds", 1e3, 1.0), ("microseconds", 1.0, 1e3), ("nanoseconds", 1.0, 1e6)];
/// What binary fractions of seconds lack in ms, at most.
const LACKING_MS: f64 = 1e-3;

/// Why a text or number is no time.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum TimeError {
    /// It is in no known notation.
    #[error(
        "`{0}` is not a time; write RFC 3339, such as 2026-11-20T19:04:40Z, or milliseconds since 1970, such \
         as 1795201480000"
    )]
    Unreadable(String),
    /// A date without a time of day.
    #[error("`{0}` is only a date; add a time of day and Z for UTC, as in 2026-11-20T19:04:40Z")]
    DateOnly(String),
    /// A time without an offset from UTC.
    #[error(
        "`{0}` does not say its offset from UTC; add Z for UTC, or an offset such as +01:00, which is \
         %2B01:00 in a URL"
    )]
    NoOffset(String),
    /// A number in another unit.
    #[error(
        "{given} seems to be in {unit}; write milliseconds, {ms}, or RFC 3339, {}",
        rfc3339(TimestampMs(*.ms))
    )]
    Unit {
        /// The number as written.
        given: String,
        /// The unit.
        unit: &'static str,
        /// The same time in milliseconds since 1970.
        ms: i64,
    },
    /// A time before [`TIME_MIN`] or from [`TIME_END`] on.
    #[error(
        "{0} is not in the years 2000 to 2099; write RFC 3339, such as 2026-11-20T19:04:40Z, or milliseconds \
         since 1970, such as 1795201480000"
    )]
    OutOfRange(String),
}

/// Reads RFC 3339 with any offset, or milliseconds since 1970 in digits, in the years 2000 to 2099.
///
/// An offset of `+01:00` that was not escaped in a URL arrives as ` 01:00`, and is read.
///
/// # Errors
/// What the text seems to be, and what to write.
pub fn parse_time(text: &str) -> Result<TimestampMs, TimeError> {
    let text = text.trim();
    let is_number = |c: char| c.is_ascii_digit() || matches!(c, '.' | '-');
    if text.chars().all(is_number)
        && let Ok(number) = text.parse()
    {
        return time_of_number(number, &excerpt(text));
    }
    let read = text.parse().ok().or_else(|| with_plus(text)?.parse().ok());
    let Some(read) = read else { return Err(unreadable(text)) };
    let read = TimestampMs(Timestamp::as_millisecond(read));
    if is_plausible(read) { Ok(read) } else { Err(TimeError::OutOfRange(excerpt(text))) }
}

/// The time of a number of milliseconds since 1970, in the years 2000 to 2099; a fraction of a millisecond is
/// cut off. `given` is the number as it was written.
///
/// # Errors
/// The unit that the number seems to be in, and what to write.
pub fn time_of_number(number: f64, given: &dyn Display) -> Result<TimestampMs, TimeError> {
    let at = TimestampMs(number.floor() as i64);
    if is_plausible(at) {
        return Ok(at);
    }
    for (unit, factor, divisor) in OTHER_UNITS {
        let ms = (number * factor / divisor + LACKING_MS).floor() as i64;
        if is_plausible(TimestampMs(ms)) {
            return Err(TimeError::Unit { given: given.to_string(), unit, ms });
        }
    }
    Err(TimeError::OutOfRange(given.to_string()))
}

/// A time as a field of JSON or YAML has it: text or a number, not yet checked.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(untagged, expecting = "a time must be RFC 3339 in quotes or milliseconds since 1970")]
pub enum WrittenTime {
    /// Milliseconds since 1970.
    Number(serde_json::Number),
    /// See [`parse_time`].
    Text(String),
}

impl WrittenTime {
    /// Reads it.
    ///
    /// # Errors
    /// As [`parse_time`].
    pub fn read(&self) -> Result<TimestampMs, TimeError> {
        match self {
            Self::Number(number) => time_of_number(number.as_f64().unwrap_or(f64::NAN), number),
            Self::Text(text) => parse_time(text),
        }
    }
}

fn is_plausible(at: TimestampMs) -> bool {
    (TIME_MIN..TIME_END).contains(&at)
}

/// The text with `+` for the space before its offset.
fn with_plus(text: &str) -> Option<String> {
    let (time, offset) = text.rsplit_once(' ')?;
    let is_offset = time.contains(':') && offset.starts_with(|c: char| c.is_ascii_digit());
    is_offset.then(|| format!("{time}+{offset}"))
}

fn unreadable(text: &str) -> TimeError {
    let shown = excerpt(text);
    match text.parse::<DateTime>() {
        Ok(_) if text.contains(':') => TimeError::NoOffset(shown),
        Ok(_) => TimeError::DateOnly(shown),
        Err(_) => TimeError::Unreadable(shown),
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
    Timestamp::from_millisecond(at.0).map_or_else(|_| at.0.to_string(), |at| at.to_string())
}

#[cfg(test)]
mod tests;
