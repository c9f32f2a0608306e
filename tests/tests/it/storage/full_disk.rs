//! A full disk, and a limit on the size of files: pushes are rejected, nothing acknowledged is lost, and once
//! the cause is gone pushes succeed without a restart.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::{Duration, Instant};

use plimsoll_tests::{Answer, Server, clock};
use serde_json::{Value, json};

use crate::common::{data_dir, event, totals_by_partner};

const EVENTS_PER_PUSH: u64 = 2_000;
/// The server tests twice a second whether it can write.
const RECOVERY: Duration = Duration::from_secs(15);

/// A small file system in memory, unmounted at the end of the test.
struct SmallDisk {
    path: PathBuf,
}

impl SmallDisk {
    /// Nothing when mounting is not permitted here.
    fn mount(path: &Path) -> Option<Self> {
        std::fs::create_dir(path).expect("created");
        let mount = Command::new("mount")
            .args(["-t", "tmpfs", "-o", "size=96m", "tmpfs"])
            .arg(path)
            .output();
        match mount {
            Ok(output) if output.status.success() => Some(Self { path: path.to_owned() }),
            other => {
                println!("skipped: a small file system cannot be mounted here: {other:?}");
                None
            }
        }
    }
}

impl Drop for SmallDisk {
    fn drop(&mut self) {
        let unmounted = Command::new("umount").arg("-l").arg(&self.path).status();
        assert!(unmounted.is_ok_and(|status| status.success()), "{} stays", self.path.display());
    }
}

/// Many operations of one partner, each push with new names, so that it needs space.
fn wide_push(number: u64) -> Value {
    let now = clock::now_ms();
    let events: Vec<Value> = (0..EVENTS_PER_PUSH)
        .map(|n| {
            let mut event = event("dhl", now, 200, 5.0);
            event["operation"] = json!(format!("operation-{}-{:0>80}", number % 40, n));
            event
        })
        .collect();
    json!({ "events": events })
}

/// Pushes until an answer is not 200; returns it with how many pushes were acknowledged before.
async fn push_until_refused(server: &Server) -> (u64, Answer) {
    for number in 0.. {
        let answer = server.api().try_push(&wide_push(number)).await;
        if answer.status != 200 {
            return (number, answer);
        }
    }
    unreachable!("the disk is full before the numbers end")
}

#[tokio::test(flavor = "multi_thread")]
async fn a_full_disk_rejects_pushes_until_there_is_space() {
    let dir = data_dir();
    let Some(disk) = SmallDisk::mount(&dir.path().join("small")) else { return };
    let data = disk.path.join("data");
    let server = Server::start(&data, &[]).await;
    server.api().push(&json!({ "events": [event("ups", clock::now_ms(), 200, 5.0)] })).await;
    let ballast = disk.path.join("ballast");
    // Fills the rest, which ends in an error. The log has reserved space.
    let full = std::fs::write(&ballast, vec![1; 96 << 20]).expect_err("more than there is");
    assert_eq!(full.kind(), std::io::ErrorKind::StorageFull);

    let (acknowledged, rejection) = push_until_refused(&server).await;
    println!("{acknowledged} pushes fitted");
    assert_eq!(rejection.status, 503, "{}", rejection.text);
    assert!(rejection.retry_after_s.is_some(), "it has Retry-After");
    let ready = server.api().try_get("/readyz").await;
    assert_eq!(ready.status, 503, "{}", ready.text);
    assert!(ready.text.contains("the store cannot be written"), "{}", ready.text);
    assert_eq!(server.api().try_get("/livez").await.status, 200, "a restart would not help");
    let stored = totals_by_partner(server.api()).await;
    let expected = acknowledged * EVENTS_PER_PUSH;
    assert_eq!(stored.get("dhl").copied().unwrap_or(0), expected, "queries are answered");

    std::fs::remove_file(&ballast).expect("space comes back");
    let start = Instant::now();
    let body = json!({ "events": [event("ups", clock::now_ms(), 200, 5.0)] });
    while server.api().try_push(&body).await.status != 200 {
        assert!(start.elapsed() < RECOVERY, "pushes do not go on:\n{}", server.log());
        tokio::time::sleep(Duration::from_millis(200)).await;
    }
    assert_eq!(server.api().try_get("/readyz").await.status, 200);
    println!("pushes went on {:.1} s after space came back", start.elapsed().as_secs_f64());
    server.kill();
    let server = Server::start(&data, &[]).await;
    let stored = totals_by_partner(server.api()).await;
    assert_eq!(stored.get("ups"), Some(&2));
    // What was answered with 503 is not there.
    assert_eq!(stored.get("dhl").copied().unwrap_or(0), expected);
    drop(server);
}

/// Limits the size of files of a process. Returns whether that is possible here.
fn limit_files(server: &Server, bytes: &str) -> bool {
    let limit = format!("--fsize={bytes}:unlimited");
    let set = Command::new("prlimit").args(["--pid", &server.id().to_string(), &limit]).output();
    set.is_ok_and(|output| output.status.success())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_limit_on_the_size_of_files_rejects_pushes_until_it_is_lifted() {
    let dir = data_dir();
    let server = Server::start(dir.path(), &[]).await;
    if !limit_files(&server, "4096") {
        println!("skipped: limits of processes cannot be set here");
        return;
    }
    let (acknowledged, rejection) = push_until_refused(&server).await;
    assert_eq!(rejection.status, 503, "{}", rejection.text);
    assert!(limit_files(&server, "unlimited"));
    let start = Instant::now();
    let body = json!({ "events": [event("ups", clock::now_ms(), 200, 5.0)] });
    while server.api().try_push(&body).await.status != 200 {
        assert!(start.elapsed() < RECOVERY, "pushes do not go on:\n{}", server.log());
        tokio::time::sleep(Duration::from_millis(200)).await;
    }
    let stored = totals_by_partner(server.api()).await;
    let expected = acknowledged * EVENTS_PER_PUSH;
    assert_eq!(stored.get("dhl").copied().unwrap_or(0), expected);
    assert!(server.log().contains("File too large"), "{}", server.log());
}
