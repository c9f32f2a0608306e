//! What the process reports of itself: its log, its metrics, and the age of its outbox as a gauge.

mod connection_metrics;
mod logs;
mod metrics;
mod outbox_gauge;
mod receiver_metrics;
mod stream_metrics;

pub(crate) use connection_metrics::{ClosedBy, ConnectionMetrics};
pub(crate) use logs::{LogFormat, start_logs};
pub(crate) use metrics::Metrics;
pub(crate) use outbox_gauge::OutboxGauge;
