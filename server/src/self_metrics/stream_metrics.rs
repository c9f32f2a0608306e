//! Metrics of how many streams there are, and how many there may be.

use std::sync::atomic::Ordering;

use plimsoll_storage::StreamUsage;
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::registry::Registry;

/// The metrics of streams.
#[derive(Debug, Default)]
pub(super) struct StreamMetrics {
    streams: Gauge,
    streams_limit: Gauge,
    shared: Gauge,
    shared_limit: Gauge,
    partners: Gauge,
    partners_limit: Gauge,
    rejected: Counter,
}

impl StreamMetrics {
    pub(super) fn register(&self, r: &mut Registry) {
        r.register("streams", "Streams known", self.streams.clone());
        r.register("streams_limit", "Streams that there may be", self.streams_limit.clone());
        r.register(
            "shared_streams",
            "Streams beyond those guaranteed to each partner",
            self.shared.clone(),
        );
        r.register(
            "shared_streams_limit",
            "Streams beyond those guaranteed to each partner that there may be",
            self.shared_limit.clone(),
        );
        r.register("partners", "Partners that have streams", self.partners.clone());
        r.register(
            "partners_limit",
            "Partners that there may be before only those are taken that the rules file names",
            self.partners_limit.clone(),
        );
        r.register(
            "streams_rejected",
            "How many times a new stream was rejected because a limit was reached",
            self.rejected.clone(),
        );
    }

    pub(super) fn set(&self, usage: StreamUsage) {
        let gauges = [
            (&self.streams, usage.streams),
            (&self.streams_limit, usage.streams_max),
            (&self.shared, usage.shared),
            (&self.shared_limit, usage.shared_max),
            (&self.partners, usage.partners),
            (&self.partners_limit, usage.partners_max),
        ];
        for (gauge, value) in gauges {
            gauge.set(i64::try_from(value).unwrap_or(i64::MAX));
        }
        self.rejected.inner().store(usage.rejected, Ordering::Relaxed);
    }
}
