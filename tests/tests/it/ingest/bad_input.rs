//! Bad input gets an error with its place, rejects no valid item, and needs no extra memory.

use std::io::Write;

use flate2::Compression;
use flate2::write::GzEncoder;
use plimsoll_tests::{Answer, Api, Server, clock};
use serde_json::{Value, json};

use crate::common::{data_dir, event, totals_by_partner};

const JSON: (&str, &str) = ("content-type", "application/json");
const NDJSON: (&str, &str) = ("content-type", "application/x-ndjson");
const MEMORY_BYTES_MAX: u64 = 300 * 1024 * 1024;
const DAY_MS: i64 = 86_400_000;

/// An error answer has a stable code and a description.
fn assert_problem(answer: &Answer, status: u16, name: &str) {
    assert_eq!(answer.status, status, "{name}: {}", answer.text);
    assert_eq!(answer.content_type, "application/problem+json", "{name}");
    assert_eq!(answer.body["status"], status, "{name}: {}", answer.text);
    for field in ["code", "title", "detail"] {
        let text = answer.body[field].as_str().unwrap_or_default();
        assert!(!text.is_empty(), "{name}: {field} is missing: {}", answer.text);
    }
}

/// The pointers of the rejected items of an answer; each also has a code and a detail.
fn rejected_pointers(answer: &Answer) -> Vec<String> {
    let rejected = answer.body["rejected"].as_array().expect("a list of rejected items");
    let pointers = rejected.iter().map(|item| {
        for field in ["code", "detail"] {
            assert!(item[field].as_str().is_some_and(|text| !text.is_empty()), "{field}: {item}");
        }
        item["pointer"].as_str().expect("a pointer").to_owned()
    });
    pointers.collect()
}

/// Events with one bad field each, and the name of that field.
fn bad_events() -> Vec<(&'static str, &'static str, Value)> {
    let good = event("dhl", clock::now_ms(), 200, 10.0);
    let with = |field: &str, value: Value| {
        let mut event = good.clone();
        event[field] = value;
        event
    };
    let without = |field: &str| {
        let mut event = good.clone();
        event.as_object_mut().expect("an object").remove(field);
        event
    };
    let mut unknown_outcome = without("status");
    unknown_outcome["outcome"] = "exploded".into();
    vec![
        ("negative latency", "latency_ms", with("latency_ms", json!(-1))),
        ("latency as text", "latency_ms", with("latency_ms", json!("fast"))),
        ("time far ahead", "at", with("at", json!(clock::now_ms() + 400 * DAY_MS))),
        ("time as nonsense", "at", with("at", json!("yesterday"))),
        ("label of 1 MB", "partner", with("partner", json!("x".repeat(1 << 20)))),
        ("empty label", "partner", with("partner", json!(""))),
        ("control character", "operation", with("operation", json!("a\u{7}b"))),
        ("label as number", "site", with("site", json!(7))),
        ("status out of range", "status", with("status", json!(9_999))),
        ("unknown outcome", "outcome", unknown_outcome),
        ("no partner", "partner", without("partner")),
        ("no stream", "stream", without("stream")),
    ]
}

#[tokio::test(flavor = "multi_thread")]
async fn a_bad_event_is_rejected_with_a_pointer_and_the_others_are_accepted() {
    let dir = data_dir();
    let server = Server::start(dir.path(), &[]).await;
    let mut accepted = 0;
    for (name, field, bad) in bad_events() {
        let alone = server.api().try_push(&json!({ "events": [bad] })).await;
        assert_problem(&alone, 422, name);
        let pointer = format!("/events/0/{field}");
        assert!(alone.text.contains(&pointer), "{name}: {}", alone.text);

        let good = || event("dhl", clock::now_ms(), 200, 10.0);
        let mixed = server.api().try_push(&json!({ "events": [good(), bad, good()] })).await;
        assert_eq!(mixed.status, 200, "{name}: {}", mixed.text);
        assert_eq!(mixed.body["accepted"], 2, "{name}: {}", mixed.text);
        assert_eq!(
            rejected_pointers(&mixed),
            [format!("/events/1/{field}")],
            "{name}: {}",
            mixed.text
        );
        assert!(mixed.text.len() < 4_096, "{name}: the answer does not repeat the input");
        accepted += 2;
    }
    assert_eq!(totals_by_partner(server.api()).await.get("dhl"), Some(&accepted));
}

#[tokio::test(flavor = "multi_thread")]
async fn nan_rejects_only_its_item() {
    let dir = data_dir();
    let server = Server::start(dir.path(), &[]).await;
    let good = event("dhl", clock::now_ms(), 200, 10.0).to_string();
    for word in ["NaN", "Infinity", "-Infinity", "1e999"] {
        let bad = good.replace("10.0", word);
        let body = format!(r#"{{"events":[{good},{bad}]}}"#);
        let answer = server.api().push_bytes(&[JSON], body).await;
        assert_eq!(answer.status, 200, "{word}: {}", answer.text);
        assert_eq!(rejected_pointers(&answer), ["/events/1/latency_ms"], "{word}");
        let answer = server.api().push_bytes(&[JSON], format!(r#"{{"events":[{bad}]}}"#)).await;
        assert_problem(&answer, 422, word);
    }
    assert_eq!(totals_by_partner(server.api()).await.get("dhl"), Some(&4));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_text_that_is_not_unicode_rejects_only_its_item() {
    let dir = data_dir();
    let server = Server::start(dir.path(), &[]).await;
    let good = event("dhl", clock::now_ms(), 200, 10.0).to_string();
    for text in [&br#"a\ud83d"#[..], b"Gro\xdfh\xe4ndler", b"a\tb", br"\x41"] {
        let bad = good.split_once("\"dhl\"").expect("the partner");
        let bad = [bad.0.as_bytes(), b"\"", text, b"\"", bad.1.as_bytes()].concat();
        let body = [b"{\"events\":[", good.as_bytes(), b",", &bad, b"]}"].concat();
        // A byte order mark before it is skipped.
        let answer = server.api().push_bytes(&[JSON], [b"\xef\xbb\xbf", &body[..]].concat()).await;
        assert_eq!(answer.status, 200, "{text:?}: {}", answer.text);
        assert_eq!(rejected_pointers(&answer), ["/events/1/partner"], "{text:?}");
    }
    assert_eq!(totals_by_partner(server.api()).await.get("dhl"), Some(&4));
}

#[tokio::test(flavor = "multi_thread")]
async fn ignored_fields_are_named() {
    let dir = data_dir();
    let server = Server::start(dir.path(), &[]).await;
    let mut event = event("dhl", clock::now_ms(), 200, 10.0);
    assert!(server.api().push(&json!({ "events": [event] })).await.body["ignored"].is_null());
    event["latencyMs"] = json!(10);
    let answer = server.api().push(&json!({ "events": [event, event], "event": [] })).await;
    let ignored = answer.body["ignored"].as_array().expect("a list");
    let named: Vec<_> = ignored.iter().map(|it| (it["pointer"].as_str(), &it["count"])).collect();
    assert_eq!(named, [(Some("/event"), &json!(1)), (Some("/events/0/latencyMs"), &json!(2))]);
    let details = [ignored[0]["detail"].to_string(), ignored[1]["detail"].to_string()];
    assert!(details[0].contains("`events`") && details[1].contains("`latency_ms`"), "{details:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn bad_summaries_and_gauges_are_rejected_with_a_pointer() {
    let dir = data_dir();
    let server = Server::start(dir.path(), &[]).await;
    let start = clock::aligned_ms(0, 10_000);
    let summary = |field: &str, value: Value| {
        let mut summary = json!({
            "stream": "requests", "partner": "dhl", "start": start, "step_s": 10,
            "outcomes": { "2xx": 1 },
        });
        summary[field] = value;
        summary
    };
    let gauge = |value: Value| json!({ "name": "queue_depth", "partner": "dhl", "at": start, "value": value });
    let latency = |scale: i32| json!({ "scale": scale, "sum": 1, "zero_count": 0, "positive": { "offset": 0, "bucket_counts": [1] } });
    let body = json!({
        "summaries": [
            summary("site", json!("ams1")),
            summary("outcomes", json!({ "6xx": 1 })),
            summary("outcomes", json!({ "2xx": -1 })),
            summary("step_s", json!(7)),
            summary("step_s", json!(86_400)),
            summary("latency", latency(99)),
        ],
        "gauges": [gauge(json!(12)), gauge(json!("full")), gauge(Value::Null)],
    });
    let answer = server.api().try_push(&body).await;
    assert_eq!(answer.status, 200, "{}", answer.text);
    assert_eq!(answer.body["accepted"], 2, "{}", answer.text);
    let mut pointers = rejected_pointers(&answer);
    // The lists of the body may be read in any order.
    pointers.sort();
    let expected = [
        "/gauges/1/value",
        "/gauges/2/value",
        "/summaries/1/outcomes/6xx",
        "/summaries/2/outcomes/2xx",
        "/summaries/3/step_s",
        "/summaries/4/step_s",
        "/summaries/5/latency/scale",
    ];
    assert_eq!(pointers, expected);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_bad_line_of_ndjson_rejects_only_itself() {
    let dir = data_dir();
    let server = Server::start(dir.path(), &[]).await;
    let line = |kind: &str| {
        let mut event = event("dhl", clock::now_ms(), 200, 10.0);
        event["type"] = kind.into();
        event.to_string()
    };
    let lines =
        [line("event"), "{\"type\":\"event\",".into(), line("rumour"), "[]".into(), line("event")];
    let answer = server.api().push_bytes(&[NDJSON], lines.join("\n")).await;
    assert_eq!(answer.status, 200, "{}", answer.text);
    assert_eq!(answer.body["accepted"], 2, "{}", answer.text);
    assert_eq!(rejected_pointers(&answer).len(), 3, "{}", answer.text);
    assert_eq!(totals_by_partner(server.api()).await.get("dhl"), Some(&2));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_body_that_cannot_be_parsed_gets_a_problem() {
    let dir = data_dir();
    let server = Server::start(dir.path(), &[]).await;
    for (name, status, headers, body) in [
        ("malformed", 400, &[JSON][..], &b"{\"events\":["[..]),
        ("not UTF-8", 422, &[JSON], b"{\"events\":[\"\xff\"]}"),
        ("UTF-16", 400, &[JSON], b"\xff\xfe{\0}\0"),
        ("undeclared gzip", 400, &[JSON], b"\x1f\x8b\x08\0\0\0\0\0\0\x03"),
        ("a form", 400, &[NDJSON], b"events=%5B%5D"),
        ("a list", 400, &[JSON], b"[]"),
        ("events as a number", 422, &[JSON], b"{\"events\":5}"),
        ("empty", 400, &[JSON], b""),
        ("nothing in it", 422, &[JSON], b"{}"),
        ("empty ndjson", 400, &[NDJSON], b""),
        ("text", 415, &[("content-type", "text/plain")], b"{}"),
        ("brotli", 415, &[JSON, ("content-encoding", "br")], b"{}"),
        ("no gzip", 400, &[JSON, ("content-encoding", "gzip")], b"{}"),
        ("no zstd", 400, &[JSON, ("content-encoding", "zstd")], b"{}"),
    ] {
        let answer = server.api().push_bytes(headers, body.to_vec()).await;
        assert_problem(&answer, status, name);
    }
    assert!(totals_by_partner(server.api()).await.is_empty());
}

/// A gibibyte of zeros.
fn bomb(encoding: &str) -> Vec<u8> {
    let mebibyte = vec![0_u8; 1 << 20];
    if encoding == "gzip" {
        let mut encoder = GzEncoder::new(Vec::new(), Compression::default());
        (0..1_024).for_each(|_| encoder.write_all(&mebibyte).expect("into memory"));
        return encoder.finish().expect("into memory");
    }
    let mut encoder = zstd::Encoder::new(Vec::new(), 1).expect("a level that exists");
    (0..1_024).for_each(|_| encoder.write_all(&mebibyte).expect("into memory"));
    encoder.finish().expect("into memory")
}

async fn push_bomb(api: Api, encoding: &'static str, bomb: Vec<u8>) -> Answer {
    api.push_bytes(&[JSON, ("content-encoding", encoding)], bomb).await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_compression_bomb_is_rejected_in_bounded_memory() {
    let dir = data_dir();
    let server = Server::start(dir.path(), &[]).await;
    for encoding in ["gzip", "zstd"] {
        let bomb = bomb(encoding);
        let answer = push_bomb(server.api().clone(), encoding, bomb.clone()).await;
        assert_problem(&answer, 413, encoding);

        let push = || tokio::spawn(push_bomb(server.api().clone(), encoding, bomb.clone()));
        let pushes: Vec<_> = (0..8).map(|_| push()).collect();
        for push in pushes {
            let answer = push.await.expect("no panic");
            // Several at once may reach the memory limit before the limit of one body.
            let status = if answer.retry_after_s.is_some() { 503 } else { 413 };
            assert_problem(&answer, status, encoding);
        }
    }
    if let Some(peak) = server.peak_memory_bytes() {
        println!("peak memory {} MiB", peak >> 20);
        assert!(peak < MEMORY_BYTES_MAX, "{} MiB", peak >> 20);
    }
    server.api().push(&json!({ "events": [event("dhl", clock::now_ms(), 200, 1.0)] })).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn unknown_paths_and_methods_get_a_problem() {
    let dir = data_dir();
    let server = Server::start(dir.path(), &[]).await;
    let answer = server.api().try_get("/api/v1/nothing").await;
    assert_problem(&answer, 404, "path");
    let answer = server.api().try_get("/api/v1/push").await;
    assert_problem(&answer, 405, "method");
}
