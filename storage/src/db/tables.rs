//! Records whose meaning is known only to the crates above: rule states, alerts, outbox. Here they are bytes
//! in numbered tables, written together or not at all.

use rocksdb::{Direction, IteratorMode};

use super::database::Database;
use super::schema::Family;
use super::write_batch::WriteBatch;
use crate::error::Result;

/// A table. The numbers are written to disk: never renumber, never reuse.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[repr(u8)]
pub enum Table {
    /// State of each rule and group that is not inactive.
    AlertState = 1,
    /// Alerts, open and resolved.
    Alert = 2,
    /// Notifications that are not delivered yet.
    Outbox = 3,
    /// The ledger of delivery attempts.
    Delivery = 4,
    /// Notifications that are no longer retried.
    DeadLetter = 5,
    /// Positions up to which something was processed.
    Cursor = 6,
    /// Silences.
    Silence = 7,
    /// State of receivers.
    Receiver = 8,
    /// Acknowledgements of alerts.
    Acknowledgement = 9,
    /// Keys of the API.
    Key = 10,
}

/// A record of a table: key and value.
pub type Record = (Vec<u8>, Vec<u8>);

/// Changes to tables that are written together or not at all.
#[derive(Debug, Clone, Default)]
pub struct TableBatch {
    changes: Vec<(Vec<u8>, Option<Vec<u8>>)>,
}

impl TableBatch {
    /// Writes a record. It replaces one with the same key.
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

impl Database {
    /// Writes the changes of a batch: all of them or none.
    ///
    /// # Errors
    /// When the database cannot be written.
    pub(crate) fn commit_tables(&self, batch: TableBatch) -> Result<()> {
        let mut write = WriteBatch::default();
        for (key, value) in batch.changes {
            match value {
                Some(value) => write.put(self, Family::Tables, key, value),
                None => write.delete(self, Family::Tables, key),
            }
        }
        self.write(write)
    }

    /// One record of a table.
    ///
    /// # Errors
    /// When the database cannot be read.
    pub(crate) fn table_record(&self, table: Table, key: &[u8]) -> Result<Option<Vec<u8>>> {
        self.get(Family::Tables, &full_key(table, key))
    }

    /// Up to `limit` records whose key begins with `prefix`, strictly beyond `after` when given.
    ///
    /// # Errors
    /// When the database cannot be read.
    pub(crate) fn table_records(
        &self,
        table: Table,
        prefix: &[u8],
        after: Option<&[u8]>,
        order: Order,
        limit: usize,
    ) -> Result<Vec<Record>> {
        let prefix = full_key(table, prefix);
        let after = after.map(|key| full_key(table, key));
        let (first, direction) = match order {
            Order::Ascending => (prefix.clone(), Direction::Forward),
            Order::Descending => (last_of(&prefix), Direction::Reverse),
        };
        let edge = after.clone().unwrap_or(first);
        let mut records = Vec::new();
        for entry in self.entries_with(Family::Tables, IteratorMode::From(&edge, direction)) {
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
