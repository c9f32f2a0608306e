//! A scene: a real server with synthetic calls to partners, one rule, recorded receivers, and a clock that
//! stands still until the test moves it or waits for something.

use std::path::PathBuf;
use std::time::{Duration, Instant};

use plimsoll_tests::{ManualClock, Recorder, Server};
use serde_json::{Value, json};
use tempfile::TempDir;

use crate::common::data_dir;

pub(crate) const ENQUEUE: &str = "/v2/enqueue";
pub(crate) const HOOK: &str = "/hook";
pub(crate) const PD_WEBHOOK_SECRET: &str = "what-pagerduty-signs-with";
pub(crate) const ROUTING_KEY: &str = "0123456789abcdef0123456789abcdef";
pub(crate) const SECRET: &str = "whsec_MTIzNDU2Nzg5MDEyMzQ1Njc4OTAxMjM0";
/// Something that never happens is given up then; nothing else depends on how fast the machine is.
pub(crate) const PATIENCE: Duration = Duration::from_secs(120);
/// How long the synthetic data lasts, in seconds.
pub(crate) const DATA_S: i64 = 60;

/// A server with one rule, and two receivers that are the same recorder.
pub(crate) struct Scene {
    pub(crate) dir: TempDir,
    pub(crate) recorder: Recorder,
    pub(crate) rules: PathBuf,
    pub(crate) clock: ManualClock,
    /// Start of the synthetic data, in ms: it is stored ahead of time.
    pub(crate) start_ms: i64,
}

impl Scene {
    pub(crate) async fn new(on_no_data: &str) -> Self {
        let (dir, recorder) = (data_dir(), Recorder::start().await);
        let (rules, url) = (dir.path().join("rules.yaml"), recorder.url());
        let text = format!(
            r#"
receivers:
  - name: oncall
    pagerduty: {{ routing_key: {{ env: PD_KEY }}, url: "{url}" }}
    rate: {{ calls: 10000, per: 1s }}
  - name: hub
    webhook: {{ url: "{url}{HOOK}", secret: {{ env: HUB_SECRET }} }}
    rate: {{ calls: 10000, per: 1s }}
rules:
  - name: partner-5xx
    owner: integrations
    runbook: https://runbooks.example/partner-5xx
    signal: {{ ratio: {{ of: [5xx], stream: requests }} }}
    by: [partner]
    window: 5s
    for: 2s
    clear: {{ for: 2s }}
    on_no_data: {on_no_data}
    critical: "> 5%"
    notify: [oncall, hub]
"#
        );
        std::fs::write(&rules, text).expect("a folder for temporary files");
        let clock = ManualClock::new(dir.path());
        let start_ms = clock.now_ms() + 1_000;
        Self { dir, recorder, rules, clock, start_ms }
    }

    /// Changes the rules file before the server is started.
    pub(crate) fn edit(&self, from: &str, to: &str) {
        let text = std::fs::read_to_string(&self.rules).expect("it was written");
        assert!(text.contains(from), "{from} is not in {text}");
        std::fs::write(&self.rules, text.replace(from, to)).expect("a folder for temporary files");
    }

    /// Starts the server, and waits until everything up to the time of the clock is evaluated.
    pub(crate) async fn start(&self, extra: &[&str]) -> Server {
        let server = self.launch(extra).await;
        server.wait_until_evaluated(0).await;
        server
    }

    /// Starts the server.
    pub(crate) async fn launch(&self, extra: &[&str]) -> Server {
        let args = ["--slot", "1s", "--durability", "wal", "--allow-private-receivers", "--rules"];
        let args = [&args[..], &[self.rules.to_str().expect("a plain name")], extra].concat();
        let env = [("PD_KEY", ROUTING_KEY), ("HUB_SECRET", SECRET)];
        let env = [&env[..], &[("PD_WEBHOOK_SECRET", PD_WEBHOOK_SECRET)]].concat();
        Server::start_with_clock(&self.dir.path().join("data"), &args, &env, &self.clock).await
    }

    /// Moves the clock to the end of a second of the data, and waits until everything is evaluated and each
    /// delivery was attempted.
    pub(crate) async fn move_to(&self, server: &Server, second: i64) {
        server.move_to(self.start_ms + second * 1_000).await;
    }

    /// Stores the data of each second for each partner; `failing` is the range of failing seconds.
    pub(crate) async fn store(
        &self,
        server: &Server,
        partners: usize,
        failing: impl Fn(usize) -> std::ops::Range<i64>,
    ) {
        for partner in 0..partners {
            let bad = failing(partner);
            let second = |second: i64| {
                let class = if bad.contains(&second) { "5xx" } else { "2xx" };
                json!({
                    "stream": "requests", "partner": format!("partner-{partner:03}"),
                    "start": self.start_ms + second * 1_000, "step_s": 1, "outcomes": {class: 5},
                })
            };
            let summaries: Vec<Value> = (0..DATA_S).map(second).collect();
            server.api().push(&json!({ "summaries": summaries })).await;
        }
    }
}

/// Repeats a request until its answer is as expected. If the test moves the
/// clock, it moves by a second between two requests.
pub(crate) async fn until(
    what: &str,
    server: &Server,
    path: &str,
    is_so: impl Fn(&Value) -> bool,
) -> Value {
    let start = Instant::now();
    loop {
        let body = server.api().get(path).await;
        if is_so(&body) {
            return body;
        }
        assert!(start.elapsed() < PATIENCE, "{what}: {body}\n{}", server.log());
        server.pass_time().await;
    }
}

/// A list of an answer.
pub(crate) fn rows<'a>(body: &'a Value, name: &str) -> &'a Vec<Value> {
    body[name].as_array().expect("a list")
}

/// A text of an answer; empty when it is not there.
pub(crate) fn text<'a>(body: &'a Value, pointer: &str) -> &'a str {
    body.pointer(pointer).and_then(Value::as_str).unwrap_or_default()
}

/// Posts a body; returns status and body.
pub(crate) async fn post(server: &Server, path: &str, body: &Value) -> (u16, Value) {
    let request = server.api().request("POST", path).json(body);
    let answer = plimsoll_tests::api::send(request).await.expect("an answer");
    (answer.status, answer.body)
}
