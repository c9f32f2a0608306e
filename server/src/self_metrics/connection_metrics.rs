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
    /// A request line, headers or a body arrived too slowly.
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
struct StateLabels {
    state: &'static str,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct ReasonLabels {
    reason: &'static str,
}

/// Counts connections.
#[derive(Debug, Clone, Default)]
pub(crate) struct ConnectionMetrics {
    open: Family<StateLabels, Gauge>,
    refused: Counter,
    closed: Family<ReasonLabels, Counter>,
}

impl ConnectionMetrics {
    pub(super) fn register(&self, r: &mut Registry) {
        r.register(
            "connections",
            "Connections open: active ones have a request, idle ones have none",
            self.open.clone(),
        );
        r.register(
            "connections_refused",
            "Connections refused because all places were taken by active ones",
            self.refused.clone(),
        );
        r.register("connections_closed", "Connections closed, by reason", self.closed.clone());
        self.set_open(0, 0);
    }

    /// So many connections are open.
    pub(crate) fn set_open(&self, idle: usize, active: usize) {
        for (state, count) in [("idle", idle), ("active", active)] {
            let count = i64::try_from(count).unwrap_or(i64::MAX);
            self.open.get_or_create(&StateLabels { state }).set(count);
        }
    }

    /// A connection was closed.
    pub(crate) fn closed(&self, reason: ClosedBy) {
        self.closed.get_or_create(&ReasonLabels { reason: reason.as_str() }).inc();
    }

    /// A connection was refused.
    pub(crate) fn refused(&self) {
        self.refused.inc();
    }
}
