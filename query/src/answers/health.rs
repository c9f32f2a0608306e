//! The health query: the state of a partner at a glance.

use std::collections::BTreeMap;

use plimsoll_storage::{LabelMatchers, Quantile, Store, StreamId, StreamKind, TimestampMs};

use super::freshness::newest;
use crate::engine::aggregate;
use crate::select::{Grid, Result, with_keys};
use crate::statistics::{ClassRatio, Confidence, ERRORS, Ratio};

/// The windows in which a partner is measured, in ms: 5 minutes and an hour.
pub const WINDOWS_MS: [i64; 2] = [5 * 60 * 1000, SILENT_MS];

/// A stream is silent when its newest event is older than this, in ms.
const SILENT_MS: i64 = 60 * 60 * 1000;
/// Windows with fewer items are not assessed.
const ITEMS_MIN: u64 = 10;
/// A partner is failing when the lower bound of its share of errors is above this.
const FAILING_SHARE: f64 = 0.5;
/// A partner is degraded when the lower bound of its share of errors is above this.
const DEGRADED_SHARE: f64 = 0.05;

/// How long an expected stream has been silent, as the rules that watch it evaluate it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct StreamAge {
    /// The time since its newest event or report, or since it is expected when there was none.
    pub age_ms: i64,
    /// From which age on it is silent.
    pub limit_ms: i64,
    /// Whether it is silent.
    pub is_silent: bool,
}

/// One stream of a partner.
#[derive(Debug, Clone, PartialEq)]
pub struct StreamHealth {
    /// Its name.
    pub stream: String,
    /// Whether it is expected.
    pub expected: bool,
    /// The newest event time; `None` without an event, also after heartbeats.
    pub last_at: Option<TimestampMs>,
    /// What rules say of its silence; `None` when none watches it.
    pub age: Option<StreamAge>,
    /// Its measurements in each of [`WINDOWS_MS`] up to now.
    pub windows: Vec<WindowHealth>,
}

/// One stream in one window.
#[derive(Debug, Clone, PartialEq)]
pub struct WindowHealth {
    /// How long the window is, in ms.
    pub window_ms: i64,
    /// How many items there were.
    pub count: u64,
    /// Items for each second.
    pub per_second: f64,
    /// The share of [`ERRORS`] in them.
    pub errors: Ratio,
    /// The 95th percentile of durations.
    pub p95: Option<Quantile>,
}

/// An alert that is open.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OpenAlert {
    /// Whether it is critical.
    pub critical: bool,
    /// The symptom that it reports.
    pub symptom: String,
}

/// The health of a partner, ascending in severity.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum HealthStatus {
    /// No problem was found.
    Healthy,
    /// Some requests fail, an alert is open, or an expected stream is silent.
    Degraded,
    /// No stream has a recent event.
    Silent,
    /// Most requests fail, or a critical alert is open.
    Failing,
}

impl HealthStatus {
    /// The name in the API.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Healthy => "healthy",
            Self::Degraded => "degraded",
            Self::Silent => "silent",
            Self::Failing => "failing",
        }
    }
}

/// Every stream that a partner reports or should report, by name. `labels` selects the partner, and may
/// select more. `expects` are the names of expected streams, and `ages` what rules say of them.
///
/// # Errors
/// The store cannot be read.
pub fn health(
    store: &Store,
    labels: &LabelMatchers,
    expects: &[String],
    ages: &BTreeMap<String, StreamAge>,
    now: TimestampMs,
) -> Result<Vec<StreamHealth>> {
    let mut streams: BTreeMap<String, Vec<StreamId>> = BTreeMap::new();
    for (stream, key) in with_keys(store, store.select(StreamKind::Activity, None, labels)) {
        streams.entry(key.name.into()).or_default().push(stream);
    }
    for stream in expects {
        streams.entry(stream.clone()).or_default();
    }
    let one = |(stream, ids): (String, Vec<StreamId>)| {
        let windows = WINDOWS_MS.iter().map(|window_ms| window_of(store, &ids, *window_ms, now));
        Ok(StreamHealth {
            expected: expects.contains(&stream),
            last_at: newest(store, &ids),
            age: ages.get(&stream).copied(),
            windows: windows.collect::<Result<_>>()?,
            stream,
        })
    };
    streams.into_iter().map(one).collect()
}

fn window_of(
    store: &Store,
    streams: &[StreamId],
    window_ms: i64,
    now: TimestampMs,
) -> Result<WindowHealth> {
    let width = store.slot_width();
    let slots = Grid::now(now, window_ms, width)?.covers(width);
    let cell = aggregate(store, streams, slots)?;
    let count = cell.outcomes.total();
    Ok(WindowHealth {
        window_ms,
        count,
        per_second: count as f64 * 1e3 / window_ms as f64,
        errors: ClassRatio::of_all(&ERRORS).measure(&cell.outcomes, Confidence::DEFAULT),
        p95: cell.durations.quantile(0.95),
    })
}

/// The status of a partner and the reason for it in a sentence. The most severe status that has a reason
/// applies.
#[must_use]
pub fn assess(
    streams: &[StreamHealth],
    alerts: &[OpenAlert],
    now: TimestampMs,
) -> (HealthStatus, String) {
    let alert = |critical| {
        let open = alerts.iter().find(|alert| alert.critical == critical)?;
        Some(format!("an alert is open: {}", open.symptom))
    };
    let errors = |share| streams.iter().find_map(|stream| errors_above(stream, share));
    let silent = || streams.iter().find_map(|stream| missing(stream, now));
    let findings = [
        (HealthStatus::Failing, alert(true).or_else(|| errors(FAILING_SHARE))),
        (HealthStatus::Silent, all_silent(streams, now)),
        (HealthStatus::Degraded, alert(false).or_else(|| errors(DEGRADED_SHARE)).or_else(silent)),
    ];
    let worst = findings.into_iter().find_map(|(status, reason)| Some((status, reason?)));
    worst.unwrap_or_else(|| (HealthStatus::Healthy, "no problem was found".to_owned()))
}

/// The reason when more than a share of a stream fails, in the shortest window with enough items.
fn errors_above(stream: &StreamHealth, share: f64) -> Option<String> {
    let window = stream.windows.iter().find(|window| window.count >= ITEMS_MIN)?;
    let ratio = window.errors.ratio.filter(|ratio| ratio.lower > share)?;
    let (percent, minutes) = (ratio.value * 100.0, window.window_ms / 60_000);
    let (stream, count) = (&stream.stream, window.count);
    Some(format!("{percent:.1} % of {count} {stream} in {minutes} minutes are errors"))
}

fn all_silent(streams: &[StreamHealth], now: TimestampMs) -> Option<String> {
    let newest = streams.iter().filter_map(|stream| stream.last_at).max();
    let Some(newest) = newest else { return Some("nothing ever came".to_owned()) };
    let is_silent = |stream: &StreamHealth| match stream.age {
        Some(age) => age.is_silent,
        None => stream.last_at.is_none_or(|at| now.since_ms(at) > SILENT_MS),
    };
    let all_silent = streams.iter().all(is_silent);
    all_silent.then(|| format!("nothing has come for {}", span(now.since_ms(newest))))
}

/// The reason when a stream is expected and silent. Rules decide where they watch it.
fn missing(stream: &StreamHealth, now: TimestampMs) -> Option<String> {
    if !stream.expected {
        return None;
    }
    let (name, age_ms) = (&stream.stream, stream.last_at.map(|at| now.since_ms(at)));
    let is_silent = match stream.age {
        Some(age) => age.is_silent,
        None => age_ms.is_none_or(|age_ms| age_ms > SILENT_MS),
    };
    is_silent.then(|| match age_ms {
        None => format!("{name} is expected and never came"),
        Some(age_ms) => format!("{name} is expected and has not come for {}", span(age_ms)),
    })
}

/// A duration for people: `57 min`, `3 h 20 min`, `4 days`.
fn span(ms: i64) -> String {
    let minutes = ms / 60_000;
    if minutes < 60 {
        format!("{minutes} min")
    } else if minutes >= 48 * 60 {
        format!("{} days", minutes / (24 * 60))
    } else {
        format!("{} h {} min", minutes / 60, minutes % 60)
    }
}

#[cfg(test)]
mod tests;
