//! The named flow queries, baselines, expected streams, and the health of a partner.

use plimsoll_tests::{Server, clock};
use serde_json::{Value, json};
use tempfile::TempDir;

use crate::common::{data_dir, only_points};

const MINUTE_MS: i64 = 60_000;
const HOUR_MS: i64 = 60 * MINUTE_MS;
const WEEK_MS: i64 = 7 * 24 * HOUR_MS;

const RULES: &str = r"
partners:
  - { name: dhl, kind: carrier, expects: [requests, tracking] }
  - { name: gls, kind: carrier, expects: [tracking] }
";

async fn start() -> (Server, TempDir) {
    let dir = data_dir();
    let rules = dir.path().join("rules.yaml");
    std::fs::write(&rules, RULES).expect("a folder for temporary files");
    let rules = rules.to_str().expect("temporary folders have plain names");
    let server = Server::start(&dir.path().join("data"), &["--rules", rules]).await;
    (server, dir)
}

#[tokio::test(flavor = "multi_thread")]
async fn flow_queries_are_named() {
    let (server, _dir) = start().await;
    let now = clock::now_ms();
    let event = |stream: &str, outcome: &str, at: i64| json!({ "stream": stream, "partner": "dhl", "outcome": outcome, "at": at });
    let mut events = Vec::new();
    // Lead times of 1 to 20 hours, shipped within the day; two orders end as exceptions.
    for hours in 1..=20 {
        let mut shipped = event("order_to_ship", "success", now - hours * HOUR_MS);
        shipped["latency_ms"] = json!(hours * HOUR_MS);
        events.push(shipped);
    }
    events.extend((0..2).map(|_| event("order_to_ship", "exception", now - 3 * HOUR_MS)));
    events.extend((0..8).map(|_| event("label_creation", "success", now - 5 * HOUR_MS)));
    events.push(event("label_creation", "2xx", now - 5 * HOUR_MS));
    events.push(event("label_creation", "5xx", now - 5 * HOUR_MS));
    server.api().push(&json!({ "events": events })).await;

    let body = server.api().get("/api/v1/flow/lead_time?partner=dhl").await;
    let point = &only_points(&body)[0];
    assert_eq!(point["count"], 20, "{body}");
    for (position, hours) in [(0, 10.0), (1, 19.0)] {
        let quantile = &point["quantiles"][position];
        let found = quantile["ms"].as_f64().expect("a number") / HOUR_MS as f64;
        assert!((found / hours - 1.0).abs() < 0.011, "{quantile}");
    }
    for (path, of, to) in [("exception_rate", 2, 22), ("label_success_rate", 9, 10)] {
        let body = server.api().get(&format!("/api/v1/flow/{path}?by=partner")).await;
        let ratio = &only_points(&body)[0]["ratio"];
        assert_eq!((&ratio["of"], &ratio["to"]), (&json!(of), &json!(to)), "{body}");
        let value = |name: &str| ratio[name].as_f64().expect("a number");
        assert!((value("value") - f64::from(of) / f64::from(to)).abs() < 1e-12);
        assert!(value("lower") < value("value") && value("value") < value("upper"));
    }
    // Another stream, and a window without most of it.
    let body = server.api().get("/api/v1/flow/lead_time?stream=label_creation").await;
    assert_eq!(body["series"], json!([]), "labels have no durations: {body}");
    let body = server.api().get("/api/v1/flow/lead_time?window=150m").await;
    assert_eq!(only_points(&body)[0]["count"], 2, "{body}");
}

#[tokio::test(flavor = "multi_thread")]
async fn an_expected_stream_without_data_is_listed() {
    let (server, _dir) = start().await;
    let now = clock::now_ms();
    let events =
        [json!({ "stream": "tracking", "partner": "ups", "outcome": "success", "at": now })];
    server.api().push(&json!({ "events": events })).await;
    let body = server.api().get("/api/v1/flow/tracking_freshness?by=partner").await;
    let found: Vec<_> = body["series"]
        .as_array()
        .expect("a list of series")
        .iter()
        .map(|one| {
            (one["labels"]["partner"].as_str(), one["last_at"].is_null(), one["expected"].as_bool())
        })
        .collect();
    let expected = [
        (Some("ups"), false, Some(false)),
        (Some("dhl"), true, Some(true)),
        (Some("gls"), true, Some(true)),
    ];
    assert_eq!(found, expected, "{body}");
    let body = server.api().get("/api/v1/query/freshness?stream=requests&partner=dhl").await;
    assert_eq!(body["series"][0]["age_s"], Value::Null, "{body}");
    assert_eq!(body["series"][0]["expected"], true, "{body}");
}

#[tokio::test(flavor = "multi_thread")]
async fn the_baseline_comes_from_past_weeks() {
    let (server, _dir) = start().await;
    let end = clock::aligned_ms(10 * MINUTE_MS, MINUTE_MS);
    let mut summaries = Vec::new();
    // Now 3 calls, one of them failed; in the weeks before 10, 12, 11 and 10.
    for (week, (good, bad)) in [(2, 1), (10, 0), (12, 0), (8, 3), (10, 0)].into_iter().enumerate() {
        let start = end - week as i64 * WEEK_MS - 2 * MINUTE_MS;
        summaries
            .push(json!({ "stream": "requests", "partner": "dhl", "start": start, "step_s": 10,
                               "outcomes": { "2xx": good, "5xx": bad } }));
    }
    server.api().push(&json!({ "summaries": summaries })).await;
    let ask = async |parameters: &str| {
        let path =
            format!("/api/v1/query/baseline?stream=requests&partner=dhl&end={end}&{parameters}");
        let body = server.api().get(&path).await;
        (only_points(&body)[0].clone(), body["unit"].clone())
    };
    let (point, unit) = ask("").await;
    assert_eq!((&point["value"], unit), (&json!(3.0), json!("count")), "{point}");
    let expected = &point["usual"];
    assert_eq!((&expected["weeks"], &expected["median"]), (&json!(4), &json!(10.5)), "{point}");
    assert_eq!(
        (&expected["lower"], &expected["upper"], &expected["mad"]),
        (&json!(10.0), &json!(11.25), &json!(0.5))
    );
    let (point, unit) = ask("signal=ratio&of=5xx&weeks=3").await;
    assert_eq!(
        (&point["usual"]["weeks"], &point["usual"]["median"]),
        (&json!(3), &json!(0.0)),
        "{point}"
    );
    assert_eq!((point["value"].as_f64(), unit), (Some(1.0 / 3.0), json!("ratio")));
    let (point, _) = ask("weeks=1").await;
    assert_eq!(point["usual"]["weeks"], 1, "{point}");
}

#[tokio::test(flavor = "multi_thread")]
async fn the_health_of_a_partner_has_a_reason() {
    let (server, _dir) = start().await;
    let now = clock::now_ms();
    let call = |status: u16, environment: &str| {
        json!({ "stream": "requests", "partner": "dhl", "environment": environment, "status": status,
                "latency_ms": 120, "at": now - MINUTE_MS })
    };
    let mut events: Vec<Value> = (0..40).map(|_| call(200, "production")).collect();
    events.extend((0..40).map(|_| call(503, "staging")));
    events.push(json!({ "stream": "tracking", "partner": "dhl", "outcome": "success", "at": now }));
    server.api().push(&json!({ "events": events })).await;
    let health = async |path: &str| server.api().get(&format!("/api/v1/partners/{path}")).await;
    let body = health("dhl/health").await;
    assert_eq!(body["verdict"], "healthy", "{body}");
    let requests = &body["streams"][0];
    assert_eq!((&requests["stream"], &requests["expected"]), (&json!("requests"), &json!(true)));
    for (window, window_s) in [(0, 300.0), (1, 3_600.0)] {
        let window = &requests["windows"][window];
        assert_eq!((&window["window_s"], &window["count"]), (&json!(window_s), &json!(40)));
        assert_eq!((&window["fresh"], &window["errors"]["of"]), (&json!(true), &json!(0)));
        let p95_ms = window["p95"]["ms"].as_f64().expect("a number");
        assert!((p95_ms / 120.0 - 1.0).abs() < 0.011, "{window}");
    }
    let body = health("dhl/health?environment=staging").await;
    assert_eq!(body["verdict"], "failing", "{body}");
    assert!(body["reason"].as_str().is_some_and(|text| text.contains("requests")), "{body}");
    let body = health("gls/health").await;
    assert_eq!(
        (&body["verdict"], &body["reason"]),
        (&json!("silent"), &json!("nothing ever came"))
    );
    assert_eq!(server.api().try_get("/api/v1/partners/nobody/health").await.status, 404);
    // The list includes partners of the rules file without data.
    let list = server.api().get("/api/v1/partners").await;
    let names = |list: &Value| {
        let partners = list["partners"].as_array().expect("a list").iter();
        partners.map(|one| (one["partner"].clone(), one["series"].clone())).collect::<Vec<_>>()
    };
    assert_eq!(names(&list), [(json!("dhl"), json!(3)), (json!("gls"), json!(0))], "{list}");
    assert_eq!(list["partners"][1]["registered"]["expects"], json!(["tracking"]), "{list}");
    let dhl = server.api().get("/api/v1/partners?environment=production").await;
    assert_eq!(names(&dhl), [(json!("dhl"), json!(2))], "only what reported has an environment");
    assert_eq!(server.api().get("/api/v1/partners/gls").await["last_at"], json!(null));
    let rejected = server.api().try_get("/api/v1/partners/gls?window=5m").await;
    assert_eq!((rejected.status, &rejected.body["code"]), (400, &json!("invalid_parameter")));
}
