//! The outbox: deliveries that are still to be made. They are written in the commit that changes the
//! alert, so neither a crash nor a restart loses one.
//!
//! Key: receiver, 0, dedup key (64 hex digits), time (u64), action (u8). So the deliveries of one
//! alert to one receiver lie together and in order, a resolve after its trigger.

use plimsoll_storage::{Order, Record, Store, Table, TableBatch, TimestampMs};

use crate::error::Result;
use crate::records::delivery::Delivery;

/// Length of a dedup key, in bytes.
const DEDUP_KEY_BYTES: usize = 64;

/// The key of a delivery.
pub(crate) fn key(delivery: &Delivery) -> Vec<u8> {
    let at = u64::try_from(delivery.at.0).unwrap_or(0);
    let lane = lane_prefix(&delivery.receiver);
    let dedup_key = delivery.alert.dedup_key();
    [&lane, dedup_key.as_bytes(), &at.to_be_bytes(), &[delivery.action as u8]].concat()
}

/// Event time of the newest delivery that waits in the thread of another; `None` when it cannot be read.
pub(crate) fn newest_at(store: &Store, delivery: &Delivery) -> Result<Option<TimestampMs>> {
    let key = key(delivery);
    let rows = store.records(Table::Outbox, thread_of(&key), None, Order::Descending, 1)?;
    Ok(rows.first().and_then(|(_, value)| decode(value).ok()).map(|newest| newest.at))
}

/// Adds a delivery to a commit, or replaces it after an attempt.
pub(crate) fn put(batch: &mut TableBatch, delivery: &Delivery) {
    batch.put(Table::Outbox, &key(delivery), delivery.to_row());
}

/// Prefix of everything for one receiver.
pub(crate) fn lane_prefix(receiver: &str) -> Vec<u8> {
    // Receiver names hold no zero byte.
    [receiver.as_bytes(), &[0]].concat()
}

/// The part of a key that deliveries of the same alert to the same receiver share.
pub(crate) fn thread_of(key: &[u8]) -> &[u8] {
    let lane_bytes = key.iter().position(|byte| *byte == 0).map_or(key.len(), |zero| zero + 1);
    key.get(..lane_bytes + DEDUP_KEY_BYTES).unwrap_or(key)
}

/// Names of the receivers with waiting deliveries, found without reading the deliveries.
pub(crate) fn receivers(store: &Store) -> Result<Vec<String>> {
    let mut names = Vec::new();
    let mut after: Option<Vec<u8>> = None;
    loop {
        let row = store.records(Table::Outbox, &[], after.as_deref(), Order::Ascending, 1)?;
        let Some((key, _)) = row.first() else { return Ok(names) };
        let name = key.split(|byte| *byte == 0).next().unwrap_or_default();
        // Beyond every key of that receiver: its name is followed by a zero byte.
        after = Some([name, &[1]].concat());
        names.push(String::from_utf8_lossy(name).into_owned());
    }
}

/// How many deliveries wait for a receiver, counted up to `limit`.
pub(crate) fn backlog(store: &Store, receiver: &str, limit: usize) -> Result<usize> {
    Ok(store.records(Table::Outbox, &lane_prefix(receiver), None, Order::Ascending, limit)?.len())
}

/// Every waiting delivery whose key begins with `prefix`, a page at a time, in key order.
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

/// How many deliveries wait, over all receivers.
///
/// # Errors
/// When the store cannot be read.
pub fn len(store: &Store) -> Result<usize> {
    let mut count = 0;
    for_each(store, &[], |_| count += 1)?;
    Ok(count)
}

/// A row of the outbox.
pub(crate) fn decode(value: &[u8]) -> Result<Delivery> {
    Delivery::from_row(value)
}
