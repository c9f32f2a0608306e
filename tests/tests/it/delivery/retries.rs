//! Every notification arrives, despite `kill -9` at any point; dead letters can be listed and replayed.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use plimsoll_tests::{Recorded, Server, binary};
use serde_json::{Value, json};

use crate::scene::{
    DATA_S, ENQUEUE, HOOK, PATIENCE, ROUTING_KEY, SECRET, Scene, rows, text, until,
};

const STORM_ALERTS: usize = 200;
const KILLS: usize = 50;

/// What a receiver got for each alert: `t` for a trigger, `r` for a resolve.
fn received(
    requests: Vec<Recorded>,
    read: impl Fn(&Recorded) -> (String, char),
) -> BTreeMap<String, String> {
    let mut received: BTreeMap<String, String> = BTreeMap::new();
    for request in requests {
        let (key, letter) = read(&request);
        received.entry(key).or_default().push(letter);
    }
    received
}

/// Checks that a receiver got triggers and then resolves of every alert; returns how many were repeated.
fn repeats(name: &str, received: &BTreeMap<String, String>) -> usize {
    assert_eq!(received.len(), STORM_ALERTS, "{name}");
    let mut repeats = 0;
    for (key, letters) in received {
        let resolves = letters.trim_start_matches('t');
        let triggers = letters.len() - resolves.len();
        assert!(triggers > 0 && !resolves.is_empty(), "{name} {key}: {letters}");
        assert!(resolves.chars().all(|letter| letter == 'r'), "{name} {key}: {letters}");
        repeats += letters.len() - 2;
    }
    repeats
}

/// A seeded random generator, so that a failing run can be repeated.
fn next(seed: &mut u64) -> u64 {
    *seed = seed.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
    *seed >> 33
}

/// How much of the data each round can evaluate, in ms: all of it after two thirds of the rounds.
const ROUND_MS: i64 = DATA_S * 1_000 * 3 / (2 * KILLS as i64);

/// Waits for a send, unless nothing waits in the outbox.
async fn wait_for_a_send(scene: &Scene, server: &Server, before: usize) {
    let start = Instant::now();
    while scene.recorder.requests().len() == before {
        let waiting = server.api().get("/api/v1/deliveries?state=waiting").await;
        if rows(&waiting, "deliveries").is_empty() {
            return;
        }
        assert!(start.elapsed() < PATIENCE, "nothing is sent: {}", server.log());
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn each_alert_of_a_storm_has_one_trigger_and_one_resolve_despite_kills() {
    let mut seed =
        std::env::var("SEED").ok().and_then(|text| text.parse().ok()).unwrap_or(20_261_121);
    println!("SEED={seed}");
    let scene = Scene::new("ok").await;
    let server = scene.start(&[]).await;
    let failing = |partner: usize| {
        let begin = (partner as i64 * 7) % 35;
        begin..begin + 8 + (partner as i64 * 3) % 12
    };
    scene.store(&server, STORM_ALERTS, failing).await;
    server.kill();

    // Slow answers, so that most kills interrupt sends.
    scene.recorder.answer_after(Duration::from_millis(150));
    let mut sent_by_round = Vec::new();
    let mut time_ms = scene.start_ms;
    for round in 0..KILLS {
        // Every round finds something to evaluate, and the last ones what others have left in the outbox.
        time_ms += ROUND_MS;
        scene.clock.set_ms(time_ms);
        let before = scene.recorder.requests().len();
        let server = scene.launch(&[]).await;
        // Every other kill is during sends; the others are at any point.
        if round % 2 == 0 {
            server.wait_until_evaluated(0).await;
            wait_for_a_send(&scene, &server, before).await;
        }
        tokio::time::sleep(Duration::from_millis(next(&mut seed) % 300)).await;
        server.kill();
        sent_by_round.push(scene.recorder.requests().len());
    }
    let rounds_with_sends = sent_by_round.windows(2).filter(|pair| pair[1] > pair[0]).count();

    scene.recorder.answer_after(Duration::ZERO);
    let server = scene.start(&[]).await;
    let is_complete = |body: &Value| {
        let alerts = rows(body, "alerts");
        alerts.len() == STORM_ALERTS && alerts.iter().all(|alert| alert["state"] == "resolved")
    };
    until("every alert is resolved", &server, "/api/v1/alerts?limit=1000", is_complete).await;
    let is_empty = |body: &Value| rows(body, "deliveries").is_empty();
    until("nothing waits", &server, "/api/v1/deliveries?state=waiting", is_empty).await;
    until("nothing was given up", &server, "/api/v1/deliveries?state=dead", is_empty).await;
    assert_lists_are_complete_or_say_that_they_are_cut(&server).await;

    // PagerDuty ignores a trigger of an open incident and a resolve of a resolved one. So repeats are
    // allowed, but no trigger after a resolve.
    let events = received(scene.recorder.requests_to(ENQUEUE), |request| {
        let letter = if request.body["event_action"] == "resolve" { 'r' } else { 't' };
        (text(&request.body, "/dedup_key").to_owned(), letter)
    });
    let hooks = received(scene.recorder.requests_to(HOOK), |request| {
        let letter = if request.body["type"] == "alert.resolved" { 'r' } else { 't' };
        (text(&request.body, "/data/alert/dedup_key").to_owned(), letter)
    });
    let repeats = repeats("pagerduty", &events) + repeats("webhook", &hooks);
    println!("{repeats} repeats over {KILLS} kills, {rounds_with_sends} of them between sends");
    assert!(rounds_with_sends > KILLS / 3, "most kills must interrupt sends: {sent_by_round:?}");
    assert!(repeats > 0, "no kill was between a send and its record: the test shows little");
    // Repeats have the id of the first message, so that a consumer can recognise them.
    let mut ids: BTreeMap<String, String> = BTreeMap::new();
    for request in scene.recorder.requests_to(HOOK) {
        let event = format!("{}{}", request.body["type"], request.body["data"]["alert"]["id"]);
        let id = ids.entry(event).or_insert_with(|| request.header("webhook-id").to_owned());
        assert_eq!(id, request.header("webhook-id"));
    }
    assert_eq!(ids.len(), 2 * STORM_ALERTS);
}

async fn assert_lists_are_complete_or_say_that_they_are_cut(server: &Server) {
    let ledger = server.api().get("/api/v1/deliveries?state=delivered&limit=1000").await;
    assert_eq!(rows(&ledger, "deliveries").len(), 4 * STORM_ALERTS, "two receivers, two messages");
    for list in ["alerts", "deliveries"] {
        for (limit, is_cut) in [(3, true), (1_000, false)] {
            let body = server.api().get(&format!("/api/v1/{list}?limit={limit}")).await;
            assert_eq!(body["is_cut"], is_cut, "{list} of at most {limit}");
            assert!(rows(&body, list).len() <= limit, "{list} of at most {limit}");
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn dead_letters_are_listed_replayed_and_purged() {
    let scene = Scene::new("keep").await;
    scene.recorder.answer_next(ENQUEUE, &[400]);
    scene.recorder.answer_next(HOOK, &[500]);
    let server = scene.start(&[]).await;
    scene.store(&server, 1, |_| 0..DATA_S).await;
    scene.move_to(&server, 8).await;
    let api = server.api();
    let has_dead = |body: &Value| rows(body, "deliveries").len() == 1;
    let body = until("a dead letter", &server, "/api/v1/deliveries?state=dead", has_dead).await;
    let dead = &rows(&body, "deliveries")[0];
    assert_eq!(
        (&dead["receiver"], &dead["reason"]),
        (&json!("oncall"), &json!("refused")),
        "{dead}"
    );
    assert_eq!((&dead["attempts"], &dead["log"][0]["status"]), (&json!(1), &json!(400)), "{dead}");
    assert!(!body.to_string().contains(ROUTING_KEY));
    let is_there = |body: &Value| has_dead(body) && rows(body, "deliveries")[0]["attempts"] == 2;
    let path = "/api/v1/deliveries?state=delivered&receiver=hub";
    let body = until("a delivery at the second attempt", &server, path, is_there).await;
    let delivered = &rows(&body, "deliveries")[0];
    assert_eq!(
        delivered["log"][0]["error"],
        json!("answered 500: {\"status\":\"success\",\"message\":\"Event processed\"}")
    );
    assert!(delivered["latency_ms"].as_i64().is_some_and(|ms| ms > 0), "{delivered}");

    let post = async |path: &str, body: Value| {
        let request = api.request("POST", path).json(&body);
        plimsoll_tests::api::send(request).await.expect("an answer")
    };
    let id = text(dead, "/id");
    let replay = format!("/api/v1/deliveries/{id}/replay");
    let answer = post(&replay, json!({"dry_run": true})).await;
    assert_eq!((answer.status, &answer.body["delivery"]["state"]), (200, &json!("waiting")));
    assert_eq!(rows(&api.get("/api/v1/deliveries?state=dead").await, "deliveries").len(), 1);
    assert_eq!(post(&replay, json!({})).await.status, 200);
    let path = format!("/api/v1/deliveries/{id}");
    until("the replay arrives", &server, &path, |body| body["state"] == "delivered").await;
    assert_eq!(post(&replay, json!({})).await.body["code"], "not_replayable");

    let metrics = api.try_get("/metrics").await.text;
    for line in [
        "plimsoll_delivery_attempts_total{receiver=\"oncall\",result=\"failed\"} 1",
        "plimsoll_delivery_attempts_total{receiver=\"hub\",result=\"delivered\"} 1",
        "plimsoll_deliveries_given_up_total{receiver=\"oncall\"} 1",
        "plimsoll_outbox_depth{receiver=\"hub\"} 0",
    ] {
        assert!(metrics.contains(line), "{line}:\n{metrics}");
    }
    let purge = json!({"receiver": "oncall", "dry_run": true});
    assert_eq!(post("/api/v1/deliveries/purge", purge).await.body["count"], 0);
    assert_eq!(post("/api/v1/deliveries/purge", Value::Null).await.status, 400);
}

#[tokio::test(flavor = "multi_thread")]
async fn receivers_are_shown_without_secrets_and_can_be_tested() {
    let scene = Scene::new("ok").await;
    let server = scene.start(&[]).await;
    let body = server.api().get("/api/v1/receivers").await;
    let [hub, oncall] = &rows(&body, "receivers")[..] else { panic!("two receivers: {body}") };
    assert_eq!(
        (&hub["kind"], &hub["state"], &hub["waiting"]),
        (&json!("webhook"), &json!("ok"), &json!(0))
    );
    assert_eq!((&oncall["name"], &oncall["kind"]), (&json!("oncall"), &json!("pagerduty")));
    for secret in [ROUTING_KEY, SECRET, scene.recorder.url()] {
        assert!(!body.to_string().contains(secret), "{body}");
    }

    // A disabled receiver is enabled again when it accepts a test.
    scene.recorder.answer_next(HOOK, &[410, 202, 202]);
    for arrives in [false, true] {
        let request = server.api().request("POST", "/api/v1/receivers/hub/test");
        let answer = plimsoll_tests::api::send(request).await.expect("an answer");
        assert_eq!(
            (answer.status, &answer.body["arrived"]),
            (200, &json!(arrives)),
            "{}",
            answer.text
        );
    }
    let hooks = scene.recorder.requests_to(HOOK);
    assert!(
        hooks[1].text.contains("Test of the receiver hub: nothing is wrong"),
        "{}",
        hooks[1].text
    );

    let rules = scene.rules.to_str().expect("a plain name");
    let env = [("PD_KEY", ROUTING_KEY), ("HUB_SECRET", SECRET)];
    let args = ["receivers", "test", "oncall", "--rules", rules];
    let rejected = binary::run_with_env(&args, &env);
    assert!(!rejected.status.success());
    assert!(String::from_utf8_lossy(&rejected.stderr).contains("--allow-private-receivers"));
    let allowed = tokio::task::block_in_place(|| {
        binary::run_with_env(&[&args[..], &["--allow-private-receivers"]].concat(), &env)
    });
    let out = String::from_utf8_lossy(&allowed.stdout).into_owned();
    assert!(
        allowed.status.success() && out.contains("trigger: arrived") && out.contains("(202)"),
        "{out}"
    );
    let tested = scene.recorder.requests_to(ENQUEUE);
    assert_eq!(tested.len(), 2);
    assert_eq!(tested[0].body["dedup_key"], tested[1].body["dedup_key"]);
    assert_eq!(tested[0].body["payload"]["severity"], "warning");
}
