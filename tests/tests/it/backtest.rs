//! A backtest tells what rules would have told: of a recording in every packing, with broken lines and
//! doubled batches in it, and of what is stored.

use std::io::Write as _;
use std::path::Path;
use std::process::Output;

use flate2::Compression;
use flate2::write::GzEncoder;
use plimsoll_tests::sample::Random;
use plimsoll_tests::{Server, binary, clock};
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
const HUB_KEY: (&str, &str) = ("HUB_KEY", "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw");

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
        let fixed = ["backtest", "--rules", &rules, "--format", "json"];
        binary::run_with_env(&[&fixed, args].concat(), &[HUB_KEY])
    }

    /// The lines that a backtest printed.
    fn alerts(&self, args: &[&str]) -> (Vec<String>, String) {
        let output = self.backtest(args);
        let (said, error) = (text(&output.stdout), text(&output.stderr));
        assert!(output.status.success(), "{args:?}: {error}");
        (said.lines().map(str::to_owned).collect(), error)
    }
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::fast());
    encoder.write_all(bytes).expect("into memory");
    encoder.finish().expect("into memory")
}

#[test]
fn an_episode_fires_once_and_resolves_once() {
    let (world, traffic) = (World::new(), Traffic::generate());
    let input = world.write("input.ndjson", traffic.lines().join("\n").as_bytes());
    let (alerts, error) = world.alerts(&["--input", &input]);
    let [line] = alerts.as_slice() else { panic!("seed {SEED}: {alerts:?}") };
    let alert: Value = serde_json::from_str(line).expect("a JSON object a line");
    assert_eq!(alert["rule"], "partner-5xx");
    assert_eq!(alert["signal"], "ratio");
    assert_eq!(alert["severity"], "critical");
    assert_eq!(alert["labels"], json!({ "partner": "dhl" }));
    assert!(alert["peak"]["value"].as_f64().expect("a number") > 0.3, "{alert}");
    let at = |field: &Value| clock::parse_ms(field.as_str().expect("a time"));
    let (onset, end) = (traffic.end_of(EPISODE.start - 1), traffic.end_of(EPISODE.end - 1));
    let (pending, fired) = (at(&alert["pending_at"]), at(&alert["fired_at"]));
    assert!(onset < pending && pending < onset + 2 * MINUTE_MS, "{alert}");
    assert!(
        fired >= pending + 2 * MINUTE_MS && fired < onset + 5 * MINUTE_MS,
        "`for` is kept: {alert}"
    );
    let resolved = at(&alert["resolved_at"]);
    assert!(end < resolved && resolved < end + 20 * MINUTE_MS, "{alert}");
    let told = alert["notifications"].as_array().expect("a list");
    let actions: Vec<&str> = told.iter().filter_map(|one| one["action"].as_str()).collect();
    assert_eq!(actions, ["trigger", "resolve"], "{alert}");
    for one in told {
        assert_eq!(one["receiver"], "oncall");
        assert!(one["group"].as_str().is_some_and(|group| !group.is_empty()), "{one}");
        assert!(at(&one["at"]) >= fired, "{one}");
    }
    assert!(error.contains("1,080 of 1,080 lines replayed"), "{error}");
}

#[test]
fn every_packing_says_the_same() {
    let (world, traffic) = (World::new(), Traffic::generate());
    let plain = traffic.lines().join("\n").into_bytes();
    let packed = zstd::encode_all(plain.as_slice(), 1).expect("into memory");
    let inputs = [
        world.write("plain.ndjson", &plain),
        world.write("input.ndjson.gz", &gzip(&plain)),
        world.write("input.ndjson.zst", &packed),
    ];
    let said: Vec<Vec<String>> =
        inputs.iter().map(|input| world.alerts(&["--input", input]).0).collect();
    assert_eq!(said[0].len(), 1);
    assert!(said[0] == said[1] && said[0] == said[2], "{said:?}");
    let cut = gzip(&plain);
    let cut = world.write("cut.gz", &cut[..cut.len() / 2]);
    let output = world.backtest(&["--input", &cut]);
    assert!(
        !output.status.success() && output.stdout.is_empty(),
        "a cut file is no shorter history"
    );
    assert!(text(&output.stderr).contains("after line"), "{}", text(&output.stderr));
}

#[test]
fn broken_lines_are_named_and_batches_that_come_again_count_once() {
    let (world, traffic) = (World::new(), Traffic::generate());
    let clean = world.write("clean.ndjson", traffic.lines().join("\n").as_bytes());
    let number = |(number, summary): (usize, &Value)| {
        let mut line = summary.clone();
        line["batch"] = json!(format!("{}-{}", number % 2, number / 2));
        // The time at which it arrives when nothing is said.
        line["received_at"] = json!(summary["start"].as_i64().expect("a time") + SLOT_MS);
        line
    };
    let sent: Vec<Value> = traffic.summaries.iter().enumerate().map(number).collect();
    let mut lines = Vec::new();
    for (number, line) in sent.iter().enumerate() {
        lines.push(line.to_string());
        // Every seventh batch comes again half a minute later.
        if let Some(earlier) = number.checked_sub(6).filter(|earlier| earlier % 7 == 0) {
            let mut again = sent[earlier].clone();
            again["received_at"] = line["received_at"].clone();
            lines.push(again.to_string());
        }
    }
    let repeated = lines.len() - traffic.summaries.len();
    lines.insert(4, "{\"type\":\"summary\",".to_owned());
    lines.insert(9, json!({ "type": "event", "partner": "dhl", "at": 1 }).to_string());
    let dirty = world.write("dirty.ndjson", lines.join("\n").as_bytes());
    let (expected, _) = world.alerts(&["--input", &clean]);
    let (found, error) = world.alerts(&["--input", &dirty]);
    assert_eq!(found, expected, "to the last count");
    for part in ["line 5: ", "line 10: /stream ", "2 broken", &format!("{repeated} of batches")] {
        assert!(error.contains(part), "{part:?} in {error}");
    }
    let nothing = world.write("nothing.ndjson", b"no\njson\n");
    let output = world.backtest(&["--input", &nothing]);
    assert!(!output.status.success(), "of nothing there is nothing to say");
    assert!(text(&output.stderr).contains("line 2: "), "{}", text(&output.stderr));
}

#[test]
fn partners_and_times_are_chosen() {
    let (world, traffic) = (World::new(), Traffic::generate());
    let input = world.write("input.ndjson", traffic.lines().join("\n").as_bytes());
    let count = |args: &[&str]| world.alerts(&[&["--input", &input], args].concat()).0.len();
    let (onset, end) = (traffic.end_of(EPISODE.start - 1), traffic.end_of(EPISODE.end - 1));
    assert_eq!(count(&["--partner", "ups"]), 0);
    assert_eq!(count(&["--partner", "ups", "--partner", "dhl"]), 1);
    assert_eq!(count(&["--to", &onset.to_string()]), 0);
    assert_eq!(count(&["--from", &onset.to_string()]), 1);
    assert_eq!(count(&["--from", &end.to_string()]), 0);
    let output = world.backtest(&[]);
    assert!(!output.status.success(), "a source is needed");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_stored_says_the_same_as_the_recording() {
    let (world, traffic) = (World::new(), Traffic::generate());
    let input = world.write("input.ndjson", traffic.lines().join("\n").as_bytes());
    let data = world.path("data");
    let server = Server::start(Path::new(&data), &[]).await;
    for chunk in traffic.summaries.chunks(400) {
        server.api().push(&json!({ "summaries": chunk })).await;
    }
    let output = world.backtest(&["--data-dir", &data]);
    assert!(text(&output.stderr).contains("in use"), "{}", text(&output.stderr));
    assert!(server.terminate().success());
    let (recorded, _) = world.alerts(&["--input", &input]);
    let (stored, _) = world.alerts(&["--data-dir", &data]);
    assert_eq!(recorded.len(), 1);
    assert_eq!(stored, recorded);
}
