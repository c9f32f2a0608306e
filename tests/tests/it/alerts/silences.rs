//! A silence mutes triggers and nothing else.

use plimsoll_tests::Recorded;
use serde_json::{Value, json};

use crate::scene::{DATA_S, ENQUEUE, Scene, post, rows, text, until};

/// The actions of the events sent about a partner.
fn actions_about(requests: &[Recorded], partner: &str) -> Vec<String> {
    let about = requests.iter().filter(|request| {
        let labels = &request.body["payload"]["custom_details"]["data"]["labels"];
        labels["partner"] == partner
    });
    about.map(|request| text(&request.body, "/event_action").to_owned()).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_silenced_alert_is_notified_when_the_silence_ends_and_resolves_are_never_silenced() {
    let scene = Scene::new("ok").await;
    let server = scene.start(&[]).await;
    let silence = |partner: &str, dry_run: bool| {
        json!({"author": "ann", "reason": "vendor call", "match": {"partner": partner}, "for": "1h",
               "dry_run": dry_run})
    };
    let path = "/api/v1/silences";
    let (status, made) = post(&server, path, &silence("partner-000", false)).await;
    assert_eq!((status, &made["silence"]["state"]), (200, &json!("active")), "{made}");
    // The first fails all the time, the second for a few seconds.
    let failing = |partner: usize| if partner == 0 { 18..DATA_S } else { 18..30 };
    scene.store(&server, 2, failing).await;

    scene.move_to(&server, 28).await;
    let alerts = server.api().get("/api/v1/alerts").await;
    assert_eq!(rows(&alerts, "alerts").len(), 2, "both fire: {alerts}");
    let of = |body: &Value, partner: &str| {
        let alerts = rows(body, "alerts").iter();
        alerts.clone().find(|it| it["labels"]["partner"] == partner).cloned().expect("an alert")
    };
    assert_eq!(of(&alerts, "partner-000")["suppressor"], "silenced");
    // A silence after the trigger mutes neither the trigger nor the resolve.
    let is_delivered = |body: &Value| rows(body, "deliveries").len() == 2;
    let delivered = "/api/v1/deliveries?state=delivered";
    until("the second is notified", &server, delivered, is_delivered).await;
    let (_, preview) = post(&server, path, &silence("partner-001", true)).await;
    assert_eq!(preview["covers"]["partners"], json!(["partner-001"]));
    post(&server, path, &silence("partner-001", false)).await;
    let ended = |body: &Value| of(body, "partner-001")["state"] == "resolved";
    until("the second is resolved", &server, "/api/v1/alerts", ended).await;
    let both_delivered = |body: &Value| rows(body, "deliveries").len() == 4;
    until("its resolve is notified", &server, delivered, both_delivered).await;
    let requests = scene.recorder.requests_to(ENQUEUE);
    assert_eq!(actions_about(&requests, "partner-000"), [""; 0], "it is silenced");
    assert_eq!(actions_about(&requests, "partner-001"), ["trigger"]);
    assert_eq!(requests.last().map(|it| text(&it.body, "/event_action")), Some("resolve"));

    let id = text(&made, "/silence/id");
    let request = server.api().request("DELETE", &format!("{path}/{id}"));
    let answer = plimsoll_tests::api::send(request).await.expect("an answer");
    assert_eq!(answer.body["state"], "expired", "{}", answer.text);
    let all_delivered = |body: &Value| rows(body, "deliveries").len() >= 6;
    until("the first is notified", &server, delivered, all_delivered).await;
    assert_eq!(actions_about(&scene.recorder.requests_to(ENQUEUE), "partner-000"), ["trigger"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_silence_names_the_rules_it_does_not_reach_and_is_refused_when_it_reaches_none() {
    let scene = Scene::new("ok").await;
    let text_before = std::fs::read_to_string(&scene.rules).expect("it was written");
    let rule = &text_before[text_before.find("  - name: partner-5xx").expect("a rule")..];
    let by_environment = rule
        .replace("name: partner-5xx", "name: by-environment")
        .replace("by: [partner]", "by: [partner, environment]");
    std::fs::write(&scene.rules, format!("{text_before}{by_environment}")).expect("written");
    let server = scene.start(&[]).await;
    scene.store(&server, 1, |_| 0..0).await;
    let silence = async |fields: Value| {
        let mut body = json!({"author": "ann", "reason": "r", "for": "1h", "dry_run": true});
        body.as_object_mut().expect("fields").extend(fields.as_object().expect("fields").clone());
        post(&server, "/api/v1/silences", &body).await
    };
    let (status, answer) = silence(json!({"match": {"environment": "production"}})).await;
    assert_eq!(status, 200, "{answer}");
    let covers = &answer["covers"];
    assert_eq!(covers["unreached_rule_count"], 1, "{covers}");
    assert_eq!(covers["unreached_rules"][0]["rule"], "partner-5xx");
    assert!(text(covers, "/unreached_rules/0/reason").contains("no `environment`"), "{covers}");
    assert_eq!(covers["warnings"], json!([]));

    for fields in [
        json!({"match": {"environment": "production"}, "rule": "partner-5xx"}),
        json!({"match": {"partner": "partner-000", "site": "ams1"}}),
        json!({"match": {"operation": ["!track", "~.*"]}}),
    ] {
        let (status, answer) = silence(fields.clone()).await;
        assert_eq!((status, &answer["code"]), (422, &json!("covers_nothing")), "{fields} {answer}");
        assert!(
            text(&answer, "/detail").starts_with("it would mute nothing: of rule "),
            "{answer}"
        );
    }
    let (status, answer) = silence(json!({"rule": "none-such"})).await;
    assert_eq!((status, &answer["code"]), (400, &json!("malformed_body")), "{answer}");
    for (partner, warnings) in [("dhl", 1), ("partner-*", 2), ("~partner-.*", 0), ("!dhl", 0)] {
        let (status, answer) = silence(json!({"match": {"partner": partner}})).await;
        let found = rows(&answer["covers"], "warnings").len();
        assert_eq!((status, found), (200, warnings), "{partner}: {answer}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_silence_that_ends_soon_sends_a_reminder_of_its_alerts() {
    let scene = Scene::new("ok").await;
    let server = scene.start(&[]).await;
    let silence =
        json!({"author": "ann", "reason": "vendor call", "rule": "partner-5xx", "for": "26s"});
    let (status, made) = post(&server, "/api/v1/silences", &silence).await;
    assert_eq!(status, 200, "{made}");
    scene.store(&server, 1, |_| 0..DATA_S).await;
    scene.move_to(&server, DATA_S).await;
    // Trigger and resolve of the reminder, then of the alert, to two receivers.
    let all_delivered = |body: &Value| rows(body, "deliveries").len() == 8;
    until("all is delivered", &server, "/api/v1/deliveries?state=delivered", all_delivered).await;
    let requests = scene.recorder.requests_to(ENQUEUE);
    let action = |request: &Recorded| {
        let key = text(&request.body, "/dedup_key").to_owned();
        (text(&request.body, "/event_action").to_owned(), key)
    };
    let actions: Vec<(String, String)> = requests.iter().map(action).collect();
    let is_reminder = |it: &&Recorded| text(&it.body, "/payload/summary").contains("vendor call");
    let reminder = requests.iter().find(is_reminder).expect("a reminder");
    let summary = text(&reminder.body, "/payload/summary");
    assert!(summary.contains("still holds back: partner-5xx of partner-000"), "{summary}");
    assert_eq!(reminder.body["payload"]["severity"], "warning");
    let key = text(&reminder.body, "/dedup_key");
    let of = |is_reminder: bool| {
        let actions = actions.iter().filter(|(_, it)| (it == key) == is_reminder);
        actions.map(|(action, _)| action.as_str()).collect::<Vec<_>>()
    };
    assert_eq!((of(true), of(false)), (vec!["trigger", "resolve"], vec!["trigger", "resolve"]));
}
