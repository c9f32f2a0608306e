//! How delivery is doing, receiver by receiver: what lanes write down and the API and metrics read.

use std::collections::BTreeMap;
use std::sync::Arc;

use parking_lot::Mutex;
use plimsoll_storage::{Order, Store, Table, TableBatch, TimestampMs};

use crate::error::Result;
use crate::limits::LIST_ROWS_MAX;
use crate::records::row;

/// Prefix of rows of receivers that want nothing any more, followed by the fingerprint of the target.
/// Value: the reason in words.
const DISABLED: u8 = b'd';

/// How the deliveries to one receiver are doing since the server was started.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ReceiverStatus {
    /// Its kind; see [`crate::rule::Target::KINDS`].
    pub kind: &'static str,
    /// Deliveries that wait.
    pub waiting: usize,
    /// The moment that the oldest of them speaks of.
    pub oldest_at: Option<TimestampMs>,
    /// It is only probed, because it failed several times in a row.
    pub is_open: bool,
    /// Since when every attempt fails.
    pub down_since: Option<TimestampMs>,
    /// It is at its rate limit, or has asked for quiet.
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
    /// Deliveries that were dropped, because the alert ended before anyone could be told.
    pub coalesced: u64,
}

/// The status of every receiver.
#[derive(Debug, Clone, Default)]
pub(super) struct Board(Arc<Mutex<BTreeMap<String, ReceiverStatus>>>);

impl Board {
    pub(super) fn read(&self) -> BTreeMap<String, ReceiverStatus> {
        self.0.lock().clone()
    }

    /// Gives a receiver a place on the board. One that was removed from the rules file has none.
    pub(super) fn open(&self, receiver: &str, kind: &'static str, disabled: Option<String>) {
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

/// Targets that want nothing any more, with the reason, by fingerprint.
pub(super) fn disabled(store: &Store) -> Result<BTreeMap<String, String>> {
    let rows =
        store.records(Table::Receiver, &[DISABLED], None, Order::Ascending, LIST_ROWS_MAX)?;
    let read = |(key, value): (Vec<u8>, Vec<u8>)| {
        let fingerprint = String::from_utf8_lossy(key.get(1..).unwrap_or_default()).into_owned();
        Ok((fingerprint, row::decode("disabled receiver", &value)?))
    };
    rows.into_iter().map(read).collect()
}

/// Notes that a target wants nothing any more.
pub(super) fn disable(batch: &mut TableBatch, fingerprint: &str, reason: &str) {
    let key = [&[DISABLED], fingerprint.as_bytes()].concat();
    batch.put(Table::Receiver, &key, row::encode(&reason.to_owned()));
}

/// Notes that a target takes deliveries again.
pub(super) fn enable(batch: &mut TableBatch, fingerprint: &str) {
    batch.delete(Table::Receiver, &[&[DISABLED], fingerprint.as_bytes()].concat());
}
