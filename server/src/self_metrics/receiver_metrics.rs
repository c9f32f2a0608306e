//! Metrics of deliveries, by receiver.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicU64, Ordering};

use plimsoll_alerting::ReceiverStatus;
use plimsoll_storage::TimestampMs;
use prometheus_client::encoding::EncodeLabelSet;
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::registry::{Registry, Unit};

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct ReceiverLabels {
    receiver: String,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct AttemptLabels {
    receiver: String,
    result: &'static str,
}

/// Counts and states of deliveries by receiver, read from the notifier at each scrape.
#[derive(Debug, Default)]
pub(super) struct ReceiverMetrics {
    depth: Family<ReceiverLabels, Gauge>,
    age_seconds: Family<ReceiverLabels, Gauge<f64, AtomicU64>>,
    is_down: Family<ReceiverLabels, Gauge>,
    attempts: Family<AttemptLabels, Counter>,
    given_up: Family<ReceiverLabels, Counter>,
    coalesced: Family<ReceiverLabels, Counter>,
}

impl ReceiverMetrics {
    pub(super) fn register(&self, r: &mut Registry) {
        r.register("outbox_depth", "Deliveries that wait", self.depth.clone());
        r.register_with_unit(
            "outbox_age",
            "How long the oldest delivery waits",
            Unit::Seconds,
            self.age_seconds.clone(),
        );
        r.register("receiver_down", "1 while every attempt fails", self.is_down.clone());
        r.register("delivery_attempts", "Attempts to deliver", self.attempts.clone());
        r.register(
            "deliveries_given_up",
            "Deliveries that became dead letters",
            self.given_up.clone(),
        );
        r.register(
            "deliveries_coalesced",
            "Deliveries dropped because the alert resolved before its trigger was sent",
            self.coalesced.clone(),
        );
    }

    pub(super) fn set(&self, receivers: &BTreeMap<String, ReceiverStatus>, now: TimestampMs) {
        for (name, status) in receivers {
            let labels = ReceiverLabels { receiver: name.clone() };
            let age_ms = status.oldest_at.map_or(0, |oldest| now.since_ms(oldest).max(0));
            self.depth.get_or_create(&labels).set(status.waiting as i64);
            self.age_seconds.get_or_create(&labels).set(age_ms as f64 / 1e3);
            self.is_down.get_or_create(&labels).set(i64::from(status.down_since.is_some()));
            for (result, count) in [("delivered", status.delivered), ("failed", status.failed)] {
                let labels = AttemptLabels { receiver: name.clone(), result };
                self.attempts.get_or_create(&labels).inner().store(count, Ordering::Relaxed);
            }
            self.given_up.get_or_create(&labels).inner().store(status.given_up, Ordering::Relaxed);
            let coalesced = self.coalesced.get_or_create(&labels);
            coalesced.inner().store(status.coalesced, Ordering::Relaxed);
        }
    }
}
