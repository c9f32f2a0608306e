//! The wall clock. Nothing else in the workspace reads it: time is an argument everywhere.

use std::time::{SystemTime, UNIX_EPOCH};

use plimsoll_storage::TimestampMs;

/// Now.
#[expect(clippy::disallowed_methods, reason = "this is the one place that reads the clock")]
pub(crate) fn now() -> TimestampMs {
    let since_1970 = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    TimestampMs(i64::try_from(since_1970.as_millis()).unwrap_or(i64::MAX))
}
