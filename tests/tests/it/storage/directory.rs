//! The data directory is deleted, moved or changed while the server runs: pushes are refused with the reason,
//! nothing is written into what has its path, and the server goes on when the same directory is back.

use std::fs;
use std::path::Path;
use std::time::{Duration, Instant};

use plimsoll_tests::{Server, clock};
use serde_json::json;

use crate::common::{data_dir, event, totals_by_partner};

const PATIENCE: Duration = Duration::from_secs(60);

/// Pushes until the answer has this status. Returns how many pushes were acknowledged.
async fn push_until(server: &Server, status: u16) -> u64 {
    let (start, mut acknowledged) = (Instant::now(), 0);
    loop {
        let body = json!({ "events": [event("dhl", clock::now_ms(), 200, 5.0)] });
        let answer = server.api().try_push(&body).await;
        acknowledged += u64::from(answer.status == 200);
        if answer.status == status {
            return acknowledged;
        }
        assert!(start.elapsed() < PATIENCE, "{}\n{}", answer.text, server.log());
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
}

/// Waits until the server refuses pushes, and checks what it says about that.
async fn expect_unready(server: &Server, reason: &str) -> u64 {
    let acknowledged = push_until(server, 503).await;
    for path in ["/readyz", "/livez"] {
        let answer = server.api().try_get(path).await;
        assert_eq!(answer.status, 503, "{path}: {}", answer.text);
        assert!(answer.text.contains(reason), "{path}: {}", answer.text);
    }
    let health = server.api().get("/api/v1/health").await.to_string();
    assert!(health.contains(reason), "{health}");
    let start = Instant::now();
    while !server.api().try_get("/metrics").await.text.contains("{ability=\"evaluate\"} 0") {
        assert!(start.elapsed() < PATIENCE, "{}", server.api().try_get("/metrics").await.text);
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    assert_eq!(server.log().matches("the data directory has changed").count(), 1);
    acknowledged
}

fn is_empty(path: &Path) -> bool {
    fs::read_dir(path).expect("a directory").next().is_none()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_directory_that_is_replaced_is_not_written_and_works_again_once_it_is_back() {
    let dir = data_dir();
    let [data, aside] = ["data", "aside"].map(|name| dir.path().join(name));
    let server = Server::start(&data, &[]).await;
    let mut acknowledged = push_until(&server, 200).await;
    fs::rename(&data, &aside).expect("moved");
    fs::create_dir(&data).expect("created");
    acknowledged += expect_unready(&server, "is not the one that was opened").await;
    assert_eq!(totals_by_partner(server.api()).await.get("dhl"), Some(&acknowledged));
    assert!(is_empty(&data));
    fs::remove_dir(&data).expect("removed");
    fs::rename(&aside, &data).expect("moved back");
    acknowledged += push_until(&server, 200).await;
    let start = Instant::now();
    while server.api().try_get("/readyz").await.status != 200 {
        assert!(start.elapsed() < PATIENCE, "{}", server.api().try_get("/readyz").await.text);
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    server.kill();
    let server = Server::start(&data, &[]).await;
    assert_eq!(totals_by_partner(server.api()).await.get("dhl"), Some(&acknowledged));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_directory_that_is_deleted_or_lacks_its_lock_is_refused_and_the_server_still_stops() {
    type Change = fn(&Path);
    let changes: [(Change, &str); 4] = [
        (|data| fs::remove_dir_all(data).expect("deleted"), "is missing"),
        (|data| fs::remove_file(data.join("LOCK")).expect("deleted"), "the file LOCK"),
        (|data| fs::remove_file(data.join("CURRENT")).expect("deleted"), "the file CURRENT"),
        (
            |data| {
                for entry in fs::read_dir(data).expect("a directory") {
                    fs::remove_file(entry.expect("an entry").path()).expect("deleted");
                }
            },
            "the file LOCK",
        ),
    ];
    for (change, reason) in changes {
        let dir = data_dir();
        let data = dir.path().join("data");
        let server = Server::start(&data, &[]).await;
        push_until(&server, 200).await;
        change(&data);
        // What the server was writing at that moment may still appear.
        expect_unready(&server, reason).await;
        let mut left: Vec<_> = fs::read_dir(&data).into_iter().flatten().flatten().collect();
        server.terminate();
        left.retain(|entry| entry.path().exists());
        let found = fs::read_dir(&data).into_iter().flatten().count();
        assert_eq!(found, left.len(), "nothing is created after {reason}");
    }
}
