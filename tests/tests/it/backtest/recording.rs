//! Backtests of recordings: packing, broken lines, repeated batches, selection, and the same data in a store.

use std::io::Write as _;
use std::path::Path;

use flate2::Compression;
use flate2::write::GzEncoder;
use plimsoll_tests::{Server, clock};
use serde_json::{Value, json};

use super::{EPISODE, MINUTE_MS, SEED, SLOT_MS, Traffic, World, text};

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
        "`for` is respected: {alert}"
    );
    let resolved = at(&alert["resolved_at"]);
    assert!(end < resolved && resolved < end + 20 * MINUTE_MS, "{alert}");
    let notifications = alert["notifications"].as_array().expect("a list");
    let actions: Vec<&str> =
        notifications.iter().filter_map(|one| one["action"].as_str()).collect();
    assert_eq!(actions, ["trigger", "resolve"], "{alert}");
    for one in notifications {
        assert_eq!(one["receiver"], "oncall");
        assert!(one["group"].as_str().is_some_and(|group| !group.is_empty()), "{one}");
        assert!(at(&one["at"]) >= fired, "{one}");
    }
    assert!(error.contains("1,080 of 1,080 lines replayed"), "{error}");
}

#[test]
fn every_compression_gives_the_same_result() {
    let (world, traffic) = (World::new(), Traffic::generate());
    let plain = traffic.lines().join("\n").into_bytes();
    let packed = zstd::encode_all(plain.as_slice(), 1).expect("into memory");
    let inputs = [
        world.write("plain.ndjson", &plain),
        world.write("input.ndjson.gz", &gzip(&plain)),
        world.write("input.ndjson.zst", &packed),
    ];
    let results: Vec<Vec<String>> =
        inputs.iter().map(|input| world.alerts(&["--input", input]).0).collect();
    assert_eq!(results[0].len(), 1);
    assert!(results[0] == results[1] && results[0] == results[2], "{results:?}");
    let cut = gzip(&plain);
    let cut = world.write("cut.gz", &cut[..cut.len() / 2]);
    let output = world.backtest(&["--input", &cut]);
    assert!(
        !output.status.success() && output.stdout.is_empty(),
        "a truncated file is an error, not a shorter history"
    );
    assert!(text(&output.stderr).contains("after line"), "{}", text(&output.stderr));
}

#[test]
fn broken_lines_are_reported_and_repeated_batches_count_once() {
    let (world, traffic) = (World::new(), Traffic::generate());
    let clean = world.write("clean.ndjson", traffic.lines().join("\n").as_bytes());
    let number = |(number, summary): (usize, &Value)| {
        let mut line = summary.clone();
        line["batch"] = json!(format!("{}-{}", number % 2, number / 2));
        // The default arrival time.
        line["received_at"] = json!(summary["start"].as_i64().expect("a time") + SLOT_MS);
        line
    };
    let sent: Vec<Value> = traffic.summaries.iter().enumerate().map(number).collect();
    let mut lines = Vec::new();
    for (number, line) in sent.iter().enumerate() {
        lines.push(line.to_string());
        // Every seventh batch is repeated half a minute later.
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
    assert!(!output.status.success(), "a file without a valid line is an error");
    assert!(text(&output.stderr).contains("line 2: "), "{}", text(&output.stderr));
}

#[test]
fn partners_and_times_are_selected() {
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
async fn stored_data_gives_the_same_result_as_the_recording() {
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
