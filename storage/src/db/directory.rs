//! Whether the directory of an open database is still the one that was opened.
//!
//! RocksDB keeps its files open, so writes succeed after their directory was deleted, moved or replaced, and
//! everything is lost at the next start. New files it would create in whatever has the path by then.

use std::fs;
use std::io::{self, ErrorKind};
use std::os::unix::fs::MetadataExt;
use std::path::Path;
use std::sync::Arc;

use parking_lot::Mutex;
use rocksdb::DB;

use super::database::Database;
use super::files::{CURRENT, LOCK, manifest_name};
use super::wal;
use crate::error::{Error, Result};

/// What identifies a file on this machine while a process has it open: its device and its number.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct FileId(u64, u64);

impl FileId {
    /// The file at a path; `None` when there is none.
    fn of(path: &Path) -> io::Result<Option<Self>> {
        match fs::metadata(path) {
            Ok(metadata) => Ok(Some(Self(metadata.dev(), metadata.ino()))),
            Err(error) if is_absent(error.kind()) => Ok(None),
            Err(error) => Err(error),
        }
    }
}

const fn is_absent(kind: ErrorKind) -> bool {
    matches!(
        kind,
        ErrorKind::NotFound | ErrorKind::NotADirectory | ErrorKind::StaleNetworkFileHandle
    )
}

/// What identifies a data directory and the files in it that must stay.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
struct Identity {
    directory: Option<FileId>,
    lock: Option<FileId>,
    /// Whether `CURRENT` names a manifest that is there.
    has_manifest: bool,
    /// The newest file of the write-ahead log, with its number.
    log: Option<(u64, FileId)>,
}

impl Identity {
    fn of(path: &Path) -> io::Result<Self> {
        if !path.is_dir() {
            return Ok(Self { directory: FileId::of(path)?, ..Self::default() });
        }
        // An error of the disk says nothing about what is there.
        FileId::of(&path.join(CURRENT))?;
        let name = match manifest_name(path) {
            Err(Error::Io { source, .. }) => return Err(source),
            name => name.ok().flatten(),
        };
        let log = match wal::newest_log(path)? {
            Some((number, path)) => FileId::of(&path)?.map(|id| (number, id)),
            None => None,
        };
        Ok(Self {
            directory: FileId::of(path)?,
            lock: FileId::of(&path.join(LOCK))?,
            has_manifest: name.is_some_and(|name| path.join(name).is_file()),
            log,
        })
    }
}

/// What is not as it was.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Change {
    Missing,
    Replaced,
    Lock,
    Manifest,
    /// The file of the write-ahead log with this number.
    Log(u64),
}

impl Change {
    /// What changed in a directory, and the remedy, as a sentence without a period.
    fn describe(self, path: &Path) -> String {
        let path = path.display();
        match self {
            Self::Missing => format!(
                "the data directory {path} is missing; move it back, or restart the server to begin a new one"
            ),
            Self::Replaced => format!(
                "the data directory {path} is not the one that was opened; move that one back, or restart \
                 the server to use this one"
            ),
            Self::Lock => format!(
                "the file {LOCK} of the data directory {path} is missing or was replaced, so another process \
                 may use the directory; stop other processes that do, and restart the server"
            ),
            Self::Manifest => format!(
                "the file {CURRENT} of the data directory {path} or the manifest that it names is missing; \
                 put it back, or stop the server and use `plimsoll repair`"
            ),
            Self::Log(number) => format!(
                "the file {number:06}.log of the data directory {path} is missing or was replaced; put it \
                 back, or restart the server"
            ),
        }
    }
}

/// What changed between the opening of a database and now. RocksDB begins new files of the log with higher
/// numbers.
fn change(opened: &Identity, now: &Identity) -> Option<Change> {
    if now.directory.is_none() {
        return Some(Change::Missing);
    }
    if now.directory != opened.directory {
        return Some(Change::Replaced);
    }
    if now.lock.is_none() || now.lock != opened.lock {
        return Some(Change::Lock);
    }
    if !now.has_manifest {
        return Some(Change::Manifest);
    }
    let before = opened.log?;
    let is_there = now.log.is_some_and(|log| log == before || log.0 > before.0);
    (!is_there).then_some(Change::Log(before.0))
}

/// Compares a data directory with what was opened.
#[derive(Debug)]
pub(super) struct DirectoryCheck {
    state: Mutex<State>,
}

#[derive(Debug)]
struct State {
    /// `None` when it could not be looked at.
    opened: Option<Identity>,
    /// The file of the log whose absence has been logged.
    logged: Option<u64>,
}

impl DirectoryCheck {
    /// Notes what is opened.
    pub(super) fn new(path: &Path) -> Self {
        let opened = Identity::of(path).ok();
        Self { state: Mutex::new(State { opened, logged: None }) }
    }

    /// What changed since then.
    fn change(&self, path: &Path) -> Option<Change> {
        let mut state = self.state.lock();
        let mut look = || {
            // What cannot be looked at need not have changed. Writes fail then if it matters.
            let now = Identity::of(path).ok()?;
            let opened = state.opened.as_mut()?;
            let change = change(opened, &now);
            if change.is_none() {
                opened.log = now.log;
            }
            change
        };
        // RocksDB may have replaced a file between two looks at it.
        look().and_then(|_| look())
    }

    /// Whether the absence of a file of the log is new.
    fn is_new(&self, log: u64) -> bool {
        self.state.lock().logged.replace(log) != Some(log)
    }
}

impl Database {
    /// Checks that the directory is still the one that was opened. Otherwise nothing is written until it is
    /// again. When only a file of the log is missing, what it held is written to table files.
    ///
    /// # Errors
    /// [`Error::NotWritable`].
    pub(super) fn check_directory(&self) -> Result<()> {
        let Some(change) = self.directory.change(&self.path) else { return Ok(()) };
        let reason = change.describe(&self.path);
        if let (Change::Log(number), false) = (change, self.has_failed()) {
            if self.directory.is_new(number) {
                tracing::warn!(
                    number,
                    "a file of the write-ahead log is missing; writing what it held to table files"
                );
            }
            return self.flush_opened();
        }
        self.note_directory_change(reason);
        Err(self.failures.error())
    }

    /// RocksDB, for work that creates or deletes files.
    ///
    /// # Errors
    /// As [`Database::check_directory`] and [`Database::opened`].
    pub(super) fn opened_for_files(&self) -> Result<Arc<DB>> {
        self.check_directory()?;
        self.opened()
    }
}

impl Drop for Database {
    /// RocksDB writes a manifest when it closes and finds none. In a directory that is not ours, or that
    /// another process uses, it stays open until the process ends.
    fn drop(&mut self) {
        let change = self.directory.change(&self.path);
        let is_other = matches!(change, Some(Change::Missing | Change::Replaced | Change::Lock));
        if let (true, Some(db)) = (is_other, self.opened.get_mut().take()) {
            std::mem::forget(db);
        }
    }
}

#[cfg(test)]
mod tests;
