use super::*;

#[test]
fn times_go_out_with_milliseconds() {
    assert_eq!(format(TimestampMs(1_795_201_480_123)), "2026-11-20T19:04:40.123Z");
    assert_eq!(format(TimestampMs(0)), "1970-01-01T00:00:00.000Z");
    assert_eq!(format(TimestampMs(i64::MAX)), i64::MAX.to_string());
    let times: Times = [TimestampMs(0)].into_iter().collect();
    for at in [0, 1_795_201_480_123].map(TimestampMs) {
        assert_eq!(times.text(at), format(at), "known or not");
    }
}
