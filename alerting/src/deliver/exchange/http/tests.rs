use super::*;

#[test]
fn retry_after_is_seconds_or_a_date() {
    // 2026-11-20T20:00:00Z
    let now = TimestampMs(1_795_204_800_000);
    assert_eq!(retry_after_ms("120", now), Some(120_000));
    assert_eq!(retry_after_ms("Fri, 20 Nov 2026 20:01:00 GMT", now), Some(60_000));
    assert_eq!(retry_after_ms("Fri, 20 Nov 2026 19:00:00 GMT", now), Some(0));
    assert_eq!(retry_after_ms("soon", now), None);
}
