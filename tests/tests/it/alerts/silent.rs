//! Silence of an expected stream notifies, whatever its kind: a connector that has stopped, a partner of
//! which nothing comes, and one that never came. Health, freshness, explanations and alerts agree about it.

use plimsoll_tests::Server;
use serde_json::{Value, json};

use crate::scene::{HOOK, Scene, rows};

const MINUTE_S: i64 = 60;

async fn open_rules(server: &Server, partner: &str) -> Vec<String> {
    let alerts = server.api().get("/api/v1/alerts?state=firing").await;
    let of = rows(&alerts, "alerts").iter().filter(|it| it["labels"]["partner"] == partner);
    of.map(|it| format!("{} {}", it["rule"], it["severity"]).replace('"', "")).collect()
}

/// A summary of ten seconds; without events it is a heartbeat.
fn summary(partner: &str, start_ms: i64, events: i64) -> Value {
    let outcomes = if events > 0 { json!({ "success": events }) } else { json!({}) };
    json!({ "stream": "tracking", "partner": partner, "start": start_ms, "step_s": 10,
            "outcomes": outcomes })
}

#[tokio::test(flavor = "multi_thread")]
async fn every_silence_of_an_expected_stream_is_notified_and_all_answers_agree() {
    let scene = Scene::new("ok").await;
    // No rules: the default pack, with what `expects` implies.
    let text = std::fs::read_to_string(&scene.rules).expect("it was written");
    let receivers = &text[..text.find("rules:").expect("a list of rules")];
    let partners = "partners:\n\
                    \x20 - { name: dhl, expects: [tracking] }\n\
                    \x20 - { name: gls, expects: [tracking] }\n\
                    \x20 - { name: ups, expects: [tracking] }\n\
                    \x20 - { name: dpd, expects: [tracking] }\n\
                    \x20 - { name: tnt, expects: [tracking] }\n";
    std::fs::write(&scene.rules, format!("{receivers}{partners}")).expect("it is written");
    let server = scene.start(&[]).await;
    let begin_ms = scene.start_ms - 90 * 60_000;
    // An hour and a half of events; then the last ten minutes without any, and dpd goes on.
    let mut past = Vec::new();
    for partner in ["dhl", "gls", "dpd"] {
        for minute in 0..90 {
            let events = if minute < 80 || partner == "dpd" { 3 } else { 0 };
            past.push(summary(partner, begin_ms + minute * 60_000, events));
        }
    }
    // What was pushed late of tnt ends 57 minutes ago.
    past.extend((0..34).map(|minute| summary("tnt", begin_ms + minute * 60_000, 3)));
    server.api().push(&json!({ "summaries": past })).await;
    // The connector of gls has stopped, that of dhl reports that nothing happens, ups never came.
    let pass = async |minutes: std::ops::Range<i64>| {
        for minute in minutes {
            let start_ms = scene.start_ms + (minute - 1) * 60_000;
            let now = [summary("dhl", start_ms, 0), summary("dpd", start_ms, 3)];
            server.api().push(&json!({ "summaries": now })).await;
            scene.move_to(&server, minute * MINUTE_S).await;
        }
    };
    pass(1..10).await;
    let health = server.api().get("/api/v1/partners/tnt/health").await;
    assert_ne!(health["verdict"], "healthy", "{health}");
    assert!(!open_rules(&server, "tnt").await.is_empty());
    for partner in ["gls", "ups", "dpd"] {
        assert_eq!(open_rules(&server, partner).await, [""; 0], "{partner} is not silent yet");
    }
    pass(10..42).await;
    let critical = |kind: &str| vec![format!("expected-tracking-{kind} critical")];
    for partner in ["gls", "ups"] {
        assert!(open_rules(&server, partner).await.contains(&critical("unreported")[0]));
    }
    assert_eq!(open_rules(&server, "dhl").await, critical("silent"), "it reports");
    assert_eq!(open_rules(&server, "dpd").await, [""; 0]);
    let notified = scene.recorder.requests_to(HOOK);
    for partner in ["dhl", "gls", "ups"] {
        let is_about = |it: &plimsoll_tests::Recorded| it.body.to_string().contains(partner);
        assert!(notified.iter().any(is_about), "nobody was notified of {partner}");
    }
    for (partner, is_silent) in [("dhl", true), ("gls", true), ("ups", true), ("dpd", false)] {
        let health = server.api().get(&format!("/api/v1/partners/{partner}/health")).await;
        assert_eq!(health["verdict"] == "healthy", !is_silent, "{health}");
        assert_eq!(health["streams"][0]["silent"], is_silent, "{health}");
        let path = format!("/api/v1/query/freshness?stream=tracking&by=partner&partner={partner}");
        let fresh = server.api().get(&path).await;
        assert_eq!(fresh["series"][0]["silent"], is_silent, "{fresh}");
    }
    // What never came is as old as the server, to rules and to explanations.
    let path = "/api/v1/rules/expected-tracking-unreported/explain?partner=ups&span=1m";
    let explained = server.api().get(path).await;
    let value = explained.pointer("/groups/0/judgements/0/value").and_then(Value::as_f64);
    let value = value.unwrap_or_else(|| panic!("{explained}"));
    assert!((2_300.0..2_700.0).contains(&value), "{explained}");
}
