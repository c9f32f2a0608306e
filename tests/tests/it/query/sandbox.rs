//! No answer counts the sandbox unless it is asked for: every call answers the same before and after a drill.

use std::collections::BTreeMap;

use plimsoll_tests::{Server, api, binary, clock};
use serde_json::{Value, json};

use crate::common::{data_dir, event};
use crate::scene::{rows, until};

const MINUTE_MS: i64 = 60_000;

/// A rule that fires at once in any environment.
const RULES: &str = r#"
receivers:
  - { name: hub, webhook: { url: "https://hub.example/alerts" } }
rules:
  - name: partner-5xx
    owner: integrations
    runbook: partner-5xx
    signal: { ratio: { of: [5xx], stream: requests } }
    by: [partner]
    window: 5m
    for: 0s
    critical: "> 5%"
    notify: [hub]
"#;

/// Values that a path takes for its parameters.
fn filled(path: &str) -> Vec<String> {
    let names = match path {
        "/api/v1/labels/{name}/values" => {
            &["partner", "operation", "environment", "site", "release", "stream"][..]
        }
        _ => &["partner-5xx"],
    };
    let path = path.replace("{partner}", "dhl");
    names.iter().map(|name| path.replace("{name}", name)).collect()
}

/// What a call may ask for: some of its parameters with values.
fn questions(operation: &Value, now_ms: i64) -> Vec<String> {
    let parameters = operation["parameters"].as_array().into_iter().flatten();
    let names: Vec<&str> = parameters.filter_map(|one| one["name"].as_str()).collect();
    let has = |name: &str| names.contains(&name);
    let mut query = String::new();
    if has("start") {
        query += &format!("start={}&end={now_ms}&", now_ms - 30 * MINUTE_MS);
    }
    if has("at") {
        query += &format!("at={now_ms}&span=1m&partner=dhl&");
    }
    let mut questions = vec![query.clone()];
    for label in ["partner", "environment", "release"].into_iter().filter(|_| has("by")) {
        questions.push(format!("{query}by={label}"));
    }
    if has("operation") && !has("at") && !has("state") {
        questions.push(format!("{query}environment=!staging"));
        questions.push(format!("{query}environment=!~stag.*"));
    }
    questions
}

/// An answer without what depends on the time of the request.
fn timeless(value: Value) -> Value {
    match value {
        Value::Object(fields) => {
            let kept = fields.into_iter().filter(|(name, _)| {
                !["age_s", "at", "covers", "reason", "fresh"].contains(&name.as_str())
            });
            // Of the windows of health, the longest does not depend on the speed of the test.
            let kept = kept.map(|(name, value)| match (name.as_str(), value) {
                ("windows", Value::Array(mut all)) => (name, timeless(all.pop().into())),
                (_, value) => (name, timeless(value)),
            });
            Value::Object(kept.collect())
        }
        Value::Array(items) => Value::Array(items.into_iter().map(timeless).collect()),
        plain => plain,
    }
}

/// What every GET call answers, by its path and query.
async fn answers(server: &Server, now_ms: i64) -> BTreeMap<String, String> {
    let document = server.api().get("/openapi.json").await;
    // What uses up the database counts, also in the sandbox.
    let counts_all = "/api/v1/cardinality";
    let skipped = ["/livez", "/readyz", "/metrics", "/openapi.json", counts_all];
    let mut answers = BTreeMap::new();
    for (path, methods) in document["paths"].as_object().expect("paths") {
        let Some(operation) = methods.get("get") else { continue };
        if skipped.contains(&path.as_str()) || path.contains("{id}") {
            continue;
        }
        for path in filled(path) {
            for question in questions(operation, now_ms) {
                let path = format!("{path}?{question}");
                let answer = server.api().try_get(path.trim_end_matches(['?', '&'])).await;
                assert!(answer.status < 500, "{path}: {}", answer.text);
                let is_json = !answer.body.is_null();
                let text = if is_json { timeless(answer.body).to_string() } else { answer.text };
                answers.insert(path, format!("{}: {text}", answer.status));
            }
        }
    }
    let silence = json!({ "author": "ann", "reason": "call", "match": { "partner": "dhl" },
        "for": "1h", "dry_run": true });
    let request = server.api().request("POST", "/api/v1/silences").json(&silence);
    let answer = api::send(request).await.expect("an answer");
    answers.insert("silence".to_owned(), answer.body["covers"].to_string());
    answers
}

/// The environments of the alerts that the health of a partner lists.
async fn environments(server: &Server, path: &str) -> Vec<Value> {
    let health = server.api().get(path).await;
    let alerts = rows(&health, "alerts").iter();
    alerts.map(|alert| alert["labels"]["environment"].clone()).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn no_answer_counts_a_drill_unless_it_asks_for_the_sandbox() {
    let folder = data_dir();
    let rules = folder.path().join("rules.yaml");
    std::fs::write(&rules, RULES).expect("written");
    let args = ["--slot", "1s", "--rules", rules.to_str().expect("a plain name")];
    let server = Server::start(&folder.path().join("data"), &args).await;
    let now_ms = clock::aligned_ms(MINUTE_MS, MINUTE_MS);
    let mut events = Vec::new();
    for second in 1..=60 {
        for stream in ["requests", "attempts", "order_to_ship", "label_creation", "tracking"] {
            let status = if second % 20 == 0 { 503 } else { 200 };
            let mut event = event("dhl", now_ms - second * 1_000, status, 10.0);
            event["stream"] = stream.into();
            event["ids"] = json!({ "order_id": format!("O-{second}") });
            events.push(event);
        }
    }
    server.api().push(&json!({ "events": events })).await;
    let before = answers(&server, now_ms).await;
    assert!(before.len() > 50, "{:?}", before.keys());

    for event in &mut events {
        event["environment"] = "sandbox".into();
        event["release"] = "drill-1".into();
        event["status"] = 500.into();
    }
    let mut ghosts = events.clone();
    for ghost in &mut ghosts {
        (ghost["partner"], ghost["stream"]) = ("ghost".into(), "ghosts".into());
        (ghost["site"], ghost["operation"]) = ("nowhere".into(), "haunt".into());
    }
    events.extend(ghosts);
    server.api().push(&json!({ "events": events })).await;
    let gauge = json!({ "name": "queue_depth", "partner": "ghost", "environment": "sandbox",
        "at": now_ms, "value": 9 });
    server.api().push(&json!({ "gauges": [gauge] })).await;
    let drill = ["simulate", "5xx", "--partner", "dhl", "--url", server.base()];
    assert!(binary::run(&drill).status.success());
    let path = "/api/v1/alerts?state=firing&environment=sandbox";
    until("the drill fires", &server, path, |body| !rows(body, "alerts").is_empty()).await;

    let after = answers(&server, now_ms).await;
    for (question, answer) in &before {
        assert_eq!(Some(answer), after.get(question), "{question}");
    }
    assert_eq!(before.len(), after.len());

    // The health of a partner lists the alerts of the environment that is asked for.
    let drilled = environments(&server, "/api/v1/partners/dhl/health?environment=sandbox").await;
    assert!(!drilled.is_empty() && drilled.iter().all(|it| *it == "sandbox"), "{drilled:?}");
    let own = environments(&server, "/api/v1/partners/dhl/health").await;
    assert!(own.iter().all(|it| *it != "sandbox"), "{own:?}");

    for (path, found) in [
        ("/api/v1/partners?environment=sandbox", "ghost"),
        ("/api/v1/partners/ghost?environment=sandbox", "ghosts"),
        ("/api/v1/partners/ghost/health?environment=sandbox", "ghosts"),
        ("/api/v1/labels/partner/values?environment=sandbox", "ghost"),
        ("/api/v1/labels/stream/values?environment=~.*", "ghosts"),
        ("/api/v1/query/freshness?by=partner&environment=~sand.*", "ghost"),
        ("/api/v1/query/gauges?name=queue_depth&window=1h&by=partner&environment=sandbox", "ghost"),
        ("/api/v1/query/outcomes?by=partner&window=1h&environment=sandbox", "ghost"),
    ] {
        let answer = server.api().try_get(path).await;
        assert!(answer.status == 200 && answer.text.contains(found), "{path}: {}", answer.text);
    }
}
