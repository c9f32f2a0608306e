use super::*;
use jiff::fmt::strtime;
use jiff::{ToSpan, civil, tz};

#[test]
fn reads_times_with_offsets() {
    assert_eq!(parse_log_time(b"01/Jan/1970:00:00:00 +0000"), Some(0));
    assert_eq!(parse_log_time(b"20/Nov/2026:19:18:30 +0000"), Some(1_795_202_310_000));
    assert_eq!(parse_log_time(b"21/Nov/2026:00:48:30 +0530"), Some(1_795_202_310_000));
    assert_eq!(parse_log_time(b"20/Nov/2026:09:48:30 -0930"), Some(1_795_202_310_000));
}

#[test]
fn rejects_times_that_do_not_exist() {
    for text in [
        "31/Nov/2026:19:18:30 +0000",
        "29/Feb/2026:19:18:30 +0000",
        "00/Nov/2026:19:18:30 +0000",
        "20/nov/2026:19:18:30 +0000",
        "20/Nov/2026:24:18:30 +0000",
        "20/Nov/2026:19:60:30 +0000",
        "20/Nov/2026:19:18:61 +0000",
        "20/Nov/2026:19:18:30 00000",
        "20/Nov/2026:19:18:30 +2400",
        "20/Nov/2026:19:18:3x +0000",
        "20-Nov-2026 19:18:30 +0000",
        "",
    ] {
        assert_eq!(parse_log_time(text.as_bytes()), None, "{text}");
    }
}

#[test]
fn agrees_with_the_calendar_library_on_every_day_of_four_centuries() {
    let mut at = civil::date(1890, 1, 1).at(23, 59, 59, 0);
    while at.year() < 2290 {
        let zoned = at.to_zoned(tz::TimeZone::UTC).expect("UTC has every time");
        let text = strtime::format("%d/%b/%Y:%H:%M:%S +0000", &zoned).expect("a plain format");
        let expected = zoned.timestamp().as_millisecond();
        assert_eq!(parse_log_time(text.as_bytes()), Some(expected), "{text}");
        at = at.checked_add(1.day()).expect("far from the last year");
    }
}
