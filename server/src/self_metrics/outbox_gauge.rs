//! The age of the outbox as a stream, so that rules can watch it: the gauge `outbox_age_s` of the reserved
//! partner `plimsoll`, with the receiver as its operation.
//!
//! It is written while a delivery waits, and once more afterwards: a server whose notifications arrive adds
//! nothing to the store.

use std::collections::BTreeMap;
use std::sync::Arc;

use plimsoll_alerting::{PRODUCTION, ReceiverStatus};
use plimsoll_storage::{GaugeCell, Label, Result, Store, StreamKind, StreamRef, TimestampMs};

/// The reserved partner of the server itself.
const PARTNER: &str = "plimsoll";
/// The gauge: how long the oldest delivery has waited, in seconds.
const OUTBOX_AGE: &str = "outbox_age_s";

/// Writes the gauge. Remembers for which receivers a delivery waited.
#[derive(Debug, Default)]
pub(crate) struct OutboxGauge {
    waited: Vec<String>,
}

impl OutboxGauge {
    /// Stores how long the oldest delivery to each receiver has waited.
    ///
    /// # Errors
    /// The store cannot append.
    pub(crate) fn write(
        &mut self,
        store: &Arc<Store>,
        receivers: &BTreeMap<String, ReceiverStatus>,
        now: TimestampMs,
    ) -> Result<()> {
        let age_s = |status: &ReceiverStatus| {
            status.oldest_at.map_or(0.0, |oldest| now.since_ms(oldest).max(0) as f64 / 1e3)
        };
        let waits = |name: &String| receivers.get(name).is_some_and(|it| it.waiting > 0);
        let ages: Vec<(&String, f64)> = receivers
            .iter()
            .filter(|(name, status)| status.waiting > 0 || self.waited.contains(name))
            .map(|(name, status)| (name, age_s(status)))
            .collect();
        if ages.is_empty() {
            return Ok(());
        }
        let mut batch = store.batch();
        for (name, age_s) in &ages {
            let mut labels = [""; Label::COUNT];
            labels[Label::Partner as usize] = PARTNER;
            labels[Label::Operation as usize] = name;
            labels[Label::Environment as usize] = PRODUCTION;
            let stream = StreamRef { kind: StreamKind::Gauge, name: OUTBOX_AGE, labels };
            batch.gauge(stream, store.slot_width().slot_of(now), GaugeCell::new(*age_s, now))?;
        }
        let batch = batch.finish();
        store.append_blocking(batch, ages.len() as u64, None, now)?;
        self.waited = receivers.keys().filter(|name| waits(name)).cloned().collect();
        Ok(())
    }
}

#[cfg(test)]
mod tests;
