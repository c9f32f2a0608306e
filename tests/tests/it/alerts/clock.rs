//! A clock that is set while the server runs: evaluation goes on at once, and each outage is notified once.

use std::time::Instant;

use plimsoll_tests::Server;
use serde_json::json;

use crate::scene::{ENQUEUE, PATIENCE, Scene, rows, text};

/// Seconds of the clock within which an action must come: the window of 5 s fills, `for` and `clear.for` of
/// 2 s pass, and a slot is evaluated half a second after its end.
const WITHIN_S: usize = 16;

/// A scene whose connector stamps by the clock of the server.
struct Watched {
    scene: Scene,
    server: Server,
    steps: usize,
}

impl Watched {
    async fn start() -> Self {
        let scene = Scene::new("ok").await;
        scene.edit("notify: [oncall, hub]", "notify: [oncall]");
        let server = scene.start(&[]).await;
        Self { scene, server, steps: 0 }
    }

    /// One second in which `dhl` fails or not, and `ups` does not.
    async fn second(&self, fails: bool) {
        let start_ms = self.scene.clock.now_ms().div_euclid(1_000) * 1_000;
        let summary = |partner: &str, class: &str| {
            json!({
                "stream": "requests", "partner": partner, "start": start_ms, "step_s": 1,
                "outcomes": {class: 20},
            })
        };
        let dhl = summary("dhl", if fails { "5xx" } else { "2xx" });
        self.server.api().push(&json!({ "summaries": [dhl, summary("ups", "2xx")] })).await;
        self.server.move_to(start_ms + 1_000).await;
    }

    async fn seconds(&self, count: usize, fails: bool) {
        for _ in 0..count {
            self.second(fails).await;
        }
    }

    /// Sets the clock, and waits until the server has noticed it.
    async fn step(&mut self, by_s: i64) {
        self.scene.clock.step_to_ms(self.scene.clock.now_ms() + by_s * 1_000);
        self.steps += 1;
        self.wait_for_metric(&format!("plimsoll_clock_steps_total {}", self.steps)).await;
        let seconds = format!("plimsoll_clock_last_step_seconds {by_s}.0");
        self.wait_for_metric(&seconds).await;
    }

    /// Sets the clock forward during an outage, and pushes what is of the new time before the server looks.
    async fn step_and_push(&mut self, by_s: i64) {
        self.scene.clock.step_to_ms(self.scene.clock.now_ms() + by_s * 1_000);
        self.steps += 1;
        self.second(true).await;
        self.wait_for_metric(&format!("plimsoll_clock_steps_total {}", self.steps)).await;
    }

    async fn wait_for_metric(&self, line: &str) {
        let start = Instant::now();
        loop {
            let metrics = self.server.api().try_get("/metrics").await.text;
            if metrics.lines().any(|it| it == line) {
                return;
            }
            assert!(start.elapsed() < PATIENCE, "no {line} in {metrics}\n{}", self.server.log());
            tokio::time::sleep(std::time::Duration::from_millis(20)).await;
        }
    }

    /// The actions that the receiver got.
    fn actions(&self) -> Vec<String> {
        let requests = self.scene.recorder.requests_to(ENQUEUE);
        requests.iter().map(|it| text(&it.body, "/event_action").to_owned()).collect()
    }

    /// Seconds pass until as many actions as are listed have come, which must be these.
    async fn expect(&self, step: &str, fails: bool, actions: &[&str]) {
        for _ in 0..WITHIN_S {
            if self.actions().len() >= actions.len() {
                break;
            }
            self.second(fails).await;
        }
        assert_eq!(self.actions(), actions, "{step}\n{}", self.server.log());
        let open = self.server.api().get("/api/v1/alerts?state=firing").await;
        let is_open = actions.last() == Some(&"trigger");
        assert_eq!(rows(&open, "alerts").len(), usize::from(is_open), "{step}: {open}");
        let explained =
            self.server.api().get("/api/v1/rules/partner-5xx/explain?partner=dhl").await;
        let words = text(&explained, "/groups/0/words");
        assert_eq!(words.contains("alert is open since"), is_open, "{step}: {explained}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_step_back_of_any_size_loses_no_alert_and_doubles_none() {
    expect_through(&[-1, -30, -600, -7_200, -86_400]).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_step_forward_of_any_size_loses_no_alert_and_doubles_none() {
    expect_through(&[1, 120, 3_000, 86_400]).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_push_of_the_new_time_before_the_server_looks_ends_no_alert() {
    let mut watched = Watched::start().await;
    watched.seconds(10, false).await;
    watched.expect("an outage", true, &["trigger"]).await;
    for by_s in [120, 7_200, 31_536_000] {
        watched.step_and_push(by_s).await;
        watched.seconds(8, true).await;
        watched.expect(&format!("a step of {by_s} s"), true, &["trigger"]).await;
    }
    watched.expect("the end", false, &["trigger", "resolve"]).await;
}

async fn expect_through(steps_s: &[i64]) {
    let mut watched = Watched::start().await;
    watched.seconds(10, false).await;
    let mut actions = Vec::new();
    for by_s in steps_s.iter().copied() {
        let what = format!("a step of {by_s} s");
        // An outage that starts after the step is notified.
        watched.step(by_s).await;
        actions.push("trigger");
        watched.expect(&format!("{what}, then an outage"), true, &actions).await;
        // A step during the outage is not its end, and it is not notified again.
        watched.step(by_s).await;
        watched.seconds(8, true).await;
        watched.expect(&format!("{what} during an outage"), true, &actions).await;
        // What recovers after a step resolves.
        watched.step(-by_s).await;
        actions.push("resolve");
        watched.expect(&format!("{what} back, then the end"), false, &actions).await;
        watched.seconds(8, false).await;
        watched.expect(&format!("{what}, then health"), false, &actions).await;
    }
    // Forward, evaluated there, and back.
    watched.step(3_600).await;
    watched.seconds(10, false).await;
    watched.step(-3_600).await;
    actions.push("trigger");
    watched.expect("forward and back", true, &actions).await;
    let log = watched.server.log();
    let lines = log.lines().filter(|line| line.contains("evaluation goes on at its time")).count();
    assert_eq!(lines, watched.steps, "{log}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_clock_that_was_set_back_while_the_server_was_down_blinds_nothing() {
    let mut watched = Watched::start().await;
    watched.seconds(10, false).await;
    watched.expect("an outage", true, &["trigger"]).await;
    let Watched { scene, server, .. } = watched;
    assert!(server.terminate().success());
    scene.clock.step_to_ms(scene.clock.now_ms() - 600_000);
    let server = scene.start(&[]).await;
    watched = Watched { scene, server, steps: 0 };
    watched.expect("a restart", true, &["trigger"]).await;
    watched.expect("recovery", false, &["trigger", "resolve"]).await;
    watched.seconds(8, false).await;
    watched.expect("another outage", true, &["trigger", "resolve", "trigger"]).await;
}
