//! The open database: reading, writing and compacting its families.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicI64};

use parking_lot::{Mutex, RwLock};
use rocksdb::checkpoint::Checkpoint;
use rocksdb::{
    BottommostLevelCompaction, ColumnFamily, CompactOptions, DB, Direction, FlushOptions,
    IteratorMode, ReadOptions, WriteOptions,
};

use super::damage::Damage;
use super::directory::DirectoryCheck;
use super::files::{check_files, check_unused, open_error, open_files};
use super::key::{day_start, key_before};
use super::merge::WithoutMerging;
use super::recovery::Failures;
use super::rows::{Entries, Readable, Rows, readable};
use super::schema::{Family, Setup};
use super::snapshot::{DayFiles, Epochs, Snapshot};
use super::wal::{self, Mark, MarkFile};
use super::write_batch::WriteBatch;
use crate::error::{Error, Result};
use crate::model::resolution::BlockKey;
use crate::options::Durability;

/// The database. After a failed write it is closed and opened again in place: see [`super::recovery`].
pub(crate) struct Database {
    pub(super) path: PathBuf,
    pub(super) durability: Durability,
    /// The newest time the store has seen, in ms.
    pub(super) clock: Arc<AtomicI64>,
    /// `None` only after it was closed and could not be opened again.
    pub(super) opened: RwLock<Option<Arc<DB>>>,
    /// RocksDB's sequence number of the last write that succeeded. Held by one write at a time, so that
    /// everything with a higher number belongs to the write that failed.
    pub(super) written: Mutex<u64>,
    pub(super) failures: Failures,
    pub(super) directory: DirectoryCheck,
    damage: Damage,
    epochs: Epochs,
    /// Whether cells are not read any more, because the store is about to be closed.
    pub(super) have_reads_ended: AtomicBool,
    /// `None` when the database is not to be changed.
    mark: Option<MarkFile>,
}

impl std::fmt::Debug for Database {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Database").field("path", &self.path).finish_non_exhaustive()
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
        Self::open_with(path, durability, clock, &[])
    }

    /// Opens a damaged database. It is not compacted meanwhile.
    pub(super) fn open_for_repair(path: &Path) -> Result<Self> {
        Self::open_with(path, Durability::Fsync, &Arc::default(), &Family::ALL)
    }

    fn open_with(
        path: &Path,
        durability: Durability,
        clock: &Arc<AtomicI64>,
        not_compacted: &[Family],
    ) -> Result<Self> {
        check_files(path)?;
        let checked = wal::check(path)?;
        let mut mark = Mark::read(path);
        mark.sequence = mark.sequence.max(checked.unused.unwrap_or(0));
        if checked.is_damaged() {
            check_unused(path)?;
            checked.replace(path)?;
        }
        if let (Some(file), true) = (&checked.unfinished, checked.last < Some(mark.sequence)) {
            wal::set_aside(path, file)?;
        }
        wal::end_before_unwritten(path, || check_unused(path))?;
        let opened = open_files(path, durability, clock, not_compacted)?;
        let mut db = Self::new(opened, path, durability, clock);
        // The manifest may name a later change than the log holds.
        let reaches = db.reaches()?;
        let sequence = checked.reaches(mark, reaches);
        let found = Mark { sequence, ..reaches };
        if mark.sequence > found.sequence && !checked.is_synced && checked.gaps.is_empty() {
            // A log that only ends early refers to no stream that it does not define.
            mark.streams = 0;
        }
        db.mark = Some(MarkFile::open(path, mark, durability == Durability::Fsync)?);
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
        check_files(path)?;
        let checked = wal::check(path)?;
        let missing = |cause| Error::Files { path: path.into(), detail: cause };
        if let Some(gap) = checked.gaps.first() {
            return Err(missing(format!("{}, and acknowledged writes are lost", gap.cause)));
        }
        let (durability, clock) = (Durability::Wal, Arc::default());
        let Setup { mut database, families } = Setup::new(durability, &clock, &[]);
        database.create_if_missing(false);
        let opened = DB::open_cf_descriptors_read_only(&database, path, families, false);
        let opened = opened.map_err(|error| open_error(path, error))?;
        let db = Self::new(opened, path, durability, &clock);
        let (mark, found) = (Mark::read(path), db.reaches()?);
        if mark.sequence > found.sequence || checked.unused.is_some() {
            let appends = mark.append.saturating_sub(found.append);
            let cause = "the end of the write-ahead log is damaged or missing";
            return Err(missing(format!("{cause}, and {appends} acknowledged pushes are lost")));
        }
        Ok(db)
    }

    fn new(db: DB, path: &Path, durability: Durability, clock: &Arc<AtomicI64>) -> Self {
        Self {
            path: path.into(),
            durability,
            clock: Arc::clone(clock),
            written: Mutex::new(db.latest_sequence_number()),
            opened: RwLock::new(Some(Arc::new(db))),
            failures: Failures::default(),
            directory: DirectoryCheck::new(path),
            damage: Damage::default(),
            epochs: Epochs::default(),
            have_reads_ended: AtomicBool::new(false),
            mark: None,
        }
    }

    /// How far writes have been acknowledged, as far as that is known.
    pub(crate) fn mark(&self) -> Mark {
        self.mark.as_ref().map(MarkFile::get).unwrap_or_default()
    }

    /// RocksDB as it is open now.
    ///
    /// # Errors
    /// [`Error::NotWritable`] when it was closed and cannot be opened again yet.
    pub(super) fn opened(&self) -> Result<Arc<DB>> {
        self.opened.read().as_ref().map(Arc::clone).ok_or_else(|| self.failures.error())
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
        let db = self.opened()?;
        Ok(db.get_cf(handle(&db, family), key)?)
    }

    /// As [`Database::get`], but with damage as a result of its own.
    ///
    /// # Errors
    /// When the database cannot be read for another reason than damage.
    pub(crate) fn get_readable(
        &self,
        family: Family,
        key: &[u8],
    ) -> Result<Readable<Option<Vec<u8>>>> {
        let db = self.opened()?;
        readable(db.get_cf(handle(&db, family), key))
    }

    /// Every entry of a family.
    pub(crate) fn entries(&self, family: Family) -> Entries {
        self.entries_with(family, IteratorMode::Start)
    }

    /// The entries of a family from a key on.
    pub(crate) fn entries_from(&self, family: Family, key: &[u8]) -> Entries {
        self.entries_with(family, IteratorMode::From(key, Direction::Forward))
    }

    /// The entries of a family in the order and from the place that `mode` names.
    pub(super) fn entries_with(&self, family: Family, mode: IteratorMode<'_>) -> Entries {
        Entries::new(self.opened(), |db| db.iterator_cf(handle(db, family), mode))
    }

    /// The rows of a family.
    pub(crate) fn rows(&self, family: Family) -> Rows {
        self.rows_with(family, ReadOptions::default())
    }

    /// The rows of a family, for reading each once: what is read is not kept in RocksDB's cache.
    pub(super) fn rows_uncached(&self, family: Family) -> Rows {
        let mut options = ReadOptions::default();
        options.fill_cache(false);
        self.rows_with(family, options)
    }

    /// The rows of a family at or after a key; earlier ones are never read.
    pub(crate) fn rows_from(&self, family: Family, key: impl Into<Vec<u8>>) -> Rows {
        let mut options = ReadOptions::default();
        options.set_iterate_lower_bound(key);
        self.rows_with(family, options)
    }

    fn rows_with(&self, family: Family, options: ReadOptions) -> Rows {
        Rows::new(self.opened(), |db| db.raw_iterator_cf_opt(handle(db, family), options))
    }

    /// Whether a family has a row from `from` up to but not including `to`.
    ///
    /// # Errors
    /// When the database cannot be read.
    pub(crate) fn has_rows(&self, family: Family, from: &[u8], to: &[u8]) -> Result<bool> {
        let mut options = ReadOptions::default();
        options.set_iterate_upper_bound(to);
        let mut rows = self.rows_with(family, options);
        rows.seek(from);
        rows.status()?;
        Ok(rows.key().is_some())
    }

    /// The key of the first block of a family. Where its rows are damaged, that is the first key of any file.
    ///
    /// # Errors
    /// When the database cannot be read.
    pub(crate) fn first_block(&self, family: Family) -> Result<Option<BlockKey>> {
        let _reading = WithoutMerging::begin();
        let mut blocks = self.rows(family);
        blocks.seek_to_first();
        if blocks.damage()?.is_some() {
            let files = self.opened()?.live_files()?.into_iter();
            let files = files.filter(|file| file.column_family_name == family.name());
            return Ok(files.filter_map(|file| BlockKey::decode(&file.start_key?)).min());
        }
        Ok(blocks.key().and_then(BlockKey::decode))
    }

    /// What the database holds now.
    pub(crate) fn snapshot(&self) -> Snapshot {
        Snapshot::now(self.opened(), &self.epochs)
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
    /// When the database cannot be written. Then nothing of the batch is there, and nothing is written
    /// until [`Database::recover`] succeeds.
    pub(crate) fn write(&self, batch: WriteBatch) -> Result<()> {
        let mut options = WriteOptions::default();
        options.set_sync(self.durability == Durability::Fsync);
        options.disable_wal(self.durability == Durability::Memory);
        let mut written = self.written.lock();
        self.failures.check_write(self.durability)?;
        let (db, (batch, reaches)) = (self.opened()?, batch.into_inner()?);
        self.checked(db.write_opt(batch, &options))?;
        *written = db.latest_sequence_number();
        if let (Some(mark), Durability::Fsync | Durability::Wal) = (&self.mark, self.durability) {
            mark.raise(Mark { sequence: *written, ..reaches });
        }
        Ok(())
    }

    /// Writes what is in memory to files, so that no family needs the write-ahead log any more.
    ///
    /// # Errors
    /// When the database cannot be written.
    pub(crate) fn flush(&self) -> Result<()> {
        self.check_directory()?;
        self.flush_opened()
    }

    /// [`Database::flush`] of a directory that was checked.
    pub(super) fn flush_opened(&self) -> Result<()> {
        let db = self.opened()?;
        // All families in one call: without a write-ahead log, flushes one by one would let a crash between
        // them keep half of a batch.
        let families = Family::ALL.map(|family| handle(&db, family));
        self.checked(db.flush_cfs_opt(&families, &FlushOptions::default()))
    }

    /// Makes everything written so far durable, whatever the store was opened to be.
    ///
    /// # Errors
    /// When the database cannot be written.
    fn make_durable(&self) -> Result<()> {
        match self.durability {
            // Every write was synced.
            Durability::Fsync => Ok(()),
            Durability::Wal => self.checked(self.opened()?.flush_wal(true)),
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
        let Ok(db) = self.opened_for_files() else { return };
        if self.failures.is_not_compacted(family) {
            return;
        }
        let mut options = CompactOptions::default();
        options.set_bottommost_level_compaction(BottommostLevelCompaction::Force);
        // Other compactions need not wait for it.
        options.set_exclusive_manual_compaction(false);
        db.compact_range_cf_opt(handle(&db, family), from, to, &options);
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
        let db = self.opened_for_files()?;
        // RocksDB also deletes a file whose last key is the end of this range.
        self.checked(db.delete_file_in_range_cf(handle(&db, family), from, &key_before(to)))?;
        if !self.failures.is_not_compacted(family) {
            db.compact_range_cf(handle(&db, family), Some(from), Some(to));
        }
        Ok(())
    }

    /// Makes a copy of the database in a directory that must not exist, with the mark of what it must hold.
    ///
    /// # Errors
    /// When the directory cannot be written.
    pub(crate) fn checkpoint(&self, to: &Path) -> Result<()> {
        let mark = self.mark();
        Checkpoint::new(&*self.opened_for_files()?)?.create_checkpoint(to)?;
        mark.write_to(to)
    }
}

/// RocksDB's handle of a family.
pub(super) fn handle(db: &DB, family: Family) -> &ColumnFamily {
    db.cf_handle(family.name()).expect("every family was opened and none is ever dropped")
}
