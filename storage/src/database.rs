//! RocksDB behind typed families.

use std::path::Path;

use rocksdb::{
    BottommostLevelCompaction, ColumnFamily, CompactOptions, DB, WriteBatch, WriteOptions,
};

use crate::{
    error::{Error, Result},
    options::Durability,
    schema::{self, Family},
};

/// The open database.
pub(crate) struct Database {
    db: DB,
    durability: Durability,
}

impl std::fmt::Debug for Database {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Database").field("path", &self.db.path()).finish_non_exhaustive()
    }
}

impl Database {
    pub(crate) fn open(
        path: &Path,
        durability: Durability,
        families: Vec<rocksdb::ColumnFamilyDescriptor>,
    ) -> Result<Self> {
        let options = schema::database_options(durability);
        let opened = DB::open_cf_descriptors(&options, path, families);
        let db = opened.map_err(|error| match error.to_string().contains("lock") {
            true => Error::InUse { path: path.into() },
            false => error.into(),
        })?;
        Ok(Self { db, durability })
    }

    pub(crate) fn family(&self, family: Family) -> &ColumnFamily {
        self.db.cf_handle(family.name()).expect("every family was opened and none is ever dropped")
    }

    pub(crate) fn get(&self, family: Family, key: &[u8]) -> Result<Option<Vec<u8>>> {
        Ok(self.db.get_cf(self.family(family), key)?)
    }

    /// Writes a batch whole or not at all, as durable as the store was opened to be.
    pub(crate) fn write(&self, batch: WriteBatch) -> std::result::Result<(), rocksdb::Error> {
        let mut options = WriteOptions::default();
        options.set_sync(self.durability == Durability::Fsync);
        options.disable_wal(self.durability == Durability::Memory);
        self.db.write_opt(batch, &options)
    }

    /// Flushes and compacts every family down to its last level.
    pub(crate) fn compact(&self) -> Result<()> {
        let mut options = CompactOptions::default();
        options.set_bottommost_level_compaction(BottommostLevelCompaction::Force);
        for family in Family::ALL {
            let family = self.family(family);
            self.db.flush_cf(family)?;
            self.db.compact_range_cf_opt(family, None::<&[u8]>, None::<&[u8]>, &options);
        }
        Ok(())
    }

    /// Compacts a range of keys, so that what was deleted there gives its space back at once.
    pub(crate) fn compact_range(&self, family: Family, from: &[u8], to: &[u8]) {
        self.db.compact_range_cf(self.family(family), Some(from), Some(to));
    }

    /// Bytes of every file of the database, write-ahead log left out.
    pub(crate) fn file_bytes(&self) -> u64 {
        // The call only fails when a file's name cannot be read; then nothing is known of sizes.
        self.db.live_files().unwrap_or_default().iter().map(|file| file.size as u64).sum()
    }

    pub(crate) const fn raw(&self) -> &DB {
        &self.db
    }
}
