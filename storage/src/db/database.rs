//! RocksDB behind typed families.

use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::AtomicI64;

use rocksdb::{
    BottommostLevelCompaction, ColumnFamily, CompactOptions, DB, ErrorKind, WriteBatch,
    WriteOptions,
};

use crate::db::key::day_start;
use crate::db::schema::{Family, Setup};
use crate::error::{Error, Result};
use crate::options::Durability;

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
    /// Opens the database, making it when there is none. `clock` is the newest time the store was
    /// told, in ms.
    pub(crate) fn open(
        path: &Path,
        durability: Durability,
        clock: &Arc<AtomicI64>,
    ) -> Result<Self> {
        refuse_remains(path)?;
        let Setup { database, families } = Setup::new(durability, clock);
        let opened = DB::open_cf_descriptors(&database, path, families);
        let db = opened.map_err(|error| open_error(path, error))?;
        Ok(Self { db, durability })
    }

    /// Opens a database that is not to be changed.
    pub(crate) fn open_read_only(path: &Path) -> Result<Self> {
        let durability = Durability::Wal;
        let Setup { mut database, families } = Setup::new(durability, &Arc::default());
        database.create_if_missing(false);
        let opened = DB::open_cf_descriptors_read_only(&database, path, families, false);
        let db = opened.map_err(|error| open_error(path, error))?;
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

    /// Writes what is in memory to files, so that no family needs the write-ahead log any more.
    pub(crate) fn flush(&self) -> Result<()> {
        for family in Family::ALL {
            self.db.flush_cf(self.family(family))?;
        }
        Ok(())
    }

    /// Flushes and compacts every family down to its last level.
    pub(crate) fn compact(&self) -> Result<()> {
        self.flush()?;
        Family::ALL.into_iter().for_each(|family| self.compact_family(family));
        Ok(())
    }

    /// Compacts a family down to its last level.
    pub(crate) fn compact_family(&self, family: Family) {
        self.rewrite(family, None, None);
    }

    /// Folds every block of a day that is in a file.
    pub(crate) fn fold_day(&self, family: Family, day: u32) {
        self.rewrite(family, Some(&day_start(day)), Some(&day_start(day.saturating_add(1))));
    }

    /// Compacts a range down to its last level, which is rewritten even where nothing lies above it:
    /// a file that is only moved there keeps its parts as they are.
    fn rewrite(&self, family: Family, from: Option<&[u8]>, to: Option<&[u8]>) {
        let mut options = CompactOptions::default();
        options.set_bottommost_level_compaction(BottommostLevelCompaction::Force);
        // Others need not wait for it.
        options.set_exclusive_manual_compaction(false);
        self.db.compact_range_cf_opt(self.family(family), from, to, &options);
    }

    /// Drops a range of keys: files that hold nothing else at once, whoever still reads them, and the rest by
    /// rewriting the files at the border, so that all of the space comes back.
    pub(crate) fn drop_range(&self, family: Family, from: &[u8], to: &[u8]) -> Result<()> {
        self.db.delete_file_in_range_cf(self.family(family), from, to)?;
        let mut write = WriteBatch::default();
        write.delete_range_cf(self.family(family), from, to);
        self.write(write)?;
        self.db.compact_range_cf(self.family(family), Some(from), Some(to));
        Ok(())
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

impl From<rocksdb::Error> for Error {
    fn from(error: rocksdb::Error) -> Self {
        Self::Database(error.into_string())
    }
}

/// The file that names the newest manifest: without it there is no database.
const CURRENT: &str = "CURRENT";

/// Whether a directory holds a database.
#[must_use]
pub fn is_database(path: &Path) -> bool {
    path.join(CURRENT).is_file()
}

/// Without `CURRENT` RocksDB would make a new database over the files of the old one.
fn refuse_remains(path: &Path) -> Result<()> {
    if is_database(path) {
        return Ok(());
    }
    let entries = std::fs::read_dir(path).into_iter().flatten().filter_map(|entry| entry.ok());
    let of_database = |name: &str| name.starts_with("MANIFEST-") || name.ends_with(".sst");
    let mut names = entries.map(|entry| entry.file_name().to_string_lossy().into_owned());
    match names.find(|name| of_database(name)) {
        Some(name) => Err(Error::Files {
            path: path.into(),
            detail: format!("the file {CURRENT} is missing, while {name} is there"),
        }),
        None => Ok(()),
    }
}

/// Why RocksDB could not open a database.
fn open_error(path: &Path, error: rocksdb::Error) -> Error {
    let detail = error.to_string();
    let locked = detail.contains("lock file") || detail.contains("lock hold by");
    match error.kind() {
        ErrorKind::IOError if locked => Error::InUse { path: path.into() },
        ErrorKind::IOError | ErrorKind::Corruption => Error::Files { path: path.into(), detail },
        ErrorKind::InvalidArgument if detail.contains("olumn famil") => {
            Error::NotADatabase { path: path.into(), detail }
        }
        _ => error.into(),
    }
}
