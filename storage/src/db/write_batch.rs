//! Changes that are written together or not at all.

use super::database::Database;
use super::schema::Family;

/// Changes to any families. [`Database::write`] writes all of them or none.
#[derive(Default)]
pub(crate) struct WriteBatch(rocksdb::WriteBatch);

impl WriteBatch {
    /// Sets the value of a key.
    pub(crate) fn put(
        &mut self,
        db: &Database,
        family: Family,
        key: impl AsRef<[u8]>,
        value: impl AsRef<[u8]>,
    ) {
        self.0.put_cf(db.family(family), key, value);
    }

    /// Merges a value into what a key holds, by the merge operator of the family.
    pub(crate) fn merge(
        &mut self,
        db: &Database,
        family: Family,
        key: impl AsRef<[u8]>,
        value: impl AsRef<[u8]>,
    ) {
        self.0.merge_cf(db.family(family), key, value);
    }

    /// Deletes a key.
    pub(crate) fn delete(&mut self, db: &Database, family: Family, key: impl AsRef<[u8]>) {
        self.0.delete_cf(db.family(family), key);
    }

    /// Deletes the keys from `from` up to but not including `to`.
    pub(crate) fn delete_range<K: AsRef<[u8]>>(
        &mut self,
        db: &Database,
        family: Family,
        from: K,
        to: K,
    ) {
        self.0.delete_range_cf(db.family(family), from, to);
    }

    /// The changes as RocksDB takes them.
    pub(super) fn into_inner(self) -> rocksdb::WriteBatch {
        self.0
    }
}
