//! Accepts connections, each into a place, until the server stops.

use std::convert::Infallible;
use std::io;
use std::net::SocketAddr;
use std::sync::Arc;

use axum::body::to_bytes;
use axum::extract::Request;
use axum::response::{IntoResponse, Response};
use tokio::net::{TcpListener, TcpSocket, TcpStream};
use tokio::sync::watch;
use tokio::task::JoinSet;
use tokio::time::{Instant, sleep, timeout};
use tower_service::Service;

use super::connection::Connection;
use super::limits::{
    ACCEPT_PAUSE, ACCEPT_QUEUE, DRAIN, REFUSED_KEPT, REFUSED_MAX, REPORT_EVERY, SEND_BUFFER_BYTES,
};
use super::table::{Admitted, Place, Table};
use super::{ConnectionLimits, discard};
use crate::error::ApiError;
use crate::self_metrics::ConnectionMetrics;

/// Listens on an address.
pub(crate) fn bind(address: SocketAddr) -> io::Result<TcpListener> {
    let socket = if address.is_ipv4() { TcpSocket::new_v4() } else { TcpSocket::new_v6() }?;
    // A restart can listen again while connections of its predecessor are still closing.
    socket.set_reuseaddr(true)?;
    socket.set_send_buffer_size(SEND_BUFFER_BYTES)?;
    socket.bind(address)?;
    socket.listen(ACCEPT_QUEUE)
}

/// Answers requests until the server stops. Requests that run then may finish within [`DRAIN`]; all other
/// connections are closed at once. Returns how many requests did not finish.
pub(crate) async fn serve<S>(
    listener: TcpListener,
    service: S,
    limits: ConnectionLimits,
    metrics: ConnectionMetrics,
    mut stop: watch::Receiver<bool>,
) -> usize
where
    S: Service<Request, Response = Response, Error = Infallible> + Clone + Send + Sync + 'static,
    S::Future: Send + 'static,
{
    let mut accepting = Accepting {
        table: Table::new(limits, metrics.clone()),
        metrics: metrics.clone(),
        no_place: no_place().await.into(),
        refused: JoinSet::new(),
        reported: None,
    };
    let mut tasks = JoinSet::new();
    loop {
        let accepted = tokio::select! {
            accepted = listener.accept() => accepted,
            Some(_) = tasks.join_next() => continue,
            _ = stop.wait_for(|stop| *stop) => break,
        };
        let (stream, address) = match accepted {
            Ok(accepted) => accepted,
            Err(error) => {
                accepting.failed(&error).await;
                continue;
            }
        };
        let Some(place) = accepting.place(address) else {
            accepting.refuse(stream);
            continue;
        };
        // Answers are small and must not wait for more data. A connection without the option works too.
        let _ = stream.set_nodelay(true);
        let (service, stop, metrics) = (service.clone(), stop.clone(), metrics.clone());
        tasks.spawn(async move {
            let connection = Connection { service, place, limits, stop };
            metrics.closed(connection.serve(stream).await);
        });
    }
    drop(listener);
    let all = async { while tasks.join_next().await.is_some() {} };
    let _ = timeout(DRAIN, all).await;
    let unfinished = tasks.len();
    tasks.shutdown().await;
    unfinished
}

/// The answer to a connection without a place, as it is sent.
async fn no_place() -> Vec<u8> {
    let error = ApiError::busy("too many connections are open, and each has a request; try again");
    let (parts, body) = error.into_response().into_parts();
    // The body of an error is in memory, so this cannot fail.
    let body = to_bytes(body, usize::MAX).await.unwrap_or_default();
    let mut answer = format!("HTTP/1.1 {}\r\n", parts.status).into_bytes();
    let (length, close) = (body.len().to_string(), "close");
    let headers = parts.headers.iter().map(|(name, value)| (name.as_str(), value.as_bytes()));
    let added = [("content-length", length.as_bytes()), ("connection", close.as_bytes())];
    for (name, value) in headers.filter(|(name, _)| *name != "content-length").chain(added) {
        for part in [name.as_bytes(), b": ", value, b"\r\n"] {
            answer.extend_from_slice(part);
        }
    }
    answer.extend_from_slice(b"\r\n");
    answer.extend_from_slice(&body);
    answer
}

/// Finds places for new connections, and reports when there are none.
struct Accepting {
    table: Arc<Table>,
    metrics: ConnectionMetrics,
    /// What a connection without a place is answered.
    no_place: Arc<[u8]>,
    /// Refused connections that wait until the client has read that.
    refused: JoinSet<()>,
    /// When a lack of places was last logged.
    reported: Option<Instant>,
}

impl Accepting {
    /// A place for a connection.
    fn place(&mut self, address: SocketAddr) -> Option<Place> {
        let (place, consequence) = match self.table.admit(address.ip()) {
            Admitted::Free(place) => return Some(place),
            Admitted::Evicting(place) => {
                (Some(place), "the one without a request for the longest time is closed")
            }
            Admitted::Full => {
                (None, "a new connection is refused, because every open one has a request")
            }
        };
        if self.reports() {
            tracing::warn!(
                open = self.table.open(),
                %address,
                "no more connections are allowed: {consequence}; see setting `connections_max`"
            );
        }
        place
    }

    /// Answers a connection without a place with 503.
    fn refuse(&mut self, stream: TcpStream) {
        self.metrics.refused();
        while self.refused.try_join_next().is_some() {}
        let no_place = Arc::clone(&self.no_place);
        let answer = async move {
            // The buffer of a new socket has room for all of it.
            if stream.writable().await.is_ok() && stream.try_write(&no_place).is_ok() {
                discard::close(stream).await;
            }
        };
        if self.refused.len() < REFUSED_MAX {
            // After the timeout the client has had its chance.
            self.refused.spawn(async { drop(timeout(REFUSED_KEPT, answer).await) });
        }
    }

    /// A connection cannot be accepted. When files or memory are short, a connection makes room and the next
    /// attempt waits a moment; other errors concern only the connection that was to be accepted.
    async fn failed(&mut self, error: &io::Error) {
        use io::ErrorKind::{ConnectionAborted, ConnectionRefused, ConnectionReset, Interrupted};
        let of_connection = [ConnectionAborted, ConnectionRefused, ConnectionReset, Interrupted];
        if of_connection.contains(&error.kind()) {
            return;
        }
        self.table.evict_oldest();
        if self.reports() {
            tracing::error!(%error, "a connection cannot be accepted; raise the limit on open files");
        }
        sleep(ACCEPT_PAUSE).await;
    }

    /// Whether it is time to log a lack of places again.
    fn reports(&mut self) -> bool {
        let now = Instant::now();
        let is_due = self.reported.is_none_or(|at| now - at >= REPORT_EVERY);
        if is_due {
            self.reported = Some(now);
        }
        is_due
    }
}
