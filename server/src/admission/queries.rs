//! Questions under way: how many at once, how much each may read, and for how long.
//!
//! A question runs on a thread of its own, holds no lock that an append waits for, and gives up when
//! its time is over. Who finds no place waits for one, but neither for long nor in a long queue.

use std::num::NonZero;
use std::sync::Arc;
use std::time::{Duration, Instant};

use plimsoll_query::Budget;
use tokio::sync::Semaphore;
use tokio::time::timeout;

use crate::error::ApiError;

/// Cells that a question may read unless set otherwise: a second or two of work for a core.
pub(crate) const CELLS_MAX: u64 = 50_000_000;
/// How long a question may take unless set otherwise.
pub(crate) const TIMEOUT: Duration = Duration::from_secs(30);
/// Points of an answer: some 100 MB as JSON.
const POINTS_MAX: u64 = 1_000_000;
/// How long a question waits for a place.
const WAIT: Duration = Duration::from_secs(5);
/// Questions that wait for a place.
const WAITING_MAX: usize = 256;

/// The bounds of questions.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct QueryLimits {
    /// Cells that one may read.
    pub(crate) cells_max: u64,
    /// How long one may take.
    pub(crate) timeout: Duration,
    /// How many may be answered at once.
    pub(crate) at_once_max: usize,
}

impl Default for QueryLimits {
    /// As many at once as there are cores, but two at least: one that takes long must not hold up
    /// all others.
    fn default() -> Self {
        let cores = std::thread::available_parallelism().map_or(1, NonZero::get);
        Self { cells_max: CELLS_MAX, timeout: TIMEOUT, at_once_max: cores.max(2) }
    }
}

/// The places for questions, shared by all requests.
#[derive(Debug, Clone)]
pub(crate) struct Queries {
    limits: QueryLimits,
    places: Arc<Semaphore>,
    waiting: Arc<Semaphore>,
    wait: Duration,
}

impl Queries {
    pub(crate) fn new(limits: QueryLimits) -> Self {
        let places = Arc::new(Semaphore::new(limits.at_once_max));
        Self { limits, places, waiting: Arc::new(Semaphore::new(WAITING_MAX)), wait: WAIT }
    }

    /// Runs `work` once there is a place for it, within its budget. The place is taken until the
    /// work is over, even when nobody waits for its answer any more.
    ///
    /// # Errors
    /// 503 when there is no place for a while; what `work` says.
    pub(crate) async fn run<T: Send + 'static>(
        &self,
        work: impl FnOnce(Budget) -> Result<T, ApiError> + Send + 'static,
    ) -> Result<T, ApiError> {
        let busy = || ApiError::busy("too many questions are being answered at once");
        let waiting = self.waiting.try_acquire().map_err(|_| busy())?;
        let place = timeout(self.wait, Arc::clone(&self.places).acquire_owned()).await;
        let place = place.map_err(|_| busy())?.map_err(|_| busy())?;
        drop(waiting);
        let budget = Budget {
            cells_max: self.limits.cells_max,
            points_max: POINTS_MAX,
            deadline: Instant::now().checked_add(self.limits.timeout),
        };
        let span = tracing::Span::current();
        let answer = tokio::task::spawn_blocking(move || {
            let _place = place;
            span.in_scope(|| work(budget))
        });
        answer.await.map_err(|error| ApiError::internal(&error))?
    }
}

#[cfg(test)]
mod tests;
