//! The gauges of processors that the default pack watches, pushed as shares or as percent.

use serde_json::{Value, json};

use crate::scene::{Scene, rows};

const MINUTE_S: i64 = 60;

#[tokio::test(flavor = "multi_thread")]
async fn a_busy_processor_is_critical_in_either_unit_and_single_peaks_are_not() {
    let scene = Scene::new("ok").await;
    let text = std::fs::read_to_string(&scene.rules).expect("it was written");
    let receivers = &text[..text.find("rules:").expect("a list of rules")];
    std::fs::write(&scene.rules, receivers).expect("it is written");
    let server = scene.start(&[]).await;
    let reading = |partner: &str, minute: i64, value: f64| {
        let at = scene.start_ms + minute * 60_000 - 30_000;
        json!({ "name": "cpu_usage", "partner": partner, "at": at, "value": value })
    };
    // Busy in both units, a little busy in both, and one minute in five.
    let all = |minute: i64| -> Vec<Value> {
        let peak = if minute % 5 == 0 { 99.0 } else { 40.0 };
        let values = [("share", 0.95), ("percent", 95.0), ("some", 0.85), ("percents", 85.0)];
        let values = values.into_iter().chain([("peaks", peak), ("idle", 0.4)]);
        values.map(|(partner, value)| reading(partner, minute, value)).collect()
    };
    let past: Vec<Value> = (-9..=0).flat_map(all).collect();
    server.api().push(&json!({ "gauges": past })).await;
    for minute in 1..=6 {
        server.api().push(&json!({ "gauges": all(minute) })).await;
        scene.move_to(&server, minute * MINUTE_S).await;
    }
    let alerts = server.api().get("/api/v1/alerts?state=firing").await;
    let found = rows(&alerts, "alerts").iter().map(|it| {
        let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
        (text(&it["labels"]["partner"]), text(&it["rule"]), text(&it["severity"]))
    });
    let mut found: Vec<_> = found.collect();
    found.sort();
    let expected = [
        ("percent", "critical"),
        ("percents", "warning"),
        ("share", "critical"),
        ("some", "warning"),
    ];
    let expected = expected.map(|(partner, severity)| {
        (partner.to_owned(), "cpu-usage".to_owned(), severity.to_owned())
    });
    assert_eq!(found, expected, "{alerts}");
}
