//! Times of answers as text.

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

#[cfg(test)]
mod tests;
