//! A PagerDuty receiver with `changes` is notified once of a release that is reported for the first time.

use serde_json::json;

use crate::scene::{Scene, text, until};

const CHANGES: &str = "/v2/change/enqueue";

#[tokio::test(flavor = "multi_thread")]
async fn a_new_release_is_notified_once_also_after_a_restart() {
    let scene = Scene::new("ok").await;
    let oncall = "routing_key: { env: PD_KEY }";
    scene.edit(oncall, &format!("{oncall}, changes: true"));
    let server = scene.start(&[]).await;
    let push = async |server: &plimsoll_tests::Server, partner: &str, release: &str| {
        let event = json!({
            "stream": "requests", "partner": partner, "environment": "production",
            "release": release, "at": scene.clock.now_ms(), "status": 200, "latency_ms": 80,
        });
        server.api().push(&json!({ "events": [event] })).await;
    };
    // Releases with data before the first evaluated slot are not new.
    scene.move_to(&server, 3).await;
    push(&server, "ups", "2.4.1").await;
    let is_delivered =
        |body: &serde_json::Value| body["deliveries"].as_array().is_some_and(|it| it.len() == 1);
    let path = "/api/v1/deliveries?state=delivered";
    let deliveries = until("the release is notified", &server, path, is_delivered).await;
    assert_eq!(text(&deliveries, "/deliveries/0/action"), "change", "{deliveries}");
    server.kill();

    let server = scene.start(&[]).await;
    push(&server, "dhl", "2.4.1").await;
    push(&server, "dhl", "2.4.2").await;
    let are_delivered =
        |body: &serde_json::Value| body["deliveries"].as_array().is_some_and(|it| it.len() == 2);
    until("the next release is notified", &server, path, are_delivered).await;
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
    assert!(scene.recorder.requests_to(crate::scene::ENQUEUE).is_empty(), "no alert is sent");
}
