//! Repetition of open alerts. An Alertmanager ends an alert that is not repeated, and forgets all alerts when
//! it restarts.
//!
//! The last delivery of each open alert that such a receiver has accepted is stored until the alert is
//! resolved, in the commit that records the delivery. A repetition is no delivery: it is not in the ledger
//! and is not tried again before the next one is due.

use std::collections::BTreeMap;
use std::sync::Arc;

use plimsoll_storage::{Order, Store, Table, TableBatch};

use super::sender::Sender;
use crate::deliver::schedule::queue::Thread;
use crate::error::Result;
use crate::limits::REPEAT_MS;
use crate::records::delivery::{Action, Delivery};
use crate::records::{alerts, outbox};

/// Prefix of rows, followed by the thread. Value: the delivery as it was accepted.
const REPEATED: u8 = b'r';
/// Alerts in one request; the others are in the next ones.
const ALERTS_AT_ONCE_MAX: usize = 100;

/// Records a delivery that a target has accepted. `takes_repeats` is whether the target needs repetition.
pub(super) fn accepted(
    batch: &mut TableBatch,
    thread: &Thread,
    delivery: &Delivery,
    takes_repeats: bool,
) {
    let is_open = !matches!(delivery.action, Action::Resolve | Action::Change);
    if is_open && takes_repeats && !delivery.alert.is_notice() {
        batch.put(Table::Receiver, &key(thread), delivery.to_row());
    } else {
        forget(batch, thread);
    }
}

/// Ends the repetition of an alert.
pub(super) fn forget(batch: &mut TableBatch, thread: &Thread) {
    batch.delete(Table::Receiver, &key(thread));
}

fn key(thread: &Thread) -> Vec<u8> {
    [&[REPEATED], thread.as_slice()].concat()
}

/// When a lane repeats its open alerts: all of them in each round, page by page. Times are those of
/// [`DeliveryContext::run_ms`](crate::deliver::context::DeliveryContext::run_ms).
#[derive(Debug, Default)]
pub(super) struct Rounds {
    /// When the next round begins; `None` for at once.
    next_ms: Option<i64>,
    /// The last row of the page before, within a round.
    after: Option<Vec<u8>>,
}

impl Rounds {
    pub(super) fn is_due(&self, run_ms: i64) -> bool {
        self.after.is_some() || self.next_ms.is_none_or(|next_ms| next_ms <= run_ms)
    }

    /// The next open alerts of a receiver. Those for which a delivery waits are left out: it comes first.
    pub(super) fn next_page(
        &mut self,
        store: &Store,
        receiver: &str,
        run_ms: i64,
        is_waiting: impl Fn(&Thread) -> bool,
    ) -> Result<Vec<(Thread, Delivery)>> {
        if self.after.is_none() {
            self.next_ms = Some(run_ms.saturating_add(REPEAT_MS));
        }
        let prefix = [&[REPEATED], outbox::lane_prefix(receiver).as_slice()].concat();
        let after = self.after.take();
        let (table, order) = (Table::Receiver, Order::Ascending);
        let rows = store.records(table, &prefix, after.as_deref(), order, ALERTS_AT_ONCE_MAX)?;
        if rows.len() == ALERTS_AT_ONCE_MAX {
            self.after = rows.last().map(|(key, _)| key.clone());
        }
        let (mut open, mut ended) = (Vec::new(), TableBatch::default());
        for (key, value) in rows {
            let thread = key.get(1..).unwrap_or_default().to_vec();
            // A row of another version ends with its alert.
            let delivery = Delivery::from_row(&value).ok();
            let known = delivery.filter(|it| is_resolve_due(store, it).unwrap_or(true));
            match known {
                None => ended.delete(Table::Receiver, &key),
                Some(delivery) if !is_waiting(&thread) => open.push((thread, delivery)),
                Some(_) => {}
            }
        }
        if !ended.is_empty() {
            store.commit(ended)?;
        }
        Ok(open)
    }
}

/// Whether the notification is open. It can outlive the alert that triggered it, and a receiver that was
/// disabled gets no resolve.
fn is_resolve_due(store: &Store, delivery: &Delivery) -> Result<bool> {
    let alert = alerts::get(store, &delivery.alert.id)?;
    Ok(alert.is_some_and(|alert| alert.notify.is_resolve_due()))
}

/// Repeats open alerts, each to the target that accepted it.
pub(super) async fn repeat(sender: Arc<Sender>, open: Vec<Delivery>) {
    let mut by_target: BTreeMap<String, Vec<Delivery>> = BTreeMap::new();
    for delivery in open {
        by_target.entry(delivery.fingerprint.clone()).or_default().push(delivery);
    }
    for (fingerprint, open) in by_target {
        let Some(target) = sender.target(&fingerprint) else { continue };
        let (receiver, now) = (&sender.receiver, sender.context.now());
        let sent = sender.transport.repeat(target, &open, &receiver.templates, now).await;
        if let Err(reason) = sent {
            let (receiver, count) = (&receiver.name, open.len());
            tracing::warn!(receiver, count, reason, "open alerts could not be repeated");
        }
    }
}
