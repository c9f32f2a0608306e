//! Lines of real servers, and malformed lines.

use super::*;
use proptest::prelude::*;

const AT_MS: i64 = 1_795_202_310_000;

/// The line and what the layout of this line alone shows of it.
fn parse(line: &str) -> Result<LogLine<'_>, UnreadableReason> {
    super::parse(line.as_bytes(), &detect(&[line.as_bytes()]).latency)
}

/// A combined line with the given request and tail.
fn line(request: &str, tail: &str) -> String {
    format!(r#"10.1.2.3 - - [20/Nov/2026:19:18:30 +0000] "{request}" 200 12 "-" "curl/8"{tail}"#)
}

#[test]
fn reads_a_gateway_line_in_full() {
    let text = line("POST /dhl/rates?x=1 HTTP/1.1", " rt=0.062 urt=0.060, 0.002 cid=c-1");
    let expected = LogLine {
        at_ms: AT_MS,
        path: "/dhl/rates".into(),
        status: 200,
        latency_us: Some(62_000),
        correlation_id: Some("c-1".into()),
    };
    assert_eq!(parse(&text), Ok(expected));
}

#[test]
fn reads_the_common_format() {
    let text = r#"::1 - ann [20/Nov/2026:20:18:30 +0100] "GET /a HTTP/1.0" 304 -"#;
    let parsed = parse(text).expect("the common format");
    assert_eq!((parsed.at_ms, &*parsed.path, parsed.status), (AT_MS, "/a", 304));
    assert_eq!((parsed.latency_us, parsed.correlation_id), (None, None));
}

#[test]
fn addresses_and_users_may_hold_brackets_and_spaces() {
    for host in ["[2001:db8::1]", "2001:db8::1", "unix:", "example.org:443 10.0.0.1"] {
        for user in ["-", "ann [ops] lee", "o\\\"brien"] {
            let text =
                format!(r#"{host} - {user} [20/Nov/2026:19:18:30 +0000] "GET / HTTP/2.0" 200 5"#);
            assert_eq!(parse(&text).map(|parsed| parsed.at_ms), Ok(AT_MS), "{text}");
        }
    }
}

#[test]
fn finds_the_path_in_every_form_of_request() {
    for (request, path) in [
        ("GET /", "/"),
        ("GET / HTTP/1.1", "/"),
        ("GET /a/b?c=d HTTP/1.1", "/a/b"),
        ("GET /a#b HTTP/1.1", "/a"),
        ("GET /a b c HTTP/1.1", "/a b c"),
        ("GET http://shop.example/a?b HTTP/1.1", "/a"),
        ("GET http://shop.example HTTP/1.1", "/"),
        ("OPTIONS * HTTP/1.1", "*"),
        ("CONNECT shop.example:443 HTTP/1.1", "shop.example:443"),
        ("VERSION-CONTROL /a HTTP/1.1", "/a"),
        (r#"GET /a\"b\\ HTTP/1.1"#, r#"/a\"b\\"#),
        (r"GET /a\x22b HTTP/1.1", r"/a\x22b"),
        ("-", ""),
        ("", ""),
    ] {
        let text = line(request, "");
        let found = parse(&text).map(|parsed| parsed.path.into_owned());
        assert_eq!(found.as_deref(), Ok(path), "{request}");
    }
}

#[test]
fn escaped_quotes_do_not_end_a_field() {
    let text = r#"::1 - - [20/Nov/2026:19:18:30 +0000] "GET /a HTTP/1.1" 500 0 "http://x/\"" "a \"b\" \\" rt=1.5 "10.0.0.1, 10.0.0.2" cid=c-2"#;
    let parsed = parse(text).expect("escaped quotes");
    assert_eq!(
        (parsed.latency_us, parsed.correlation_id.as_deref()),
        (Some(1_500_000), Some("c-2"))
    );
}

#[test]
fn request_time_overrides_the_sum_of_the_upstreams() {
    for (tail, expected) in [
        ("", None),
        (" rt=0.009", Some(9_000)),
        (" urt=0.002 rt=0.009", Some(9_000)),
        (" urt=0.009, 0.004 cid=x", Some(13_000)),
        (" urt=0.009, - : 0.004", None),
        (r#" urt="0.009, 0.004""#, Some(13_000)),
        (" urt=0.009 7 0.1 200", Some(9_000)),
        (" urt=-", None),
        (" rt=- urt=0.1", Some(100_000)),
        (" rt=0.000", Some(0)),
        (" rt=3", Some(3_000_000)),
        (" rt=0.1234567", Some(123_456)),
        (" rt=-1", None),
        (" rt=nan", None),
        (" rt=1.2.3", None),
        (" rt=99999999999999999999", None),
        (" cid=x urt=0.5", Some(500_000)),
        (" start=1 rt=0.2 pipe=.", Some(200_000)),
    ] {
        let text = line("GET / HTTP/1.1", tail);
        assert_eq!(parse(&text).map(|parsed| parsed.latency_us), Ok(expected), "{tail}");
    }
}

#[test]
fn correlation_id_may_be_absent() {
    for (tail, expected) in [
        (" cid=-", None),
        (" cid=", None),
        (r#" cid="a b""#, Some("a b")),
        (" rt=1 cid=a-b", Some("a-b")),
    ] {
        let text = line("GET / HTTP/1.1", tail);
        assert_eq!(
            parse(&text).map(|parsed| parsed.correlation_id),
            Ok(expected.map(Into::into)),
            "{tail}"
        );
    }
}

#[test]
fn reports_what_is_wrong_with_a_line() {
    let good = r#"::1 - - [20/Nov/2026:19:18:30 +0000] "GET /a HTTP/1.1" 200 5 "-" "x""#;
    assert!(parse(good).is_ok());
    for (text, reason) in [
        (String::new(), UnreadableReason::OtherLayout),
        ("{\"json\":true}".into(), UnreadableReason::OtherLayout),
        (good.replace("200 5 \"-\" \"x\"", "200"), UnreadableReason::OtherLayout),
        (good.replace(" HTTP/1.1\" 200 5 \"-\" \"x\"", ""), UnreadableReason::OtherLayout),
        (good.replace("Nov", "Nob"), UnreadableReason::BadTime),
        (
            good.replace("20/Nov/2026:19:18:30 +0000", "2026-11-20 19:18:30"),
            UnreadableReason::BadTime,
        ),
        (good.replace("GET /a HTTP/1.1", r"\x16\x03\x01"), UnreadableReason::BadRequest),
        (good.replace("GET /a HTTP/1.1", "GET"), UnreadableReason::BadRequest),
        (good.replace("GET /a HTTP/1.1", "GET ?a HTTP/1.1"), UnreadableReason::BadRequest),
        (good.replace(" 200 ", " 000 "), UnreadableReason::BadStatus),
        (good.replace(" 200 ", " 2000 "), UnreadableReason::BadStatus),
        (good.replace(" 200 ", " - "), UnreadableReason::BadStatus),
    ] {
        assert_eq!(parse(&text), Err(reason), "{text}");
    }
}

#[test]
fn a_line_cut_in_the_user_agent_still_has_its_status() {
    for cut in [1, 3, 8] {
        let text = line("GET /a HTTP/1.1", "");
        let text = text.get(..text.len() - cut).expect("plain ASCII");
        assert_eq!(parse(text).map(|parsed| parsed.status), Ok(200), "{text}");
    }
}

#[test]
fn only_the_path_must_be_utf8() {
    let with = |path: &[u8], agent: &[u8]| {
        let head = b"::1 - - [20/Nov/2026:19:18:30 +0000] \"GET /";
        [head, path, b" HTTP/1.1\" 200 5 \"-\" \"", agent, b"\""].concat()
    };
    assert!(super::parse(&with("ü".as_bytes(), b"\xff\xfe"), &[]).is_ok());
    assert_eq!(super::parse(&with(b"\xff", b"x"), &[]), Err(UnreadableReason::NotUtf8));
}

proptest! {
    #[test]
    fn no_bytes_make_it_panic(bytes in proptest::collection::vec(any::<u8>(), 0..300)) {
        let _ = super::parse(&bytes, &detect(&[&bytes]).latency);
    }

    #[test]
    fn no_damage_to_a_good_line_makes_it_panic(
        cut in 0_usize..140,
        hits in proptest::collection::vec((0_usize..140, any::<u8>()), 0..6),
    ) {
        let mut bytes = line("GET /a/b?c HTTP/1.1", " rt=0.009 urt=0.009, 0.004 cid=c-1").into_bytes();
        for (at, byte) in hits {
            if let Some(slot) = bytes.get_mut(at) {
                *slot = byte;
            }
        }
        bytes.truncate(bytes.len() - cut.min(bytes.len()));
        let _ = super::parse(&bytes, &detect(&[&bytes]).latency);
    }
}
