//! Records whose meaning lives above this crate: rule state, alerts, outbox. Here they are bytes in
//! numbered tables, written together or not at all.

use rocksdb::{Direction, IteratorMode, WriteBatch};

use crate::db::schema::Family;
use crate::error::Result;
use crate::store::Shared;

/// A table. The numbers are written to disk: never renumber, never reuse.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[repr(u8)]
pub enum Table {
    /// State of each rule and group that is not at rest.
    AlertState = 1,
    /// Alerts, open and resolved.
    Alert = 2,
    /// Notifications that are not delivered yet.
    Outbox = 3,
    /// The ledger of delivery attempts.
    Delivery = 4,
    /// Notifications that were given up.
    DeadLetter = 5,
    /// How far something has come.
    Cursor = 6,
    /// Silences.
    Silence = 7,
    /// What is remembered of receivers.
    Receiver = 8,
    /// Who takes care of which alert.
    Acknowledgement = 9,
}

/// A record of a table: key and value.
pub type Record = (Vec<u8>, Vec<u8>);

/// Changes to tables that are written in one go.
#[derive(Debug, Clone, Default)]
pub struct TableBatch {
    changes: Vec<(Vec<u8>, Option<Vec<u8>>)>,
}

impl TableBatch {
    /// Writes a record, replacing one of the same key.
    pub fn put(&mut self, table: Table, key: &[u8], value: Vec<u8>) {
        self.changes.push((full_key(table, key), Some(value)));
    }

    /// Removes a record.
    pub fn delete(&mut self, table: Table, key: &[u8]) {
        self.changes.push((full_key(table, key), None));
    }

    /// Whether there is nothing to write.
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        self.changes.is_empty()
    }
}

/// In which order records are read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Order {
    /// By key, lowest first.
    Ascending,
    /// By key, highest first.
    Descending,
}

pub(crate) fn commit(shared: &Shared, batch: TableBatch) -> Result<()> {
    let family = shared.db.family(Family::Tables);
    let mut write = WriteBatch::default();
    for (key, value) in batch.changes {
        match value {
            Some(value) => write.put_cf(family, key, value),
            None => write.delete_cf(family, key),
        }
    }
    Ok(shared.db.write(write)?)
}

pub(crate) fn get(shared: &Shared, table: Table, key: &[u8]) -> Result<Option<Vec<u8>>> {
    shared.db.get(Family::Tables, &full_key(table, key))
}

/// Up to `limit` records whose key begins with `prefix`, strictly beyond `after` when given.
pub(crate) fn scan(
    shared: &Shared,
    table: Table,
    prefix: &[u8],
    after: Option<&[u8]>,
    order: Order,
    limit: usize,
) -> Result<Vec<Record>> {
    let prefix = full_key(table, prefix);
    let after = after.map(|key| full_key(table, key));
    let (edge, direction) = match order {
        Order::Ascending => (after.clone().unwrap_or_else(|| prefix.clone()), Direction::Forward),
        Order::Descending => {
            (after.clone().unwrap_or_else(|| last_of(&prefix)), Direction::Reverse)
        }
    };
    let mode = IteratorMode::From(&edge, direction);
    let mut records = Vec::new();
    for entry in shared.db.raw().iterator_cf(shared.db.family(Family::Tables), mode) {
        let (key, value) = entry?;
        let inside = key.starts_with(&prefix);
        if !inside && (order == Order::Ascending || *key < *prefix) || records.len() >= limit {
            break;
        }
        if inside && after.as_deref() != Some(&*key) {
            records.push((key.get(1..).unwrap_or_default().to_vec(), value.into_vec()));
        }
    }
    Ok(records)
}

fn full_key(table: Table, key: &[u8]) -> Vec<u8> {
    [&[table as u8], key].concat()
}

/// A key at or beyond every key that begins with `prefix`.
fn last_of(prefix: &[u8]) -> Vec<u8> {
    let mut next = prefix.to_vec();
    while let Some(byte) = next.pop() {
        if byte < u8::MAX {
            next.push(byte + 1);
            return next;
        }
    }
    vec![u8::MAX; prefix.len() + 1]
}
