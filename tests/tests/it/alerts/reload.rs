//! A rules file that is edited takes effect while the server runs, and a broken one changes nothing.

use std::path::Path;
use std::time::{Duration, Instant};

use plimsoll_tests::{Recorder, Server, clock};
use serde_json::{Value, json};

use crate::common::{data_dir, event};

const PATIENCE: Duration = Duration::from_secs(60);

fn write(path: &Path, url: &str, rules: &str) {
    let text = format!(
        "receivers:\n  - name: oncall\n    pagerduty: {{ routing_key: R0UT1NG, url: '{url}' }}\nrules:{rules}\n"
    );
    std::fs::write(path, text).expect("a folder for temporary files");
}

fn rule(name: &str, threshold: &str) -> String {
    format!(
        "\n  - {{ name: {name}, owner: o, runbook: partner-5xx, signal: {{ ratio: {{ of: [5xx], stream: requests }} }}, \
         window: 5s, for: 0s, critical: '> {threshold}', clear: {{ for: 10m }}, notify: [oncall] }}"
    )
}

/// Requests the rules until they are as expected.
async fn rules_until(server: &Server, is_so: impl Fn(&Value) -> bool) -> Value {
    let start = Instant::now();
    loop {
        let body = server.api().get("/api/v1/rules").await;
        if is_so(&body) {
            return body;
        }
        assert!(start.elapsed() < PATIENCE, "{body}: {}", server.log());
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
}

fn names(body: &Value) -> Vec<&str> {
    let rules = body["rules"].as_array().into_iter().flatten();
    rules.filter_map(|rule| rule["name"].as_str()).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn an_edited_file_takes_effect_at_once_and_a_broken_one_is_reported() {
    let (dir, before, after) = (data_dir(), Recorder::start().await, Recorder::start().await);
    let path = dir.path().join("rules.yaml");
    write(&path, before.url(), &rule("first", "5%"));
    let args = ["--slot", "1s", "--allow-private-receivers", "--rules"];
    let args = [&args[..], &[path.to_str().expect("a plain name")]].concat();
    let server = Server::start(&dir.path().join("data"), &args).await;

    write(&path, before.url(), &(rule("first", "5%") + &rule("second", "many")));
    server.signal("HUP");
    let broken = rules_until(&server, |body| !body["rules_error"].is_null()).await;
    assert_eq!(names(&broken), ["first"], "what was in force stays");
    let error = broken["rules_error"].as_str().expect("a sentence");
    for part in ["rules.yaml:6:", "rule `second`", "field `critical`", "> many"] {
        assert!(error.contains(part), "{part}: {error}");
    }

    // Without a signal this time: the file is checked regularly.
    write(&path, after.url(), &(rule("first", "5%") + &rule("second", "50%")));
    let fixed = rules_until(&server, |body| names(body).len() == 2).await;
    assert_eq!(fixed["rules_error"], Value::Null);

    let start = Instant::now();
    while after.requests().is_empty() {
        let at = clock::now_ms();
        let events: Vec<_> = (0..20).map(|_| event("dhl", at, 503, 30.0)).collect();
        server.api().push(&json!({ "events": events })).await;
        assert!(start.elapsed() < PATIENCE, "no page: {}", server.log());
        tokio::time::sleep(Duration::from_millis(200)).await;
    }
    assert!(before.requests().is_empty(), "pages go to the address of the new file");

    write(&path, after.url(), &rule("first", "5%"));
    rules_until(&server, |body| names(body) == ["first"]).await;
    let start = Instant::now();
    loop {
        let alerts = server.api().get("/api/v1/alerts?rule=second").await;
        if alerts["alerts"][0]["resolved_because"] == "rule_removed" {
            break;
        }
        assert!(start.elapsed() < PATIENCE, "{alerts}: {}", server.log());
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    let first = server.api().get("/api/v1/alerts?rule=first").await;
    assert_eq!(first["alerts"][0]["state"], "firing", "an unchanged rule keeps its alert");
    assert_eq!(first["alerts"].as_array().map(Vec::len), Some(1));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_file_that_is_empty_for_a_moment_ends_no_alert() {
    let (dir, receiver) = (data_dir(), Recorder::start().await);
    let path = dir.path().join("rules.yaml");
    write(&path, receiver.url(), &rule("first", "5%"));
    let args = ["--slot", "1s", "--allow-private-receivers", "--rules"];
    let args = [&args[..], &[path.to_str().expect("a plain name")]].concat();
    let server = Server::start(&dir.path().join("data"), &args).await;
    let start = Instant::now();
    while receiver.requests().is_empty() {
        let at = clock::now_ms();
        let events: Vec<_> = (0..20).map(|_| event("dhl", at, 503, 30.0)).collect();
        server.api().push(&json!({ "events": events })).await;
        assert!(start.elapsed() < PATIENCE, "no page: {}", server.log());
        tokio::time::sleep(Duration::from_millis(200)).await;
    }

    std::fs::write(&path, "").expect("written");
    let empty = rules_until(&server, |body| !body["rules_error"].is_null()).await;
    assert_eq!(names(&empty), ["first"]);
    let error = empty["rules_error"].as_str().expect("a sentence");
    assert!(error.contains("rules.yaml is empty; restart the server"), "{error}");
    let metrics = server.api().try_get("/metrics").await.text;
    assert!(metrics.contains("plimsoll_rules_file_rejected 1\n"), "{metrics}");
    write(&path, receiver.url(), &rule("first", "5%"));
    rules_until(&server, |body| body["rules_error"].is_null()).await;

    let alerts = server.api().get("/api/v1/alerts").await;
    assert_eq!(alerts["alerts"].as_array().map(Vec::len), Some(1), "{alerts}");
    assert_eq!(alerts["alerts"][0]["state"], "firing", "{alerts}");
    assert_eq!(
        server.api().get("/api/v1/deliveries?state=dead").await,
        json!({"deliveries": [], "is_cut": false})
    );
    assert_eq!(receiver.requests().len(), 1, "nobody was notified of an end or a second time");
    assert_eq!(server.log().matches("the rules file cannot be used").count(), 1);
}
