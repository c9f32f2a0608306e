use axum::http::{HeaderValue, header};

use super::*;

fn quality(accept: &'static str, names: &[&str]) -> Option<u16> {
    let headers = HeaderMap::from_iter([(header::ACCEPT, HeaderValue::from_static(accept))]);
    Preferences::of(&headers, &header::ACCEPT).quality(names)
}

#[test]
fn the_most_specific_name_decides() {
    let csv = &["text/csv", "text/*", "*/*"][..];
    for (accept, expected) in [
        ("text/csv", Some(1000)),
        ("TEXT/CSV;q=0.5", Some(500)),
        ("*/*;q=0.9, text/*;q=0.3", Some(300)),
        ("*/*, text/csv;q=0", Some(0)),
        ("text/csv;header=present;q=0.25", Some(250)),
        ("text/csv;q=high, */*;q=0.1", Some(100)),
        ("text/csv;q=7", None),
        ("application/json", None),
        ("", None),
        (" , ;q=1", None),
    ] {
        assert_eq!(quality(accept, csv), expected, "{accept:?}");
    }
}

#[test]
fn a_header_may_come_in_parts() {
    let mut headers = HeaderMap::new();
    headers.append(header::ACCEPT, HeaderValue::from_static("text/csv;q=0.2"));
    headers.append(header::ACCEPT, HeaderValue::from_static("application/json"));
    let preferences = Preferences::of(&headers, &header::ACCEPT);
    assert_eq!(preferences.quality(&["text/csv"]), Some(200));
    assert_eq!(preferences.quality(&["application/json"]), Some(1000));
}
