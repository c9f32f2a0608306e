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
        let fixed = ["backtest", "--rules", &rules];
        let json = ["--format", "json"];
        let format: &[&str] = if args.contains(&"--format") { &[] } else { &json };
        binary::run_with_env(&[&fixed, format, args].concat(), &[HUB_KEY])
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

#[test]
fn alerts_are_scored_against_incidents() {
    let (world, traffic) = (World::new(), Traffic::generate());
    let input = world.write("input.ndjson", traffic.lines().join("\n").as_bytes());
    let (start, end) = (traffic.end_of(EPISODE.start), traffic.end_of(EPISODE.end));
    let incidents = json!([
        { "id": "A", "start": start, "end": end, "partners": ["dhl"] },
        { "id": "B", "start": start, "end": end, "partners": ["ups"], "must_page": true },
    ]);
    let incidents = world.write("incidents.json", incidents.to_string().as_bytes());
    let (lines, _) = world.alerts(&["--input", &input, "--incidents", &incidents]);
    let score: Value = serde_json::from_str(lines.last().expect("a line")).expect("JSON");
    let score = &score["score"];
    assert_eq!(score["missed"], json!(["B"]), "{score}");
    assert_eq!((&score["recall"], &score["precision"]), (&json!(0.5), &json!(1.0)), "{score}");
    assert_eq!((&score["pages_per_incident"], &score["flaps"]), (&json!(1.0), &json!(0)));
    assert_eq!(score["found"][0]["id"], "A");
    assert!(score["detected_after_median_s"].as_f64().expect("a number") < 300.0, "{score}");
    let output = world.backtest(&["--input", &input, "--incidents", &input]);
    assert!(!output.status.success() && text(&output.stderr).contains("input.ndjson"));
}

#[test]
fn changes_of_state_are_told_one_a_line() {
    let (world, traffic) = (World::new(), Traffic::generate());
    let input = world.write("input.ndjson", traffic.lines().join("\n").as_bytes());
    let (lines, _) = world.alerts(&["--input", &input, "--format", "transitions"]);
    let changes: Vec<Value> =
        lines.iter().map(|line| serde_json::from_str(line).expect("JSON")).collect();
    let of_dhl: Vec<&Value> =
        changes.iter().filter(|it| it["labels"]["partner"] == "dhl").collect();
    let names: Vec<&str> = of_dhl.iter().filter_map(|it| it["change"].as_str()).collect();
    assert!(names.ends_with(&["pended", "fired", "resolved"]), "{names:?}");
    assert!(of_dhl.iter().rev().take(2).all(|it| it["alert"].is_string()));
}

/// The rules with another threshold.
fn with_threshold(threshold: &str) -> String {
    RULES.replace("> 5%", threshold)
}

#[test]
fn two_rule_files_are_compared() {
    let (world, traffic) = (World::new(), Traffic::generate());
    let input = world.write("input.ndjson", traffic.lines().join("\n").as_bytes());
    let strict = world.write("strict.yaml", with_threshold("> 25%").as_bytes());
    let (lines, _) = world.alerts(&["--input", &input, "--against", &strict]);
    let [line] = lines.as_slice() else { panic!("{lines:?}") };
    let line: Value = serde_json::from_str(line).expect("JSON");
    assert_eq!((&line["found_by"], &line["partner"]), (&json!("both"), &json!("dhl")));
    assert!(line["b_later_s"].as_f64().expect("a number") > 0.0, "{line}");
    let deaf = world.write("deaf.yaml", with_threshold("> 90%").as_bytes());
    let (lines, _) = world.alerts(&["--input", &input, "--against", &deaf]);
    assert!(lines.len() == 1 && lines[0].contains(r#""found_by":"a""#), "{lines:?}");
    let (lines, _) = world.alerts(&["--input", &input, "--against", &deaf, "--format", "table"]);
    assert!(lines.iter().any(|line| line == "only in A: 1 pages"), "{lines:?}");
}

#[test]
fn a_rule_is_swept_over_thresholds_and_times() {
    let (world, traffic) = (World::new(), Traffic::generate());
    let input = world.write("input.ndjson", traffic.lines().join("\n").as_bytes());
    let sweep = ["--sweep", "rule=partner-5xx", "threshold=5%,20%,90%", "for=2m,50m"];
    let (lines, _) = world.alerts(&[&["--input", &input], &sweep[..]].concat());
    let rows: Vec<Value> =
        lines.iter().map(|line| serde_json::from_str(line).expect("JSON")).collect();
    let pages: Vec<u64> = rows.iter().filter_map(|row| row["pages"].as_u64()).collect();
    assert_eq!(pages, [1, 1, 0, 0, 0, 0], "{rows:?}");
    assert_eq!(rows[1]["threshold"], "20%");
    assert_eq!(rows[3]["for_s"], 3000.0);
    let output = world.backtest(&["--input", &input, "--sweep", "rule=nobody"]);
    assert!(!output.status.success() && text(&output.stderr).contains("no rule `nobody`"));
}

#[test]
fn a_threshold_is_suggested_with_its_caution() {
    let (world, traffic) = (World::new(), Traffic::generate());
    let input = world.write("input.ndjson", traffic.lines().join("\n").as_bytes());
    let signal = "{ ratio: { of: [5xx], stream: requests } }";
    let args = ["suggest", "--signal", signal, "--partner", "dhl", "--input", &input];
    let output = binary::run_with_env(&[&args[..], &["--format", "json"]].concat(), &[]);
    assert!(output.status.success(), "{}", text(&output.stderr));
    let suggestion: Value = serde_json::from_slice(&output.stdout).expect("JSON");
    let caution = suggestion["caution"].as_str().expect("a caution");
    assert!(caution.contains("a week is the least"), "{suggestion}");
    let args = ["suggest", "--signal", "{ colour: red }", "--partner", "dhl", "--input", &input];
    let output = binary::run_with_env(&args, &[]);
    assert!(!output.status.success() && text(&output.stderr).contains("colour"));
}

#[test]
fn a_page_has_a_chart_of_each_alert_and_needs_no_network() {
    let (world, traffic) = (World::new(), Traffic::generate());
    let input = world.write("input.ndjson", traffic.lines().join("\n").as_bytes());
    let incidents = json!([{ "id": "<A&B>", "partners": ["dhl"],
        "start": traffic.end_of(EPISODE.start), "end": traffic.end_of(EPISODE.end) }]);
    let incidents = world.write("incidents.json", incidents.to_string().as_bytes());
    let args = ["--input", &input, "--incidents", &incidents, "--format", "html"];
    let page = world.alerts(&args).0.join("\n");
    assert!(page.starts_with("<!doctype html>") && page.trim_end().ends_with("</html>"));
    assert_eq!(page.matches("<svg ").count(), 2, "a timeline and a chart");
    for part in ["class=\"band\"", "class=\"signal\"", "critical 5%", "&lt;A&amp;B&gt;", "100.0 %"]
    {
        assert!(page.contains(part), "{part}: {page}");
    }
    for part in ["http://", "https://", "<script", "<link", "@import", "url("] {
        assert!(!page.contains(part), "{part}");
    }
}

/// Enough for a backtest to take a while: a day and a half of twelve partners.
async fn push_much(server: &Server) {
    let start_ms = clock::aligned_ms(40 * 60 * MINUTE_MS, MINUTE_MS);
    for hour in 0..36 {
        let mut lines = String::new();
        for slot in hour * 360..(hour + 1) * 360 {
            for partner in 0..12 {
                let line = json!({
                    "type": "summary", "stream": "requests", "partner": format!("partner-{partner}"),
                    "start": start_ms + slot * SLOT_MS, "step_s": 10, "outcomes": { "2xx": 9, "5xx": 1 },
                });
                lines.push_str(&line.to_string());
                lines.push('\n');
            }
        }
        let request = server.api().request("POST", "/api/v1/push");
        let request = request.header("content-type", "application/x-ndjson").body(lines);
        let answer = plimsoll_tests::api::send(request).await.expect("an answer");
        assert_eq!(answer.status, 200, "{}", answer.text);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_backtest_that_runs_can_be_cancelled_and_the_next_one_takes_its_place() {
    let folder = data_dir();
    let server = Server::start(&folder.path().join("data"), &[]).await;
    push_much(&server).await;
    let post = async |body: Value| {
        let request = server.api().request("POST", "/api/v1/backtests").json(&body);
        let answer = plimsoll_tests::api::send(request).await.expect("an answer");
        assert_eq!(answer.status, 202, "{}", answer.text);
        format!("/api/v1/backtests/{}", answer.body["id"].as_str().expect("an id"))
    };
    let path = post(json!({})).await;
    let next = post(json!({ "partners": ["partner-3"], "to": 1 })).await;
    let halfway = loop {
        let job = server.api().get(&path).await;
        assert!(job["state"] == "queued" || job["state"] == "running", "it is over: {job}");
        if job["progress"].as_f64().expect("a number") > 0.0 {
            break job;
        }
        tokio::task::yield_now().await;
    };
    assert_eq!(halfway["state"], "running");
    let request = server.api().request("DELETE", &path);
    let answer = plimsoll_tests::api::send(request).await.expect("an answer");
    assert_eq!(answer.status, 200, "{}", answer.text);
    let ended = async |path: &str| {
        let request = server.api().request("GET", path).header("prefer", "wait=30");
        plimsoll_tests::api::send(request).await.expect("an answer").body
    };
    let job = ended(&path).await;
    assert_eq!((&job["state"], &job["result"]), (&json!("cancelled"), &Value::Null), "{job}");
    assert!(job["progress"].as_f64().expect("a number") < 1.0, "{job}");
    assert_eq!(ended(&next).await["state"], "done");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_judges_what_it_has_stored() {
    let (world, traffic) = (World::new(), Traffic::generate());
    let input = world.write("input.ndjson", traffic.lines().join("\n").as_bytes());
    let server = Server::start(&world.dir.path().join("data"), &[]).await;
    for summaries in traffic.summaries.chunks(500) {
        server.api().push(&json!({ "summaries": summaries })).await;
    }
    let (recorded, _) = world.alerts(&["--input", &input]);
    let url = server.base().to_owned();
    let (remote, error) = world.alerts(&["--url", &url]);
    assert_eq!(remote, recorded, "{error}");
    let refused = world.backtest(&["--url", &url, "--format", "transitions"]);
    let said = text(&refused.stderr);
    assert!(!refused.status.success() && said.contains("plimsoll backup"), "{said}");
    let page = text(&world.backtest(&["--url", &url, "--format", "html"]).stdout).to_owned();
    let charts = page.matches("<svg").count();
    assert!(
        page.starts_with("<!doctype html>") && charts > recorded.len(),
        "{charts}: {page:.300}"
    );
    let (rows, _) = world.alerts(&["--url", &url, "--format", "table"]);
    assert!(rows.iter().any(|row| row.contains("partner-5xx") && row.contains("dhl")), "{rows:?}");
    // A secret that is a file of the server is not read.
    let rules = RULES.replace("{ env: HUB_KEY }", "{ file: /etc/hostname }");
    let request = server.api().request("POST", "/api/v1/backtests");
    let request = request.json(&json!({ "rules": rules, "partners": ["ups"] }));
    let answer = plimsoll_tests::api::send(request).await.expect("an answer");
    assert_eq!(answer.status, 202, "{}", answer.text);
    let path = format!("/api/v1/backtests/{}", answer.body["id"].as_str().expect("an id"));
    let request = server.api().request("GET", &path).header("prefer", "wait=30");
    let job = plimsoll_tests::api::send(request).await.expect("an answer").body;
    assert_eq!((&job["state"], &job["progress"]), (&json!("done"), &json!(1.0)), "{job}");
    assert_eq!(job["result"]["alerts"], json!([]));
    assert_eq!(job["result"]["cells"], SLOTS);
    for (body, part) in [
        (json!({ "rules": "rules: [{ name: x }]" }), "rules"),
        (json!({ "from": "soon" }), "from"),
        (json!({ "colour": "red" }), "colour"),
    ] {
        let request = server.api().request("POST", "/api/v1/backtests").json(&body);
        let answer = plimsoll_tests::api::send(request).await.expect("an answer");
        assert!(answer.status == 400 && answer.text.contains(part), "{body}: {}", answer.text);
    }
    for status in [200, 404] {
        let request = server.api().request("DELETE", &path);
        let answer = plimsoll_tests::api::send(request).await.expect("an answer");
        assert_eq!(answer.status, status);
    }
}
