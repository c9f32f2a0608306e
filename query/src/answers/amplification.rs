//! The retry amplification query: attempts for each request, where both are reported.

use plimsoll_storage::{Label, Store, TimestampMs};

use super::compare::{Pair, pair};
use super::outcomes::{OutcomePoint, outcomes};
use crate::select::{Grid, Result, Selector, Series, groups};

/// The attempts and requests of one window.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct AmplificationPoint {
    /// The end of the window.
    pub t: TimestampMs,
    /// Attempts, retries included.
    pub attempts: u64,
    /// Requests for which they were made.
    pub requests: u64,
}

impl AmplificationPoint {
    /// Attempts for each request; `None` without a request. 1 means that nothing was retried.
    #[must_use]
    pub fn ratio(&self) -> Option<f64> {
        (self.requests > 0).then(|| self.attempts as f64 / self.requests as f64)
    }
}

/// Attempts for each request by group. `attempts` and `requests` select the streams that count them. Windows
/// in which neither was reported have no point.
///
/// # Errors
/// The store cannot be read, or the budget of the grid is exceeded.
pub fn amplification(
    store: &Store,
    attempts: &Selector,
    requests: &Selector,
    by: &[Label],
    grid: &Grid,
) -> Result<Vec<Series<AmplificationPoint>>> {
    let attempts = outcomes(store, groups(store, attempts, by), grid)?;
    let requests = outcomes(store, groups(store, requests, by), grid)?;
    let total = |point: Option<OutcomePoint>| point.map_or(0, |point| point.counts.total());
    let point = |Pair { t, a, b }| AmplificationPoint { t, attempts: total(a), requests: total(b) };
    let paired = pair(attempts, requests, 0, |point| point.t).into_iter();
    let series = paired.map(|Series { labels, points }| Series {
        labels,
        points: points.into_iter().map(point).collect(),
    });
    Ok(series.collect())
}
