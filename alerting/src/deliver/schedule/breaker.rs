//! The circuit breaker of a receiver: after several failures in a row only one probe at a time is sent,
//! so that a receiver that is down does not get a request for every alert.

use plimsoll_storage::TimestampMs;

use crate::limits::{BREAKER_FAILURES, BREAKER_WAIT_MS};

/// Longest wait between probes, in milliseconds.
const BREAKER_WAIT_MS_MAX: i64 = 120_000;

/// Failures in a row, and when the next probe may be sent.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(in crate::deliver) struct Breaker {
    failures: u32,
    /// Time of the first of them.
    down_since: Option<TimestampMs>,
    /// Time of the last of them.
    failed_at: Option<TimestampMs>,
    /// No probe before this; the breaker is open while it is set.
    probe_at: Option<TimestampMs>,
}

impl Breaker {
    /// The receiver answered, with whatever status.
    pub(in crate::deliver) fn answered(&mut self) {
        *self = Self::default();
    }

    /// The receiver cannot be reached, or failed.
    pub(in crate::deliver) fn failed(&mut self, now: TimestampMs) {
        self.failures = self.failures.saturating_add(1);
        // A clock that was set back must not hide for how long it fails.
        self.down_since = Some(self.down_since.map_or(now, |since| since.min(now)));
        self.failed_at = Some(now);
        if let Some(probes) = self.failures.checked_sub(BREAKER_FAILURES) {
            let wait_ms = BREAKER_WAIT_MS << probes.min(16);
            self.probe_at = Some(now.plus_ms(wait_ms.min(BREAKER_WAIT_MS_MAX)));
        }
    }

    /// Whether only probes are sent, one at a time.
    pub(in crate::deliver) const fn is_open(&self) -> bool {
        self.probe_at.is_some()
    }

    /// When something may be sent, with `sending` sends in flight; `None` when it must wait for one of
    /// them to end.
    pub(in crate::deliver) fn free_at(
        &self,
        sending: usize,
        now: TimestampMs,
    ) -> Option<TimestampMs> {
        match self.probe_at {
            None => Some(now),
            Some(_) if sending > 0 => None,
            // A wait that began after `now` is over: the clock was set back.
            Some(_) if self.failed_at.is_some_and(|failed_at| failed_at > now) => Some(now),
            Some(until) => Some(until),
        }
    }

    /// Since when it fails; `None` while it works.
    pub(in crate::deliver) const fn down_since(&self) -> Option<TimestampMs> {
        self.down_since
    }
}

#[cfg(test)]
mod tests;
