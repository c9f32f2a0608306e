//! The facts as items of a push.

use plimsoll_storage::{Cell, TimestampMs};
use serde_json::{Value, json};

use crate::facts::Endpoint;

/// A request that happened at `at`.
pub fn event(endpoint: &Endpoint, at: TimestampMs, random: &mut fastrand::Rng) -> Value {
    let (outcome, seconds) = endpoint.request(random);
    json!({
        "stream": "requests", "partner": endpoint.partner, "operation": endpoint.operation,
        "environment": endpoint.environment, "site": endpoint.site,
        "at": at.0, "outcome": outcome.as_str(), "latency_ms": (seconds * 1e6).round() / 1e3,
    })
}

/// The 4 to 13 requests of `step_s` seconds from `start` on.
pub fn summary(
    endpoint: &Endpoint,
    start: TimestampMs,
    step_s: i64,
    random: &mut fastrand::Rng,
) -> Value {
    let count = random.u64(4..14);
    let cell: Cell = endpoint.cell(count, start, random);
    let outcomes: serde_json::Map<_, _> = cell
        .outcomes
        .iter()
        .map(|(class, count)| (class.as_str().to_owned(), count.into()))
        .collect();
    let buckets: Vec<_> = cell.durations.buckets().to_vec();
    let (first, last) = (buckets[0].index, buckets[buckets.len() - 1].index);
    let mut counts = vec![0; (last - first) as usize + 1];
    for bucket in buckets {
        counts[(bucket.index - first) as usize] = bucket.count;
    }
    json!({
        "stream": "requests", "partner": endpoint.partner, "operation": endpoint.operation,
        "environment": endpoint.environment, "site": endpoint.site,
        "start": start.0, "step_s": step_s, "outcomes": outcomes, "last_at": start.0,
        "latency": {"scale": 5, "sum": cell.durations.sum_us() as f64 / 1e6, "zero_count": 0,
                    "positive": {"offset": first, "bucket_counts": counts}},
    })
}
