//! The wall clock, which a connector and these tests read and the crates under test do not.

use std::time::{SystemTime, UNIX_EPOCH};

/// Now, in milliseconds since 1970 UTC.
///
/// # Panics
/// The clock is before 1970.
#[must_use]
#[expect(clippy::disallowed_methods, reason = "a test acts as the connector, which has a clock")]
pub fn now_ms() -> i64 {
    let since_epoch = SystemTime::now().duration_since(UNIX_EPOCH).expect("a clock after 1970");
    i64::try_from(since_epoch.as_millis()).expect("a clock before the year 292 million")
}

/// The newest multiple of `step_ms` that is at least `age_ms` ago.
#[must_use]
pub fn aligned_ms(age_ms: i64, step_ms: i64) -> i64 {
    floor_ms(now_ms() - age_ms, step_ms)
}

/// The start of the step that a time lies in.
#[must_use]
pub const fn floor_ms(at_ms: i64, step_ms: i64) -> i64 {
    at_ms.div_euclid(step_ms) * step_ms
}

/// Reads an RFC 3339 time of an answer.
///
/// # Panics
/// The text is no such time.
#[must_use]
pub fn parse_ms(text: &str) -> i64 {
    let time: jiff::Timestamp = text.parse().expect("answers hold RFC 3339 times");
    time.as_millisecond()
}

/// A time as RFC 3339 in UTC.
///
/// # Panics
/// The time is beyond the calendar.
#[must_use]
pub fn format(at_ms: i64) -> String {
    jiff::Timestamp::from_millisecond(at_ms).expect("a time of this era").to_string()
}
