//! The data of the drills: summaries by the minute, from a week before the drills to their end.

use plimsoll_tests::{Api, clock, sample};
use serde_json::{Value, json};

const MINUTE_MS: i64 = 60_000;
const DAY_MIN: i64 = 1_440;
/// Minutes count from the Saturday a week before the Saturday of the drills.
const WEEK_MIN: i64 = 7 * DAY_MIN;
/// The Saturday at which evaluation starts.
pub(super) const SATURDAY_MIN: i64 = WEEK_MIN;
const MONDAY_MIN: i64 = SATURDAY_MIN + 2 * DAY_MIN;
const END_MIN: i64 = MONDAY_MIN + DAY_MIN;
/// Calls start in the evening before the drills: their baseline needs some hours.
const CALLS_FROM_MIN: i64 = MONDAY_MIN - 10 * 60;
/// Items of one push.
const PUSH_ITEMS: usize = 5_000;

/// An hour of the Monday of the drills.
#[derive(Debug, Clone, Copy)]
pub(super) struct Hour(pub(super) i64);

impl Hour {
    /// Its first minute.
    pub(super) const fn minute(self) -> i64 {
        MONDAY_MIN + self.0 * 60
    }
}

/// Whether a minute lies on a Saturday or Sunday.
pub(super) const fn is_weekend(minute: i64) -> bool {
    minute.rem_euclid(WEEK_MIN) < 2 * DAY_MIN
}

/// The calls of a minute.
#[derive(Debug, Clone, Copy)]
pub(super) struct Calls {
    count: u64,
    failed: u64,
    rejected: (&'static str, u64),
    took_ms: f64,
}

impl Calls {
    pub(super) const fn new(count: u64) -> Self {
        Self { count, failed: 0, rejected: ("4xx", 0), took_ms: 120.0 }
    }

    pub(super) const fn failing(self, failed: u64) -> Self {
        Self { failed, ..self }
    }

    pub(super) const fn rejected(self, class: &'static str, count: u64) -> Self {
        Self { rejected: (class, count), ..self }
    }

    pub(super) const fn taking(self, took_ms: f64) -> Self {
        Self { took_ms, ..self }
    }

    fn outcomes(self) -> Value {
        let (class, rejected) = self.rejected;
        let mut outcomes = json!({ "2xx": self.count - self.failed - rejected });
        outcomes["5xx"] = self.failed.into();
        outcomes[class] = rejected.into();
        outcomes
    }

    fn latency(self) -> Value {
        let mut durations = sample::Histogram::default();
        (0..self.count.min(60)).for_each(|_| durations.add((self.took_ms * 1e3) as u64));
        durations.to_json()
    }
}

/// The data, ready to be pushed.
#[derive(Debug)]
pub(super) struct History {
    start_ms: i64,
    items: Vec<Value>,
}

impl History {
    /// A history whose Monday is the newest complete one.
    pub(super) fn ending_before_now() -> Self {
        let day = clock::now_ms().div_euclid(DAY_MIN * MINUTE_MS);
        // 1970-01-01 was a Thursday: Mondays are the days 4, 11, 18, …
        let newest_monday = day - 1 - (day - 1 - 4).rem_euclid(7);
        Self {
            start_ms: newest_monday * DAY_MIN * MINUTE_MS - MONDAY_MIN * MINUTE_MS,
            items: Vec::new(),
        }
    }

    /// A minute as a time.
    pub(super) fn time(&self, minute: i64) -> String {
        clock::format(self.start_ms + minute * MINUTE_MS)
    }

    /// The minute of a time.
    pub(super) fn minute(&self, at_ms: i64) -> i64 {
        (at_ms - self.start_ms).div_euclid(MINUTE_MS)
    }

    /// The calls of a partner in each minute.
    pub(super) fn calls(&mut self, partner: &str, of: impl Fn(i64) -> Calls) {
        self.calls_of(partner, &[], of);
    }

    /// The calls of a part of a partner in each minute.
    pub(super) fn calls_of(
        &mut self,
        partner: &str,
        labels: &[(&str, &str)],
        of: impl Fn(i64) -> Calls,
    ) {
        for minute in CALLS_FROM_MIN..END_MIN {
            let calls = of(minute);
            if calls.count > 0 {
                let mut item = self.summary("requests", partner, minute, &calls.outcomes());
                labels.iter().for_each(|(label, value)| item[*label] = (*value).into());
                item["latency"] = calls.latency();
                self.items.push(item);
            }
        }
    }

    /// The webhooks of a partner in each minute; of a minute without any there is a heartbeat.
    pub(super) fn webhooks(&mut self, partner: &str, count: impl Fn(i64) -> u64) {
        for minute in 0..END_MIN {
            // In bursts, as is common for webhooks.
            let count = count(minute) * [1, 3, 2, 2][minute.rem_euclid(4) as usize] / 2;
            let outcomes = if count > 0 { json!({ "success": count }) } else { json!({}) };
            let item = self.summary("webhooks", partner, minute, &outcomes);
            self.items.push(item);
        }
    }

    fn summary(&self, stream: &str, partner: &str, minute: i64, outcomes: &Value) -> Value {
        let start = self.start_ms + minute * MINUTE_MS;
        json!({ "stream": stream, "partner": partner, "start": start, "step_s": 60, "outcomes": outcomes })
    }

    /// The end of the data, in ms.
    pub(super) const fn end_ms(&self) -> i64 {
        self.start_ms + END_MIN * MINUTE_MS
    }

    pub(super) async fn push_to(&mut self, api: &Api) {
        for items in std::mem::take(&mut self.items).chunks(PUSH_ITEMS) {
            api.push(&json!({ "summaries": items })).await;
        }
    }
}
