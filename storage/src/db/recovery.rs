//! What happens after a failed write: nothing more is written, the database is closed once the disk works
//! again, what the failed write left in the write-ahead log is removed, and the database is opened again.
//!
//! RocksDB refuses every write after an I/O error, also when its cause is gone. And what a failed fsync
//! left in the log may come back at the next start, although the append was answered with an error. After
//! [`Database::recover`] the database holds exactly the writes that succeeded, so everything in memory still
//! agrees with it.
//!
//! Without a write-ahead log ([`Durability::Memory`]) this cannot be done. RocksDB itself goes on after a
//! full disk; other errors need a restart.

use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use parking_lot::Mutex;
use rocksdb::{DB, ErrorKind};

use super::database::{Database, handle};
use super::files::open_files;
use super::schema::Family;
use super::wal;
use crate::error::{Error, Result};
use crate::limits::{PROBE_BYTES, PROBE_FILES};
use crate::options::Durability;

/// How long recovery waits until nobody reads, first while others may begin to read, then while they wait. A
/// reader that is under way may begin to read something else, so both are short, and recovery tries again.
const READERS_WAIT: Duration = Duration::from_secs(2);
const READERS_LOOK_EVERY: Duration = Duration::from_millis(2);

/// A write that failed, and the store has not recovered from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WriteFailure {
    /// RocksDB's description, or that of the system.
    pub reason: String,
    /// Since when nothing is written.
    pub since: Instant,
    /// What ends the failure.
    pub recovery: Recovery,
}

/// What makes a store writable again after a failure.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Recovery {
    /// The disk works again. The store notices it.
    Disk,
    /// The data directory is as it was. The store notices it, but most often only a restart helps.
    Directory,
    /// A restart.
    Restart,
}

/// A file that compaction could not read. Its family is not compacted until the file is repaired.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DamagedFile {
    /// The name of the file, as `000123.sst`; empty when RocksDB did not name one.
    pub file: String,
    /// The column family, by its name on disk.
    pub family: &'static str,
    /// RocksDB's description.
    pub detail: String,
}

/// Failed writes and damaged files since the database was opened.
#[derive(Debug, Default)]
pub(crate) struct Failures {
    current: Mutex<Option<WriteFailure>>,
    damaged_files: Mutex<Vec<(Family, DamagedFile)>>,
    recoveries: AtomicU64,
}

impl Failures {
    /// The error of a write that is not attempted.
    pub(super) fn error(&self) -> Error {
        let reason = self.current.lock().as_ref().map(|failure| failure.reason.clone());
        reason.map_or(Error::Closed, |reason| Error::NotWritable { reason })
    }

    /// Returns an error while nothing is to be written. Without a log RocksDB itself goes on when the disk
    /// works again.
    pub(super) fn check_write(&self, durability: Durability) -> Result<()> {
        let current = self.current.lock().as_ref().map(|failure| failure.recovery);
        match current {
            None => Ok(()),
            Some(recovery)
                if durability == Durability::Memory && recovery != Recovery::Directory =>
            {
                Ok(())
            }
            Some(_) => Err(self.error()),
        }
    }

    /// Whether a family is left as it is, because a file of it is damaged.
    pub(super) fn is_not_compacted(&self, family: Family) -> bool {
        self.damaged_files.lock().iter().any(|(damaged, _)| *damaged == family)
    }

    fn not_compacted(&self) -> Vec<Family> {
        self.damaged_files.lock().iter().map(|(family, _)| *family).collect()
    }
}

impl Database {
    /// The failure since which nothing is written.
    pub(crate) fn failure(&self) -> Option<WriteFailure> {
        self.failures.current.lock().clone()
    }

    /// Files that compaction could not read.
    pub(crate) fn damaged_files(&self) -> Vec<DamagedFile> {
        self.failures.damaged_files.lock().iter().map(|(_, file)| file.clone()).collect()
    }

    /// How often the database recovered from a failed write.
    pub(crate) fn recoveries(&self) -> u64 {
        self.failures.recoveries.load(Ordering::Relaxed)
    }

    /// Whether the files are open.
    pub(crate) fn is_open(&self) -> bool {
        self.opened().is_ok()
    }

    pub(super) fn has_failed(&self) -> bool {
        self.failures.current.lock().is_some()
    }

    /// The result of an operation that writes files. A failure is noted, a success ends the failure of a
    /// database without a write-ahead log.
    pub(super) fn checked(&self, result: std::result::Result<(), rocksdb::Error>) -> Result<()> {
        let mut current = self.failures.current.lock();
        let Err(error) = result else {
            let ended = |failure: &mut WriteFailure| failure.recovery != Recovery::Directory;
            if self.durability == Durability::Memory && current.take_if(ended).is_some() {
                tracing::info!("the database is written again");
            }
            return Ok(());
        };
        let is_damage = error.kind() == ErrorKind::Corruption;
        let reason = error.into_string();
        if current.is_none() {
            tracing::error!(%reason, "the database cannot be written; the store accepts nothing");
            let has_log = self.durability != Durability::Memory;
            let recovery = if has_log { Recovery::Disk } else { Recovery::Restart };
            let since = Instant::now();
            *current = Some(WriteFailure { reason: reason.clone(), since, recovery });
        }
        drop(current);
        if is_damage {
            self.note_damaged_file(&reason);
        }
        Err(Error::Database(reason))
    }

    /// Notes that the data directory is not what it was.
    pub(super) fn note_directory_change(&self, reason: String) {
        let mut current = self.failures.current.lock();
        let recovery = Recovery::Directory;
        if current.as_ref().is_some_and(|it| it.recovery == recovery && it.reason == reason) {
            return;
        }
        tracing::error!(%reason, "the data directory has changed; the store accepts nothing");
        let since = current.as_ref().map_or_else(Instant::now, |failure| failure.since);
        *current = Some(WriteFailure { reason, since, recovery });
        drop(current);
        // Compactions would create and delete files. Without a log, ending them writes files as well.
        if !self.has_log() {
            return;
        }
        // While the database is opened again there are none.
        if let Some(db) = self.opened.try_read().and_then(|opened| opened.clone()) {
            db.cancel_all_background_work(false);
        }
    }

    /// The value of a key that a write depends on. When it cannot be read for an I/O error, the store is as
    /// unable to accept as after a failed write, and recovers likewise.
    ///
    /// # Errors
    /// When the database cannot be read.
    pub(crate) fn get_for_write(&self, family: Family, key: &[u8]) -> Result<Option<Vec<u8>>> {
        let db = self.opened()?;
        match db.get_cf(handle(&db, family), key) {
            Err(error) if error.kind() == ErrorKind::IOError => {
                self.checked(Err(error)).map(|()| None)
            }
            read => Ok(read?),
        }
    }

    /// Notes the file that RocksDB names in an error, so that its family is not compacted any more: the same
    /// error would come back.
    fn note_damaged_file(&self, detail: &str) {
        let Ok(db) = self.opened() else { return };
        let files = db.live_files().unwrap_or_default();
        let named = files.iter().find(|file| detail.contains(file.name.trim_start_matches('/')));
        let families = Family::ALL.into_iter();
        let of_file = families
            .filter(|family| named.is_none_or(|file| file.column_family_name == family.name()));
        let mut damaged = self.failures.damaged_files.lock();
        for family in of_file {
            if damaged.iter().any(|(known, _)| *known == family) {
                continue;
            }
            let file = named.map(|file| file.name.trim_start_matches('/').to_owned());
            let file = file.unwrap_or_default();
            tracing::error!(
                file,
                family = family.name(),
                detail,
                "a file is damaged; its family is not compacted"
            );
            let family_name = family.name();
            damaged
                .push((family, DamagedFile { file, family: family_name, detail: detail.into() }));
        }
    }

    /// Checks the data directory, and makes the database writable again after a failure, if its directory is
    /// as it was and the disk works again. Returns whether it did anything.
    ///
    /// # Errors
    /// When the directory has changed, the disk still fails, readers do not end, or the files cannot be
    /// opened.
    pub(crate) fn recover(&self) -> Result<bool> {
        let checked = self.check_directory();
        match self.failure().map(|failure| failure.recovery) {
            None | Some(Recovery::Restart) => return Ok(false),
            Some(Recovery::Directory | Recovery::Disk) => checked?,
        }
        if !self.has_log() {
            // RocksDB is as it was.
            *self.failures.current.lock() = None;
            return Ok(true);
        }
        probe(&self.path)?;
        if let Ok(db) = self.opened() {
            // Compactions end early. They fail anyway.
            db.cancel_all_background_work(false);
        }
        let began = Instant::now();
        while began.elapsed() < READERS_WAIT {
            if self.reopen_unless_read(Duration::ZERO)? {
                return Ok(true);
            }
            std::thread::sleep(READERS_LOOK_EVERY);
        }
        if self.reopen_unless_read(READERS_WAIT)? {
            return Ok(true);
        }
        Err(Error::Busy { reason: "queries still read the database" })
    }

    /// Closes the database and opens it again without the writes that failed. Returns false when it is read
    /// for longer than `wait`.
    ///
    /// # Errors
    /// When the files cannot be opened. Then it stays closed, and the next attempt begins there.
    fn reopen_unless_read(&self, wait: Duration) -> Result<bool> {
        // No write begins before the database is open again.
        let mut written = self.written.lock();
        let mut opened = self.opened.write();
        if let Some(db) = opened.take()
            && let Err(db) = close(db, wait)
        {
            *opened = Some(db);
            return Ok(false);
        }
        let db = self.reopen(*written)?;
        *written = db.latest_sequence_number();
        *opened = Some(Arc::new(db));
        let failure = self.failures.current.lock().take();
        self.failures.recoveries.fetch_add(1, Ordering::Relaxed);
        let seconds = failure.map_or(0.0, |failure| failure.since.elapsed().as_secs_f64());
        tracing::info!(seconds, "the database is open again; the store accepts appends");
        Ok(true)
    }

    /// Opens the files without the writes behind a sequence number.
    fn reopen(&self, sequence: u64) -> Result<DB> {
        self.check_directory()?;
        let cut = wal::cut_after(&self.path, sequence)?;
        let not_compacted = self.failures.not_compacted();
        let db = open_files(&self.path, self.durability, &self.clock, &not_compacted)?;
        let found = db.latest_sequence_number();
        if found != sequence {
            tracing::warn!(found, sequence, cut, "the database was opened at another write");
        }
        Ok(db)
    }
}

/// Closes a database once nobody reads it.
///
/// # Errors
/// The database, still open, when readers take too long.
fn close(mut db: Arc<DB>, wait: Duration) -> std::result::Result<(), Arc<DB>> {
    let began = Instant::now();
    loop {
        match Arc::try_unwrap(db) {
            Ok(db) => {
                drop(db);
                return Ok(());
            }
            Err(shared) if began.elapsed() >= wait => return Err(shared),
            Err(shared) => db = shared,
        }
        std::thread::sleep(READERS_LOOK_EVERY);
    }
}

/// Writes to the disk as the database will: opens some files, and makes a few bytes durable.
///
/// # Errors
/// When the disk or the limit of open files does not allow it.
fn probe(directory: &Path) -> Result<()> {
    let path = directory.join(PROBE_FILE);
    let result = write_probe(&path);
    let removed = std::fs::remove_file(&path);
    result.and(removed).map_err(|source| Error::Io { action: "write a test file", path, source })
}

/// Not a name of RocksDB's, which leaves unknown files alone.
const PROBE_FILE: &str = "PROBE";

fn write_probe(path: &Path) -> std::io::Result<()> {
    use std::io::Write;

    let mut file = std::fs::File::create(path)?;
    file.write_all(&vec![0; PROBE_BYTES])?;
    file.sync_all()?;
    let files: std::io::Result<Vec<_>> =
        (0..PROBE_FILES).map(|_| std::fs::File::open(path)).collect();
    files.map(drop)
}

#[cfg(test)]
mod tests;
