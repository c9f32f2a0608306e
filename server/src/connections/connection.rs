//! The life of one connection: it waits for a request, answers it, and waits again.

use std::convert::Infallible;
use std::future::{Future, poll_fn};
use std::pin::{Pin, pin};
use std::sync::Arc;
use std::task::Poll;
use std::time::Duration;

use axum::body::{Body, Bytes};
use axum::extract::Request;
use axum::http::{HeaderValue, header};
use axum::response::Response;
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use parking_lot::Mutex;
use tokio::net::TcpStream;
use tokio::sync::watch;
use tokio::time::{Instant, sleep_until, timeout};
use tower_service::Service;

use super::activity::Activity;
use super::answer_body::AnswerBody;
use super::limits::{BUFFER_BYTES_MAX, HEAD_BYTES_MAX, HEADERS_MAX};
use super::request_body::RequestBody;
use super::socket::Socket;
use super::table::Place;
use super::{ConnectionLimits, discard};
use crate::self_metrics::ClosedBy;

/// One connection and what it needs.
#[derive(Debug)]
pub(super) struct Connection<S> {
    pub(super) service: S,
    pub(super) place: Place,
    pub(super) limits: ConnectionLimits,
    pub(super) stop: watch::Receiver<bool>,
}

/// How an exchange, or several in a row, ended.
#[derive(Debug)]
enum Ended {
    /// The connection waits for the next request, of which some bytes may be there.
    Idle(TcpStream, Bytes),
    /// The connection ends after this answer, for a reason.
    Last(TcpStream, ClosedBy),
    /// The connection is closed at once.
    Closed(ClosedBy),
}

/// Why the exchange does not go on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Pause {
    /// All is answered, and nothing more has arrived.
    Answered,
    /// The answer was the last one by the rules of HTTP, or the request could not be read.
    Last,
    /// The connection is closed.
    Closed(ClosedBy),
}

/// The connection was evicted just before its request arrived.
#[derive(Debug, thiserror::Error)]
#[error("the connection is closed")]
struct Evicted;

type Answer = Pin<Box<dyn Future<Output = Result<Response<AnswerBody>, Evicted>> + Send>>;

impl<S> Connection<S>
where
    S: Service<Request, Response = Response, Error = Infallible> + Clone + Send,
    S::Future: Send + 'static,
{
    /// Serves the connection to its end, and says who ended it.
    pub(super) async fn serve(mut self, mut stream: TcpStream) -> ClosedBy {
        let (mut patience, mut unread) = (self.limits.request_timeout, Bytes::new());
        loop {
            if unread.is_empty() {
                tokio::select! {
                    closed = first_byte(&stream, patience) => {
                        if let Some(by) = closed { return by }
                    }
                    () = self.place.evicted() => return ClosedBy::Room,
                    _ = self.stop.wait_for(|stop| *stop) => return ClosedBy::Stop,
                }
            }
            // In a box: while the connection waits, it takes no memory for the buffers of HTTP.
            match Box::pin(self.exchange(stream, unread)).await {
                Ended::Idle(same, rest) => (stream, unread) = (same, rest),
                Ended::Last(stream, by) => return self.close(stream, by).await,
                Ended::Closed(by) => return by,
            }
            self.place.end_request();
            patience = self.limits.idle_timeout;
        }
    }

    /// Closes the connection after its last answer.
    async fn close(&mut self, stream: TcpStream, by: ClosedBy) -> ClosedBy {
        self.place.end_request();
        tokio::select! {
            () = discard::close(stream) => by,
            () = self.place.evicted() => ClosedBy::Room,
            _ = self.stop.wait_for(|stop| *stop) => ClosedBy::Stop,
        }
    }

    /// Answers the request that begins to arrive, and those that follow without a pause.
    async fn exchange(&mut self, stream: TcpStream, unread: Bytes) -> Ended {
        let activity = Arc::new(Mutex::new(Activity::new(&self.limits, Instant::now())));
        let socket = Socket { stream, unread, activity: Arc::clone(&activity) };
        let answer = |request| self.answer(request, &activity);
        let mut http = http1::Builder::new()
            .max_headers(HEADERS_MAX)
            .max_header_size(HEAD_BYTES_MAX)
            .max_buf_size(BUFFER_BYTES_MAX)
            .serve_connection(TokioIo::new(socket), service_fn(answer));
        let mut evicted = pin!(self.place.evicted());
        let mut stop = self.stop.clone();
        let mut stopped = pin!(stop.wait_for(|stop| *stop));
        let mut is_stopping = false;
        let mut timer = pin!(sleep_until(Instant::now()));
        let ended = poll_fn(|cx| {
            if evicted.as_mut().poll(cx).is_ready() {
                return Poll::Ready(Pause::Closed(ClosedBy::Room));
            }
            if !is_stopping && stopped.as_mut().poll(cx).is_ready() {
                is_stopping = true;
                if activity.lock().awaits_head() {
                    return Poll::Ready(Pause::Closed(ClosedBy::Stop));
                }
                Pin::new(&mut http).graceful_shutdown();
            }
            if http.poll_without_shutdown(cx).is_ready() {
                return Poll::Ready(Pause::Last);
            }
            let (is_over, deadline) = {
                let activity = activity.lock();
                (activity.is_over(), activity.deadline())
            };
            if is_over {
                return Poll::Ready(Pause::Answered);
            }
            let Some((at, by)) = deadline else { return Poll::Pending };
            if timer.deadline() != at {
                timer.as_mut().reset(at);
            }
            timer.as_mut().poll(cx).map(|()| Pause::Closed(by))
        });
        let pause = ended.await;
        let parts = http.into_parts();
        let stream = parts.io.into_inner().stream;
        let activity = activity.lock();
        match pause {
            Pause::Closed(by) => Ended::Closed(by),
            _ if activity.has_peer_closed() => Ended::Closed(ClosedBy::Client),
            Pause::Answered if activity.may_go_on() && !is_stopping => {
                Ended::Idle(stream, parts.read_buf)
            }
            Pause::Answered | Pause::Last => Ended::Last(stream, activity.last_reason()),
        }
    }

    /// The service of one request.
    fn answer(&self, request: Request<Incoming>, activity: &Arc<Mutex<Activity>>) -> Answer {
        if !self.place.begin_request() {
            return Box::pin(async { Err(Evicted) });
        }
        activity.lock().request();
        let timeout = self.limits.request_timeout;
        let request =
            request.map(|body| Body::new(RequestBody::new(body, timeout, Arc::clone(activity))));
        let answer = self.service.clone().call(request);
        let activity = Arc::clone(activity);
        Box::pin(async move {
            let Ok(mut response) = answer.await;
            if activity.lock().has_unread_body() {
                // Without the header the client would send its next request into a closed connection.
                response
                    .headers_mut()
                    .insert(header::CONNECTION, HeaderValue::from_static("close"));
            }
            Ok(response.map(|body| AnswerBody { body, activity }))
        })
    }
}

/// Waits for a byte; says who closes the connection if none comes.
async fn first_byte(stream: &TcpStream, patience: Duration) -> Option<ClosedBy> {
    match timeout(patience, stream.peek(&mut [0])).await {
        Ok(Ok(bytes)) if bytes > 0 => None,
        Ok(_) => Some(ClosedBy::Client),
        Err(_) => Some(ClosedBy::Idle),
    }
}
