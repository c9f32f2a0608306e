//! A damaged block affects only itself: answers report it and contain the rest.

use std::collections::BTreeSet;
use std::fmt::Write as _;
use std::fs;
use std::path::{Path, PathBuf};

use plimsoll_tests::sample::Random;
use plimsoll_tests::{Server, binary, clock};

use crate::common::data_dir;

const PARTNERS: u64 = 400;
const SLOTS: i64 = 64;

fn succeed(args: &[&str]) {
    let output = binary::run(args);
    let error = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{args:?}: {error}");
}

fn text(path: &Path) -> &str {
    path.to_str().expect("temporary folders have plain names")
}

const RULES: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../examples/rules.yaml");

/// Two minutes of every partner's requests, one a slot, as an access log.
fn history(start_ms: i64) -> String {
    let mut random = Random::new(20_261_121);
    let mut log = String::new();
    for slot in 0..SLOTS {
        let at = jiff::Timestamp::from_millisecond(start_ms + slot * 10_000).expect("a time");
        let time = at.strftime("%d/%b/%Y:%H:%M:%S +0000");
        for partner in 0..PARTNERS {
            let seconds = random.latency_us(80.0, 0.7) as f64 / 1e6;
            writeln!(
                log,
                "10.0.0.1 - - [{time}] \"GET /partner-{partner} HTTP/1.1\" 200 2 \"-\" \"a\" rt={seconds:.6}"
            )
            .expect("into memory");
        }
    }
    log
}

/// The largest file of blocks: that of the slots. Files name their merge operator.
fn largest_file(path: &Path) -> PathBuf {
    let files = fs::read_dir(path).expect("the data directory");
    let files = files.map(|entry| entry.expect("an entry").path());
    let tables = files.filter(|file| file.extension().is_some_and(|end| end == "sst"));
    let tables = tables.filter(|file| {
        let bytes = fs::read(file).expect("read");
        bytes.windows(15).any(|name| name == b"plimsoll.blocks")
    });
    tables.max_by_key(|file| fs::metadata(file).map_or(0, |file| file.len())).expect("a table")
}

#[tokio::test(flavor = "multi_thread")]
async fn a_damaged_block_is_reported_and_the_rest_is_answered() {
    let dir = data_dir();
    let [log, live, backup, copy] =
        ["access.log", "live", "backup", "copy"].map(|name| dir.path().join(name));
    let start = clock::aligned_ms(3_600_000, 60_000);
    fs::write(&log, history(start)).expect("written");
    let import = ["import", "--format", "access-log", "--partner", "path:1", "--data-dir"];
    succeed(&[&import[..], &[text(&live), text(&log)]].concat());
    // A backup leaves everything in files.
    succeed(&["backup", "--data-dir", text(&live), "--to", text(&backup)]);
    succeed(&["restore", "--from", text(&backup), "--data-dir", text(&copy)]);
    let file = largest_file(&copy);
    let mut bytes = fs::read(&file).expect("read");
    let middle = bytes.len() / 2;
    bytes[middle] ^= 0x10;
    fs::write(&file, bytes).expect("written");

    let server = Server::start(&copy, &[]).await;
    let path = format!(
        "/api/v1/query/outcomes?stream=requests&by=partner&start={start}&end={}&window=10s&step=10s",
        start + SLOTS * 10_000
    );
    let body = server.api().get(&path).await;
    let damaged = body["damaged"].as_array().expect("the damage is named");
    assert!(
        !damaged.is_empty() && damaged[0].as_str().is_some_and(|name| name.contains("of stream")),
        "{damaged:?}"
    );
    let series = body["series"].as_array().expect("a list of series").iter();
    let complete = series.filter(|series| {
        let points = series["points"].as_array().expect("a list of points");
        points.iter().filter(|point| point["count"] == 1).count() == SLOTS as usize
    });
    let complete: BTreeSet<_> =
        complete.map(|series| series["labels"]["partner"].as_str().expect("a name")).collect();
    assert!(
        (PARTNERS / 4..PARTNERS).contains(&(complete.len() as u64)),
        "{complete:?} are complete"
    );
    let metrics = server.api().try_get("/metrics").await.text;
    let count = metrics.lines().find_map(|line| line.strip_prefix("plimsoll_damaged_blocks "));
    assert!(count.is_some_and(|count| count != "0"), "{count:?}");

    let mut partners = (0..PARTNERS).map(|number| format!("partner-{number}"));
    let partner = partners.find(|name| !complete.contains(&**name)).expect("one is incomplete");
    let at = start + SLOTS * 10_000;
    let explained = format!("/api/v1/rules/partner-5xx/explain?partner={partner}&at={at}");
    let body = server.api().get(&explained).await;
    assert!(body["damaged"].as_array().is_some_and(|names| !names.is_empty()), "{body}");
    server.terminate();
    let replayed = binary::run(&["backtest", "--rules", RULES, "--data-dir", text(&copy)]);
    let said = String::from_utf8_lossy(&replayed.stderr).into_owned();
    assert!(said.contains("damaged places are missing"), "{said}");
}
