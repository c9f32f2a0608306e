//! Gauges: a level that is read from time to time, such as a queue depth or the days until a credential
//! expires.

use bincode::{Decode, Encode};

use super::time::TimestampMs;

/// The readings of one gauge in one slot.
#[derive(Debug, Clone, PartialEq, Encode, Decode)]
pub struct GaugeCell {
    /// The newest reading.
    pub last: f64,
    /// When it was taken.
    pub last_at: TimestampMs,
    /// The lowest reading.
    pub min: f64,
    /// The highest reading.
    pub max: f64,
    /// The sum of all readings, for the mean.
    pub sum: f64,
    /// How many readings there were.
    pub count: u64,
}

impl GaugeCell {
    /// A cell of one reading.
    #[must_use]
    pub const fn new(value: f64, at: TimestampMs) -> Self {
        Self { last: value, last_at: at, min: value, max: value, sum: value, count: 1 }
    }

    /// Adds all of `other`. Of two readings at the same time the greater one is the last, so that the order
    /// of merging does not matter.
    pub fn merge(&mut self, other: &Self) {
        if (other.last_at, other.last) > (self.last_at, self.last) {
            self.last = other.last;
            self.last_at = other.last_at;
        }
        self.min = self.min.min(other.min);
        self.max = self.max.max(other.max);
        self.sum += other.sum;
        self.count = self.count.saturating_add(other.count);
    }

    /// The mean of all readings.
    #[must_use]
    pub fn mean(&self) -> f64 {
        self.sum / self.count.max(1) as f64
    }
}

#[cfg(test)]
mod tests;
