//! Logs that new streams are rejected.

use std::time::{Duration, Instant};

/// How often rejected streams are logged at most: a flood is rejected many times a second.
const LOGGED_EVERY: Duration = Duration::from_secs(600);

/// What was logged of rejected streams.
#[derive(Debug, Default)]
pub(super) struct RejectedLog {
    /// How many were logged, and when.
    logged: Option<(u64, Instant)>,
}

impl RejectedLog {
    /// Logs how many streams were rejected since it was last logged, when it is due.
    pub(super) fn look(&mut self, rejected: u64, now: Instant) {
        if let Some(count) = self.due(rejected, now) {
            tracing::warn!(
                count,
                "items were rejected because they need too many new streams; \
                 GET /api/v1/cardinality shows who makes them"
            );
        }
    }

    /// The count to log now.
    fn due(&mut self, rejected: u64, now: Instant) -> Option<u64> {
        let (logged, is_due) = match self.logged {
            None => (0, true),
            Some((count, at)) => (count, now.duration_since(at) >= LOGGED_EVERY),
        };
        if !is_due || rejected <= logged {
            return None;
        }
        self.logged = Some((rejected, now));
        Some(rejected - logged)
    }
}

#[cfg(test)]
mod tests;
