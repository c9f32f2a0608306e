//! The wall clock. Nothing else in the workspace reads it: time is an argument everywhere.
//!
//! A debug build, and one with the feature `clock-file`, reads the time from the file that
//! `PLIMSOLL_CLOCK_FILE` names: the end-to-end tests move time instead of waiting for it.

use std::time::{SystemTime, UNIX_EPOCH};

use plimsoll_storage::TimestampMs;

/// Now.
pub(crate) fn now() -> TimestampMs {
    file_time().unwrap_or_else(wall_time)
}

#[expect(clippy::disallowed_methods, reason = "this is the one place that reads the clock")]
fn wall_time() -> TimestampMs {
    let since_1970 = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    TimestampMs(i64::try_from(since_1970.as_millis()).unwrap_or(i64::MAX))
}

/// The time in the file, in ms since 1970; `None` without a file.
#[cfg(any(debug_assertions, feature = "clock-file"))]
fn file_time() -> Option<TimestampMs> {
    use std::path::PathBuf;
    use std::sync::LazyLock;

    static FILE: LazyLock<Option<PathBuf>> =
        LazyLock::new(|| std::env::var_os("PLIMSOLL_CLOCK_FILE").map(PathBuf::from));
    let text = std::fs::read_to_string(FILE.as_ref()?).ok()?;
    text.parse().ok().map(TimestampMs)
}

#[cfg(not(any(debug_assertions, feature = "clock-file")))]
const fn file_time() -> Option<TimestampMs> {
    None
}
