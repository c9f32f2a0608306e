//! Starting and stopping: nothing is lost on SIGTERM, and a data directory has one owner.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use plimsoll_tests::{Api, Server, binary, clock};
use serde_json::json;

use crate::common::{data_dir, event, text_of, totals_by_partner, wait_until};

/// Pushes until the server stops answering; returns the number of acknowledged pushes.
async fn push_until_gone(api: Api, partner: String, progress: Arc<AtomicU64>) -> u64 {
    let mut acknowledged = 0;
    loop {
        progress.store(acknowledged, Ordering::Relaxed);
        let body = json!({ "events": [event(&partner, clock::now_ms(), 200, 5.0)] });
        let key = format!("{partner}-{acknowledged}");
        match api.push_once(&key, &body).await {
            Ok(answer) if answer.status == 200 => acknowledged += 1,
            Ok(answer) => {
                assert_eq!(answer.status, 503, "{}", answer.text);
                return acknowledged;
            }
            Err(_) => return acknowledged,
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn sigterm_under_load_loses_nothing() {
    let dir = data_dir();
    let server = Server::start(dir.path(), &[]).await;
    let progress: [Arc<AtomicU64>; 4] = Default::default();
    let push = |(number, progress): (usize, &Arc<AtomicU64>)| {
        let partner = format!("partner-{number}");
        let push = push_until_gone(server.api().clone(), partner.clone(), Arc::clone(progress));
        (partner, tokio::spawn(push))
    };
    let tasks: Vec<_> = progress.iter().enumerate().map(push).collect();
    let is_loaded = || progress.iter().all(|count| count.load(Ordering::Relaxed) >= 20);
    wait_until("every load goes on", is_loaded).await;
    let status = server.terminate();
    assert!(status.success(), "a requested stop is no failure: {status}");

    let mut acknowledged = BTreeMap::new();
    for (partner, task) in tasks {
        acknowledged.insert(partner, task.await.expect("no panic"));
    }
    assert!(acknowledged.values().all(|count| *count > 0), "{acknowledged:?}");
    let server = Server::start(dir.path(), &[]).await;
    let stored = totals_by_partner(server.api()).await;
    for (partner, acknowledged) in acknowledged {
        // The one push in flight may have been stored while its answer was lost.
        let stored = stored.get(&partner).copied().unwrap_or(0);
        assert!(
            (acknowledged..=acknowledged + 1).contains(&stored),
            "{partner}: {acknowledged}, {stored}"
        );
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_second_server_on_the_same_data_gets_a_clear_error() {
    let dir = data_dir();
    let server = Server::start(dir.path(), &[]).await;
    let output = binary::run(&["serve", "--listen", "127.0.0.1:0", "--data-dir", text_of(&dir)]);
    assert!(!output.status.success());
    let error = String::from_utf8_lossy(&output.stderr);
    assert!(error.contains(text_of(&dir)), "the error names the folder: {error}");
    assert!(!error.contains("panicked"), "{error}");
    assert_eq!(server.api().try_get("/readyz").await.status, 200, "the first one is not disturbed");
}

#[test]
fn wrong_arguments_are_reported() {
    let dir = data_dir();
    for (flag, value) in [
        ("--durability", "maybe"),
        ("--slot", "fast"),
        ("--listen", "nowhere"),
        ("--rules", "/nonexistent/rules.yaml"),
        ("--config", "/nonexistent/plimsoll.yaml"),
    ] {
        let output = binary::run(&["serve", "--data-dir", text_of(&dir), flag, value]);
        assert!(!output.status.success(), "{flag} {value}");
        let error = String::from_utf8_lossy(&output.stderr);
        let named = error.contains(value) && error.contains(flag.trim_start_matches('-'));
        assert!(named && !error.contains("panicked"), "{flag} {value}: {error}");
    }
}
