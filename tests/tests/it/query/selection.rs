//! Selectors, groups, windows and steps of the query API, on data that can be counted by hand.

use std::collections::BTreeMap;

use plimsoll_tests::{Api, Server, clock};
use serde_json::{Value, json};
use tempfile::TempDir;

use crate::common::{counts_of, data_dir};

const MINUTE_MS: i64 = 60_000;

struct Facts {
    server: Server,
    /// The first minute with data.
    start_ms: i64,
    _dir: TempDir,
}

/// Three minutes of three partners: in minute m, dhl has m+1 good requests and one 503, ups two good
/// ones at another site, gls one 429 and, in staging, one timeout.
async fn facts() -> Facts {
    let dir = data_dir();
    let server = Server::start(dir.path(), &[]).await;
    let start_ms = clock::aligned_ms(10 * MINUTE_MS, MINUTE_MS);
    let mut events = Vec::new();
    for minute in 0..3 {
        let at = start_ms + minute * MINUTE_MS + 7_000;
        let fact = |partner: &str, operation: &str, site: &str| {
            json!({ "stream": "requests", "partner": partner, "operation": operation, "site": site,
                    "release": "1.0", "at": at })
        };
        let with = |mut fact: Value, field: &str, value: Value| {
            fact[field] = value;
            fact
        };
        for _ in 0..=minute {
            events.push(with(fact("dhl", "rates", "ams1"), "status", json!(200)));
        }
        events.push(with(fact("dhl", "labels", "ams1"), "status", json!(503)));
        for _ in 0..2 {
            events.push(with(fact("ups", "rates", "fra1"), "status", json!(201)));
        }
        events.push(with(fact("gls", "rates", "ams1"), "status", json!(429)));
        let staging = with(fact("gls", "rates", "ams1"), "environment", json!("staging"));
        events.push(with(staging, "outcome", json!("timeout")));
    }
    server.api().push(&json!({ "events": events })).await;
    Facts { server, start_ms, _dir: dir }
}

/// `class=count` of every group over all three minutes, in one line each.
async fn totals(facts: &Facts, query: &str) -> Vec<String> {
    let body = facts
        .server
        .api()
        .get(&format!("/api/v1/query/outcomes?stream=requests&window=30m&{query}"))
        .await;
    let series = body["series"].as_array().expect("a list of series");
    let mut lines: Vec<String> = series
        .iter()
        .map(|series| {
            let labels = series["labels"].as_object().expect("labels");
            let labels: Vec<_> = labels.values().filter_map(Value::as_str).collect();
            let counts = counts_of(&series["points"][0]);
            let counts: Vec<_> =
                counts.iter().map(|(class, count)| format!("{class}={count}")).collect();
            format!("{} {}", labels.join("/"), counts.join(" ")).trim().to_owned()
        })
        .collect();
    lines.sort();
    lines
}

#[tokio::test(flavor = "multi_thread")]
async fn selectors_filter_and_by_groups() {
    let facts = facts().await;
    for (query, expected) in [
        ("", vec!["2xx=12 429=3 5xx=3 timeout=3"]),
        ("partner=dhl", vec!["2xx=6 5xx=3"]),
        ("partner=dhl&partner=ups", vec!["2xx=12 5xx=3"]),
        ("partner=dhl&partner=ups&by=partner", vec!["dhl 2xx=6 5xx=3", "ups 2xx=6"]),
        ("by=partner", vec!["dhl 2xx=6 5xx=3", "gls 429=3 timeout=3", "ups 2xx=6"]),
        ("environment=production&by=partner", vec!["dhl 2xx=6 5xx=3", "gls 429=3", "ups 2xx=6"]),
        ("environment=staging&by=partner", vec!["gls timeout=3"]),
        ("operation=rates&site=ams1&by=partner", vec!["dhl 2xx=6", "gls 429=3 timeout=3"]),
        ("by=site", vec!["ams1 2xx=6 429=3 5xx=3 timeout=3", "fra1 2xx=6"]),
        ("release=1.0&by=environment", vec!["production 2xx=12 429=3 5xx=3", "staging timeout=3"]),
        ("partner=dhl&by=operation", vec!["labels 5xx=3", "rates 2xx=6"]),
        ("site=nowhere", vec![]),
        ("partner=!dhl&by=partner", vec!["gls 429=3 timeout=3", "ups 2xx=6"]),
        ("partner=!dhl&partner=!ups&by=partner", vec!["gls 429=3 timeout=3"]),
        ("partner=~d.*|u.*&by=partner", vec!["dhl 2xx=6 5xx=3", "ups 2xx=6"]),
        ("operation=~lab&by=operation", vec![]),
        ("operation=~lab.*&partner=!~u.*&by=partner", vec!["dhl 5xx=3"]),
    ] {
        let found = totals(&facts, query).await;
        // A group without data may be shown as an empty one or not at all.
        let found: Vec<_> = found.into_iter().filter(|line| line.contains('=')).collect();
        assert_eq!(found, expected, "{query}");
    }
}

/// The counts of the points that have any, by minute since the start of the facts.
async fn counts_by_minute(api: &Api, path: &str, start_ms: i64) -> BTreeMap<i64, u64> {
    let body = api.get(path).await;
    let points = body["series"][0]["points"].as_array().expect("a list of points");
    let counts = points.iter().map(|point| {
        let at_ms = clock::parse_ms(point["t"].as_str().expect("a time"));
        assert_eq!((at_ms - start_ms) % MINUTE_MS, 0, "{point}");
        ((at_ms - start_ms) / MINUTE_MS, point["count"].as_u64().expect("a count"))
    });
    counts.filter(|(_, count)| *count > 0).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_point_covers_the_window_that_ends_at_its_time() {
    let facts = facts().await;
    let end_ms = facts.start_ms + 4 * MINUTE_MS;
    let range = format!("partner=dhl&start={}&end={end_ms}", facts.start_ms);
    for (window_and_step, expected) in [
        ("window=1m&step=1m", &[(1, 2), (2, 3), (3, 4)][..]),
        ("window=2m&step=1m", &[(1, 2), (2, 5), (3, 7), (4, 4)]),
        ("window=1m&step=2m", &[(2, 3)]),
        ("window=2m&step=2m", &[(2, 5), (4, 4)]),
    ] {
        let path = format!("/api/v1/query/outcomes?stream=requests&{range}&{window_and_step}");
        let found = counts_by_minute(facts.server.api(), &path, facts.start_ms).await;
        assert_eq!(found, expected.iter().copied().collect(), "{window_and_step}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn times_may_be_rfc_3339_or_milliseconds() {
    let facts = facts().await;
    let rfc_3339 = |ms: i64| jiff::Timestamp::from_millisecond(ms).expect("a time").to_string();
    let (start, end) = (facts.start_ms, facts.start_ms + 3 * MINUTE_MS);
    let ask = |start: String, end: String| {
        format!(
            "/api/v1/query/outcomes?stream=requests&partner=dhl&window=1m&step=1m&start={start}&end={end}"
        )
    };
    let by_ms = facts.server.api().get(&ask(start.to_string(), end.to_string())).await;
    let by_text = facts.server.api().get(&ask(rfc_3339(start), rfc_3339(end))).await;
    assert_eq!(by_ms, by_text);
}

#[tokio::test(flavor = "multi_thread")]
async fn outcomes_have_counts_rates_and_ratios() {
    let facts = facts().await;
    let end = facts.start_ms + MINUTE_MS;
    let path = format!(
        "/api/v1/query/outcomes?stream=requests&partner=dhl&window=1m&step=1m&start={end}&end={end}"
    );
    let body = facts.server.api().get(&path).await;
    let point = &body["series"][0]["points"][0];
    assert_eq!(point["count"], 2, "{body}");
    for class in ["2xx", "5xx"] {
        let value = |name: &str| point["outcomes"][class][name].as_f64().expect("a number");
        assert!((value("count") - 1.0).abs() < 1e-9, "{point}");
        assert!((value("ratio") - 0.5).abs() < 1e-9, "{point}");
        assert!((value("per_second") - 1.0 / 60.0).abs() < 1e-3, "{point}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn freshness_is_the_newest_of_a_group() {
    let facts = facts().await;
    let newest_ms = facts.start_ms + 2 * MINUTE_MS + 7_000;
    let body = facts.server.api().get("/api/v1/query/freshness?stream=requests&by=partner").await;
    let series = body["series"].as_array().expect("a list of series");
    assert_eq!(series.len(), 3, "{body}");
    for series in series {
        let last_at = series["last_at"].as_str().expect("a time");
        assert_eq!(clock::parse_ms(last_at), newest_ms, "{series}");
        let age_s = series["age_s"].as_f64().expect("a number");
        let expected_s = (clock::now_ms() - newest_ms) as f64 / 1e3;
        assert!((age_s - expected_s).abs() < 5.0, "{series}, {expected_s}");
    }
}

/// Whether a text is anywhere in an answer.
fn mentions(body: &Value, text: &str) -> bool {
    match body {
        Value::String(found) => found == text,
        Value::Array(items) => items.iter().any(|item| mentions(item, text)),
        Value::Object(fields) => {
            fields.iter().any(|(name, item)| name == text || mentions(item, text))
        }
        _ => false,
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn partners_and_labels_are_listed() {
    let facts = facts().await;
    let api = facts.server.api();
    for (path, texts) in [
        ("/api/v1/partners", &["dhl", "gls", "ups"][..]),
        ("/api/v1/labels", &["partner", "operation", "environment", "site", "release"]),
        ("/api/v1/labels/partner/values", &["dhl", "gls", "ups"]),
        ("/api/v1/labels/environment/values", &["production", "staging"]),
        ("/api/v1/labels/operation/values", &["labels", "rates"]),
    ] {
        let body = api.get(path).await;
        assert!(texts.iter().all(|text| mentions(&body, text)), "{path}: {body}");
    }
    assert!(!mentions(&api.get("/api/v1/labels/site/values").await, "dhl"));
    assert_eq!(api.try_get("/api/v1/labels/colour/values").await.status, 404);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_bad_parameter_is_reported() {
    let facts = facts().await;
    for (path, parameter) in [
        ("latency?stream=requests&q=1.5", "q"),
        ("latency?stream=requests&q=high", "q"),
        ("latency?stream=requests&window=soon", "window"),
        ("latency?stream=requests&window=0s", "window"),
        ("latency?stream=requests&by=colour", "by"),
        ("outcomes?stream=requests&start=yesterday", "start"),
        ("outcomes?stream=requests&start=1795200002000&end=1795200001000", "end"),
        ("outcomes?stream=requests&start=1795200000000&step=0s", "step"),
        ("outcomes?stream=requests&step=-1m", "step"),
        ("freshness?stream=requests&by=colour", "by"),
        ("latency?stream=requests&operation=~lab(el", "operation"),
        ("freshness?stream=requests&site=!~*", "site"),
        ("latency?stream=requests&colour=red", "colour"),
        ("latency?stream=requests&window=5s", "window"),
        ("latency?stream=requests&by=partner&top=0", "top"),
        ("latency?stream=requests&under=fast", "under"),
        ("latency?form=heatmap&q=0.5", "q"),
        ("outcomes?of=6xx", "of"),
        ("outcomes?of=5xx,timeout&to=5xx,2xx", "to"),
        ("outcomes?compare=2w", "compare"),
        ("outcomes?compare_release=1.0", "compare_release"),
        ("baseline?window=90s", "window"),
        ("baseline?signal=latency", "signal"),
        ("retry_amplification?attempts=", "attempts"),
    ] {
        let answer = facts.server.api().try_get(&format!("/api/v1/query/{path}")).await;
        assert_eq!(answer.status, 400, "{path}: {}", answer.text);
        assert_eq!(answer.content_type, "application/problem+json", "{path}");
        assert!(answer.body["code"].as_str().is_some_and(|code| !code.is_empty()), "{path}");
        let detail = answer.body["detail"].as_str().unwrap_or_default();
        let names_it = detail
            .split(|letter: char| !letter.is_alphanumeric() && letter != '_')
            .any(|word| word == parameter);
        assert!(names_it, "{path}: {parameter} is not named: {}", answer.text);
    }
}
