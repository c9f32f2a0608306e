//! The circuit breaker of a receiver: after some failures in a row nothing is sent but one probe at
//! a time, so that a receiver that is down is not asked once for every alert.

use plimsoll_storage::TimestampMs;

use crate::limits::{BREAKER_FAILURES, BREAKER_WAIT_MS};

/// Longest wait between probes, in milliseconds.
const BREAKER_WAIT_MS_MAX: i64 = 120_000;

/// Failures in a row, and what follows from them.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct Breaker {
    failures: u32,
    /// When the first of them was.
    down_since: Option<TimestampMs>,
    /// No attempt before this.
    closed_until: Option<TimestampMs>,
}

impl Breaker {
    /// The receiver has answered, whatever it said.
    pub(super) fn answered(&mut self) {
        *self = Self::default();
    }

    /// The receiver cannot be reached, or failed.
    pub(super) fn failed(&mut self, now: TimestampMs) {
        self.failures = self.failures.saturating_add(1);
        self.down_since.get_or_insert(now);
        if let Some(probes) = self.failures.checked_sub(BREAKER_FAILURES) {
            let wait_ms = BREAKER_WAIT_MS << probes.min(16);
            self.closed_until = Some(now.plus_ms(wait_ms.min(BREAKER_WAIT_MS_MAX)));
        }
    }

    /// Whether only probes are sent, one at a time.
    pub(super) const fn is_open(&self) -> bool {
        self.closed_until.is_some()
    }

    /// When something may be sent, with `sending` sends under way; `None` when it waits for one of
    /// them.
    pub(super) fn free_at(&self, sending: usize, now: TimestampMs) -> Option<TimestampMs> {
        match self.closed_until {
            None => Some(now),
            Some(_) if sending > 0 => None,
            Some(until) => Some(until),
        }
    }

    /// Since when it fails; `None` while it does not.
    pub(super) const fn down_since(&self) -> Option<TimestampMs> {
        self.down_since
    }
}

#[cfg(test)]
mod tests;
