//! The outbox: notifications that are still to be delivered. They are written in the commit that
//! changes the alert, so neither a crash nor a restart loses one.
//!
//! Key: receiver, 0, dedup key (64 hex digits), moment (u64), action (u8). So the notifications of
//! one alert to one receiver lie together and in order, a resolve after its trigger.

use bincode::{Decode, Encode};
use plimsoll_storage::{Order, Record, Store, Table, TableBatch, TimestampMs};
use sha2::{Digest as _, Sha256};

use crate::alerts::Alert;
use crate::error::Result;
use crate::hex::hex;
use crate::page::Page;
use crate::record;

/// Length of a dedup key, in bytes.
const DEDUP_KEY_BYTES: usize = 64;

/// What a notification says. Numbers are on disk, and order notifications of the same moment.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Encode, Decode)]
pub enum Action {
    /// An alert began.
    Trigger,
    /// It became critical.
    Escalate,
    /// It ended.
    Resolve,
}

impl Action {
    /// The name in the API.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Trigger => "trigger",
            Self::Escalate => "escalate",
            Self::Resolve => "resolve",
        }
    }
}

/// A notification that waits for delivery.
#[derive(Debug, Clone, PartialEq, Encode, Decode)]
pub struct Notice {
    /// 32 hex digits, the same for every attempt.
    pub id: String,
    /// Name of the receiver.
    pub receiver: String,
    /// Its target when the alert was told; see [`crate::rule::Receiver::fingerprint`].
    pub fingerprint: String,
    /// What it says.
    pub action: Action,
    /// The moment it speaks of, in event time.
    pub at: TimestampMs,
    /// The alert as it was then.
    pub alert: Alert,
    /// What is to be said of it.
    pub page: Page,
    /// Attempts so far.
    pub attempts: u32,
    /// No attempt before this.
    pub next_attempt_at: TimestampMs,
    /// Why the last attempt failed.
    pub last_error: Option<String>,
}

impl Notice {
    /// A notification that is due at once.
    pub(crate) fn new(
        receiver: String,
        fingerprint: String,
        action: Action,
        at: TimestampMs,
        alert: Alert,
        page: Page,
    ) -> Self {
        let mut notice = Self {
            id: String::new(),
            receiver,
            fingerprint,
            action,
            at,
            alert,
            page,
            attempts: 0,
            next_attempt_at: TimestampMs(0),
            last_error: None,
        };
        let mut hash = Sha256::new();
        hash.update(notice.key());
        hash.update(notice.alert.id.as_bytes());
        notice.id = hex(&hash.finalize());
        notice.id.truncate(32);
        notice
    }

    /// The moment it should have been told at: an alert that was held back, or judged after a downtime,
    /// should have been told when it fired.
    pub(crate) fn late_from(&self) -> TimestampMs {
        if self.page.held_back.is_some() { self.alert.fired_at } else { self.at }
    }

    /// Its key in the outbox.
    pub(crate) fn key(&self) -> Vec<u8> {
        let at = u64::try_from(self.at.0).unwrap_or(0);
        let lane = lane_prefix(&self.receiver);
        let dedup_key = self.alert.dedup_key();
        [&lane, dedup_key.as_bytes(), &at.to_be_bytes(), &[self.action as u8]].concat()
    }
}

/// Adds a notification to a commit, or replaces it after an attempt.
pub(crate) fn put(batch: &mut TableBatch, notice: &Notice) {
    batch.put(Table::Outbox, &notice.key(), record::encode(notice));
}

/// Prefix of everything for one receiver.
pub(crate) fn lane_prefix(receiver: &str) -> Vec<u8> {
    // Receiver names hold no zero byte.
    [receiver.as_bytes(), &[0]].concat()
}

/// The part of a key that notifications of the same alert to the same receiver share.
pub(crate) fn thread_of(key: &[u8]) -> &[u8] {
    let lane_bytes = key.iter().position(|byte| *byte == 0).map_or(key.len(), |zero| zero + 1);
    key.get(..lane_bytes + DEDUP_KEY_BYTES).unwrap_or(key)
}

/// Name of the receiver in a key.
pub(crate) fn receiver_of(key: &[u8]) -> String {
    let name = key.split(|byte| *byte == 0).next().unwrap_or_default();
    String::from_utf8_lossy(name).into_owned()
}

/// How many notifications wait for a receiver, counted up to `limit`.
pub(crate) fn backlog(store: &Store, receiver: &str, limit: usize) -> Result<usize> {
    Ok(store.records(Table::Outbox, &lane_prefix(receiver), None, Order::Ascending, limit)?.len())
}

/// Every waiting notification whose key begins with `prefix`, a page at a time, in key order.
pub(crate) fn for_each(store: &Store, prefix: &[u8], mut visit: impl FnMut(Record)) -> Result<()> {
    const PAGE_ROWS: usize = 256;
    let mut after: Option<Vec<u8>> = None;
    loop {
        let page =
            store.records(Table::Outbox, prefix, after.as_deref(), Order::Ascending, PAGE_ROWS)?;
        let Some((last, _)) = page.last() else { return Ok(()) };
        after = Some(last.clone());
        page.into_iter().for_each(&mut visit);
    }
}

/// How many notifications wait, over all receivers.
///
/// # Errors
/// When the store cannot be read.
pub fn len(store: &Store) -> Result<usize> {
    let mut count = 0;
    for_each(store, &[], |_| count += 1)?;
    Ok(count)
}

/// The notification under a key, when it is there and can be read.
pub(crate) fn decode(value: &[u8]) -> Result<Notice> {
    record::decode("notification", value)
}
