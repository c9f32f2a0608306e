//! A failing partner has one trigger and one resolve, with the body that PagerDuty documents.

use std::ops::Range;
use std::path::PathBuf;
use std::time::{Duration, Instant};

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use hmac::{Hmac, KeyInit, Mac};
use plimsoll_tests::{ManualClock, Recorded, Recorder, Server, binary, clock};
use serde_json::{Value, json};
use sha2::Sha256;
use tempfile::TempDir;

use crate::common::{data_dir, event, text_of};

const ENQUEUE: &str = "/v2/enqueue";
const HOOK: &str = "/hooks/plimsoll";
const ROUTING_KEY: &str = "0123456789abcdef0123456789abcdef";
const SECRET_BYTES: &[u8] = b"a secret of 24 to 64 bytes";

/// Something that never happens is given up then.
const PATIENCE: Duration = Duration::from_secs(90);
/// How long the traffic lasts, in seconds.
const TRAFFIC_S: i64 = 60;

struct Scene {
    dir: TempDir,
    recorder: Recorder,
    rules: PathBuf,
    secret: String,
    clock: ManualClock,
    /// When the traffic begins, in ms.
    start_ms: i64,
}

impl Scene {
    /// Receivers at the recorder, under the name or address `host` of this machine.
    async fn new(host: &str) -> Self {
        let dir = data_dir();
        let recorder = Recorder::start().await;
        let url = recorder.url().replace("127.0.0.1", host);
        let rules = dir.path().join("rules.yaml");
        let text = format!(
            r#"
receivers:
  - name: oncall
    pagerduty: {{ routing_key: {{ env: PD_KEY }}, url: "{url}" }}
  - name: hub
    webhook: {{ url: "{url}{HOOK}", secret: {{ env: HUB_SECRET }} }}
rules:
  - name: partner-5xx
    owner: integrations
    runbook: https://runbooks.example/partner-5xx
    signal: {{ ratio: {{ of: [5xx, timeout, network], stream: requests }} }}
    match: {{ environment: production }}
    by: [partner]
    window: 5s
    for: 2s
    critical: "> 5%"
    notify: [oncall, hub]
"#
        );
        std::fs::write(&rules, text).expect("a folder for temporary files");
        let secret = format!("whsec_{}", STANDARD.encode(SECRET_BYTES));
        let clock = ManualClock::new(dir.path());
        let start_ms = clock.now_ms() + 1_000;
        Self { dir, recorder, rules, secret, clock, start_ms }
    }

    async fn start(&self, extra: &[&str]) -> Server {
        let args = [&["--slot", "1s", "--rules", self.rules()][..], extra].concat();
        let data = self.dir.path().join("data");
        let server = Server::start_with_clock(&data, &args, &self.env(), &self.clock).await;
        server.wait_until_evaluated(0).await;
        server
    }

    /// Stores the traffic of one partner ahead of time: five calls a second, which fail in some seconds.
    async fn store(&self, server: &Server, failing: Range<i64>) {
        let calls = |second: i64| {
            let status = if failing.contains(&second) { 503 } else { 200 };
            let at = self.start_ms + second * 1_000;
            (0..5).map(move |n| event("dhl", at + n, status, 30.0))
        };
        let events: Vec<Value> = (0..TRAFFIC_S).flat_map(calls).collect();
        server.api().push(&json!({ "events": events })).await;
    }

    /// Moves the clock to the end of a second of the traffic.
    async fn move_to(&self, server: &Server, second: i64) {
        server.move_to(self.start_ms + second * 1_000).await;
    }

    fn rules(&self) -> &str {
        self.rules.to_str().expect("temporary folders have plain names")
    }

    fn env(&self) -> [(&str, &str); 2] {
        [("PD_KEY", ROUTING_KEY), ("HUB_SECRET", &self.secret)]
    }

    /// The events that PagerDuty received with an action.
    fn pages(&self, action: &str) -> Vec<Recorded> {
        let requests = self.recorder.requests_to(ENQUEUE);
        requests.into_iter().filter(|request| request.body["event_action"] == action).collect()
    }
}

fn text<'a>(body: &'a Value, pointer: &str) -> &'a str {
    body.pointer(pointer).and_then(Value::as_str).unwrap_or_default()
}

/// The limits are those of the Events API v2.
fn assert_trigger_as_documented(trigger: &Recorded) {
    let body = &trigger.body;
    assert_eq!(trigger.method.as_str(), "POST");
    assert!(trigger.header("content-type").starts_with("application/json"));
    assert_eq!(text(body, "/routing_key"), ROUTING_KEY);
    assert_eq!(text(body, "/payload/severity"), "critical", "{body}");
    let key = text(body, "/dedup_key");
    assert!(!key.is_empty() && key.len() <= 255, "{body}");
    let summary = text(body, "/payload/summary");
    assert!(summary.contains("dhl") && summary.chars().count() <= 1_024, "{body}");
    assert!(!text(body, "/payload/source").is_empty(), "{body}");
    let timestamp = text(body, "/payload/timestamp");
    assert!(timestamp.is_empty() || clock::parse_ms(timestamp) > 0, "{body}");
    for link in body["links"].as_array().into_iter().flatten() {
        assert!(link["href"].as_str().is_some_and(|href| href.starts_with("http")), "{link}");
    }
    assert!(
        body.to_string().contains("runbooks.example/partner-5xx"),
        "the page names its runbook"
    );
}

fn assert_resolve_as_documented(resolve: &Recorded, trigger: &Recorded) {
    for field in ["routing_key", "dedup_key"] {
        assert_eq!(resolve.body[field], trigger.body[field], "{field}");
    }
}

/// The Standard Webhooks signature over the received bytes.
fn assert_signed(hook: &Recorded, now_ms: i64) {
    let (id, timestamp) = (hook.header("webhook-id"), hook.header("webhook-timestamp"));
    let mut mac = Hmac::<Sha256>::new_from_slice(SECRET_BYTES).expect("any length will do");
    mac.update(format!("{id}.{timestamp}.{}", hook.text).as_bytes());
    let expected = format!("v1,{}", STANDARD.encode(mac.finalize().into_bytes()));
    let signatures = hook.header("webhook-signature");
    assert!(signatures.split(' ').any(|signature| signature == expected), "{signatures}");
    let age_s = now_ms / 1_000 - timestamp.parse::<i64>().expect("seconds");
    assert!(age_s.abs() < 300, "{timestamp}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_failing_partner_triggers_once_and_resolves_once() {
    let scene = Scene::new("127.0.0.1").await;
    let server = scene.start(&["--allow-private-receivers"]).await;
    scene.store(&server, 5..35).await;
    scene.move_to(&server, 20).await;
    assert_eq!(scene.recorder.requests_to(ENQUEUE).len(), 1, "{}", server.log());
    assert_eq!(scene.recorder.requests_to(HOOK).len(), 1, "{}", server.log());
    let alerts = server.api().get("/api/v1/alerts").await.to_string();
    assert!(alerts.contains("partner-5xx") && alerts.contains("dhl"), "{alerts}");

    scene.move_to(&server, 35).await;
    assert_eq!(scene.recorder.requests_to(ENQUEUE).len(), 1, "going on failing is no news");
    scene.move_to(&server, TRAFFIC_S).await;
    let (triggers, resolves) = (scene.pages("trigger"), scene.pages("resolve"));
    assert_eq!((triggers.len(), resolves.len()), (1, 1), "{}", server.log());
    assert_trigger_as_documented(&triggers[0]);
    assert_resolve_as_documented(&resolves[0], &triggers[0]);
    let hooks = scene.recorder.requests_to(HOOK);
    assert_eq!(hooks.len(), 2);
    hooks.iter().for_each(|hook| assert_signed(hook, scene.clock.now_ms()));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_restart_between_trigger_and_resolve_sends_each_once() {
    let scene = Scene::new("127.0.0.1").await;
    let server = scene.start(&["--allow-private-receivers"]).await;
    scene.store(&server, 5..35).await;
    // Every attempt is on record before the restart.
    scene.move_to(&server, 15).await;
    assert_eq!(scene.recorder.requests_to(ENQUEUE).len(), 1, "{}", server.log());
    assert_eq!(scene.recorder.requests_to(HOOK).len(), 1, "{}", server.log());
    assert!(server.terminate().success());

    let server = scene.start(&["--allow-private-receivers"]).await;
    scene.move_to(&server, 25).await;
    assert_eq!(scene.recorder.requests_to(ENQUEUE).len(), 1, "the page survived: {}", server.log());
    server.kill();

    let server = scene.start(&["--allow-private-receivers"]).await;
    scene.move_to(&server, TRAFFIC_S).await;
    let (triggers, resolves) = (scene.pages("trigger"), scene.pages("resolve"));
    assert_eq!((triggers.len(), resolves.len()), (1, 1), "{}", server.log());
    assert_resolve_as_documented(&resolves[0], &triggers[0]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_failing_receiver_gets_the_same_notification_again() {
    let scene = Scene::new("127.0.0.1").await;
    scene.recorder.answer_next(ENQUEUE, &[500, 503]);
    scene.recorder.answer_next(HOOK, &[503, 500]);
    let server = scene.start(&["--allow-private-receivers"]).await;
    scene.store(&server, 0..TRAFFIC_S).await;
    let start = Instant::now();
    while [ENQUEUE, HOOK].iter().any(|path| scene.recorder.requests_to(path).len() < 3) {
        assert!(start.elapsed() < PATIENCE, "no third attempt: {}", server.log());
        server.pass_time().await;
    }
    let pages = scene.pages("trigger");
    assert!(pages.windows(2).all(|pair| pair[0].body["dedup_key"] == pair[1].body["dedup_key"]));
    let hooks = scene.recorder.requests_to(HOOK);
    let ids: Vec<_> = hooks.iter().map(|hook| hook.header("webhook-id")).collect();
    assert!(ids.windows(2).all(|pair| pair[0] == pair[1]), "a retry keeps its id: {ids:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_private_receiver_is_rejected_at_start_unless_allowed() {
    let scene = Scene::new("127.0.0.1").await;
    let args = ["serve", "--listen", "127.0.0.1:0", "--data-dir", text_of(&scene.dir)];
    let args = [&args[..], &["--slot", "1s", "--rules", scene.rules()]].concat();
    let output = binary::run_with_env(&args, &scene.env());
    assert!(!output.status.success());
    let error = String::from_utf8_lossy(&output.stderr);
    for word in ["oncall", "127.0.0.1", "allow"] {
        assert!(error.contains(word), "{word}: {error}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_name_of_a_private_address_gets_nothing_unless_allowed() {
    let scene = Scene::new("localhost").await;
    let server = scene.start(&[]).await;
    scene.store(&server, 0..TRAFFIC_S).await;
    scene.move_to(&server, 30).await;
    let alerts = server.api().get("/api/v1/alerts").await.to_string();
    assert!(alerts.contains("dhl"), "{alerts}: {}", server.log());
    let deliveries = server.api().get("/api/v1/deliveries").await;
    let attempts = deliveries["deliveries"].as_array().map(|list| list.len());
    assert_eq!(attempts, Some(2), "{deliveries}");
    assert!(scene.recorder.requests().is_empty());
}
