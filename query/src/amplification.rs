//! How often things are tried: attempts for each request, where both are reported.

use plimsoll_storage::{Label, Store, TimestampMs};

use crate::contrast::pair;
use crate::error::Result;
use crate::grid::Grid;
use crate::outcomes::outcomes;
use crate::select::{Selector, Series, groups};

/// The attempts and requests of one window.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct AmplificationPoint {
    /// The end of the window.
    pub t: TimestampMs,
    /// Attempts, retries included.
    pub attempts: u64,
    /// Requests that they were made for.
    pub requests: u64,
}

impl AmplificationPoint {
    /// Attempts for each request, or `None` when there was no request. 1 means that nothing was
    /// tried twice.
    #[must_use]
    pub fn ratio(&self) -> Option<f64> {
        (self.requests > 0).then(|| self.attempts as f64 / self.requests as f64)
    }
}

/// Attempts for each request by group. `attempts` and `requests` select the streams that count the
/// one and the other. Windows in which neither was reported have no point.
///
/// # Errors
/// When the store cannot be read.
pub fn amplification(
    store: &Store,
    attempts: &Selector,
    requests: &Selector,
    by: &[Label],
    grid: &Grid,
) -> Result<Vec<Series<AmplificationPoint>>> {
    let attempts = outcomes(store, groups(store, attempts, by), grid)?;
    let requests = outcomes(store, groups(store, requests, by), grid)?;
    let paired = pair(attempts, requests, 0, |point| point.t).into_iter();
    let total =
        |point: Option<_>| point.map_or(0, |point: crate::OutcomePoint| point.counts.total());
    let one = |series: Series<crate::Pair<_>>| Series {
        labels: series.labels,
        points: series
            .points
            .into_iter()
            .map(|at| AmplificationPoint { t: at.t, attempts: total(at.a), requests: total(at.b) })
            .collect(),
    };
    Ok(paired.map(one).collect())
}
