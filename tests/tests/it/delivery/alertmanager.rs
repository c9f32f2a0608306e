//! An Alertmanager ends an alert that is not repeated and forgets all when it restarts, so open alerts are
//! repeated to it until they are resolved.

use plimsoll_tests::{Recorded, Server};
use serde_json::{Value, json};

use crate::scene::{PATIENCE, Scene, rows, text, until};

const ALERTS: &str = "/api/v2/alerts";
/// How long the data lasts, in seconds.
const DATA_S: i64 = 260;

/// Two partners that fail one after the other, and an Alertmanager.
async fn scene() -> (Scene, Server) {
    let scene = Scene::new("ok").await;
    let receiver = format!(
        "  - name: am\n    alertmanager: {{ url: \"{}\" }}\nrules:\n",
        scene.recorder.url()
    );
    scene.edit("rules:\n", &receiver);
    scene.edit("notify: [oncall, hub]", "notify: [am]\n    labels: { team: carriers }");
    let server = scene.start(&[]).await;
    for (partner, failing) in [("dhl", 5..70), ("ups", 140..DATA_S)] {
        let second = |second: i64| {
            let class = if failing.contains(&second) { "5xx" } else { "2xx" };
            let start = scene.start_ms + second * 1_000;
            json!({
                "stream": "requests", "partner": partner, "start": start, "step_s": 1,
                "outcomes": {class: 5},
            })
        };
        let summaries: Vec<Value> = (0..DATA_S).map(second).collect();
        server.api().push(&json!({ "summaries": summaries })).await;
    }
    (scene, server)
}

async fn requests(scene: &Scene, count: usize) -> Vec<Recorded> {
    assert!(scene.recorder.wait_for(ALERTS, count, PATIENCE).await, "fewer than {count} requests");
    scene.recorder.requests_to(ALERTS)
}

fn is_about(request: &Recorded, partner: &str) -> bool {
    let alerts = request.body.as_array().expect("a list of alerts");
    alerts.iter().any(|alert| alert["labels"]["partner"] == partner)
}

fn end_s(scene: &Scene, alert: &Value) -> i64 {
    let end = text(alert, "/endsAt").parse::<jiff::Timestamp>().expect("a time");
    (end.as_millisecond() - scene.start_ms) / 1_000
}

#[tokio::test(flavor = "multi_thread")]
async fn an_open_alert_is_repeated_until_it_is_resolved_also_after_a_restart() {
    let (scene, server) = scene().await;
    scene.move_to(&server, 20).await;
    let trigger = requests(&scene, 1).await[0].body[0].clone();
    assert_eq!(trigger["labels"]["team"], "carriers");
    assert_eq!(trigger["labels"]["severity"], "critical");
    scene.move_to(&server, 61).await;
    let repeated = requests(&scene, 2).await[1].body[0].clone();
    for field in ["labels", "annotations", "startsAt", "generatorURL"] {
        assert_eq!(repeated[field], trigger[field], "{field}");
    }
    let ahead_s = end_s(&scene, &repeated) - 61;
    assert!((300..=900).contains(&ahead_s), "it ends in {ahead_s} s without another repetition");

    server.kill();
    let server = scene.start(&[]).await;
    let restarted = requests(&scene, 3).await[2].body[0].clone();
    assert_eq!(restarted["labels"], trigger["labels"]);
    let ledger = server.api().get("/api/v1/deliveries").await;
    assert_eq!(rows(&ledger, "deliveries").len(), 1, "a repetition is no delivery: {ledger}");

    scene.move_to(&server, 100).await;
    let resolve = requests(&scene, 4).await[3].body.clone();
    for alert in resolve.as_array().expect("an alert for each severity") {
        assert_eq!(alert["startsAt"], trigger["startsAt"]);
        assert!((70..100).contains(&end_s(&scene, alert)), "{alert}");
    }
    // The next rounds repeat the other alert only.
    scene.move_to(&server, 170).await;
    until("ups is notified", &server, "/api/v1/deliveries?state=delivered", |body| {
        rows(body, "deliveries").len() == 3
    })
    .await;
    scene.move_to(&server, 240).await;
    let repeated = |scene: &Scene| {
        let requests = scene.recorder.requests_to(ALERTS);
        requests.iter().filter(|request| is_about(request, "ups")).count() > 1
    };
    let start = std::time::Instant::now();
    while !repeated(&scene) {
        assert!(start.elapsed() < PATIENCE, "{}", server.log());
        tokio::time::sleep(std::time::Duration::from_millis(20)).await;
    }
    let later = scene.recorder.requests_to(ALERTS).split_off(4);
    assert!(!later.iter().any(|request| is_about(request, "dhl")), "repeated after its resolve");
}
