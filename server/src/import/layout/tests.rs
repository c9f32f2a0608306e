//! Lines of real servers: the layout, the latency, and what is said of it.

use proptest::prelude::*;

use super::*;

/// Lines of a server, what is said of them, and the first one as (time, path, status, latency, id).
type Case =
    (&'static [&'static str], &'static str, (i64, &'static str, u16, Option<u64>, &'static str));

const AT_MS: i64 = 1_795_202_310_000;

const CASES: [Case; 17] = [
    (
        &[
            r#"10.1.2.3 - - [20/Nov/2026:19:18:30 +0000] "GET /dhl/a?b HTTP/1.1" 200 12 "-" "curl/8" 512 0.152 [default-api-80] [] 10.2.0.7:8080 90 0.140, 0.010 502, 200 f1c9"#,
        ],
        "ingress-nginx's format; latency: field 4 after the byte count in seconds",
        (AT_MS, "/dhl/a", 200, Some(152_000), ""),
    ),
    (
        &[
            r#"10.1.2.3 - - [20/Nov/2026:19:18:30 +0000] "GET /dhl/a HTTP/1.1" 200 12 "-" "curl/8" 123 "api@docker" "http://10.0.0.1:80" 881ms"#,
        ],
        "Traefik's format; latency: field 6 after the byte count in the unit written beside it",
        (AT_MS, "/dhl/a", 200, Some(881_000), ""),
    ),
    (
        &[
            r#"10.1.2.3 - - [20/Nov/2026:19:18:30 +0000] "GET /dhl/a HTTP/1.1" 200 12 "-" "curl/8" 41234"#,
        ],
        "combined format; latency: field 3 after the byte count in microseconds",
        (AT_MS, "/dhl/a", 200, Some(41_234), ""),
    ),
    (
        &[
            r#"10.1.2.3 - - [20/Nov/2026:19:18:30 +0000] "GET /dhl/a HTTP/1.1" 200 12 "-" "curl/8" 41"#,
        ],
        "combined format; no latency in these lines: field 3 after the byte count has whole numbers; if they \
         are latencies, name their unit: --latency 3:ms",
        (AT_MS, "/dhl/a", 200, None, ""),
    ),
    (
        &[
            r#"10.1.2.3 - - [20/Nov/2026:19:18:30 +0000] "GET /dhl/a HTTP/1.1" 200 12 "-" "curl/8" 512 20480"#,
        ],
        "combined format; no latency in these lines: field 4 after the byte count has whole numbers; if they \
         are latencies, name their unit: --latency 4:ms",
        (AT_MS, "/dhl/a", 200, None, ""),
    ),
    (
        &[
            r#"10.1.2.3 - - [20/Nov/2026:19:18:30 +0000] "GET /dhl/a HTTP/1.1" 200 12 "-" "curl/8" D=1234 T=0"#,
        ],
        "combined format; latency: `D` in microseconds, or else `T` in seconds",
        (AT_MS, "/dhl/a", 200, Some(1_234), ""),
    ),
    (
        &[
            r#"10.1.2.3 - - [20/Nov/2026:19:18:30 +0000] "GET /dhl/a HTTP/1.1" 200 12 "-" "curl/8" 0.152 0.1, 0.05"#,
        ],
        "combined format; latency: field 3 after the byte count in seconds",
        (AT_MS, "/dhl/a", 200, Some(152_000), ""),
    ),
    (
        &[
            r#"10.1.2.3 - - [20/Nov/2026:19:18:30 +0000] "GET /dhl/a HTTP/1.1" 200 12 "-" "curl/8" rt=0,152 cid=c-1"#,
        ],
        "combined format; latency: `rt` in seconds",
        (AT_MS, "/dhl/a", 200, Some(152_000), "c-1"),
    ),
    (
        &[
            r#"10.1.2.3 - - [2026-11-20T19:18:30+00:00] "GET /dhl/a HTTP/1.1" 200 12 "-" "curl/8" duration_ms="41.5""#,
        ],
        "combined format; latency: `duration_ms` in milliseconds",
        (AT_MS, "/dhl/a", 200, Some(41_500), ""),
    ),
    (
        &[r#"10.1.2.3 - - [20/Nov/2026:19:18:30 +0000] "GET /dhl/a HTTP/1.1" 200 12"#],
        "common format; no latency in these lines: if they have one, name it with --latency NAME:UNIT",
        (AT_MS, "/dhl/a", 200, None, ""),
    ),
    (
        &[
            r#"Nov 20 19:18:30 lb haproxy[14389]: 10.0.1.2:33317 [20/Nov/2026:19:18:30.655] http-in static/srv1 10/0/30/69/109 200 2750 - - ---- 1/1/1/1/0 0/0 {1wt.eu} {} "GET /dhl/index.html HTTP/1.1""#,
        ],
        "HAProxy's HTTP log, times taken as UTC; latency: the last timer (Ta) in milliseconds",
        (AT_MS + 655, "/dhl/index.html", 200, Some(109_000), ""),
    ),
    (
        &[
            r#"[2026-11-20T19:18:30.310Z] "POST /api/v1/locations HTTP/2" 204 - 154 0 226 100 "10.0.35.28" "nsq2http" "cc21d9b0" "locations" "tcp://10.0.2.1:80""#,
        ],
        "Envoy's default format; latency: the duration in milliseconds",
        (AT_MS + 310, "/api/v1/locations", 204, Some(226_000), "cc21d9b0"),
    ),
    (
        &[
            r#"[2026-11-20T19:18:30.310Z] "GET /dhl HTTP/1.1" 503 UF upstream_reset_before_response_started{connection_failure} - "-" 0 91 12 - "-" "curl" "id-1" "api" "10.0.2.1:80" outbound - 10.0.2.1:80 10.0.0.1:1 - default"#,
        ],
        "Envoy's default format; latency: the duration in milliseconds",
        (AT_MS + 310, "/dhl", 503, Some(12_000), "id-1"),
    ),
    (
        &[
            r#"https 2026-11-20T19:18:30.186641Z app/lb/50dc6c495c0c9188 192.168.131.39:2817 10.0.0.1:80 0.086 0.048 0.037 200 200 0 57 "GET https://www.example.com:443/dhl/a HTTP/1.1" "curl/7.46.0" ECDHE TLSv1.2 arn:aws "Root=1-58337262" "-""#,
        ],
        "AWS load balancer; latency: the sum of the three processing times in seconds",
        (AT_MS + 186, "/dhl/a", 200, Some(171_000), "Root=1-58337262"),
    ),
    (
        &[
            r#"{"level":"info","ts":1795202310.5,"logger":"http.log.access","request":{"method":"GET","uri":"/dhl/a?b"},"duration":0.000929675,"size":10,"status":200}"#,
        ],
        "JSON; latency: `duration` in seconds",
        (AT_MS + 500, "/dhl/a", 200, Some(929), ""),
    ),
    (
        &[
            r#"{"DownstreamStatus":200,"Duration":881000000,"RequestMethod":"GET","RequestPath":"/dhl/a","StartUTC":"2026-11-20T19:18:30.5Z","time":"2026-11-20T19:18:31Z"}"#,
        ],
        "JSON; latency: `Duration` in nanoseconds",
        (AT_MS + 500, "/dhl/a", 200, Some(881_000), ""),
    ),
    (
        &[
            r#"{"time_local":"20/Nov/2026:19:18:30 +0000","request":"GET /dhl/a?b HTTP/1.1","status":"504","upstream_response_time":"0.1, 0.2","request_id":"c-1"}"#,
        ],
        "JSON; latency: `upstream_response_time` in seconds",
        (AT_MS, "/dhl/a", 504, Some(300_000), "c-1"),
    ),
];

#[test]
fn every_layout_is_detected_and_read() {
    for (lines, said, (at_ms, path, status, latency_us, id)) in CASES {
        let samples: Vec<&[u8]> = lines.iter().map(|line| line.as_bytes()).collect();
        let layout = Layout::detect(&samples, None).expect("no option");
        assert_eq!(layout.to_string(), said, "{lines:?}");
        let id = (!id.is_empty()).then(|| id.into());
        let expected = LogLine { at_ms, path: path.into(), status, latency_us, correlation_id: id };
        assert_eq!(layout.parse(samples[0]), Ok(expected), "{lines:?}");
    }
}

#[test]
fn a_latency_that_is_named_by_hand_is_read() {
    let line = r#"::1 - - [20/Nov/2026:19:18:30 +0000] "GET /a HTTP/1.1" 200 5 "-" "x" 7 took=12"#;
    let json = r#"{"time":1795202310000,"path":"/a","status":200,"timing":{"total":12}}"#;
    for (line, option, expected) in [
        (line, "3:ms", 7_000),
        (line, "-2:s", 7_000_000),
        (line, "took:us", 12),
        (json, "timing.total:ms", 12_000),
    ] {
        let named = option.parse().expect("an option");
        let layout = Layout::detect(&[line.as_bytes()], Some(&named)).expect("names fields");
        assert_eq!(
            layout.parse(line.as_bytes()).map(|it| it.latency_us),
            Ok(Some(expected)),
            "{option}"
        );
    }
    let envoy = CASES[11].0[0];
    let named = "rt:s".parse().expect("an option");
    assert!(Layout::detect(&[envoy.as_bytes()], Some(&named)).is_err());
}

#[test]
fn a_load_balancer_line_with_an_unknown_time_has_no_latency() {
    let line = CASES.iter().map(|case| case.0[0]).find(|line| line.contains("0.086 0.048 0.037"));
    for times in ["-1 -1 -1", "0.000 -1 -1", "0.086 0.048 -1"] {
        let line = line.expect("a case").replace("0.086 0.048 0.037", times);
        let layout = Layout::detect(&[line.as_bytes()], None).expect("no option");
        let read = layout.parse(line.as_bytes()).expect("the same layout");
        assert_eq!(read.latency_us, None, "{times}");
    }
}

#[test]
fn the_layout_is_that_of_most_lines() {
    let combined = CASES[7].0[0].as_bytes();
    let layout =
        Layout::detect(&[b"log rotated", combined, b"{}", combined], None).expect("no option");
    assert!(layout.to_string().starts_with("combined format; latency: `rt`"), "{layout}");
    let layout = Layout::detect(&[b"nonsense"], None).expect("no option");
    assert!(layout.to_string().contains("no latency in these lines"), "{layout}");
}

proptest! {
    #[test]
    fn no_damage_to_a_line_makes_any_layout_panic(
        case in 0..CASES.len(),
        cut in 0_usize..400,
        hits in proptest::collection::vec((0_usize..400, any::<u8>()), 0..6),
    ) {
        let mut bytes = CASES[case].0[0].as_bytes().to_vec();
        for (at, byte) in hits {
            if let Some(slot) = bytes.get_mut(at) {
                *slot = byte;
            }
        }
        bytes.truncate(bytes.len() - cut.min(bytes.len()));
        Layout::parse_in_every_shape(&bytes, |_| {});
    }
}
