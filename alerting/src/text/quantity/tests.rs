use super::*;

#[test]
fn a_duration_is_a_whole_number_and_a_unit() {
    let table = [
        ("500ms", 500),
        ("30s", 30_000),
        ("5m", 300_000),
        (" 5 m ", 300_000),
        ("2h", 7_200_000),
        ("8d", 691_200_000),
        ("365000d", 31_536_000_000_000),
    ];
    for (text, ms) in table {
        assert_eq!(parse_duration_ms(text), Ok(ms), "{text}");
        assert_eq!(parse_duration_or_zero_ms(text), Ok(ms), "{text}");
    }
    assert_eq!(parse_duration_or_zero_ms("0m"), Ok(0));
}

#[test]
fn a_size_is_a_whole_number_and_a_binary_unit() {
    let table = [
        ("1B", 1),
        ("300", 300),
        ("512MiB", 512 << 20),
        ("2 GiB", 2 << 30),
        ("1048576TiB", 1 << 60),
    ];
    for (text, bytes) in table {
        assert_eq!(parse_size_bytes(text), Ok(bytes), "{text}");
    }
}

#[test]
fn what_is_wrong_with_a_quantity_is_said() {
    let durations = [
        ("", "empty"),
        ("soon", "begin with a number"),
        ("m", "begin with a number"),
        ("-m", "begin with a number"),
        ("-5m", "negative"),
        ("1.5h", "whole number"),
        ("1,5h", "whole number"),
        ("300", "no unit, which is one of ms, s, m, h, d"),
        ("5min", "unit is none of ms, s, m, h, d"),
        ("5M", "unit is none of"),
        ("5w", "unit is none of"),
        ("5µs", "unit is none of"),
        ("1e3s", "several units"),
        ("1h30m", "several units"),
        ("0s", "more than zero"),
        ("365001d", "more than 365000d"),
        ("99999999999999999999d", "more than 365000d"),
    ];
    for (text, part) in durations {
        let error = parse_duration_ms(text).unwrap_err().to_string();
        assert!(error.contains(part), "{text}: {error}");
        assert!(error.ends_with("such as 30s, 5m, 2h or 1d"), "{error}");
    }
    let sizes = [
        ("512MB", "unit is none of B, KiB"),
        ("512mib", "unit is none of B, KiB"),
        ("0MiB", "more than zero"),
        ("1.5GiB", "whole number"),
        ("-1GiB", "negative"),
        ("99999999TiB", "more than 1048576TiB"),
    ];
    for (text, part) in sizes {
        let error = parse_size_bytes(text).unwrap_err().to_string();
        assert!(error.contains(part), "{text}: {error}");
    }
    assert_eq!(
        parse_duration_ms("300").unwrap_err().to_string(),
        "`300` is not a duration: it has no unit, which is one of ms, s, m, h, d; write a whole number and \
         a unit, such as 30s, 5m, 2h or 1d"
    );
    let long = parse_size_bytes(&"9".repeat(1 << 20)).unwrap_err().to_string();
    assert!(long.len() < 300, "a long value is not echoed: {long}");
}
