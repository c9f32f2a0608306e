//! What happens on a connection, and until when it may go on: a pure state machine.

use std::time::Duration;

use tokio::time::Instant;

use super::ConnectionLimits;
use super::limits::ANSWER_BYTES_PER_S_MIN;
use super::pace::Pace;
use crate::self_metrics::ClosedBy;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Stage {
    /// A request line or headers are arriving.
    Head { since: Instant },
    /// A request is with its handler, or its answer is being sent.
    Request,
    /// The last byte of the answer is buffered.
    Answered,
}

/// The activity of one connection from the first byte of a request on.
#[derive(Debug)]
pub(super) struct Activity {
    stage: Stage,
    /// Since when the client takes no more bytes.
    blocked_since: Option<Instant>,
    pace: Pace,
    /// Whether everything written has been handed to the kernel.
    is_flushed: bool,
    /// Whether there was nothing to read the last time.
    is_read_blocked: bool,
    /// Whether a handler left a part of a body unread, so that it is unknown where the next request begins.
    has_unread_body: bool,
    is_body_too_slow: bool,
    has_peer_closed: bool,
    request_timeout: Duration,
}

impl Activity {
    /// The first byte of a request is there.
    pub(super) const fn new(limits: &ConnectionLimits, now: Instant) -> Self {
        Self {
            stage: Stage::Head { since: now },
            blocked_since: None,
            pace: Pace::new(limits.response_timeout, ANSWER_BYTES_PER_S_MIN),
            is_flushed: true,
            is_read_blocked: false,
            has_unread_body: false,
            is_body_too_slow: false,
            has_peer_closed: false,
            request_timeout: limits.request_timeout,
        }
    }

    /// A request has arrived and goes to its handler.
    pub(super) const fn request(&mut self) {
        self.stage = Stage::Request;
    }

    /// The answer has been taken from the handler to its end.
    pub(super) const fn answered(&mut self) {
        self.stage = Stage::Answered;
        self.is_flushed = false;
    }

    /// Bytes were read; none when the client sends no more.
    pub(super) const fn read(&mut self, bytes: usize, now: Instant) {
        self.is_read_blocked = false;
        if bytes == 0 {
            self.has_peer_closed = true;
        } else if let Stage::Answered = self.stage {
            self.stage = Stage::Head { since: now };
        }
    }

    /// There is nothing to read for now.
    pub(super) const fn read_blocked(&mut self) {
        self.is_read_blocked = true;
    }

    /// A handler dropped the body of its request before the end.
    pub(super) const fn left_body_unread(&mut self) {
        self.has_unread_body = true;
    }

    /// The body of a request did not arrive in time.
    pub(super) const fn body_timed_out(&mut self) {
        self.is_body_too_slow = true;
    }

    /// Whether a handler left a part of a body unread.
    pub(super) const fn has_unread_body(&self) -> bool {
        self.has_unread_body
    }

    /// The client took bytes.
    pub(super) fn wrote(&mut self, bytes: usize, now: Instant) {
        let waited = self.blocked_since.take().map_or(Duration::ZERO, |since| now - since);
        self.pace.moved(waited, bytes);
        self.is_flushed = false;
    }

    /// The client takes no bytes for now.
    pub(super) fn write_blocked(&mut self, now: Instant) {
        self.blocked_since.get_or_insert(now);
        self.is_flushed = false;
    }

    /// Everything was written.
    pub(super) const fn flushed(&mut self) {
        self.is_flushed = true;
    }

    /// Whether no request is with a handler and no answer on its way.
    pub(super) const fn awaits_head(&self) -> bool {
        matches!(self.stage, Stage::Head { .. })
    }

    /// Whether the exchange is over: answered, all written, and nothing came since.
    pub(super) const fn is_over(&self) -> bool {
        let is_answered = matches!(self.stage, Stage::Answered) && self.is_flushed;
        is_answered && (self.is_read_blocked || self.has_unread_body)
    }

    /// Whether another request may follow on the connection.
    pub(super) const fn may_go_on(&self) -> bool {
        self.is_over() && !self.has_unread_body
    }

    /// Why the connection ends after its last answer.
    pub(super) const fn last_reason(&self) -> ClosedBy {
        if self.is_body_too_slow { ClosedBy::SlowRequest } else { ClosedBy::Client }
    }

    /// Whether the client sends no more.
    pub(super) const fn has_peer_closed(&self) -> bool {
        self.has_peer_closed
    }

    /// When the connection is closed unless something happens, and why.
    pub(super) fn deadline(&self) -> Option<(Instant, ClosedBy)> {
        let head = match self.stage {
            Stage::Head { since } => Some((since + self.request_timeout, ClosedBy::SlowRequest)),
            _ => None,
        };
        let answer =
            self.blocked_since.map(|since| (since + self.pace.left(), ClosedBy::SlowReader));
        [head, answer].into_iter().flatten().min_by_key(|(at, _)| *at)
    }
}

#[cfg(test)]
mod tests;
