use super::*;

#[test]
fn a_week_back_is_the_same_time_on_the_clock() {
    // Monday 2026-10-26 09:00 in Berlin: clocks went back by an hour the day before.
    let end = TimestampMs(1_793_001_600_000);
    let week_ms = plimsoll_query::WEEK_MS;
    let berlin = TimeZone::get("Europe/Berlin").expect("a time zone");
    assert_eq!(weeks_back(2, end, &berlin), [week_ms + 3_600_000, 2 * week_ms + 3_600_000]);
    assert_eq!(weeks_back(2, end, &TimeZone::UTC), [week_ms, 2 * week_ms]);
}
