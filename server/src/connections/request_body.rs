//! The body of a request, which fails when it arrives too slowly.

use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use axum::body::Bytes;
use hyper::body::{Body, Frame, Incoming, SizeHint};
use parking_lot::Mutex;
use tokio::time::{Instant, Sleep, sleep_until};

use super::activity::Activity;
use super::limits::{BODY_BYTES_PER_S_MIN, BODY_TIMEOUTS};
use super::pace::Pace;

/// The body of a request did not arrive in time.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub(crate) enum BodyTooSlow {
    /// It paused for too long, or arrived at less than the minimum rate.
    #[error("the body paused for {} s or arrived too slowly", .0.as_secs_f64())]
    Paused(Duration),
    /// It is not complete.
    #[error("the body did not arrive within {} s", .0.as_secs_f64())]
    Late(Duration),
}

/// A body whose bytes must arrive at a pace. Time counts only while the handler waits for bytes.
#[derive(Debug)]
pub(super) struct RequestBody {
    incoming: Incoming,
    pace: Pace,
    timeout: Duration,
    started: Instant,
    waiting: Option<(Instant, Pin<Box<Sleep>>)>,
    has_ended: bool,
    activity: Arc<Mutex<Activity>>,
}

impl RequestBody {
    /// A body that may pause for `timeout`.
    pub(super) fn new(
        incoming: Incoming,
        timeout: Duration,
        activity: Arc<Mutex<Activity>>,
    ) -> Self {
        Self {
            incoming,
            pace: Pace::new(timeout, BODY_BYTES_PER_S_MIN),
            timeout,
            started: Instant::now(),
            waiting: None,
            has_ended: false,
            activity,
        }
    }
}

impl Drop for RequestBody {
    fn drop(&mut self) {
        if !self.has_ended && !self.incoming.is_end_stream() {
            self.activity.lock().left_body_unread();
        }
    }
}

impl Body for RequestBody {
    type Data = Bytes;
    type Error = Box<dyn std::error::Error + Send + Sync>;

    fn poll_frame(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Self::Error>>> {
        let this = self.get_mut();
        if let Poll::Ready(frame) = Pin::new(&mut this.incoming).poll_frame(cx) {
            let bytes = match &frame {
                Some(Ok(frame)) => frame.data_ref().map_or(0, Bytes::len),
                _ => 0,
            };
            this.has_ended |= frame.is_none();
            let waited = this.waiting.take().map_or(Duration::ZERO, |(since, _)| since.elapsed());
            this.pace.moved(waited, bytes);
            return Poll::Ready(frame.map(|frame| frame.map_err(Into::into)));
        }
        let end = this.started + this.timeout * BODY_TIMEOUTS;
        let left = this.pace.left();
        let (since, sleep) = this.waiting.get_or_insert_with(|| {
            let now = Instant::now();
            (now, Box::pin(sleep_until(end.min(now + left))))
        });
        ready!(sleep.as_mut().poll(cx));
        this.activity.lock().body_timed_out();
        let error = if *since + left < end {
            BodyTooSlow::Paused(this.timeout)
        } else {
            BodyTooSlow::Late(this.timeout * BODY_TIMEOUTS)
        };
        Poll::Ready(Some(Err(error.into())))
    }

    fn is_end_stream(&self) -> bool {
        self.incoming.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.incoming.size_hint()
    }
}
