//! A key for some partners pushes for them, and sees them only.

use plimsoll_tests::{Server, api};
use serde_json::json;

use super::{code, key, with_key};
use crate::common::data_dir;

/// What a key for dhl sees of dhl only.
const NARROWED: [&str; 13] = [
    "/api/v1/query/outcomes?by=partner&window=10m",
    "/api/v1/query/outcomes?by=partner&window=10m&partner=~.*",
    "/api/v1/query/outcomes?by=partner&window=10m&partner=!dhl",
    "/api/v1/query/outcomes?window=10m&partner=~u.*",
    "/api/v1/query/latency?by=partner&window=10m",
    "/api/v1/query/freshness?by=partner",
    "/api/v1/query/exemplars?window=10m",
    "/api/v1/partners",
    "/api/v1/labels/partner/values",
    "/api/v1/cardinality",
    "/api/v1/partners/dhl",
    "/api/v1/partners/dhl/health",
    "/partners/dhl",
];
/// What it does not see at all.
const REFUSED: [&str; 22] = [
    "/rules/partner-5xx?partner=ups",
    "/rules/partner-5xx",
    "/api/v1/rules/partner-5xx/explain?partner=ups",
    "/api/v1/query/outcomes?partner=ups&window=10m",
    "/api/v1/query/outcomes?partner=dhl,ups&window=10m",
    "/api/v1/query/outcomes?partner=dhl&partner=ups&window=10m",
    "/api/v1/query/outcomes?partner=%75ps&window=10m",
    "/api/v1/partners/ups",
    "/api/v1/partners/%75ps",
    "/api/v1/partners/ups/health",
    "/partners/ups",
    "/api/v1/alerts",
    "/api/v1/alerts?partner=ups",
    "/api/v1/alerts/any",
    "/api/v1/deliveries",
    "/api/v1/silences",
    "/api/v1/rules",
    "/api/v1/keys",
    "/api/v1/reports/noise",
    "/api/v1/backtests",
    "/metrics",
    "/alerts/any",
];

#[tokio::test(flavor = "multi_thread")]
async fn a_key_for_a_partner_leads_to_no_other() {
    let dir = data_dir();
    let all = key(dir.path(), &["--scope", "push", "--scope", "read"]);
    let mut scopes = vec!["--partner", "dhl"];
    ["push", "read", "ids", "operate", "admin"]
        .iter()
        .for_each(|it| scopes.extend(["--scope", it]));
    let limited = key(dir.path(), &scopes);
    let server = Server::start(dir.path(), &[]).await;
    let api = server.api();
    let now = std::time::SystemTime::UNIX_EPOCH.elapsed().expect("a clock").as_millis() as u64;
    let event = |partner: &str| json!({ "stream": "requests", "partner": partner, "at": now - 60_000, "status": 503 });
    let push = |key: &str, partners: &[&str]| {
        let events: Vec<_> = partners.iter().map(|partner| event(partner)).collect();
        let request = api.request("POST", "/api/v1/push").bearer_auth(key);
        api::send(request.json(&json!({ "events": events })))
    };
    let answer = push(&limited, &["dhl", "ups", "DHL"]).await.expect("an answer");
    assert_eq!(answer.body["accepted"], 1, "{}", answer.text);
    let rejected = answer.body["rejected"].as_array().expect("a list");
    let codes: Vec<_> = rejected.iter().map(|one| &one["code"]).collect();
    assert_eq!(codes, ["partner_not_allowed"; 2]);
    assert_eq!(push(&limited, &["ups"]).await.expect("an answer").status, 422);
    assert_eq!(push(&all, &["ups", "ups", "ups"]).await.expect("an answer").status, 200);

    for path in NARROWED {
        let answer = with_key(api, &limited, "GET", path).await;
        assert_eq!(answer.status, 200, "{path}: {}", answer.text);
        assert!(!answer.text.contains("ups"), "{path}: {}", answer.text);
    }
    let sees_all = with_key(api, &all, "GET", "/api/v1/partners").await;
    assert!(sees_all.text.contains("ups") && sees_all.text.contains("dhl"));
    for path in REFUSED {
        let answer = with_key(api, &limited, "GET", path).await;
        assert_eq!((answer.status, code(&answer)), (403, "partner_not_allowed"), "{path}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn ids_are_seen_with_their_scope_only() {
    let dir = data_dir();
    let reader = key(dir.path(), &["--scope", "read", "--scope", "push"]);
    let auditor = key(dir.path(), &["--scope", "read", "--scope", "ids"]);
    let server = Server::start(dir.path(), &[]).await;
    let now = std::time::SystemTime::UNIX_EPOCH.elapsed().expect("a clock").as_millis() as u64;
    let event = json!({ "stream": "requests", "partner": "dhl", "at": now - 60_000, "status": 503,
        "ids": { "order_id": "order-4711" } });
    let request = server.api().request("POST", "/api/v1/push").bearer_auth(&reader);
    let pushed = api::send(request.json(&json!({ "events": [event] }))).await.expect("an answer");
    assert_eq!(pushed.status, 200, "{}", pushed.text);
    let path = "/api/v1/query/exemplars?window=10m";
    let seen = with_key(server.api(), &auditor, "GET", path).await;
    assert!(seen.text.contains("order-4711"), "{}", seen.text);
    let redacted = with_key(server.api(), &reader, "GET", path).await;
    assert_eq!(redacted.body["exemplars"][0]["ids"]["order_id"], "redacted", "{}", redacted.text);
    assert!(!redacted.text.contains("4711"));
}
