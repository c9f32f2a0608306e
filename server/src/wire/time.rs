//! Times and durations as text: RFC 3339 and `30s`.

use std::borrow::Cow;

use foldhash::HashMap;
use jiff::Timestamp;
use plimsoll_storage::TimestampMs;

/// RFC 3339 in UTC with milliseconds.
pub(crate) fn format(at: TimestampMs) -> String {
    match Timestamp::from_millisecond(at.0) {
        Ok(timestamp) => format!("{timestamp:.3}"),
        // Beyond the calendar: show the number itself.
        Err(_) => at.0.to_string(),
    }
}

/// Times as text, each formatted once: the points of all series of an answer share a few times.
#[derive(Debug)]
pub(crate) struct Times(HashMap<TimestampMs, String>);

impl FromIterator<TimestampMs> for Times {
    fn from_iter<I: IntoIterator<Item = TimestampMs>>(times: I) -> Self {
        Self(times.into_iter().map(|at| (at, format(at))).collect())
    }
}

impl Times {
    /// The same as [`format()`].
    pub(crate) fn text(&self, at: TimestampMs) -> Cow<'_, str> {
        self.0.get(&at).map_or_else(|| format(at).into(), |text| text.into())
    }
}

/// RFC 3339 with any offset, or milliseconds since 1970 in digits.
pub(crate) fn parse(text: &str) -> Option<TimestampMs> {
    if let Ok(ms) = text.parse::<i64>() {
        return Some(TimestampMs(ms));
    }
    text.parse::<Timestamp>().ok().map(|timestamp| TimestampMs(timestamp.as_millisecond()))
}

/// A duration such as `500ms`, `30s`, `5m`, `2h` or `7d`, in ms; more than zero.
pub(crate) fn parse_duration_ms(text: &str) -> Option<i64> {
    let digits = text.find(|c: char| !c.is_ascii_digit())?;
    let (number, unit) = text.split_at_checked(digits)?;
    let unit_ms = match unit {
        "ms" => 1,
        "s" => 1_000,
        "m" => 60_000,
        "h" => 3_600_000,
        "d" => 86_400_000,
        _ => return None,
    };
    number.parse::<i64>().ok()?.checked_mul(unit_ms).filter(|ms| *ms > 0)
}

#[cfg(test)]
mod tests;
