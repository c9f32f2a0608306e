//! A push is visible to the next query, whatever its format and compression.

use std::io::Write;
use std::time::{Duration, Instant};

use flate2::Compression;
use flate2::write::GzEncoder;
use plimsoll_tests::sample::Histogram;
use plimsoll_tests::{Api, Server, clock};
use serde_json::{Value, json};

use crate::common::{data_dir, event, only_points, totals_by_partner};

/// Ten times the promised time, for a machine that runs other tests as well.
const VISIBLE_WITHIN: Duration = Duration::from_millis(500);

const JSON: (&str, &str) = ("content-type", "application/json");
const NDJSON: (&str, &str) = ("content-type", "application/x-ndjson");

fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::default());
    encoder.write_all(bytes).expect("into memory");
    encoder.finish().expect("into memory")
}

/// Three events, a summary of 120 requests and a gauge.
fn example(partner: &str) -> Value {
    let at = clock::now_ms();
    let mut latency = Histogram::default();
    (0..120).for_each(|n| latency.add(100_000 + n * 1_000));
    json!({
        "events": [
            event(partner, at, 200, 132.4),
            event(partner, at, 200, 140.0),
            {
                "stream": "requests", "partner": partner, "operation": "create_label",
                "environment": "production", "site": "ams1", "release": "2.4.1", "at": at,
                "status": 503, "latency_ms": 900.5, "stage": "label_created",
                "ids": { "order_id": "O-1", "shipment_id": "S-1", "correlation_id": "c-1" },
            },
        ],
        "summaries": [{
            "stream": "requests", "partner": partner, "start": clock::floor_ms(at, 10_000),
            "step_s": 10, "outcomes": { "2xx": 118, "5xx": 2 }, "latency": latency.to_json(),
            "last_at": at,
        }],
        "gauges": [{ "name": "queue_depth", "partner": partner, "at": at, "value": 12 }],
    })
}

/// The same items, one a line.
fn as_lines(body: &Value) -> String {
    let mut lines = String::new();
    for (list, kind) in [("events", "event"), ("summaries", "summary"), ("gauges", "gauge")] {
        for item in body[list].as_array().expect("a list of items") {
            let mut item = item.clone();
            item["type"] = kind.into();
            lines.push_str(&format!("{item}\n"));
        }
    }
    lines
}

async fn count_of(api: &Api, partner: &str) -> u64 {
    let path = format!("/api/v1/query/latency?stream=requests&partner={partner}&q=0.95&window=5m");
    let body = api.get(&path).await;
    let count = body["series"][0]["points"][0]["count"].as_u64();
    count.unwrap_or(0)
}

#[tokio::test(flavor = "multi_thread")]
async fn pushed_data_is_visible_at_once() {
    let dir = data_dir();
    let server = Server::start(dir.path(), &[]).await;
    let answer = server.api().push(&example("dhl")).await;
    assert_eq!(answer.body["accepted"], 5);
    assert_eq!(answer.body["duplicate"], false);

    let answered = Instant::now();
    while count_of(server.api(), "dhl").await != 123 {
        assert!(answered.elapsed() < VISIBLE_WITHIN, "not visible: {}", server.log());
    }
    let visible = answered.elapsed();
    println!("acknowledged after {:?}, visible {visible:?} later", answer.took);
    assert!(visible < VISIBLE_WITHIN, "visible only after {visible:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn latency_answers_have_counts_values_and_bounds() {
    let dir = data_dir();
    let server = Server::start(dir.path(), &[]).await;
    server.api().push(&example("dhl")).await;
    let path =
        "/api/v1/query/latency?stream=requests&partner=dhl&q=0.5&q=0.95&window=5m&by=partner";
    let body = server.api().get(path).await;
    assert_eq!(body["series"][0]["labels"], json!({ "partner": "dhl" }));
    let points = only_points(&body);
    assert_eq!(points.len(), 1, "without start there is one point: {body}");
    assert_eq!(points[0]["count"], 123);
    assert!(
        (clock::parse_ms(points[0]["t"].as_str().expect("a time")) - clock::now_ms()).abs()
            < 60_000
    );
    let quantiles = points[0]["quantiles"].as_array().expect("a list of quantiles");
    // The 120 of the summary are 100 to 219 ms; 132.4, 140 and 900.5 came as events.
    for (quantile, q, exact_ms) in [(&quantiles[0], 0.5, 159.0), (&quantiles[1], 0.95, 214.0)] {
        let value = |name: &str| quantile[name].as_f64().expect("a number");
        assert!((value("q") - q).abs() < 1e-9, "{quantile}");
        assert!((value("ms") / exact_ms - 1.0).abs() <= 0.011, "{quantile}, exact {exact_ms}");
        assert!(value("lower_ms") <= exact_ms && exact_ms <= value("upper_ms"), "{quantile}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn every_format_and_compression_gives_the_same_result() {
    let dir = data_dir();
    let server = Server::start(dir.path(), &[]).await;
    let encode = |bytes: &[u8], encoding: &str| match encoding {
        "gzip" => gzip(bytes),
        "zstd" => zstd::encode_all(bytes, 3).expect("into memory"),
        _ => bytes.to_vec(),
    };
    for (format, kind) in [("json", JSON), ("ndjson", NDJSON)] {
        for encoding in ["identity", "gzip", "zstd"] {
            let partner = format!("{format}-{encoding}");
            let body = example(&partner);
            let text = if format == "json" { body.to_string() } else { as_lines(&body) };
            let mut headers = vec![kind];
            if encoding != "identity" {
                headers.push(("content-encoding", encoding));
            }
            let bytes = encode(text.as_bytes(), encoding);
            let answer = server.api().push_bytes(&headers, bytes).await;
            assert_eq!(answer.status, 200, "{partner}: {}", answer.text);
            assert_eq!(answer.body["accepted"], 5, "{partner}: {}", answer.text);
        }
    }
    let totals = totals_by_partner(server.api()).await;
    assert_eq!(totals.len(), 6);
    assert!(totals.values().all(|total| *total == 123), "{totals:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_correlation_id_is_returned() {
    let dir = data_dir();
    let server = Server::start(dir.path(), &[]).await;
    let request = server.api().request("GET", "/livez").header("x-correlation-id", "c-42");
    let response = request.send().await.expect("an answer");
    let echoed = response.headers().get("x-correlation-id").and_then(|value| value.to_str().ok());
    assert_eq!(echoed, Some("c-42"));
}

#[tokio::test(flavor = "multi_thread")]
async fn the_server_has_health_and_metrics() {
    let dir = data_dir();
    let server = Server::start(dir.path(), &[]).await;
    server.api().push(&example("dhl")).await;
    for path in ["/livez", "/readyz"] {
        assert_eq!(server.api().try_get(path).await.status, 200, "{path}");
    }
    let metrics = server.api().try_get("/metrics").await;
    assert_eq!(metrics.status, 200);
    assert!(metrics.text.contains("# TYPE plimsoll_"), "{}", metrics.text);
}
