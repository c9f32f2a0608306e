//! Backups: a copy of the database as of one time, made while it serves, and the restore of one.
//!
//! RocksDB's checkpoint links the files that never change and copies the rest, so a backup on the
//! same file system takes next to no space or time, apart from reading it all once. A restore copies, because
//! the backup stays.

use std::fs::{self, File};
use std::io::{ErrorKind, Read, Write};
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt, PermissionsExt};
use std::path::{Path, PathBuf};

use crate::db::{Database, Family, is_database, meta};
use crate::error::{Error, Result};
use crate::inspect::inspect;
use crate::limits::{BACKUP_DEPTH_MAX, BACKUP_FOLDERS_MAX, BACKUPS_MAX, COPY_BYTES};
use crate::model::time::{Slot, SlotWidth};
use crate::open;

/// What a backup or restore wrote.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Backup {
    /// Bytes of its files.
    pub bytes: u64,
    /// How many files.
    pub files: u64,
    /// Names of what cannot be read in it, the first hundred. A backup has damage when the database has.
    pub damaged: Vec<String>,
    /// How many places cannot be read.
    pub damaged_count: u64,
}

/// See [`crate::Store::backup`]. Everything in the backup is read again, and what is damaged is reported: a
/// backup of a damaged database is better than none.
///
/// # Errors
/// [`Error::NotEmpty`], or when the directory cannot be written.
pub(crate) fn backup(db: &Database, to: &Path) -> Result<Backup> {
    let to = &std::path::absolute(to).map_err(io_error("find", to))?;
    prepare_target(to)?;
    // Whoever sees a backup under its name sees a whole one.
    let unfinished = unfinished(to);
    remove(&unfinished)?;
    let made = write_backup(db, &unfinished).and_then(|made| {
        fs::rename(&unfinished, to).map_err(io_error("name the backup", to))?;
        sync_directory(to.parent().unwrap_or(to))?;
        Ok(made)
    });
    if made.is_err() {
        // The first failure is the one to report.
        let _ = remove(&unfinished);
    }
    made
}

fn write_backup(db: &Database, to: &Path) -> Result<Backup> {
    db.checkpoint(to)?;
    let owners = fs::Permissions::from_mode(DIRECTORY_MODE);
    fs::set_permissions(to, owners).map_err(io_error("restrict access to", to))?;
    let (damaged, damaged_count) = read_all(to)?;
    Ok(Backup { damaged, damaged_count, ..size(to)? })
}

/// The end of the name of a directory in which a backup is being made.
const UNFINISHED: &str = ".unfinished-backup";

/// RocksDB writes a checkpoint into a directory with this end first.
const ROCKSDB_UNFINISHED: &str = ".unfinished-backup.tmp";

/// Access to directories and files that a backup or restore creates: their owner's alone.
const DIRECTORY_MODE: u32 = 0o700;
const FILE_MODE: u32 = 0o600;

/// Whether a name is that of a backup that is being made. A start removes what has it.
#[must_use]
pub fn is_unfinished_backup(name: &std::ffi::OsStr) -> bool {
    let name = name.to_string_lossy();
    name.ends_with(UNFINISHED) || name.ends_with(ROCKSDB_UNFINISHED)
}

/// Where a backup is made before it gets its name.
fn unfinished(to: &Path) -> PathBuf {
    let mut name = to.file_name().unwrap_or_default().to_owned();
    name.push(UNFINISHED);
    to.with_file_name(name)
}

/// Removes what a process left that ended while it made a backup at such a path.
fn remove(unfinished: &Path) -> Result<()> {
    let of_rocksdb = unfinished.with_extension("unfinished-backup.tmp");
    for directory in [unfinished, &of_rocksdb] {
        match fs::remove_dir_all(directory) {
            Err(error) if error.kind() != ErrorKind::NotFound => {
                return Err(io_error("remove the unfinished backup", directory)(error));
            }
            _ => {}
        }
    }
    Ok(())
}

/// Looks through a directory and all folders below it for backups. Removes those that a process left
/// unfinished, and returns how many others there are. No backup may be under way there.
///
/// # Errors
/// [`Error::TooManyFolders`], or when the directory cannot be read.
pub fn tidy_backups(directory: &Path) -> Result<usize> {
    let mut folders = vec![directory.to_owned()];
    let (mut seen, mut backups) = (0, 0);
    while let Some(folder) = folders.pop() {
        let entries = match fs::read_dir(&folder) {
            Err(error) if error.kind() == ErrorKind::NotFound => continue,
            entries => entries.map_err(io_error("read", &folder))?,
        };
        for entry in entries {
            let entry = entry.map_err(io_error("read", &folder))?;
            // A link is not followed: it may lead anywhere.
            if !entry.file_type().is_ok_and(|kind| kind.is_dir()) {
                continue;
            }
            seen += 1;
            if seen > BACKUP_FOLDERS_MAX {
                let directory = directory.to_owned();
                return Err(Error::TooManyFolders { directory, limit: BACKUP_FOLDERS_MAX });
            }
            let (path, name) = (entry.path(), entry.file_name());
            let name = name.to_string_lossy();
            if name.ends_with(UNFINISHED) || name.ends_with(ROCKSDB_UNFINISHED) {
                fs::remove_dir_all(&path)
                    .map_err(io_error("remove the unfinished backup", &path))?;
                tracing::info!(path = %path.display(), "removed a backup that was not finished");
            } else if is_database(&path) {
                backups += 1;
            } else {
                folders.push(path);
            }
        }
    }
    Ok(backups)
}

/// Checks that one more backup may be made below a directory.
///
/// # Errors
/// [`Error::TooDeep`], [`Error::TooManyBackups`], and those of [`tidy_backups`].
pub(crate) fn check_place(directory: &Path, to: &Path) -> Result<()> {
    let below = to.strip_prefix(directory).unwrap_or(to);
    if below.components().count() > BACKUP_DEPTH_MAX {
        return Err(Error::TooDeep { directory: directory.into(), limit: BACKUP_DEPTH_MAX });
    }
    if tidy_backups(directory)? >= BACKUPS_MAX {
        return Err(Error::TooManyBackups { directory: directory.into(), limit: BACKUPS_MAX });
    }
    Ok(())
}

/// Copies a backup into a directory that is missing or empty, and reads everything in the copy. `progress`
/// gets the bytes that are copied and the bytes in total. A restore that fails deletes what it copied.
///
/// # Errors
/// [`Error::NotEmpty`], [`Error::NotADatabase`] when there is no backup at `from`, [`Error::Damaged`], or
/// when a file cannot be read or written.
pub fn restore(from: &Path, to: &Path, progress: &mut dyn FnMut(u64, u64)) -> Result<Backup> {
    open_backup(from)?;
    let total = size(from)?.bytes;
    prepare_target(to)?;
    let created = fs::DirBuilder::new().recursive(true).mode(DIRECTORY_MODE).create(to);
    created.map_err(io_error("create", to))?;
    let copied = copy_all(from, to, &mut |done| progress(done, total));
    let restored = copied.and_then(|()| match read_all(to)? {
        (damaged, count) if count > 0 => {
            Err(Error::Damaged { path: from.into(), count, first: first_names(&damaged) })
        }
        _ => size(to),
    });
    if restored.is_err() {
        for name in file_names(to).unwrap_or_default() {
            // The first failure is the one to report.
            let _ = fs::remove_file(to.join(name));
        }
    }
    restored
}

/// Damaged places that an error names.
const NAMED_MAX: usize = 5;

/// The first names of a list, as text.
fn first_names(names: &[String]) -> String {
    names.iter().take(NAMED_MAX).map(String::as_str).collect::<Vec<_>>().join("; ")
}

/// Counts the files of a database.
fn size(path: &Path) -> Result<Backup> {
    let mut backup = Backup::default();
    for name in file_names(path)? {
        let file = path.join(name);
        backup.bytes += fs::metadata(&file).map_err(io_error("read", &file))?.len();
        backup.files += 1;
    }
    Ok(backup)
}

/// Opens a database that this program reads without changing it, and reads its format record and every
/// stream definition.
fn open_backup(path: &Path) -> Result<(Database, SlotWidth)> {
    if !is_database(path) {
        let detail = "it holds no database files";
        return Err(Error::NotADatabase { path: path.into(), detail: detail.into() });
    }
    let db = Database::open_read_only(path)?;
    if db.get(Family::Meta, meta::FORMAT)?.is_none() {
        let detail = "it has no record of the format";
        return Err(Error::NotADatabase { path: path.into(), detail: detail.into() });
    }
    let width = open::check_format(&db, path, None)?;
    let (_, lost) = open::load_catalog(&db, Slot(0))?;
    match lost.first() {
        Some(id) => {
            Err(Error::corrupt("the list of streams", format!("stream {} is missing", id.0)))
        }
        None => Ok((db, width)),
    }
}

/// Reads everything in a database. Returns the names of what is damaged, and how many places are.
fn read_all(path: &Path) -> Result<(Vec<String>, u64)> {
    let (db, width) = open_backup(path)?;
    let found = inspect(&db, width, 0)?;
    Ok((found.damaged, found.damaged_count))
}

/// Returns an error for a target that holds anything, and creates the directories above it.
fn prepare_target(to: &Path) -> Result<()> {
    match fs::read_dir(to) {
        Ok(mut entries) => match entries.next() {
            Some(_) => Err(Error::NotEmpty { path: to.into() }),
            None => Ok(()),
        },
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => match to.parent() {
            Some(parent) => fs::create_dir_all(parent).map_err(io_error("create", parent)),
            None => Ok(()),
        },
        Err(error) => Err(io_error("use the directory", to)(error)),
    }
}

/// The files of a database, without locks and RocksDB's logs. `CURRENT`, without which a directory is no
/// database, comes last.
fn file_names(path: &Path) -> Result<Vec<PathBuf>> {
    let mut names = Vec::new();
    for entry in fs::read_dir(path).map_err(io_error("read", path))? {
        let entry = entry.map_err(io_error("read", path))?;
        let name = entry.file_name();
        let text = name.to_string_lossy();
        let is_file = entry.file_type().is_ok_and(|kind| kind.is_file());
        if is_file && text != "LOCK" && text != "LOG" && !text.starts_with("LOG.old.") {
            names.push(name.into());
        }
    }
    names.sort_unstable_by_key(|name: &PathBuf| (name == Path::new("CURRENT"), name.clone()));
    Ok(names)
}

fn copy_all(from: &Path, to: &Path, progress: &mut dyn FnMut(u64)) -> Result<()> {
    let mut done = 0;
    for name in file_names(from)? {
        copy_file(&from.join(&name), &to.join(&name), &mut |bytes| {
            done += bytes;
            progress(done);
        })?;
    }
    sync_directory(to)
}

fn sync_directory(directory: &Path) -> Result<()> {
    let synced = File::open(directory).and_then(|directory| directory.sync_all());
    synced.map_err(io_error("make durable", directory))
}

/// Copies a file and waits until it is on disk.
fn copy_file(from: &Path, to: &Path, progress: &mut dyn FnMut(u64)) -> Result<()> {
    let mut source = File::open(from).map_err(io_error("read", from))?;
    let mut options = File::options();
    let created = options.write(true).create_new(true).mode(FILE_MODE).open(to);
    let mut target = created.map_err(io_error("create", to))?;
    let mut buffer = vec![0; COPY_BYTES];
    loop {
        let length = source.read(&mut buffer).map_err(io_error("read", from))?;
        let Some(bytes) = buffer.get(..length).filter(|bytes| !bytes.is_empty()) else { break };
        target.write_all(bytes).map_err(io_error("write", to))?;
        progress(length as u64);
    }
    target.sync_all().map_err(io_error("make durable", to))
}

fn io_error(action: &'static str, path: &Path) -> impl FnOnce(std::io::Error) -> Error {
    move |source| Error::Io { action, path: path.into(), source }
}

#[cfg(test)]
mod tests;
