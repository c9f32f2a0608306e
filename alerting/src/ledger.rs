//! The ledger: what became of every notification. Delivered ones leave a line; those given up are
//! kept whole among the dead letters, with the reason.
//!
//! Key of both tables: moment (u64), id of the notification. So the newest comes last.

use bincode::{Decode, Encode};
use plimsoll_storage::{Order, Store, Table, TableBatch, TimestampMs};

use crate::error::Result;
use crate::limits::LIST_ROWS_MAX;
use crate::outbox::{Action, Notice};
use crate::record;

/// A notification that arrived.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
pub struct Delivery {
    /// Id of the notification.
    pub id: String,
    /// Name of the receiver.
    pub receiver: String,
    /// Its target; see [`crate::rule::Receiver::fingerprint`].
    pub fingerprint: String,
    /// Id of the alert.
    pub alert_id: String,
    /// Name of the alert's rule.
    pub rule: String,
    /// What receivers join messages by.
    pub dedup_key: String,
    /// What it said.
    pub action: Action,
    /// The moment it spoke of, in event time.
    pub at: TimestampMs,
    /// When it arrived.
    pub delivered_at: TimestampMs,
    /// How many attempts it took, at least 1.
    pub attempts: u32,
}

/// A notification that was given up.
#[derive(Debug, Clone, PartialEq, Encode, Decode)]
pub struct DeadLetter {
    /// The notification.
    pub notice: Notice,
    /// Why.
    pub reason: DeadReason,
    /// The reason in words.
    pub detail: String,
    /// When it was given up.
    pub at: TimestampMs,
}

/// Why a notification was given up. Numbers are on disk: never renumber.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Encode, Decode)]
pub enum DeadReason {
    /// The receiver refused it for good.
    Refused,
    /// The rules file no longer has the receiver.
    ReceiverRemoved,
    /// The receiver now has another address or key than the one that got the trigger.
    TargetChanged,
    /// Too many notifications were waiting for the receiver.
    OutboxFull,
}

impl DeadReason {
    /// The name in the API.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Refused => "refused",
            Self::ReceiverRemoved => "receiver_removed",
            Self::TargetChanged => "target_changed",
            Self::OutboxFull => "outbox_full",
        }
    }
}

/// Notes a delivery.
pub(crate) fn delivered(
    batch: &mut TableBatch,
    notice: &Notice,
    fingerprint: String,
    at: TimestampMs,
) {
    let line = Delivery {
        id: notice.id.clone(),
        receiver: notice.receiver.clone(),
        fingerprint,
        alert_id: notice.alert.id.clone(),
        rule: notice.alert.rule.clone(),
        dedup_key: notice.alert.dedup_key(),
        action: notice.action,
        at: notice.at,
        delivered_at: at,
        attempts: notice.attempts,
    };
    batch.put(Table::Delivery, &key(at, &notice.id), record::encode(&line));
}

/// Keeps a notification that is given up.
pub(crate) fn gave_up(
    batch: &mut TableBatch,
    notice: Notice,
    reason: DeadReason,
    detail: String,
    at: TimestampMs,
) {
    let key = key(at, &notice.id);
    let letter = DeadLetter { notice, reason, detail, at };
    batch.put(Table::DeadLetter, &key, record::encode(&letter));
}

fn key(at: TimestampMs, id: &str) -> Vec<u8> {
    [u64::try_from(at.0).unwrap_or(0).to_be_bytes().as_slice(), id.as_bytes()].concat()
}

/// The newest deliveries; at most `limit` and [`LIST_ROWS_MAX`].
///
/// # Errors
/// When the store cannot be read, or a row is damaged.
pub fn deliveries(store: &Store, limit: usize) -> Result<Vec<Delivery>> {
    newest(store, Table::Delivery, "delivery", limit)
}

/// The newest dead letters; at most `limit` and [`LIST_ROWS_MAX`].
///
/// # Errors
/// When the store cannot be read, or a row is damaged.
pub fn dead_letters(store: &Store, limit: usize) -> Result<Vec<DeadLetter>> {
    newest(store, Table::DeadLetter, "dead letter", limit)
}

fn newest<T: Decode<()>>(
    store: &Store,
    table: Table,
    what: &'static str,
    limit: usize,
) -> Result<Vec<T>> {
    let rows = store.records(table, &[], None, Order::Descending, limit.min(LIST_ROWS_MAX))?;
    rows.iter().map(|(_, value)| record::decode(what, value)).collect()
}
