//! The test data as items of a push.

use plimsoll_storage::{Cell, TimestampMs};
use serde_json::{Value, json};

use crate::facts::Endpoint;

/// One request at `at`.
pub fn event(endpoint: &Endpoint, at: TimestampMs, random: &mut fastrand::Rng) -> Value {
    let (outcome, seconds) = endpoint.request(random);
    json!({
        "stream": "requests", "partner": endpoint.partner, "operation": endpoint.operation,
        "environment": endpoint.environment, "site": endpoint.site,
        "at": at.0, "outcome": outcome.as_str(), "latency_ms": (seconds * 1e6).round() / 1e3,
    })
}

/// A summary of 4 to 13 requests in the `step_s` seconds from `start`.
pub fn summary(
    endpoint: &Endpoint,
    start: TimestampMs,
    step_s: i64,
    random: &mut fastrand::Rng,
) -> Value {
    let count = random.u64(4..14);
    summary_of(endpoint, start, step_s, &endpoint.cell(count, start, random))
}

/// A cell as connectors push it: a summary of the `step_s` seconds from `start`.
#[must_use]
pub fn summary_of(endpoint: &Endpoint, start: TimestampMs, step_s: i64, cell: &Cell) -> Value {
    let outcomes = cell.outcomes.iter();
    let outcomes: serde_json::Map<_, _> =
        outcomes.map(|(class, count)| (class.as_str().to_owned(), count.into())).collect();
    let buckets = cell.durations.buckets();
    let first = buckets.first().map_or(0, |bucket| bucket.index);
    let last = buckets.last().map_or(0, |bucket| bucket.index);
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
