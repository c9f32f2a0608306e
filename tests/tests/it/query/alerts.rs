//! Stored alerts in answers: incidents are excluded from baselines, and open alerts decide the health.

use std::time::{Duration, Instant};

use plimsoll_tests::{Api, Recorder, Server, clock};
use serde_json::{Value, json};

use crate::common::{data_dir, only_points};

const MINUTE_MS: i64 = 60_000;
const WEEK_MS: i64 = 7 * 24 * 60 * MINUTE_MS;
/// A week of minutes is evaluated within seconds, more on a busy machine.
const PATIENCE: Duration = Duration::from_secs(120);

fn rules(url: &str) -> String {
    format!(
        r#"
receivers:
  - name: hub
    webhook: {{ url: "{url}/hook", secret: {{ env: HUB_SECRET }} }}
rules:
  - name: partner-5xx
    owner: integrations
    runbook: https://runbooks.example/partner-5xx
    signal: {{ ratio: {{ of: [5xx], stream: requests }} }}
    by: [partner]
    window: 5m
    for: 2m
    critical: "> 5%"
    notify: [hub]
"#
    )
}

/// `count` calls of a partner in each of the ten minutes up to `end_ms`.
fn minutes(partner: &str, end_ms: i64, status: u16, count: i64) -> Vec<Value> {
    let call =
        |at: i64| json!({ "stream": "requests", "partner": partner, "status": status, "at": at });
    let minute = |minute: i64| (0..count).map(move |n| end_ms - minute * MINUTE_MS + n * 100);
    (1..=10).flat_map(minute).map(call).collect()
}

/// Waits until there is an alert of that partner and state.
async fn wait_for_alert(api: &Api, partner: &str, state: &str) {
    let path = format!("/api/v1/alerts?partner={partner}&state={state}");
    let start = Instant::now();
    while api.get(&path).await["alerts"].as_array().is_none_or(Vec::is_empty) {
        assert!(start.elapsed() < PATIENCE, "{partner} is not {state}");
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_incident_is_excluded_from_the_baseline_and_an_open_alert_decides_the_health() {
    let dir = data_dir();
    let data = dir.path().join("data");
    let end = clock::aligned_ms(30 * MINUTE_MS, MINUTE_MS);
    let now = clock::aligned_ms(0, MINUTE_MS);
    let server = Server::start(&data, &["--slot", "60s"]).await;
    let mut events = Vec::new();
    for week in 1..=4 {
        // A week ago everything failed, and succeeded again from then on.
        let status = if week == 1 { 503 } else { 200 };
        events.extend(minutes("dhl", end - week * WEEK_MS, status, 20));
        events.extend(minutes("dhl", end - week * WEEK_MS + 10 * MINUTE_MS, 200, 20));
    }
    events.extend(minutes("dhl", end, 200, 20));
    events.extend(minutes("ups", now, 503, 20));
    server.api().push(&json!({ "events": events })).await;
    server.terminate();

    let recorder = Recorder::start().await;
    let file = dir.path().join("rules.yaml");
    std::fs::write(&file, rules(recorder.url())).expect("a folder for temporary files");
    let from = jiff::Timestamp::from_millisecond(end - WEEK_MS - 60 * MINUTE_MS).expect("a time");
    let from = from.to_string();
    let file = file.to_str().expect("temporary folders have plain names");
    let args = ["--rules", file, "--evaluate-from", &from, "--allow-private-receivers"];
    let env = [("HUB_SECRET", "whsec_MTIzNDU2Nzg5MDEyMzQ1Njc4OTAxMjM0")];
    let server = Server::start_with_env(&data, &args, &env).await;
    let api = server.api();
    wait_for_alert(api, "ups", "firing").await;
    wait_for_alert(api, "dhl", "resolved").await;

    let path = format!("/api/v1/query/baseline?stream=requests&partner=dhl&end={end}");
    let point = only_points(&api.get(&path).await)[0].clone();
    let expected = &point["usual"];
    assert_eq!((&expected["weeks"], &expected["median"]), (&json!(3), &json!(100.0)), "{point}");
    assert_eq!(point["value"], 100.0, "{point}");

    let body = api.get("/api/v1/partners/ups/health").await;
    assert_eq!(body["verdict"], "failing", "{body}");
    assert_eq!(body["reason"], "an alert is open: 5xx share of requests");
    let alerts = body["alerts"].as_array().expect("a list of alerts");
    assert_eq!((alerts.len(), &alerts[0]["rule"]), (1, &json!("partner-5xx")), "{body}");
    let body = api.get("/api/v1/partners/dhl/health").await;
    assert_eq!((&body["verdict"], &body["alerts"]), (&json!("healthy"), &json!([])), "{body}");
}
