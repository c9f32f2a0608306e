//! Damage of the write-ahead log: the rest is kept, and what is lost is counted.

use std::fs;
use std::path::PathBuf;

use plimsoll_tests::{Server, binary, clock};
use serde_json::json;

use crate::common::{data_dir, event, totals_by_partner};

const PUSHES: u64 = 30;

/// The file of the write-ahead log of a data directory.
fn log_file(data_dir: &std::path::Path) -> PathBuf {
    let entries = fs::read_dir(data_dir).expect("the data directory");
    let mut files = entries.map(|entry| entry.expect("an entry").path());
    files.find(|file| file.extension().is_some_and(|end| end == "log")).expect("a log")
}

#[tokio::test(flavor = "multi_thread")]
async fn a_flipped_bit_in_the_write_ahead_log_loses_only_its_own_push_and_is_named() {
    let dir = data_dir();
    let server = Server::start(dir.path(), &[]).await;
    for _ in 0..PUSHES {
        let events = [event("dhl", clock::now_ms(), 200, 12.5)];
        server.api().push(&json!({ "events": events })).await;
    }
    server.kill();
    let file = log_file(dir.path());
    let mut log = fs::read(&file).expect("read");
    let middle = log.len() / 2;
    log[middle] ^= 1;
    fs::write(&file, log).expect("written");

    let server = Server::start(dir.path(), &[]).await;
    let left = totals_by_partner(server.api()).await.into_values().sum::<u64>();
    let metrics = server.api().try_get("/metrics").await.text;
    let lost = metrics.lines().find_map(|line| line.strip_prefix("plimsoll_lost_appends "));
    let lost: u64 = lost.expect("a metric").parse().expect("a number");
    assert_eq!(left + lost, PUSHES);
    assert!(server.log().contains("data is lost"), "{}", server.log());
    server.terminate();
    let inspected = binary::run(&["inspect", "--data-dir", dir.path().to_str().expect("plain")]);
    let text = String::from_utf8_lossy(&inspected.stdout).into_owned();
    assert!(text.contains("acknowledged pushes are lost"), "{text}");
}
