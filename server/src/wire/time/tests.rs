use super::*;

#[test]
fn times_come_as_rfc_3339_or_milliseconds() {
    let at = Some(TimestampMs(1_795_201_480_123));
    assert_eq!(parse("1795201480123"), at);
    assert_eq!(parse("2026-11-20T19:04:40.123Z"), at);
    assert_eq!(parse("2026-11-20T20:04:40.123+01:00"), at);
    for bad in ["", "yesterday", "2026-11-20", "2026-13-40T00:00:00Z", "1.5"] {
        assert_eq!(parse(bad), None, "{bad}");
    }
}

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

#[test]
fn durations_have_a_number_and_a_unit() {
    let table =
        [("500ms", 500), ("30s", 30_000), ("5m", 300_000), ("2h", 7_200_000), ("1d", 86_400_000)];
    for (text, ms) in table {
        assert_eq!(parse_duration_ms(text), Some(ms), "{text}");
    }
    for bad in ["", "5", "m", "0s", "-5m", "5 m", "1.5h", "5w", "99999999999999999d"] {
        assert_eq!(parse_duration_ms(bad), None, "{bad}");
    }
}
