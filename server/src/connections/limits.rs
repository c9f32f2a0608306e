//! How many connections there may be, and how long clients may take.

use std::time::Duration;

/// Connections that the kernel may complete before the server accepts them.
pub(super) const ACCEPT_QUEUE: u32 = 1_024;
/// Open files that connections leave to the database, its log and outgoing deliveries.
pub(super) const FILES_RESERVED: u64 = 1_024;
/// Connections in all by default, where the limit on open files allows as many.
const CONNECTIONS_DEFAULT: usize = 16_000;
/// Bytes of the request line and headers of a request.
pub(super) const HEAD_BYTES_MAX: usize = 32 << 10;
/// Headers of a request.
pub(super) const HEADERS_MAX: usize = 100;
/// Bytes of a connection that are buffered beyond what a handler takes.
pub(super) const BUFFER_BYTES_MAX: usize = 64 << 10;
/// Bytes of an answer that the kernel may hold. With its own choice, an answer of megabytes that nobody reads
/// would count as sent.
pub(super) const SEND_BUFFER_BYTES: u32 = 256 << 10;
/// Bytes a second of a body below which a client uses up its pause.
pub(super) const BODY_BYTES_PER_S_MIN: u64 = 16 << 10;
/// Bytes a second of an answer below which a client uses up its pause. An answer is in memory until it is
/// read.
pub(super) const ANSWER_BYTES_PER_S_MIN: u64 = 128 << 10;
/// Refused connections that are kept for a moment, so that their clients can read why.
pub(super) const REFUSED_MAX: usize = 128;
/// How long they are kept.
pub(super) const REFUSED_KEPT: Duration = Duration::from_secs(1);
/// A body may take this many times as long as a request line with headers.
pub(super) const BODY_TIMEOUTS: u32 = 3;
/// Bytes that are read and dropped after the last answer, so that a client that still sends gets to read it.
pub(super) const DISCARDED_BYTES_MAX: usize = 64 << 20;
/// How long that may take.
pub(super) const DISCARD: Duration = Duration::from_secs(30);
/// How long a client may pause in that time.
pub(super) const DISCARD_PAUSE: Duration = Duration::from_secs(2);
/// How long running requests may take to finish when the server stops.
pub(super) const DRAIN: Duration = Duration::from_secs(3);
/// How long accepting pauses when there is no file for a connection.
pub(super) const ACCEPT_PAUSE: Duration = Duration::from_millis(50);
/// The log reports refused and evicted connections at most this often.
pub(super) const REPORT_EVERY: Duration = Duration::from_secs(10);

/// The bounds on connections.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct ConnectionLimits {
    /// Connections in all.
    pub(crate) all_max: usize,
    /// Connections of one address.
    pub(crate) per_address_max: usize,
    /// How long request line and headers may take, and how long a body may pause.
    pub(crate) request_timeout: Duration,
    /// How long a client may pause while it reads an answer.
    pub(crate) response_timeout: Duration,
    /// How long a connection may stay open between two requests.
    pub(crate) idle_timeout: Duration,
}

/// What is set of the numbers of connections; `None` for the default.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct ConnectionNumbers {
    pub(crate) all_max: Option<usize>,
    pub(crate) per_address_max: Option<usize>,
}

impl ConnectionNumbers {
    /// The connections in all and of one address, with so many open files. One address leaves an eighth to
    /// others by default.
    pub(crate) fn within(self, files_max: u64) -> (usize, usize) {
        let allowed = connections_within(files_max);
        let all = self.all_max.unwrap_or(CONNECTIONS_DEFAULT).min(allowed);
        let per_address = self.per_address_max.unwrap_or_else(|| all - all / 8).min(all);
        (all, per_address)
    }
}

/// How many connections a limit on open files leaves room for.
fn connections_within(files_max: u64) -> usize {
    let reserved = FILES_RESERVED.min(files_max / 4 * 3);
    usize::try_from(files_max - reserved).unwrap_or(usize::MAX).max(1)
}

#[cfg(test)]
mod tests;
