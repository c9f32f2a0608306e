//! The age of the newest event.

use plimsoll_storage::TimestampMs;

use crate::evidence::Measured;

/// The age at `at`, in seconds. It is known exactly, so the bounds are the value.
pub(super) fn measure(last_at: TimestampMs, at: TimestampMs) -> Measured {
    let age_s = at.since_ms(last_at).max(0) as f64 / 1e3;
    Measured { value: age_s, count: 1, lower: age_s, upper: age_s }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_age_is_in_seconds_and_never_negative() {
        assert_eq!(measure(TimestampMs(1_000), TimestampMs(3_500)).value, 2.5);
        assert_eq!(measure(TimestampMs(9_000), TimestampMs(3_500)).lower, 0.0);
    }
}
