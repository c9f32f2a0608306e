//! The rate limit of a receiver: at most so many calls in any span of so long.

use std::collections::VecDeque;

use plimsoll_storage::TimestampMs;

use crate::rule::RateLimit;

/// The most recent calls. Lanes that send to the same target share one window.
#[derive(Debug)]
pub(in crate::deliver) struct RateWindow {
    rate: RateLimit,
    /// When each call was made, oldest first; at most `rate.calls`.
    calls: VecDeque<TimestampMs>,
}

impl RateWindow {
    pub(in crate::deliver) const fn new(rate: RateLimit) -> Self {
        Self { rate, calls: VecDeque::new() }
    }

    /// When the next call may be made; `now` or earlier when it may be made at once.
    pub(in crate::deliver) fn free_at(&mut self, now: TimestampMs) -> TimestampMs {
        // A clock that was set back must not stop all sends until it has caught up.
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
    pub(in crate::deliver) fn take(&mut self, now: TimestampMs) -> bool {
        let free = self.free_at(now) <= now;
        if free {
            self.calls.push_back(now);
        }
        free
    }
}

#[cfg(test)]
mod tests;
