//! Acknowledgement and escalation: an alert that is acknowledged here or at PagerDuty is not escalated; an
//! unacknowledged one is sent to the next receiver, and its resolve as well.

use std::time::Duration;

use hmac::{Hmac, KeyInit, Mac};
use plimsoll_tests::{Api, Recorded, Server, clock};
use serde_json::{Value, json};
use sha2::Sha256;

use crate::scene::{
    DATA_S, ENQUEUE, HOOK, PATIENCE, PD_WEBHOOK_SECRET, Scene, post, rows, text, until,
};

const DELIVERED: &str = "/api/v1/deliveries?state=delivered";

/// What PagerDuty sends when Bob acknowledges an incident.
fn acknowledged_by_bob(dedup_key: &str) -> Value {
    json!({"event": {
        "id": "01DEN2HSQWEFK", "event_type": "incident.acknowledged", "resource_type": "incident",
        "agent": {"id": "PLH1HKV", "summary": "Bob", "type": "user_reference"},
        "data": {"id": "PGR0VU2", "incident_key": dedup_key, "status": "acknowledged"},
    }})
}

async fn send_signed(api: &Api, body: &Value, secret: &str) -> (u16, Value) {
    let body = body.to_string();
    let mac = Hmac::<Sha256>::new_from_slice(secret.as_bytes()).expect("any length of key");
    let mac = mac.chain_update(&body).finalize().into_bytes();
    let digits: String = mac.iter().map(|byte| format!("{byte:02x}")).collect();
    let request = api.request("POST", "/api/v1/webhooks/pagerduty");
    let request = request.header("x-pagerduty-signature", format!("v1=00,v1={digits}")).body(body);
    let answer = plimsoll_tests::api::send(request).await.expect("an answer");
    (answer.status, answer.body)
}

async fn acknowledge(server: &Server, id: &str, author: &str) -> Value {
    let path = format!("/api/v1/alerts/{id}/acknowledge");
    let (status, body) = post(server, &path, &json!({ "author": author })).await;
    assert_eq!(status, 200, "{body}");
    body
}

/// A server on which one alert fires until the data end.
async fn server_with_an_alert(scene: &Scene) -> (Server, Value) {
    let server = scene.start(&[]).await;
    scene.store(&server, 1, |_| 5..DATA_S).await;
    scene.move_to(&server, 15).await;
    let alerts = server.api().get("/api/v1/alerts").await;
    (server, rows(&alerts, "alerts")[0].clone())
}

fn actions(requests: &[Recorded], dedup_key: &str) -> Vec<String> {
    let about = requests.iter().filter(|request| text(&request.body, "/dedup_key") == dedup_key);
    about.map(|request| text(&request.body, "/event_action").to_owned()).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn an_unacknowledged_alert_is_escalated_also_after_a_restart() {
    let scene = Scene::new("ok").await;
    scene.edit("notify: [oncall, hub]", "notify: [oncall]");
    let oncall = "routing_key: { env: PD_KEY }";
    scene.edit(oncall, &format!("{oncall}, webhook_secret: {{ env: PD_WEBHOOK_SECRET }}"));
    let rate = "    rate: { calls: 10000, per: 1s }\n  - name: hub";
    scene.edit(rate, "    escalate: { to: hub, after: 15s }\n  - name: hub");
    let server = scene.start(&[]).await;
    scene.store(&server, 3, |_| 5..32).await;

    scene.move_to(&server, 15).await;
    let alerts = server.api().get("/api/v1/alerts").await;
    let mut alerts = rows(&alerts, "alerts").clone();
    alerts.sort_by_key(|alert| alert["labels"].to_string());
    let [ours, theirs, unacknowledged] = &alerts[..] else { panic!("three alerts: {alerts:?}") };
    let (id, key) = (text(ours, "/id"), text(ours, "/dedup_key"));
    assert_eq!(ours["acknowledged"], Value::Null);
    let body = acknowledge(&server, id, "ann").await;
    assert_eq!(body["acknowledged"]["author"], "ann", "{body}");
    assert_eq!(acknowledge(&server, id, "zoe").await["acknowledged"]["author"], "ann");
    // An attempt that is not on record is repeated after a restart: all are on record before the kill.
    let all_delivered = |body: &Value| rows(body, "deliveries").len() == 4;
    until("all are notified", &server, DELIVERED, all_delivered).await;

    let webhook = acknowledged_by_bob(text(theirs, "/dedup_key"));
    let (status, rejected) = send_signed(server.api(), &webhook, "not the secret").await;
    assert_eq!((status, &rejected["code"]), (401, &json!("unsigned")), "{rejected}");
    let (status, answer) = send_signed(server.api(), &webhook, PD_WEBHOOK_SECRET).await;
    assert_eq!((status, &answer["acknowledged"]), (200, &theirs["id"]), "{answer}");
    let foreign = acknowledged_by_bob("of another system");
    let (status, answer) = send_signed(server.api(), &foreign, PD_WEBHOOK_SECRET).await;
    assert_eq!((status, &answer["acknowledged"]), (200, &Value::Null));
    assert!(scene.recorder.requests_to(HOOK).is_empty(), "nothing is escalated too early");
    server.kill();

    let server = scene.start(&[]).await;
    // Three triggers and resolves, one acknowledgement, and what the hub receives of one of them.
    scene.move_to(&server, DATA_S).await;
    let all_delivered = |body: &Value| rows(body, "deliveries").len() == 9;
    until("all is delivered", &server, DELIVERED, all_delivered).await;
    let requests = scene.recorder.requests_to(ENQUEUE);
    assert_eq!(actions(&requests, key), ["trigger", "acknowledge", "resolve"]);
    assert_eq!(actions(&requests, text(theirs, "/dedup_key")), ["trigger", "resolve"]);
    assert_eq!(actions(&requests, text(unacknowledged, "/dedup_key")), ["trigger", "resolve"]);
    let hub = scene.recorder.requests_to(HOOK);
    let hub: Vec<(&str, &str)> = hub
        .iter()
        .map(|it| (text(&it.body, "/type"), text(&it.body, "/data/alert/dedup_key")))
        .collect();
    let key = text(unacknowledged, "/dedup_key");
    assert_eq!(hub, [("alert.triggered", key), ("alert.resolved", key)]);

    let alert = server.api().get(&format!("/api/v1/alerts/{}", text(theirs, "/id"))).await;
    assert_eq!(alert["acknowledged"]["author"], "Bob", "{alert}");
    assert_eq!(alert["acknowledged"]["by_receiver"], "oncall");
    assert_eq!(alert["receivers"], json!(["oncall"]));
    let path = format!("/api/v1/alerts/{}/acknowledge", text(unacknowledged, "/id"));
    let (status, late) = post(&server, &path, &json!({"author": "ann"})).await;
    assert_eq!((status, &late["code"]), (409, &json!("alert_ended")), "{late}");
    let noise = server.api().get("/api/v1/reports/noise").await;
    let share = noise["total"]["acknowledged_share"].as_f64().expect("a share");
    assert!((share - 2.0 / 3.0).abs() < 1e-9, "{noise}");
}

#[tokio::test(flavor = "multi_thread")]
async fn an_acknowledgement_is_repeated_when_a_kill_loses_its_answer_and_otherwise_sent_once() {
    let scene = Scene::new("ok").await;
    let (server, alert) = server_with_an_alert(&scene).await;
    let alert = &alert;
    // The server ends before the answer arrives, so nothing is on record.
    scene.recorder.answer_after(Duration::from_secs(60));
    acknowledge(&server, text(alert, "/id"), "ann").await;
    assert!(scene.recorder.wait_for(ENQUEUE, 2, PATIENCE).await, "{}", server.log());
    server.kill();

    scene.recorder.answer_after(Duration::ZERO);
    let server = scene.start(&[]).await;
    let all_delivered = |body: &Value| rows(body, "deliveries").len() == 3;
    until("all is delivered", &server, DELIVERED, all_delivered).await;
    let server = restarted(&scene, server).await;
    scene.move_to(&server, 30).await;
    let key = text(alert, "/dedup_key");
    let requests = scene.recorder.requests_to(ENQUEUE);
    assert_eq!(actions(&requests, key), ["trigger", "acknowledge", "acknowledge"]);
    assert_eq!(requests[1].body, requests[2].body, "PagerDuty sees that it is the same");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_webhook_that_is_sent_again_takes_no_later_alert() {
    let scene = Scene::new("ok").await;
    scene.edit("notify: [oncall, hub]", "notify: [oncall]");
    let oncall = "routing_key: { env: PD_KEY }";
    scene.edit(oncall, &format!("{oncall}, webhook_secret: {{ env: PD_WEBHOOK_SECRET }}"));
    let server = scene.start(&[]).await;
    let bad = |second: i64| (5..15).contains(&second) || (30..50).contains(&second);
    let summary = |second: i64| {
        json!({
            "stream": "requests", "partner": "dhl", "start": scene.start_ms + second * 1_000,
            "step_s": 1, "outcomes": {(if bad(second) { "5xx" } else { "2xx" }): 5},
        })
    };
    let summaries: Vec<Value> = (0..DATA_S).map(summary).collect();
    server.api().push(&json!({ "summaries": summaries })).await;

    scene.move_to(&server, 14).await;
    let open = |body: &Value| rows(body, "alerts")[0].clone();
    let first = open(&server.api().get("/api/v1/alerts?state=firing").await);
    let event = |id: &str, after_fired_s: i64, alert: &Value| {
        let mut event = acknowledged_by_bob(text(alert, "/dedup_key"));
        let at_ms = clock::parse_ms(text(alert, "/fired_at")) + after_fired_s * 1_000;
        event["event"]["id"] = json!(id);
        event["event"]["occurred_at"] = json!(clock::format(at_ms));
        event
    };
    let webhook = event("E1", 1, &first);
    let send = async |event: &Value| {
        let (status, answer) = send_signed(server.api(), event, PD_WEBHOOK_SECRET).await;
        assert_eq!(status, 200, "{answer}");
        answer["acknowledged"].clone()
    };
    assert_eq!(send(&webhook).await, first["id"]);
    assert_eq!(send(&webhook).await, first["id"], "the same again changes nothing");

    // The next alert has the same dedup key, and clocks may differ by minutes.
    scene.move_to(&server, 40).await;
    let second = open(&server.api().get("/api/v1/alerts?state=firing").await);
    assert_eq!(second["dedup_key"], first["dedup_key"]);
    assert_eq!(send(&webhook).await, Value::Null, "it has acknowledged the first");
    assert_eq!(send(&event("E0", -301, &second)).await, Value::Null, "it is of an earlier alert");
    let path = format!("/api/v1/alerts/{}", text(&second, "/id"));
    assert_eq!(server.api().get(&path).await["acknowledged"], Value::Null);
    assert_eq!(send(&event("E2", -299, &second)).await, second["id"]);
    assert_eq!(server.api().get(&path).await["acknowledged"]["author"], "Bob");
}

#[tokio::test(flavor = "multi_thread")]
async fn of_acknowledgements_at_the_same_time_one_counts() {
    let scene = Scene::new("ok").await;
    let (server, alert) = server_with_an_alert(&scene).await;
    let alert = &alert;
    let made = |author: &'static str| acknowledge(&server, text(alert, "/id"), author);
    let (a, b, c, d) = tokio::join!(made("ann"), made("bob"), made("cid"), made("dee"));
    for body in [&b, &c, &d] {
        assert_eq!(body["acknowledged"], a["acknowledged"], "all name the one that counts");
    }
    let all_delivered = |body: &Value| rows(body, "deliveries").len() == 3;
    until("two triggers and an acknowledgement", &server, DELIVERED, all_delivered).await;
    let requests = scene.recorder.requests_to(ENQUEUE);
    assert_eq!(actions(&requests, text(alert, "/dedup_key")), ["trigger", "acknowledge"]);
}

/// The same server after `kill -9`.
async fn restarted(scene: &Scene, server: Server) -> Server {
    server.kill();
    scene.start(&[]).await
}
