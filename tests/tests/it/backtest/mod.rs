//! Backtests show the alerts that rules would have fired: over recordings, over stored data, and on a
//! server.

mod recording;
mod reports;
mod server;

use std::process::Output;

use plimsoll_tests::sample::Random;
use plimsoll_tests::{binary, clock};
use serde_json::{Value, json};
use tempfile::TempDir;

use crate::common::data_dir;

const RULES: &str = r#"
receivers:
  - name: oncall
    webhook: { url: "https://hub.example/alerts", secret: { env: HUB_KEY } }
rules:
  - name: partner-5xx
    owner: integrations
    runbook: partner-5xx
    signal: { ratio: { of: [5xx], stream: requests } }
    by: [partner]
    window: 5m
    for: 2m
    critical: "> 5%"
    notify: [oncall]
"#;

const SLOT_MS: i64 = 10_000;
const MINUTE_MS: i64 = 60_000;
const SLOTS: i64 = 90 * 6;
/// Slots in which 40 % of the calls to dhl fail: minutes 40 to 60.
const EPISODE: std::ops::Range<i64> = 240..360;
const SEED: u64 = 20_261_121;

/// Ninety minutes of two partners that ended an hour ago, slot by slot.
struct Traffic {
    start_ms: i64,
    summaries: Vec<Value>,
}

impl Traffic {
    fn generate() -> Self {
        let mut random = Random::new(SEED);
        let start_ms = clock::aligned_ms(150 * MINUTE_MS, MINUTE_MS);
        let mut summaries = Vec::new();
        for slot in 0..SLOTS {
            for partner in ["dhl", "ups"] {
                let calls = 20 + random.below(20);
                let is_bad = partner == "dhl" && EPISODE.contains(&slot);
                let failed = if is_bad { calls * 2 / 5 } else { u64::from(random.below(200) == 0) };
                summaries.push(json!({
                    "type": "summary", "stream": "requests", "partner": partner,
                    "start": start_ms + slot * SLOT_MS, "step_s": 10,
                    "outcomes": { "2xx": calls - failed, "5xx": failed },
                }));
            }
        }
        Self { start_ms, summaries }
    }

    /// The end of a slot, in ms.
    const fn end_of(&self, slot: i64) -> i64 {
        self.start_ms + (slot + 1) * SLOT_MS
    }

    fn lines(&self) -> Vec<String> {
        self.summaries.iter().map(ToString::to_string).collect()
    }
}

/// A folder with the rules and what else a test needs.
struct World {
    dir: TempDir,
}

impl World {
    fn new() -> Self {
        let world = Self { dir: data_dir() };
        world.write("rules.yaml", RULES.as_bytes());
        world
    }

    fn path(&self, name: &str) -> String {
        self.dir.path().join(name).to_str().expect("plain names").to_owned()
    }

    fn write(&self, name: &str, bytes: &[u8]) -> String {
        std::fs::write(self.dir.path().join(name), bytes).expect("written");
        self.path(name)
    }

    fn backtest(&self, args: &[&str]) -> Output {
        let rules = self.path("rules.yaml");
        let fixed = ["backtest", "--rules", &rules];
        let json = ["--format", "json"];
        let format: &[&str] = if args.contains(&"--format") { &[] } else { &json };
        // Without the variables that the rules name for secrets: a backtest needs none.
        binary::run(&[&fixed, format, args].concat())
    }

    /// The lines that a backtest printed.
    fn alerts(&self, args: &[&str]) -> (Vec<String>, String) {
        let output = self.backtest(args);
        let (out, error) = (text(&output.stdout), text(&output.stderr));
        assert!(output.status.success(), "{args:?}: {error}");
        (out.lines().map(str::to_owned).collect(), error)
    }
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}
