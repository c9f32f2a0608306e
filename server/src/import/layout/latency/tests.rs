use proptest::prelude::*;

use super::*;

#[test]
fn every_notation_of_a_latency_is_read() {
    for (text, unit, expected) in [
        ("0.009", Unit::Seconds, Some(9_000)),
        ("0,152", Unit::Seconds, Some(152_000)),
        ("0.1, 0.2", Unit::Seconds, Some(300_000)),
        ("0.009, 0.001 : 0.003", Unit::Seconds, Some(13_000)),
        ("0.009, - : 0.004", Unit::Seconds, None),
        ("0.000, -", Unit::Seconds, None),
        ("0.000 -1", Unit::Seconds, None),
        ("0.009,0.004", Unit::Seconds, Some(13_000)),
        ("0,009, 0,004", Unit::Seconds, Some(13_000)),
        ("-", Unit::Seconds, None),
        ("", Unit::Seconds, None),
        ("3", Unit::Seconds, Some(3_000_000)),
        ("0.1234567", Unit::Seconds, Some(123_456)),
        ("1234", Unit::Microseconds, Some(1_234)),
        ("881ms", Unit::Written, Some(881_000)),
        ("1.5s", Unit::Milliseconds, Some(1_500_000)),
        ("250µs", Unit::Written, Some(250)),
        ("12", Unit::Written, None),
        ("881000000", Unit::Nanoseconds, Some(881_000)),
        ("132.4", Unit::Milliseconds, Some(132_400)),
        ("-1", Unit::Seconds, None),
        ("nan", Unit::Seconds, None),
        ("1.2.3", Unit::Seconds, None),
        ("12kg", Unit::Seconds, None),
        ("99999999999999999999", Unit::Seconds, None),
    ] {
        assert_eq!(parse_latency(text.as_bytes(), unit), expected, "{text} {unit}");
    }
}

#[test]
fn an_option_names_a_field_or_a_position_and_its_unit() {
    let parse = |text: &str| text.parse::<LatencyField>();
    assert_eq!(parse("rt:s"), Ok(LatencyField::named("rt", Unit::Seconds)));
    assert_eq!(parse("http.took:ms"), Ok(LatencyField::named("http.took", Unit::Milliseconds)));
    assert_eq!(parse("-1:us"), Ok(LatencyField::at(-1, Unit::Microseconds)));
    for text in ["", "rt", "rt:", ":s", "0:ms", "rt:h"] {
        assert!(parse(text).is_err(), "{text}");
    }
}

#[test]
fn names_with_a_unit_are_latencies() {
    assert_eq!(unit_of_name("duration_ms"), Some(Unit::Milliseconds));
    assert_eq!(unit_of_name("response-time-us"), Some(Unit::Microseconds));
    assert_eq!(unit_of_name("request_time_seconds"), Some(Unit::Seconds));
    for name in ["bytes_s", "items_ms", "request_time", "ms"] {
        assert_eq!(unit_of_name(name), None, "{name}");
    }
}

proptest! {
    #[test]
    fn every_time_in_microseconds_is_read_exactly(micros in 0_u64..1_000_000_000_000_000) {
        let text = format!("{}.{:06}", micros / 1_000_000, micros % 1_000_000);
        prop_assert_eq!(parse_latency(text.as_bytes(), Unit::Seconds), Some(micros));
    }

    #[test]
    fn no_bytes_make_it_panic(bytes in proptest::collection::vec(any::<u8>(), 0..60)) {
        let _ = parse_latency(&bytes, Unit::Written);
    }
}
