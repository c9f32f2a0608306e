//! A failing partner has one trigger and one resolve, with the body that PagerDuty documents.

use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicU16, Ordering};
use std::time::Duration;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use hmac::{Hmac, KeyInit, Mac};
use plimsoll_tests::{Api, Recorded, Recorder, Server, binary, clock};
use serde_json::{Value, json};
use sha2::Sha256;
use tempfile::TempDir;
use tokio::sync::watch;

use crate::common::{data_dir, event, text_of};

const ENQUEUE: &str = "/v2/enqueue";
const HOOK: &str = "/hooks/plimsoll";
const ROUTING_KEY: &str = "0123456789abcdef0123456789abcdef";
const SECRET_BYTES: &[u8] = b"a secret of 24 to 64 bytes";

/// From the first failure to the trigger: window, `for` and grace are a few seconds, more on a busy machine.
const PATIENCE: Duration = Duration::from_secs(90);
/// Long enough for an unwanted second trigger to arrive.
const QUIET: Duration = Duration::from_secs(6);

struct Scene {
    dir: TempDir,
    recorder: Recorder,
    rules: PathBuf,
    secret: String,
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
        Self { dir, recorder, rules, secret }
    }

    async fn start(&self, extra: &[&str]) -> Server {
        let args = [&["--slot", "1s", "--rules", self.rules()][..], extra].concat();
        Server::start_with_env(&self.dir.path().join("data"), &args, &self.env()).await
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

/// Traffic of one partner that is pushed until it is dropped.
struct Traffic {
    api: watch::Sender<Api>,
    status: Arc<AtomicU16>,
    task: tokio::task::JoinHandle<()>,
}

impl Traffic {
    fn start(api: &Api, status: u16) -> Self {
        let (sender, receiver) = watch::channel(api.clone());
        let shared = Arc::new(AtomicU16::new(status));
        let status = Arc::clone(&shared);
        let task = tokio::spawn(async move {
            for n in 0_u64.. {
                let at = clock::now_ms();
                let status = status.load(Ordering::Relaxed);
                let events: Vec<_> = (0..5).map(|_| event("dhl", at, status, 30.0)).collect();
                let api = receiver.borrow().clone();
                // While the server restarts there is no answer.
                let _ = api.push_once(&format!("traffic-{n}"), &json!({ "events": events })).await;
                tokio::time::sleep(Duration::from_millis(100)).await;
            }
        });
        Self { api: sender, status: shared, task }
    }

    fn switch_to(&self, status: u16) {
        self.status.store(status, Ordering::Relaxed);
    }

    fn send_to(&self, api: &Api) {
        self.api.send_replace(api.clone());
    }
}

impl Drop for Traffic {
    fn drop(&mut self) {
        self.task.abort();
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
fn assert_signed(hook: &Recorded) {
    let (id, timestamp) = (hook.header("webhook-id"), hook.header("webhook-timestamp"));
    let mut mac = Hmac::<Sha256>::new_from_slice(SECRET_BYTES).expect("any length will do");
    mac.update(format!("{id}.{timestamp}.{}", hook.text).as_bytes());
    let expected = format!("v1,{}", STANDARD.encode(mac.finalize().into_bytes()));
    let signatures = hook.header("webhook-signature");
    assert!(signatures.split(' ').any(|signature| signature == expected), "{signatures}");
    let age_s = clock::now_ms() / 1_000 - timestamp.parse::<i64>().expect("seconds");
    assert!(age_s.abs() < 300, "{timestamp}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_failing_partner_triggers_once_and_resolves_once() {
    let scene = Scene::new("127.0.0.1").await;
    let server = scene.start(&["--allow-private-receivers"]).await;
    let traffic = Traffic::start(server.api(), 503);
    assert!(scene.recorder.wait_for(ENQUEUE, 1, PATIENCE).await, "no page: {}", server.log());
    assert!(scene.recorder.wait_for(HOOK, 1, PATIENCE).await, "no webhook: {}", server.log());
    let alerts = server.api().get("/api/v1/alerts").await.to_string();
    assert!(alerts.contains("partner-5xx") && alerts.contains("dhl"), "{alerts}");

    tokio::time::sleep(QUIET).await;
    assert_eq!(scene.recorder.requests_to(ENQUEUE).len(), 1, "going on failing is no news");
    traffic.switch_to(200);
    assert!(scene.recorder.wait_for(ENQUEUE, 2, PATIENCE).await, "no resolve: {}", server.log());
    assert!(scene.recorder.wait_for(HOOK, 2, PATIENCE).await, "no webhook: {}", server.log());
    tokio::time::sleep(QUIET).await;

    let (triggers, resolves) = (scene.pages("trigger"), scene.pages("resolve"));
    assert_eq!((triggers.len(), resolves.len()), (1, 1));
    assert_trigger_as_documented(&triggers[0]);
    assert_resolve_as_documented(&resolves[0], &triggers[0]);
    let hooks = scene.recorder.requests_to(HOOK);
    assert_eq!(hooks.len(), 2);
    hooks.iter().for_each(assert_signed);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_restart_between_trigger_and_resolve_sends_each_once() {
    let scene = Scene::new("127.0.0.1").await;
    let server = scene.start(&["--allow-private-receivers"]).await;
    let traffic = Traffic::start(server.api(), 503);
    assert!(scene.recorder.wait_for(ENQUEUE, 1, PATIENCE).await, "no page: {}", server.log());
    assert!(scene.recorder.wait_for(HOOK, 1, PATIENCE).await, "no webhook: {}", server.log());
    // The answer to the trigger is recorded before the restart.
    tokio::time::sleep(Duration::from_millis(500)).await;
    assert!(server.terminate().success());

    let server = scene.start(&["--allow-private-receivers"]).await;
    traffic.send_to(server.api());
    tokio::time::sleep(QUIET).await;
    assert_eq!(scene.recorder.requests_to(ENQUEUE).len(), 1, "the page survived: {}", server.log());
    server.kill();

    let server = scene.start(&["--allow-private-receivers"]).await;
    traffic.send_to(server.api());
    traffic.switch_to(200);
    assert!(scene.recorder.wait_for(ENQUEUE, 2, PATIENCE).await, "no resolve: {}", server.log());
    tokio::time::sleep(QUIET).await;
    let (triggers, resolves) = (scene.pages("trigger"), scene.pages("resolve"));
    assert_eq!((triggers.len(), resolves.len()), (1, 1));
    assert_resolve_as_documented(&resolves[0], &triggers[0]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_failing_receiver_gets_the_same_notification_again() {
    let scene = Scene::new("127.0.0.1").await;
    scene.recorder.answer_next(ENQUEUE, &[500, 503]);
    scene.recorder.answer_next(HOOK, &[503, 500]);
    let server = scene.start(&["--allow-private-receivers"]).await;
    let _traffic = Traffic::start(server.api(), 503);
    for path in [ENQUEUE, HOOK] {
        let tried_again = scene.recorder.wait_for(path, 3, PATIENCE).await;
        assert!(tried_again, "{path} got no third try: {}", server.log());
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
    let args = [&args[..], &["--rules", scene.rules()]].concat();
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
    let _traffic = Traffic::start(server.api(), 503);
    let start = std::time::Instant::now();
    while !server.api().get("/api/v1/alerts").await.to_string().contains("dhl") {
        assert!(start.elapsed() < PATIENCE, "no alert: {}", server.log());
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    tokio::time::sleep(QUIET).await;
    assert!(scene.recorder.requests().is_empty());
}
