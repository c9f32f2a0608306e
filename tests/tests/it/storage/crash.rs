//! Acknowledged data survives `kill -9` and counts once.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use plimsoll_tests::{Api, Server, clock};
use serde_json::json;
use tokio::sync::watch;

use crate::common::{data_dir, event, totals_by_partner, wait_until};

const TASK_COUNT: usize = 8;
const ROUND_COUNT: u64 = 5;
const EVENTS_PER_PUSH: u64 = 3;

/// The server to push to, and whether to stop.
#[derive(Clone)]
struct Target {
    api: Api,
    stop: bool,
}

/// What one task got acknowledged.
#[derive(Default)]
struct Acknowledged {
    pushes: u64,
    retries: u64,
    duplicates: u64,
}

/// Pushes until it is stopped, and repeats each push until it is acknowledged.
async fn push_until_stopped(
    name: String,
    target: watch::Receiver<Target>,
    progress: Arc<AtomicU64>,
) -> Acknowledged {
    let mut acknowledged = Acknowledged::default();
    while !target.borrow().stop {
        let key = format!("{name}-{}", acknowledged.pushes);
        let at = clock::now_ms();
        let events: Vec<_> = (0..EVENTS_PER_PUSH).map(|_| event(&name, at, 200, 12.5)).collect();
        let body = json!({ "events": events });
        loop {
            let api = target.borrow().api.clone();
            match api.push_once(&key, &body).await {
                Ok(answer) if answer.status == 200 => {
                    acknowledged.duplicates += u64::from(answer.body["duplicate"] == true);
                    break;
                }
                // The connection broke, or the server is stopping: not acknowledged.
                Ok(answer) => assert_eq!(answer.status, 503, "{}", answer.text),
                Err(_) => {}
            }
            acknowledged.retries += 1;
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
        acknowledged.pushes += 1;
        progress.fetch_add(1, Ordering::Relaxed);
    }
    acknowledged
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn every_acknowledged_item_is_stored_once_after_kill_9() {
    let dir = data_dir();
    let mut server = Server::start(dir.path(), &[]).await;
    let (sender, receiver) = watch::channel(Target { api: server.api().clone(), stop: false });
    let progress = Arc::new(AtomicU64::new(0));
    let tasks: Vec<_> = (0..TASK_COUNT)
        .map(|n| {
            let name = format!("partner-{n}");
            let task = push_until_stopped(name.clone(), receiver.clone(), Arc::clone(&progress));
            (name, tokio::spawn(task))
        })
        .collect();

    for round in 0..ROUND_COUNT {
        // Another point of the load in each round.
        let goal = progress.load(Ordering::Relaxed) + 40 + 13 * round;
        wait_until("the load goes on", || progress.load(Ordering::Relaxed) >= goal).await;
        server.kill();
        server = Server::start(dir.path(), &[]).await;
        sender.send_modify(|target| target.api = server.api().clone());
    }
    let goal = progress.load(Ordering::Relaxed) + 40;
    wait_until("the load goes on", || progress.load(Ordering::Relaxed) >= goal).await;
    sender.send_modify(|target| target.stop = true);

    let (mut expected, mut retries, mut duplicates) = (BTreeMap::new(), 0, 0);
    for (name, task) in tasks {
        let acknowledged = task.await.expect("no panic");
        expected.insert(name, acknowledged.pushes * EVENTS_PER_PUSH);
        retries += acknowledged.retries;
        duplicates += acknowledged.duplicates;
    }
    let pushes = progress.load(Ordering::Relaxed);
    println!(
        "{pushes} pushes, {retries} retries, {duplicates} had been stored before the answer was lost"
    );
    assert!(retries > 0, "the kills hit pushes in flight");
    assert_eq!(totals_by_partner(server.api()).await, expected);

    // And once more from the disk alone.
    server.kill();
    let server = Server::start(dir.path(), &[]).await;
    assert_eq!(totals_by_partner(server.api()).await, expected);
}
