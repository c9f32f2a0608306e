//! The traffic of a drill: a week of normal traffic by the minute, then half an hour of the fault call by
//! call.

use plimsoll_storage::{Histogram, Outcome, TimestampMs};
use serde_json::{Value, json};

use super::scenario::{Calls, NORMAL_LATENCY_MS};
use super::{OPERATION, Scenario};

const MINUTE_MS: i64 = 60_000;
/// How long the fault lasts, in ms.
pub(crate) const FAULT_MS: i64 = 30 * MINUTE_MS;
/// How long normal traffic lasts before it, in ms: a week has every day of the week.
const NORMAL_MS: i64 = 7 * 24 * 60 * MINUTE_MS;
/// How much normal traffic one push has, in ms.
const PUSH_MS: i64 = 6 * 60 * MINUTE_MS;

/// The stream of calls.
pub(super) const CALLS: &str = "requests";
/// Streams that a drill reports.
pub(super) const STREAMS: [&str; 3] = [CALLS, "webhooks", "tracking"];

/// The traffic of a drill.
#[derive(Debug, Clone)]
pub(crate) struct Traffic {
    pub(crate) scenario: Scenario,
    pub(crate) partner: String,
    /// Identifies the drill: the release of its streams.
    pub(crate) name: String,
    /// The end of the fault.
    pub(crate) until: TimestampMs,
}

impl Traffic {
    /// A drill whose fault lasts until the last full minute.
    pub(crate) fn new(scenario: Scenario, partner: &str, now: TimestampMs) -> Self {
        let until = TimestampMs(now.0 - now.0.rem_euclid(MINUTE_MS));
        let name = format!("drill-{}", now.0);
        Self { scenario, partner: partner.to_owned(), name, until }
    }

    /// When the fault starts.
    pub(crate) fn fault_from(&self) -> TimestampMs {
        self.until.plus_ms(-FAULT_MS)
    }

    /// The bodies to push as NDJSON, oldest first.
    pub(crate) fn bodies(&self) -> impl Iterator<Item = String> {
        let fault_from = self.fault_from();
        let first = fault_from.plus_ms(-NORMAL_MS);
        let normal = (0..NORMAL_MS / PUSH_MS).map(move |number| {
            let from = first.plus_ms(number * PUSH_MS);
            lines(
                (0..PUSH_MS / MINUTE_MS)
                    .flat_map(|minute| self.normal(from.plus_ms(minute * MINUTE_MS))),
            )
        });
        let fault = (0..FAULT_MS / MINUTE_MS)
            .flat_map(move |minute| self.fault(minute, fault_from.plus_ms(minute * MINUTE_MS)));
        let bodies = normal.chain(std::iter::once_with(|| lines(fault)));
        // The fault has no body if it is silence.
        bodies.filter(|body| !body.is_empty())
    }

    /// A minute of normal traffic: a summary of each stream.
    fn normal(&self, start: TimestampMs) -> impl Iterator<Item = Value> {
        STREAMS.into_iter().map(move |stream| {
            let (count, minute) = (count_of(stream, start), start.0 / MINUTE_MS);
            let failed = u64::from(stream == CALLS && minute % 7 == 0);
            let mut item = self.item("summary", stream);
            item["start"] = json!(start.0);
            item["step_s"] = json!(MINUTE_MS / 1_000);
            item["outcomes"] = json!({ good(stream).as_str(): count - failed, "5xx": failed });
            if stream == CALLS {
                item["latency"] =
                    latency((0..count).map(|call| latency_ms(NORMAL_LATENCY_MS, call)));
            }
            item
        })
    }

    /// A minute of the fault: an event for each call. Streams without a fault have normal traffic.
    fn fault(&self, minute: i64, start: TimestampMs) -> Vec<Value> {
        let Some(Calls { failing, outcome, latency_ms: mean_ms }) = self.scenario.calls(minute)
        else {
            return Vec::new();
        };
        let mut items = Vec::new();
        for stream in STREAMS {
            let count = count_of(stream, start);
            let failed = if stream == CALLS { (count as f64 * failing).round() as u64 } else { 0 };
            for call in 0..count {
                let mut item = self.item("event", stream);
                item["at"] = json!(start.0 + call as i64 * MINUTE_MS / count as i64);
                // Failures are spread over the minute.
                let fails = call * failed / count != (call + 1) * failed / count;
                item["outcome"] = json!(if fails { outcome } else { good(stream) }.as_str());
                if stream == CALLS {
                    item["latency_ms"] = json!(latency_ms(mean_ms, call));
                }
                items.push(item);
            }
        }
        items
    }

    fn item(&self, kind: &str, stream: &str) -> Value {
        json!({
            "type": kind, "stream": stream, "partner": self.partner, "operation": OPERATION,
            "environment": plimsoll_alerting::SANDBOX, "release": self.name,
        })
    }
}

const fn good(stream: &str) -> Outcome {
    if stream.len() == CALLS.len() { Outcome::Status2xx } else { Outcome::Success }
}

/// Items in a minute; the number varies a little.
fn count_of(stream: &str, start: TimestampMs) -> u64 {
    let mean = if stream == CALLS { 60 } else { 20 };
    let jitter = (start.0 / MINUTE_MS).rem_euclid(1_009) * 7_919 % 11;
    mean - 5 + jitter.unsigned_abs()
}

/// How long a call takes: within a tenth of the mean.
fn latency_ms(mean_ms: f64, call: u64) -> f64 {
    mean_ms * (0.9 + (call * 37 % 20) as f64 / 100.0)
}

/// Durations as the exponential histogram of a push.
fn latency(durations_ms: impl Iterator<Item = f64>) -> Value {
    let mut histogram = Histogram::default();
    durations_ms.for_each(|ms| histogram.record(ms / 1e3));
    let offset = histogram.buckets().first().map_or(0, |bucket| bucket.index);
    let mut counts: Vec<u64> = Vec::new();
    for bucket in histogram.buckets() {
        counts.resize(bucket.index.abs_diff(offset) as usize + 1, 0);
        if let Some(last) = counts.last_mut() {
            *last = bucket.count;
        }
    }
    json!({
        "scale": histogram.scale(), "sum": histogram.sum_us() as f64 / 1e6, "zero_count": 0,
        "positive": { "offset": offset, "bucket_counts": counts },
    })
}

fn lines(items: impl Iterator<Item = Value>) -> String {
    items.map(|item| format!("{item}\n")).collect()
}

#[cfg(test)]
mod tests;
