//! Faults of the real binary: it is killed, or its system calls fail, while pushes go on.

pub mod errors;
mod inject;
pub mod kills;
mod traffic;

pub use inject::can_attach;

use std::collections::BTreeMap;
use std::path::Path;
use std::time::Duration;

use plimsoll_tests::{Api, ManualClock, Server};
use serde_json::Value;

use crate::live::traffic::Lane;

const DAY_MS: i64 = 24 * 60 * 60 * 1000;
const HOUR_MS: i64 = 60 * 60 * 1000;
/// The time that the whole of a campaign lies in, as a query asks for it.
const WINDOW_DAYS: i64 = 300;
const QUERY_TRIES: u32 = 50;
const QUERY_AGAIN_AFTER: Duration = Duration::from_millis(200);

/// A path as the text of an argument.
fn text(path: &Path) -> &str {
    path.to_str().expect("temporary folders have plain names")
}

/// Starts a server whose slots and minutes expire within days.
async fn start(data: &Path, clock: Option<&ManualClock>) -> Server {
    let backups = data.parent().unwrap_or(data);
    let mut args = vec!["--log-level", "warn", "--backup-dir", text(backups)];
    args.extend([
        "--memory",
        "64MiB",
        "--query-cells-max",
        "1000000000",
        "--retention",
        "1d",
        "--retention-1m",
        "3d",
    ]);
    match clock {
        Some(clock) => Server::start_with_clock(data, &args, &[], clock).await,
        None => Server::start(data, &args).await,
    }
}

/// Checks that each lane has what was acknowledged, once.
///
/// # Errors
/// The lanes that have something else.
async fn check_totals(api: &Api, now_ms: i64, lanes: &[Lane]) -> Result<(), String> {
    check(api, now_ms, lanes, |found, (least, most)| (least..=most).contains(&found)).await
}

/// Checks that no lane has more than what may be stored.
///
/// # Errors
/// As [`check_totals`].
async fn check_at_most(api: &Api, now_ms: i64, lanes: &[Lane]) -> Result<(), String> {
    check(api, now_ms, lanes, |found, (_, most)| found <= most).await
}

async fn check(
    api: &Api,
    now_ms: i64,
    lanes: &[Lane],
    is_right: impl Fn(u64, (u64, u64)) -> bool,
) -> Result<(), String> {
    let stored = totals(api, now_ms).await?;
    let mut wrong = Vec::new();
    for lane in lanes {
        let found = stored.get(lane.name()).copied().unwrap_or(0);
        if !is_right(found, lane.bounds()) {
            let (least, most) = lane.bounds();
            wrong.push(format!("{} has {found} events, {least} to {most} expected", lane.name()));
        }
    }
    if wrong.is_empty() { Ok(()) } else { Err(wrong.join("; ")) }
}

/// How many events each partner has.
async fn totals(api: &Api, now_ms: i64) -> Result<BTreeMap<String, u64>, String> {
    let end = (now_ms / HOUR_MS + 1) * HOUR_MS;
    let path = format!(
        "/api/v1/query/outcomes?stream=requests&by=partner&window={WINDOW_DAYS}d&end={end}"
    );
    let mut answer = api.try_get(&path).await;
    for _ in 0..QUERY_TRIES {
        if answer.status == 200 {
            break;
        }
        // Queries wait for a moment after a failure.
        tokio::time::sleep(QUERY_AGAIN_AFTER).await;
        answer = api.try_get(&path).await;
    }
    if answer.status != 200 || answer.text.contains("damaged") {
        return Err(format!("{path}: {} {}", answer.status, answer.text));
    }
    let series = answer.body["series"].as_array().into_iter().flatten();
    Ok(series.map(total).collect())
}

fn total(series: &Value) -> (String, u64) {
    let partner = series["labels"]["partner"].as_str().unwrap_or_default();
    let points = series["points"].as_array().into_iter().flatten();
    (partner.to_owned(), points.filter_map(|point| point["count"].as_u64()).sum())
}
