//! Metrics of connections.

use prometheus_client::encoding::EncodeLabelSet;
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::registry::Registry;

/// Who or what closed a connection.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) enum ClosedBy {
    /// The client, or the server after the answer that the client wanted to be the last.
    Client,
    /// No request began in time.
    Idle,
    /// A request line or headers arrived too slowly.
    SlowRequest,
    /// An answer was read too slowly.
    SlowReader,
    /// It had no request, and another connection needed its place.
    Room,
    /// The server stops.
    Stop,
}

impl ClosedBy {
    const fn as_str(self) -> &'static str {
        match self {
            Self::Client => "client",
            Self::Idle => "idle",
            Self::SlowRequest => "slow_request",
            Self::SlowReader => "slow_reader",
            Self::Room => "room",
            Self::Stop => "stop",
        }
    }
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct ClosedLabels {
    reason: &'static str,
}

/// Counts connections.
#[derive(Debug, Clone, Default)]
pub(crate) struct ConnectionMetrics {
    open: Gauge,
    refused: Counter,
    closed: Family<ClosedLabels, Counter>,
}

impl ConnectionMetrics {
    pub(super) fn register(&self, r: &mut Registry) {
        r.register("connections", "Connections open", self.open.clone());
        r.register(
            "connections_refused",
            "Connections refused because all places were taken",
            self.refused.clone(),
        );
        r.register("connections_closed", "Connections closed, by reason", self.closed.clone());
    }

    /// A connection was opened.
    pub(crate) fn opened(&self) -> OpenConnection {
        self.open.inc();
        OpenConnection(self.clone())
    }

    /// A connection was refused.
    pub(crate) fn refused(&self) {
        self.refused.inc();
    }
}

/// A connection that is counted as open until this is dropped.
#[derive(Debug)]
pub(crate) struct OpenConnection(ConnectionMetrics);

impl OpenConnection {
    /// The connection was closed.
    pub(crate) fn closed(self, reason: ClosedBy) {
        self.0.closed.get_or_create(&ClosedLabels { reason: reason.as_str() }).inc();
    }
}

impl Drop for OpenConnection {
    fn drop(&mut self) {
        self.0.open.dec();
    }
}
