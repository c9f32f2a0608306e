//! What is sent next and when: the queue of a receiver, its rate limit, circuit breaker, retry waits
//! and coalescing. Everything here is pure.

pub(super) mod backoff;
pub(super) mod breaker;
pub(super) mod coalesce;
pub(super) mod queue;
pub(super) mod rate_window;
