//! Ratios of outcome classes with their bounds, and attempts per request.

use plimsoll_tests::{Server, clock};
use serde_json::{Value, json};
use tempfile::TempDir;

use crate::common::{data_dir, only_points};

const MINUTE_MS: i64 = 60_000;

/// Nine calls to dhl: six succeeded, two failed and one timed out; three more were rejected.
async fn start() -> (Server, TempDir) {
    let dir = data_dir();
    let server = Server::start(dir.path(), &[]).await;
    let at = clock::now_ms() - 2 * MINUTE_MS;
    let call = |stream: &str, outcome: &str| json!({ "stream": stream, "partner": "dhl", "operation": "rates", "outcome": outcome, "at": at });
    let outcomes = ["2xx"; 6].into_iter().chain(["5xx", "5xx", "timeout"]).chain(["429"; 3]);
    let mut events: Vec<Value> = outcomes.map(|outcome| call("requests", outcome)).collect();
    events.extend((0..15).map(|_| call("attempts", "2xx")));
    events.push(json!({ "stream": "attempts", "partner": "ups", "outcome": "2xx", "at": at }));
    server.api().push(&json!({ "events": events })).await;
    (server, dir)
}

async fn ratio(server: &Server, query: &str) -> Value {
    let path = format!("/api/v1/query/outcomes?stream=requests&{query}");
    only_points(&server.api().get(&path).await)[0]["ratio"].clone()
}

fn assert_estimate(ratio: &Value, expected: [f64; 3]) {
    for (name, expected) in ["value", "lower", "upper"].iter().zip(expected) {
        let value = ratio[name].as_f64().expect("a number");
        assert!((value - expected).abs() < 5e-5, "{name} is {value}, expected {expected}: {ratio}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn ratios_of_classes_have_wilson_bounds() {
    let (server, _dir) = start().await;
    // Bounds by hand from Wilson's formula with z = 1.959964.
    let share = ratio(&server, "of=5xx,timeout").await;
    assert_eq!((&share["of"], &share["to"]), (&json!(3), &json!(12)));
    assert_estimate(&share, [0.25, 0.0889, 0.5323]);
    let share = ratio(&server, "of=5xx&of=timeout&to=2xx,5xx,timeout").await;
    assert_eq!((&share["of"], &share["to"]), (&json!(3), &json!(9)));
    assert_estimate(&share, [1.0 / 3.0, 0.1206, 0.6458]);
    let apart = ratio(&server, "of=5xx,timeout&to=2xx").await;
    assert_estimate(&apart, [0.5, 0.1206 / (1.0 - 0.12058), 0.6458 / (1.0 - 0.6458)]);
    let narrower = ratio(&server, "of=5xx,timeout&confidence=0.5").await;
    assert!(narrower["lower"].as_f64() > Some(0.0889) && narrower["upper"].as_f64() < Some(0.5323));
    let unbounded = ratio(&server, "of=5xx&to=success").await;
    assert_eq!((&unbounded["value"], &unbounded["upper"]), (&Value::Null, &Value::Null));
    assert!(unbounded["lower"].is_number(), "{unbounded}");
    let unknown = ratio(&server, "of=network&to=success").await;
    assert_eq!(unknown["lower"], Value::Null, "nothing is known of nothing: {unknown}");
}

#[tokio::test(flavor = "multi_thread")]
async fn retries_are_attempts_per_request() {
    let (server, _dir) = start().await;
    let path = "/api/v1/query/retry_amplification?by=partner";
    let body = server.api().get(path).await;
    let series = body["series"].as_array().expect("a list of series");
    let found: Vec<_> = series
        .iter()
        .map(|series| {
            let point = &series["points"][0];
            let part = |name: &str| point[name].clone();
            (series["labels"]["partner"].clone(), part("attempts"), part("requests"), part("ratio"))
        })
        .collect();
    let expected = [
        (json!("dhl"), json!(15), json!(12), json!(1.25)),
        (json!("ups"), json!(1), json!(0), Value::Null),
    ];
    assert_eq!(found, expected);
    let body = server.api().get(&format!("{path}&attempts=requests&requests=attempts")).await;
    assert_eq!(body["series"][0]["points"][0]["ratio"], 0.8);
    assert!(body["covers"]["open"].as_bool().expect("a flag"), "{body}");
}
