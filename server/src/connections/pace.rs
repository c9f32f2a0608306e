//! How long a client may keep the server waiting: a pause is allowed, and whoever moves enough bytes may
//! pause again.

use std::time::Duration;

/// The patience with a client that sends a body or reads an answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Pace {
    patience: Duration,
    left: Duration,
    bytes_per_s_min: u64,
}

impl Pace {
    /// A client that may pause for `patience` and must move as many bytes a second otherwise.
    pub(super) const fn new(patience: Duration, bytes_per_s_min: u64) -> Self {
        Self { patience, left: patience, bytes_per_s_min }
    }

    /// How long the client may still pause.
    pub(super) const fn left(&self) -> Duration {
        self.left
    }

    /// Some bytes moved after a wait. They restore as much patience as they take at the minimum rate.
    pub(super) fn moved(&mut self, waited: Duration, bytes: usize) {
        let restored = Duration::from_micros(bytes as u64 * 1_000_000 / self.bytes_per_s_min);
        self.left = (self.left.saturating_sub(waited) + restored).min(self.patience);
    }
}

#[cfg(test)]
mod tests;
