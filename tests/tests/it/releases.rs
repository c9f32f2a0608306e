//! A release that is reported for the first time is told to a PagerDuty that asks for changes, once.

use serde_json::json;

use crate::scene::{Scene, text, until};

const CHANGES: &str = "/v2/change/enqueue";

#[tokio::test(flavor = "multi_thread")]
async fn a_new_release_is_told_once_also_over_a_restart() {
    let scene = Scene::new("ok").await;
    let oncall = "routing_key: { env: PD_KEY }";
    scene.edit(oncall, &format!("{oncall}, changes: true"));
    let server = scene.start(&[]).await;
    let push = async |server: &plimsoll_tests::Server, partner: &str, release: &str| {
        let now_ms = plimsoll_tests::clock::aligned_ms(0, 1_000);
        let event = json!({
            "stream": "requests", "partner": partner, "environment": "production",
            "release": release, "at": now_ms, "status": 200, "latency_ms": 80,
        });
        server.api().push(&json!({ "events": [event] })).await;
    };
    // Judging begins some seconds after the start; what is there by then is no news.
    push(&server, "dhl", "2.4.0").await;
    let judged = |metrics: &str| {
        metrics
            .lines()
            .any(|line| line.starts_with("plimsoll_slots_judged_total") && !line.ends_with(" 0"))
    };
    let start = std::time::Instant::now();
    while !judged(&server.api().try_get("/metrics").await.text) {
        assert!(start.elapsed() < crate::scene::PATIENCE, "nothing is judged");
        tokio::time::sleep(std::time::Duration::from_millis(50)).await;
    }
    push(&server, "ups", "2.4.1").await;
    let is_told =
        |body: &serde_json::Value| body["deliveries"].as_array().is_some_and(|it| it.len() == 1);
    let path = "/api/v1/deliveries?state=delivered";
    let told = until("the release is told", &server, path, is_told).await;
    assert_eq!(text(&told, "/deliveries/0/action"), "change", "{told}");
    server.kill();

    let server = scene.start(&[]).await;
    push(&server, "dhl", "2.4.1").await;
    push(&server, "dhl", "2.4.2").await;
    let are_told =
        |body: &serde_json::Value| body["deliveries"].as_array().is_some_and(|it| it.len() == 2);
    until("the next release is told", &server, path, are_told).await;
    let changes = scene.recorder.requests_to(CHANGES);
    let summaries: Vec<&str> =
        changes.iter().map(|it| text(&it.body, "/payload/summary")).collect();
    let [first, second] = &summaries[..] else { panic!("two changes: {summaries:?}") };
    assert!(
        first.starts_with("Release 2.4.1 is reported for the first time, of ups in production"),
        "{first}"
    );
    assert!(
        second.starts_with("Release 2.4.2 is reported for the first time, of dhl in production"),
        "{second}"
    );
    assert!(scene.recorder.requests_to(crate::scene::ENQUEUE).is_empty(), "nobody is paged");
}
