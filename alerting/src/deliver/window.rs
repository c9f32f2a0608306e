//! The rate limit of a receiver: at most so many calls in any stretch of so long.

use std::collections::VecDeque;

use plimsoll_storage::TimestampMs;

use crate::rule::RateLimit;

/// The calls of the newest stretch. Lanes that send with the same key share one.
#[derive(Debug)]
pub(super) struct Window {
    rate: RateLimit,
    /// When each call was made, oldest first; at most `rate.calls`.
    calls: VecDeque<TimestampMs>,
}

impl Window {
    pub(super) const fn new(rate: RateLimit) -> Self {
        Self { rate, calls: VecDeque::new() }
    }

    /// When the next call may be made; `now` or earlier when it may be made at once.
    pub(super) fn free_at(&mut self, now: TimestampMs) -> TimestampMs {
        // A clock that was set back must not stop everything until it has caught up.
        let outside = |at: &TimestampMs| now.since_ms(*at) >= self.rate.per_ms || *at > now;
        while self.calls.front().is_some_and(outside) {
            self.calls.pop_front();
        }
        match self.calls.front() {
            Some(oldest) if self.calls.len() >= self.rate.calls as usize => {
                oldest.plus_ms(self.rate.per_ms)
            }
            _ => now,
        }
    }

    /// Takes a call, when one is free.
    pub(super) fn take(&mut self, now: TimestampMs) -> bool {
        let free = self.free_at(now) <= now;
        if free {
            self.calls.push_back(now);
        }
        free
    }
}

#[cfg(test)]
mod tests;
