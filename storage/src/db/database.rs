//! The open database: reading, writing and compacting its families.

use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::AtomicI64;

use rocksdb::checkpoint::Checkpoint;
use rocksdb::{
    BottommostLevelCompaction, ColumnFamily, CompactOptions, DB, DBRecoveryMode, Direction,
    ErrorKind, FlushOptions, IteratorMode, ReadOptions, WriteOptions, properties,
};

use super::damage::Damage;
use super::key::{day_start, key_before};
use super::merge::WithoutMerging;
use super::rows::{Entries, Rows};
use super::schema::{Family, Setup};
use super::snapshot::{DayFiles, Epochs, Snapshot};
use super::wal::{self, Mark, MarkFile};
use super::write_batch::WriteBatch;
use crate::error::{Error, Result};
use crate::model::resolution::BlockKey;
use crate::options::Durability;

/// The open database.
pub(crate) struct Database {
    db: DB,
    durability: Durability,
    damage: Damage,
    epochs: Epochs,
    /// `None` when the database is not to be changed.
    mark: Option<MarkFile>,
}

impl std::fmt::Debug for Database {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Database").field("path", &self.db.path()).finish_non_exhaustive()
    }
}

impl Database {
    /// Opens the database, creating it when there is none. `clock` is the newest time the store has
    /// seen, in ms: idempotency keys expire by it.
    ///
    /// # Errors
    /// [`Error::InUse`], [`Error::Files`] when a file is missing or damaged, or when RocksDB fails.
    pub(crate) fn open(
        path: &Path,
        durability: Durability,
        clock: &Arc<AtomicI64>,
    ) -> Result<Self> {
        check_current(path)?;
        let mark = Mark::read(path);
        let checked = wal::check(path)?;
        if checked.is_damaged() {
            check_unused(path)?;
            checked.replace(path)?;
        }
        if let (Some(file), true) = (&checked.unfinished, checked.last < Some(mark.sequence)) {
            wal::set_aside(path, file)?;
        }
        let Setup { database, families } = Setup::new(durability, clock);
        let opened = DB::open_cf_descriptors(&database, path, families);
        let opened = opened.map_err(|error| open_error(path, error))?;
        let mut db = Self::new(opened, durability);
        db.mark = Some(MarkFile::open(path, mark)?);
        let found = db.reaches()?;
        db.keep_log_losses(&checked.gaps, found, mark)?;
        if let (Some(file), true) = (&db.mark, mark.sequence > found.sequence) {
            file.set(Mark { streams: mark.streams, ..db.reaches()? });
        }
        Ok(db)
    }

    /// Opens a database that is not to be changed.
    ///
    /// # Errors
    /// As [`Database::open`], and [`Error::Files`] when acknowledged writes are missing.
    pub(crate) fn open_read_only(path: &Path) -> Result<Self> {
        let checked = wal::check(path)?;
        let missing = |cause| Error::Files { path: path.into(), detail: cause };
        if let Some(gap) = checked.gaps.first() {
            return Err(missing(format!("{}, and acknowledged writes are lost", gap.cause)));
        }
        let durability = Durability::Wal;
        let Setup { mut database, families } = Setup::new(durability, &Arc::default());
        database.create_if_missing(false);
        let opened = DB::open_cf_descriptors_read_only(&database, path, families, false);
        let db = Self::new(opened.map_err(|error| open_error(path, error))?, durability);
        let (mark, found) = (Mark::read(path), db.reaches()?);
        if mark.sequence > found.sequence {
            let appends = mark.append.saturating_sub(found.append);
            let cause = "the end of the write-ahead log is damaged or missing";
            return Err(missing(format!("{cause}, and {appends} acknowledged pushes are lost")));
        }
        Ok(db)
    }

    fn new(db: DB, durability: Durability) -> Self {
        Self { db, durability, damage: Damage::default(), epochs: Epochs::default(), mark: None }
    }

    /// How far writes have been acknowledged, as far as that is known.
    pub(crate) fn mark(&self) -> Mark {
        self.mark.as_ref().map(MarkFile::get).unwrap_or_default()
    }

    /// Blocks that readers found damaged.
    pub(crate) const fn damage(&self) -> &Damage {
        &self.damage
    }

    /// The value of a key.
    ///
    /// # Errors
    /// When the database cannot be read.
    pub(crate) fn get(&self, family: Family, key: &[u8]) -> Result<Option<Vec<u8>>> {
        Ok(self.db.get_cf(self.family(family), key)?)
    }

    /// Every entry of a family.
    pub(crate) fn entries(&self, family: Family) -> Entries<'_> {
        self.entries_with(family, IteratorMode::Start)
    }

    /// The entries of a family from a key on.
    pub(crate) fn entries_from(&self, family: Family, key: &[u8]) -> Entries<'_> {
        self.entries_with(family, IteratorMode::From(key, Direction::Forward))
    }

    /// The entries of a family in the order and from the place that `mode` names.
    pub(super) fn entries_with(&self, family: Family, mode: IteratorMode<'_>) -> Entries<'_> {
        Entries::new(self.db.iterator_cf(self.family(family), mode))
    }

    /// The rows of a family.
    pub(crate) fn rows(&self, family: Family) -> Rows<'_> {
        Rows::new(self.db.raw_iterator_cf(self.family(family)))
    }

    /// The rows of a family at or after a key; earlier ones are never read.
    pub(crate) fn rows_from(&self, family: Family, key: impl Into<Vec<u8>>) -> Rows<'_> {
        let mut options = ReadOptions::default();
        options.set_iterate_lower_bound(key);
        Rows::new(self.db.raw_iterator_cf_opt(self.family(family), options))
    }

    /// Whether a family has a row from `from` up to but not including `to`.
    ///
    /// # Errors
    /// When the database cannot be read.
    pub(crate) fn has_rows(&self, family: Family, from: &[u8], to: &[u8]) -> Result<bool> {
        let mut options = ReadOptions::default();
        options.set_iterate_upper_bound(to);
        let mut rows = self.db.raw_iterator_cf_opt(self.family(family), options);
        rows.seek(from);
        rows.status()?;
        Ok(rows.valid())
    }

    /// The key of the first block of a family.
    ///
    /// # Errors
    /// When the database cannot be read.
    pub(crate) fn first_block(&self, family: Family) -> Result<Option<BlockKey>> {
        let _reading = WithoutMerging::begin();
        let mut blocks = self.rows(family);
        blocks.seek_to_first();
        blocks.status()?;
        Ok(blocks.key().and_then(BlockKey::decode))
    }

    /// What the database holds now.
    pub(crate) fn snapshot(&self) -> Snapshot<'_> {
        Snapshot::now(self, &self.epochs)
    }

    /// Notes that the cells of all days before `day` have been moved: once no snapshot of the time
    /// before is left, their files are unused.
    pub(crate) fn end_epoch(&self, day: u32) {
        self.epochs.end(day);
    }

    /// The files of moved days. Unused files are returned once.
    pub(crate) fn take_unused_files(&self) -> DayFiles {
        self.epochs.take_unused()
    }

    /// Writes a batch whole or not at all, as durable as the store was opened to be.
    ///
    /// # Errors
    /// When the database cannot be written.
    pub(crate) fn write(&self, batch: WriteBatch) -> Result<()> {
        let mut options = WriteOptions::default();
        options.set_sync(self.durability == Durability::Fsync);
        options.disable_wal(self.durability == Durability::Memory);
        let (changes, reaches) = batch.into_inner();
        self.db.write_opt(changes, &options)?;
        if let (Some(mark), Durability::Fsync | Durability::Wal) = (&self.mark, self.durability) {
            mark.raise(Mark { sequence: self.db.latest_sequence_number(), ..reaches });
        }
        Ok(())
    }

    /// Writes what is in memory to files, so that no family needs the write-ahead log any more.
    ///
    /// # Errors
    /// When the database cannot be written.
    pub(crate) fn flush(&self) -> Result<()> {
        // All families in one call: without a write-ahead log, flushes one by one would let a crash between
        // them keep half of a batch.
        let families = Family::ALL.map(|family| self.family(family));
        Ok(self.db.flush_cfs_opt(&families, &FlushOptions::default())?)
    }

    /// Makes everything written so far durable, whatever the store was opened to be.
    ///
    /// # Errors
    /// When the database cannot be written.
    fn make_durable(&self) -> Result<()> {
        match self.durability {
            // Every write was synced.
            Durability::Fsync => Ok(()),
            Durability::Wal => Ok(self.db.flush_wal(true)?),
            Durability::Memory => self.flush(),
        }
    }

    /// Flushes and compacts every family down to its last level.
    ///
    /// # Errors
    /// When the database cannot be written.
    pub(crate) fn compact(&self) -> Result<()> {
        self.flush()?;
        Family::ALL.into_iter().for_each(|family| self.compact_family(family));
        Ok(())
    }

    /// Compacts a family down to its last level.
    pub(crate) fn compact_family(&self, family: Family) {
        self.rewrite(family, None, None);
    }

    /// Compacts the blocks of a day, in files, down to the last level.
    pub(crate) fn compact_day(&self, family: Family, day: u32) {
        self.rewrite(family, Some(&day_start(day)), Some(&day_start(day.saturating_add(1))));
    }

    /// Compacts a range down to its last level, which is rewritten even where nothing lies above it:
    /// a file that is only moved there keeps its parts as they are.
    fn rewrite(&self, family: Family, from: Option<&[u8]>, to: Option<&[u8]>) {
        let mut options = CompactOptions::default();
        options.set_bottommost_level_compaction(BottommostLevelCompaction::Force);
        // Other compactions need not wait for it.
        options.set_exclusive_manual_compaction(false);
        self.db.compact_range_cf_opt(self.family(family), from, to, &options);
    }

    /// Deletes the keys from `from` up to but not including `to`, which are as long as the keys of the
    /// family. Files that hold nothing else are deleted at once, even if a snapshot needs them; the files at
    /// the ends of the range are rewritten, so that all of the space is freed. What was written before is
    /// made durable first: the range may have been moved elsewhere, and files do not come back after a crash.
    ///
    /// # Errors
    /// When the database cannot be written.
    pub(crate) fn drop_range(&self, family: Family, from: &[u8], to: &[u8]) -> Result<()> {
        let mut write = WriteBatch::default();
        write.delete_range(self, family, from, to);
        self.write(write)?;
        self.make_durable()?;
        // RocksDB also deletes a file whose last key is the end of this range.
        self.db.delete_file_in_range_cf(self.family(family), from, &key_before(to))?;
        self.db.compact_range_cf(self.family(family), Some(from), Some(to));
        Ok(())
    }

    /// Makes a copy of the database in a directory that must not exist, with the mark of what it must hold.
    ///
    /// # Errors
    /// When the directory cannot be written.
    pub(crate) fn checkpoint(&self, to: &Path) -> Result<()> {
        let mark = self.mark();
        Checkpoint::new(&self.db)?.create_checkpoint(to)?;
        mark.write_to(to)
    }

    /// Bytes of every file of the database, without the write-ahead log.
    pub(crate) fn file_bytes(&self) -> u64 {
        // The call only fails when a file's name cannot be read; then no size is known.
        self.db.live_files().unwrap_or_default().iter().map(|file| file.size as u64).sum()
    }

    /// Bytes of a family's files, and bytes of it that are only in memory and the write-ahead log.
    pub(crate) fn family_bytes(&self, family: Family) -> (u64, u64) {
        // A property that RocksDB does not know counts as nothing.
        let property = |name| {
            let value = self.db.property_int_value_cf(self.family(family), name);
            value.ok().flatten().unwrap_or(0)
        };
        let files = property(properties::LIVE_SST_FILES_SIZE);
        (files, property(properties::CUR_SIZE_ALL_MEM_TABLES))
    }

    /// RocksDB's handle of a family.
    pub(super) fn family(&self, family: Family) -> &ColumnFamily {
        self.db.cf_handle(family.name()).expect("every family was opened and none is ever dropped")
    }

    /// RocksDB itself.
    pub(super) const fn raw(&self) -> &DB {
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

/// Returns an error for a directory with files of a database but without `CURRENT`: RocksDB would create a
/// new database over the files of the old one.
fn check_current(path: &Path) -> Result<()> {
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

/// Returns an error when another process has a damaged database open. RocksDB rejects the damage and
/// changes nothing.
fn check_unused(path: &Path) -> Result<()> {
    let Setup { mut database, families } = Setup::new(Durability::Wal, &Arc::default());
    database.set_wal_recovery_mode(DBRecoveryMode::AbsoluteConsistency);
    let opened = DB::open_cf_descriptors(&database, path, families);
    match opened.map_err(|error| open_error(path, error)) {
        Err(error @ Error::InUse { .. }) => Err(error),
        _ => Ok(()),
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
