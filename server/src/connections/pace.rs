//! How long a client may keep the server waiting: a pause is allowed, and whoever moves enough bytes may
//! pause again.

use std::time::Duration;

use super::limits::BYTES_PER_S_MIN;

/// The patience with a client that sends a body or reads an answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Pace {
    patience: Duration,
    left: Duration,
}

impl Pace {
    pub(super) const fn new(patience: Duration) -> Self {
        Self { patience, left: patience }
    }

    /// How long the client may still pause.
    pub(super) const fn left(&self) -> Duration {
        self.left
    }

    /// Some bytes moved after a wait. They restore as much patience as they take at the minimum rate.
    pub(super) fn moved(&mut self, waited: Duration, bytes: usize) {
        let restored = Duration::from_micros(bytes as u64 * 1_000_000 / BYTES_PER_S_MIN);
        self.left = (self.left.saturating_sub(waited) + restored).min(self.patience);
    }
}

#[cfg(test)]
mod tests;
