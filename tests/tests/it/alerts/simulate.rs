//! A drill in the sandbox fires within seconds and notifies nobody.

use plimsoll_tests::{Recorder, Server, binary, clock};
use serde_json::{Value, json};
use tempfile::TempDir;

use crate::common::data_dir;
use crate::scene::{PATIENCE, rows, text, until};

/// The drills, each with the rule of the default pack that it fires.
const SCENARIOS: [(&str, Option<&str>); 9] = [
    ("5xx", Some("partner-5xx")),
    ("timeout", Some("partner-5xx")),
    ("latency", Some("partner-latency")),
    ("silence", Some("partner-drop")),
    ("401", Some("partner-auth")),
    ("429", Some("partner-rate-limit")),
    ("4xx", Some("partner-4xx")),
    ("flapping", Some("partner-5xx")),
    ("blip", None),
];

fn simulate(server: &Server, args: &[&str]) -> (bool, String, String) {
    let output = binary::run(&[&["simulate", "--url", server.base()], args].concat());
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    (output.status.success(), text(&output.stdout), text(&output.stderr))
}

/// A rules file that notifies a webhook, with further lines.
fn rules(folder: &TempDir, recorder: &Recorder, more: &str) -> String {
    let path = folder.path().join("rules.yaml");
    let text = format!(
        "receivers:\n  - name: hub\n    webhook: {{ url: \"{}/hook\", secret: \"whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw\" }}\n{more}",
        recorder.url()
    );
    std::fs::write(&path, text).expect("written");
    path.to_str().expect("plain names").to_owned()
}

#[tokio::test(flavor = "multi_thread")]
async fn every_drill_fires_a_rule_of_the_default_pack_within_seconds() {
    let (folder, recorder) = (data_dir(), Recorder::start().await);
    let rules = rules(&folder, &recorder, "");
    let args = ["--rules", &rules, "--allow-private-receivers"];
    let server = Server::start(&folder.path().join("data"), &args).await;
    for (scenario, rule) in SCENARIOS {
        // All of one partner: drills do not mix.
        let args = [scenario, "--partner", "dhl", "--format", "json"];
        let (is_good, out, error) = simulate(&server, &args);
        assert!(is_good, "{scenario}: {out}{error}");
        let report: Value = serde_json::from_str(&out).expect("a JSON object");
        assert_eq!(report["as_expected"], true, "{report}");
        let found = rows(&report, "rules").iter().find(|it| it["found"] == true);
        assert_eq!(found.map(|it| text(it, "/rule")), rule, "{report}");
        if let Some(line) = found {
            let after_s = line["after_s"].as_f64().expect("a number");
            assert!((60.0..20.0 * 60.0).contains(&after_s), "{report}");
            let message = &rows(&report, "messages")[0];
            assert_eq!(message["receiver"], "hub", "{report}");
            assert!(rows(message, "missing").is_empty(), "{report}");
            assert!(text(message, "/text").contains("drill: dhl"), "{report}");
        }
    }
    assert_eq!(recorder.requests().len(), 0, "nobody is notified");
    let (is_good, out, error) = simulate(&server, &["5xx", "--partner", "dhl", "--notify", "hub"]);
    assert!(is_good && out.contains("hub would get of partner-5xx"), "{out}{error}");
    assert!(recorder.wait_for("/hook", 2, PATIENCE).await, "{}", server.log());
    let sent = recorder.requests_to("/hook");
    let kinds: Vec<_> = sent.iter().map(|request| request.body["type"].clone()).collect();
    assert_eq!(kinds, ["alert.triggered", "alert.resolved"]);
    let line = text(&sent[0].body, "/data/alert/summary");
    assert!(line.starts_with("drill: dhl drill: 5xx on ") && line.contains(". First: "), "{line}");
    let (is_good, _, error) = simulate(&server, &["5xx", "--partner", "dhl", "--notify", "nobody"]);
    assert!(!is_good && error.contains("no receiver has the name"), "{error}");
    let list = binary::run(&["simulate", "--list"]);
    let list = String::from_utf8_lossy(&list.stdout).into_owned();
    for (line, (scenario, _)) in list.lines().zip(SCENARIOS) {
        assert!(line.starts_with(scenario) && line.len() > 30, "{list}");
    }
    assert_eq!(list.lines().count(), SCENARIOS.len());
}

/// A rule for production that fires at once.
const RULE: &str = r#"rules:
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

#[tokio::test(flavor = "multi_thread")]
async fn the_server_shows_the_sandbox_and_notifies_for_production_only() {
    let (folder, recorder) = (data_dir(), Recorder::start().await);
    let rules = rules(&folder, &recorder, RULE);
    let args = ["--rules", &rules, "--allow-private-receivers", "--slot", "1s"];
    let server = Server::start(&folder.path().join("data"), &args).await;
    let calls = |bad: u64| {
        let start = clock::aligned_ms(1_000, 1_000);
        json!({ "summaries": [{ "stream": "requests", "partner": "dhl", "start": start, "step_s": 1,
            "outcomes": { "2xx": 200 - bad, "5xx": bad } }] })
    };
    server.api().push(&calls(0)).await;
    let (is_good, out, error) = simulate(&server, &["5xx", "--partner", "dhl"]);
    assert!(is_good && out.contains("as expected"), "{out}{error}");
    let shown = |body: &Value| !rows(body, "alerts").is_empty();
    let path = "/api/v1/alerts?environment=sandbox";
    let alerts = until("the drill is shown", &server, path, shown).await;
    for alert in rows(&alerts, "alerts") {
        assert_eq!(alert["labels"], json!({ "environment": "sandbox", "partner": "dhl" }));
        assert_eq!((&alert["state"], &alert["suppressor"]), (&json!("firing"), &json!("sandbox")));
    }
    // The rule does not name an environment, and its production group has no data of the drill.
    server.api().push(&calls(100)).await;
    assert!(recorder.wait_for("/hook", 1, PATIENCE).await);
    let requests = recorder.requests();
    assert!(requests.iter().all(|it| !it.text.contains("sandbox")), "{requests:?}");
    let deliveries = server.api().get("/api/v1/deliveries").await;
    assert_eq!(rows(&deliveries, "deliveries").len(), 1, "{deliveries}");
    // No rule of this server is for rate limits.
    let (is_good, out, _) = simulate(&server, &["429", "--partner", "dhl"]);
    assert!(!is_good && out.contains("no rule of the server covers this fault"), "{out}");
}
