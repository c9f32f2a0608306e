//! Changes that are written together or not at all.

use super::database::{Database, handle};
use super::key::{u32_of, u64_of};
use super::schema::Family;
use super::wal::Mark;
use crate::error::{Error, Result};

/// Changes to any families. [`Database::write`] writes all of them or none.
#[derive(Default)]
pub(crate) struct WriteBatch {
    changes: rocksdb::WriteBatch,
    /// The last append and stream that it writes.
    reaches: Mark,
    /// A change that could not be added because the database was not open. Then nothing is written.
    error: Option<Error>,
}

impl WriteBatch {
    /// Sets the value of a key.
    pub(crate) fn put(
        &mut self,
        db: &Database,
        family: Family,
        key: impl AsRef<[u8]>,
        value: impl AsRef<[u8]>,
    ) {
        match family {
            Family::Journal => {
                let append = u64_of(key.as_ref()).unwrap_or(0);
                self.reaches.append = self.reaches.append.max(append);
            }
            Family::Streams => {
                let streams = u32_of(key.as_ref()).map_or(0, |id| id.saturating_add(1));
                self.reaches.streams = self.reaches.streams.max(streams);
            }
            _ => {}
        }
        self.add(db, |db, changes| changes.put_cf(handle(db, family), key, value));
    }

    /// Merges a value into what a key holds, by the merge operator of the family.
    pub(crate) fn merge(
        &mut self,
        db: &Database,
        family: Family,
        key: impl AsRef<[u8]>,
        value: impl AsRef<[u8]>,
    ) {
        self.add(db, |db, changes| changes.merge_cf(handle(db, family), key, value));
    }

    /// Deletes a key.
    pub(crate) fn delete(&mut self, db: &Database, family: Family, key: impl AsRef<[u8]>) {
        self.add(db, |db, changes| changes.delete_cf(handle(db, family), key));
    }

    /// Deletes the keys from `from` up to but not including `to`.
    pub(crate) fn delete_range<K: AsRef<[u8]>>(
        &mut self,
        db: &Database,
        family: Family,
        from: K,
        to: K,
    ) {
        self.add(db, |db, changes| changes.delete_range_cf(handle(db, family), from, to));
    }

    fn add(&mut self, db: &Database, add: impl FnOnce(&rocksdb::DB, &mut rocksdb::WriteBatch)) {
        match db.opened() {
            Ok(db) => add(&db, &mut self.changes),
            Err(error) => self.error = Some(error),
        }
    }

    /// The changes as RocksDB takes them, and how far the database goes once they are written.
    ///
    /// # Errors
    /// When one of them could not be added.
    pub(super) fn into_inner(self) -> Result<(rocksdb::WriteBatch, Mark)> {
        self.error.map_or(Ok((self.changes, self.reaches)), Err)
    }
}
