//! Bounds on queries: how many run at once, how much each may read, and how long it may take.
//!
//! A query runs on a thread of its own, holds no lock that an append waits for, and stops when its time is
//! over. A query beyond the number that may run waits, but neither for long nor in a long queue.

use std::num::NonZero;
use std::sync::Arc;
use std::time::{Duration, Instant};

use plimsoll_query::Budget;
use tokio::sync::Semaphore;
use tokio::time::timeout;

use crate::error::ApiError;

/// Cells that a query may read by default: a second or two of work for a core.
const CELLS_MAX: u64 = 50_000_000;
/// How long a query may take by default.
const TIMEOUT: Duration = Duration::from_secs(30);
/// Points of an answer: some 100 MB as JSON.
const POINTS_MAX: u64 = 1_000_000;
/// How long a query waits for a permit.
const WAIT: Duration = Duration::from_secs(5);
/// Queries that wait for a permit.
const WAITING_MAX: usize = 256;

/// The bounds of queries.
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
    /// As many at once as there are cores, but at least two, so that one slow query does not delay all
    /// others.
    fn default() -> Self {
        let cores = std::thread::available_parallelism().map_or(1, NonZero::get);
        Self { cells_max: CELLS_MAX, timeout: TIMEOUT, at_once_max: cores.max(2) }
    }
}

/// The permits for queries, shared by all requests.
#[derive(Debug, Clone)]
pub(crate) struct Queries {
    limits: QueryLimits,
    permits: Arc<Semaphore>,
    waiting: Arc<Semaphore>,
    wait: Duration,
}

impl Queries {
    pub(crate) fn new(limits: QueryLimits) -> Self {
        let permits = Arc::new(Semaphore::new(limits.at_once_max));
        Self { limits, permits, waiting: Arc::new(Semaphore::new(WAITING_MAX)), wait: WAIT }
    }

    /// Runs `work` once there is a permit, within its budget. The permit is held until the work is over, even
    /// when the client has gone.
    ///
    /// # Errors
    /// 503 when there is no permit for a while; the errors of `work`.
    pub(crate) async fn run<T: Send + 'static>(
        &self,
        work: impl FnOnce(Budget) -> Result<T, ApiError> + Send + 'static,
    ) -> Result<T, ApiError> {
        let busy = || ApiError::busy("too many queries are running at once");
        let waiting = self.waiting.try_acquire().map_err(|_| busy())?;
        let permit = timeout(self.wait, Arc::clone(&self.permits).acquire_owned()).await;
        let permit = permit.map_err(|_| busy())?.map_err(|_| busy())?;
        drop(waiting);
        let budget = Budget {
            cells_max: self.limits.cells_max,
            points_max: POINTS_MAX,
            deadline: Instant::now().checked_add(self.limits.timeout),
        };
        let span = tracing::Span::current();
        let answer = tokio::task::spawn_blocking(move || {
            let _permit = permit;
            span.in_scope(|| work(budget))
        });
        answer.await.map_err(|error| ApiError::internal(&error))?
    }
}

#[cfg(test)]
mod tests;
