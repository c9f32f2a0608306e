//! The status of each receiver: written by the lanes, read by the API and the metrics.

use std::collections::BTreeMap;
use std::sync::Arc;

use parking_lot::Mutex;
use plimsoll_storage::{Order, Store, Table, TableBatch, TimestampMs};

use crate::error::Result;
use crate::limits::LIST_ROWS_MAX;
use crate::records::row;

/// Prefix of rows of disabled targets, followed by the fingerprint. Value: the reason as text.
const DISABLED: u8 = b'd';

/// The status of the deliveries to one receiver since the server was started.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ReceiverStatus {
    /// Its kind; see [`crate::rule::Target::kind`].
    pub kind: &'static str,
    /// Deliveries that wait.
    pub waiting: usize,
    /// Event time of the oldest of them.
    pub oldest_at: Option<TimestampMs>,
    /// Its circuit breaker is open: only probes are sent, because it failed several times in a row.
    pub is_open: bool,
    /// Since when every attempt fails.
    pub down_since: Option<TimestampMs>,
    /// It is at its rate limit, or has asked for a pause.
    pub is_throttled: bool,
    /// Why nothing is sent any more: it answered 410.
    pub disabled: Option<String>,
    /// The last delivery.
    pub last_success_at: Option<TimestampMs>,
    /// The last failure, and why.
    pub last_failure: Option<(TimestampMs, String)>,
    /// Attempts that arrived.
    pub delivered: u64,
    /// Attempts that failed.
    pub failed: u64,
    /// Deliveries that were given up.
    pub given_up: u64,
    /// Deliveries that were dropped because the alert was resolved before its trigger was sent.
    pub coalesced: u64,
}

/// The status of every receiver.
#[derive(Debug, Clone, Default)]
pub(super) struct StatusTable(Arc<Mutex<BTreeMap<String, ReceiverStatus>>>);

impl StatusTable {
    pub(super) fn read(&self) -> BTreeMap<String, ReceiverStatus> {
        self.0.lock().clone()
    }

    /// Adds a receiver. Receivers that were removed from the rules file have no status.
    pub(super) fn insert(&self, receiver: &str, kind: &'static str, disabled: Option<String>) {
        let status = ReceiverStatus { kind, disabled, ..ReceiverStatus::default() };
        self.0.lock().insert(receiver.to_owned(), status);
    }

    pub(super) fn update(&self, receiver: &str, change: impl FnOnce(&mut ReceiverStatus)) {
        self.0.lock().get_mut(receiver).map(change);
    }

    pub(super) fn disabled(&self, receiver: &str) -> Option<String> {
        self.0.lock().get(receiver)?.disabled.clone()
    }
}

/// Disabled targets: fingerprints and reasons.
pub(super) fn disabled(store: &Store) -> Result<BTreeMap<String, String>> {
    let rows =
        store.records(Table::Receiver, &[DISABLED], None, Order::Ascending, LIST_ROWS_MAX)?;
    let read = |(key, value): (Vec<u8>, Vec<u8>)| {
        let fingerprint = String::from_utf8_lossy(key.get(1..).unwrap_or_default()).into_owned();
        Ok((fingerprint, row::decode("disabled receiver", &value)?))
    };
    rows.into_iter().map(read).collect()
}

/// Records that a target wants no more deliveries.
pub(super) fn disable(batch: &mut TableBatch, fingerprint: &str, reason: &str) {
    batch.put(Table::Receiver, &key(fingerprint), row::encode(&reason.to_owned()));
}

/// Records that a target takes deliveries again.
pub(super) fn enable(batch: &mut TableBatch, fingerprint: &str) {
    batch.delete(Table::Receiver, &key(fingerprint));
}

fn key(fingerprint: &str) -> Vec<u8> {
    [&[DISABLED], fingerprint.as_bytes()].concat()
}
