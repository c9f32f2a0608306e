//! Accepts connections, each into a place, until the server stops.

use std::convert::Infallible;
use std::io;
use std::net::SocketAddr;
use std::sync::Arc;

use axum::extract::Request;
use axum::response::Response;
use tokio::net::{TcpListener, TcpSocket, TcpStream};
use tokio::sync::watch;
use tokio::task::JoinSet;
use tokio::time::{Instant, sleep, timeout};
use tower_service::Service;

use super::ConnectionLimits;
use super::connection::Connection;
use super::limits::{ACCEPT_PAUSE, ACCEPT_QUEUE, DRAIN, REPORT_EVERY, SEND_BUFFER_BYTES};
use super::table::{Admitted, Place, Table};
use crate::self_metrics::ConnectionMetrics;

/// The answer to a connection without a place.
const FULL: &[u8] = b"HTTP/1.1 503 Service Unavailable\r\n\
    content-type: application/problem+json\r\n\
    retry-after: 1\r\n\
    connection: close\r\n\
    content-length: 173\r\n\
    \r\n\
    {\"type\":\"urn:plimsoll:problem:busy\",\"title\":\"Service Unavailable\",\"status\":503,\
    \"detail\":\"too many connections are open, and each has a request; try again\",\"code\":\"busy\"}";

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
    let mut accepting =
        Accepting { table: Table::new(limits), metrics: metrics.clone(), reported: None };
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
        let Some(place) = accepting.place(&stream, address) else { continue };
        // Answers are small and must not wait for more data. A connection without the option works too.
        let _ = stream.set_nodelay(true);
        let (service, stop, metrics) = (service.clone(), stop.clone(), metrics.clone());
        tasks.spawn(async move {
            let open = metrics.opened();
            let connection = Connection { service, place, limits, stop };
            open.closed(connection.serve(stream).await);
        });
    }
    drop(listener);
    let all = async { while tasks.join_next().await.is_some() {} };
    let _ = timeout(DRAIN, all).await;
    let unfinished = tasks.len();
    tasks.shutdown().await;
    unfinished
}

/// Finds places for new connections, and reports when there are none.
struct Accepting {
    table: Arc<Table>,
    metrics: ConnectionMetrics,
    /// When a lack of places was last logged.
    reported: Option<Instant>,
}

impl Accepting {
    /// A place for a connection; without one, the connection is answered with 503.
    fn place(&mut self, stream: &TcpStream, address: SocketAddr) -> Option<Place> {
        let (place, consequence) = match self.table.admit(address.ip()) {
            Admitted::Free(place) => return Some(place),
            Admitted::Evicting(place) => {
                (Some(place), "the one without a request for the longest time is closed")
            }
            Admitted::Full => {
                // The buffer of a new socket has room for this. A client that has gone needs no answer.
                let _ = stream.try_write(FULL);
                self.metrics.refused();
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
