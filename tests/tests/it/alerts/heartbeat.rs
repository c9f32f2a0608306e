//! The heartbeat of an outside monitor.

use std::time::Instant;

use plimsoll_tests::{Recorder, Server};
use serde_json::{Value, json};

use crate::scene::{ENQUEUE, PATIENCE, Scene};

const PING: &str = "/ping/0b7c-secret";

async fn wait_for_log(server: &Server, text: &str) {
    let start = Instant::now();
    while !server.log().contains(text) {
        assert!(start.elapsed() < PATIENCE, "{text}: {}", server.log());
        tokio::time::sleep(std::time::Duration::from_millis(20)).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn heartbeats_come_each_minute_while_notifications_are_delivered() {
    let (scene, monitor) = (Scene::new("ok").await, Recorder::start().await);
    scene.edit("notify: [oncall, hub]", "notify: [oncall]");
    let url = format!("{}{PING}?rid=1", monitor.url());
    let server = scene.start(&["--heartbeat", &url]).await;
    assert!(monitor.wait_for(PING, 1, PATIENCE).await, "{}", server.log());
    assert_eq!(monitor.requests_to(PING)[0].method, "GET");

    // None within the minute, the next one after it.
    scene.move_to(&server, 30).await;
    assert_eq!(monitor.requests_to(PING).len(), 1);
    scene.move_to(&server, 61).await;
    assert!(monitor.wait_for(PING, 2, PATIENCE).await, "{}", server.log());

    // A monitor that fails is logged once, without its address, and requested again.
    monitor.answer_next(PING, &[500, 301]);
    for (second, count) in [(125, 3), (190, 4), (255, 5)] {
        // Evaluation that is late for a moment would be another reason.
        for second in (second - 56..=second).step_by(8) {
            scene.move_to(&server, second).await;
        }
        assert!(monitor.wait_for(PING, count, PATIENCE).await, "{}", server.log());
    }
    wait_for_log(&server, "heartbeats are sent again").await;
    let log = server.log();
    assert_eq!(log.matches("did not answer with success").count(), 1, "{log}");
    assert!(!log.contains("0b7c"), "{log}");
    let metrics = server.api().try_get("/metrics").await.text;
    assert!(metrics.contains("plimsoll_heartbeats_sent_total 3\n"), "{metrics}");
    assert!(metrics.contains("plimsoll_heartbeats_failed_total 2\n"), "{metrics}");

    // A notification waits: silence, which the monitor takes for an alarm.
    scene.recorder.answer_next(ENQUEUE, &[500; 1_000]);
    let start_ms = scene.clock.now_ms().div_euclid(1_000) * 1_000;
    let failing = |second: i64| {
        json!({
            "stream": "requests", "partner": "dhl", "start": start_ms + second * 1_000,
            "step_s": 1, "outcomes": {"5xx": 20},
        })
    };
    let failing: Vec<Value> = (0..20).map(failing).collect();
    server.api().push(&json!({ "summaries": failing })).await;
    server.move_to(start_ms + 20_000).await;
    assert!(scene.recorder.wait_for(ENQUEUE, 1, PATIENCE).await, "{}", server.log());
    // The resolve waits behind the trigger, so not every delivery is attempted.
    let pass_until = async |at_ms: i64| {
        scene.clock.set_ms(at_ms + 500);
        server.wait_until_evaluated(at_ms).await;
    };
    pass_until(start_ms + 400_000).await;
    wait_for_log(&server, "no heartbeat is sent until this ends").await;
    let before = monitor.requests_to(PING).len();
    pass_until(start_ms + 500_000).await;
    pass_until(start_ms + 600_000).await;
    assert_eq!(monitor.requests_to(PING).len(), before, "{}", server.log());

    // The receiver answers again, and heartbeats are sent again.
    scene.recorder.forget_answers(ENQUEUE);
    let start = Instant::now();
    while monitor.requests_to(PING).len() == before {
        assert!(start.elapsed() < PATIENCE, "{}", server.log());
        // Evaluation that is late for a moment would be another reason.
        pass_until(scene.clock.now_ms() + 8_000).await;
    }
    assert!(server.terminate().success());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_private_monitor_is_refused_unless_private_receivers_are_allowed() {
    let scene = Scene::new("ok").await;
    for host in ["127.0.0.1:9", "[::1]:9", "0x7f000001", "10.0.0.1", "169.254.169.254"] {
        let url = format!("http://{host}/0b7c-secret");
        let data = scene.dir.path().join("data");
        let data = data.to_str().expect("a plain name");
        let args = ["serve", "--listen", "127.0.0.1:0", "--data-dir", data, "--heartbeat", &url];
        let output = std::process::Command::new(plimsoll_tests::binary::path()).args(args).output();
        let output = output.expect("the binary starts");
        assert!(!output.status.success());
        let said = String::from_utf8_lossy(&output.stderr).into_owned();
        assert!(said.contains("--allow-private-receivers") && !said.contains("0b7c"), "{said}");
    }
}
