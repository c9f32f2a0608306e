use super::*;

const AT: TimestampMs = TimestampMs(1_795_201_480_123);

#[test]
fn a_time_is_rfc_3339_or_milliseconds() {
    for text in [
        "1795201480123",
        " 1795201480123 ",
        "1795201480123.9",
        "2026-11-20T19:04:40.123Z",
        "2026-11-20t19:04:40.123z",
        "2026-11-20 19:04:40.123Z",
        "2026-11-20T20:04:40.123+01:00",
        "2026-11-20T18:04:40.123-01:00",
        // What is left of an offset that was not escaped in a URL.
        "2026-11-20T20:04:40.123 01:00",
        "2026-11-20 20:04:40.123 01:00",
        "2026-11-20T20:04:40.123 0100",
    ] {
        assert_eq!(parse_time(text), Ok(AT), "{text}");
    }
    assert_eq!(parse_time("2000-01-01T00:00:00Z"), Ok(TIME_MIN));
    assert_eq!(parse_time("2099-12-31T23:59:59.999Z"), Ok(TIME_END.plus_ms(-1)));
}

#[test]
fn a_number_in_another_unit_is_named_with_what_to_write() {
    let table = [
        ("1795780800", "seconds", 1_795_780_800_000),
        ("1795780800.123", "seconds", 1_795_780_800_123),
        ("1795780800123456", "microseconds", 1_795_780_800_123),
        ("1795780800123456789", "nanoseconds", 1_795_780_800_123),
        ("946684800", "seconds", TIME_MIN.0),
        ("4102444799999000000", "nanoseconds", TIME_END.0 - 1),
    ];
    for (text, unit, ms) in table {
        let expected = TimeError::Unit { given: text.to_owned(), unit, ms };
        assert_eq!(parse_time(text), Err(expected), "{text}");
    }
    assert_eq!(
        parse_time("1795780800").unwrap_err().to_string(),
        "1795780800 seems to be in seconds; write milliseconds, 1795780800000, or RFC 3339, \
         2026-11-27T12:00:00Z"
    );
}

#[test]
fn a_time_before_2000_or_from_2100_on_is_refused_in_every_notation() {
    for text in [
        "0",
        "-1795201480123",
        "20261120",
        "946684799",
        "4102444800000",
        "99999999999999999999999",
        "1999-12-31T23:59:59.999Z",
        "2100-01-01T00:00:00Z",
        "3331-01-01T00:00:00Z",
    ] {
        let error = parse_time(text).unwrap_err();
        assert!(matches!(error, TimeError::OutOfRange(_)), "{text}: {error}");
    }
    assert!(time_of_number(f64::NAN, &"NaN").is_err());
    assert!(time_of_number(f64::INFINITY, &"inf").is_err());
}

#[test]
fn a_text_that_is_no_time_is_answered_with_what_it_lacks() {
    type Kind = fn(String) -> TimeError;
    let table: [(Kind, &[&str]); 3] = [
        (TimeError::DateOnly, &["2026-11-20"]),
        (TimeError::NoOffset, &["2026-11-20T19:04:40", "2026-11-20 19:04"]),
        (
            TimeError::Unreadable,
            &[
                "",
                "now",
                "yesterday",
                "2026-13-40T00:00:00Z",
                "1.2.3",
                "-",
                "20/Nov/2026:19:04:40",
                "1h",
            ],
        ),
    ];
    for (kind, texts) in table {
        for text in texts {
            assert_eq!(parse_time(text), Err(kind((*text).to_owned())), "{text}");
        }
    }
    let long = parse_time(&"x".repeat(1 << 20)).unwrap_err().to_string();
    assert!(long.len() < 300, "a long value is not echoed: {long}");
}

#[test]
fn a_field_may_be_a_number_or_a_text() {
    let read = |json: &str| serde_json::from_str::<WrittenTime>(json).map(|it| it.read());
    for json in
        ["1795201480123", "1795201480123.5", "\"1795201480123\"", "\"2026-11-20T19:04:40.123Z\""]
    {
        assert_eq!(read(json).unwrap(), Ok(AT), "{json}");
    }
    assert!(matches!(read("1795201480").unwrap(), Err(TimeError::Unit { unit: "seconds", .. })));
    let error = read("true").unwrap_err().to_string();
    assert!(error.contains("RFC 3339 in quotes"), "{error}");
}
