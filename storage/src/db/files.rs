//! Opening the files of a database, what is wrong when they cannot be opened, and how large they are.

use std::fs::{self, File};
use std::io::Read as _;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::AtomicI64;

use rocksdb::{DB, ErrorKind, properties};

use super::database::{Database, handle};
use super::schema::{Family, Setup};
use super::wal::io_error;
use crate::error::{Error, Result};
use crate::options::Durability;

/// Opens the files of a database, creating it when there is none. RocksDB does not compact the families of
/// `not_compacted`.
///
/// # Errors
/// [`Error::InUse`], [`Error::Files`] when a file is missing or damaged, or when RocksDB fails.
pub(super) fn open_files(
    path: &Path,
    durability: Durability,
    clock: &Arc<AtomicI64>,
    not_compacted: &[Family],
) -> Result<DB> {
    check_files(path)?;
    let Setup { database, families } = Setup::new(durability, clock, not_compacted);
    let opened = DB::open_cf_descriptors(&database, path, families);
    opened.map_err(|error| open_error(path, error))
}

/// The file that names the newest manifest: without it there is no database.
pub(super) const CURRENT: &str = "CURRENT";

/// The file that a process locks that has a database open.
pub(super) const LOCK: &str = "LOCK";

/// Bytes that are read of `CURRENT`: more than the name of a manifest has.
const CURRENT_BYTES: u64 = 64;

/// Whether a directory holds a database.
#[must_use]
pub fn is_database(path: &Path) -> bool {
    path.join(CURRENT).is_file()
}

/// The name of the manifest that `CURRENT` names; `None` when there is no `CURRENT`.
///
/// # Errors
/// [`Error::Files`] when it names none, or when it cannot be read.
pub(super) fn manifest_name(path: &Path) -> Result<Option<String>> {
    if !is_database(path) {
        return Ok(None);
    }
    let (current, mut bytes) = (path.join(CURRENT), Vec::new());
    let read = File::open(&current).and_then(|it| it.take(CURRENT_BYTES).read_to_end(&mut bytes));
    read.map_err(io_error("read", &current))?;
    let text = String::from_utf8_lossy(&bytes);
    let name = text.trim_end();
    if manifest_number(name).is_some() {
        return Ok(Some(name.to_owned()));
    }
    let detail = if name.is_empty() {
        format!("the file {CURRENT} is empty")
    } else {
        format!("the file {CURRENT} begins with {:?} and names no manifest", excerpt(name))
    };
    Err(Error::Files { path: path.into(), detail })
}

/// The number of a manifest with this name.
pub(super) fn manifest_number(name: &str) -> Option<u64> {
    name.strip_prefix("MANIFEST-")?.parse().ok()
}

fn excerpt(text: &str) -> String {
    text.chars().take(20).collect()
}

/// Checks the files of a directory before RocksDB reads them.
///
/// # Errors
/// [`Error::NotServed`] when something is neither a file nor a directory: reading a pipe would not end.
/// [`Error::Files`] when `CURRENT` is missing or damaged.
pub(super) fn check_files(path: &Path) -> Result<()> {
    let entries = fs::read_dir(path).into_iter().flatten().filter_map(|entry| entry.ok());
    for entry in entries {
        let Ok(metadata) = fs::metadata(entry.path()) else { continue };
        if !metadata.is_file() && !metadata.is_dir() {
            let name = entry.file_name().to_string_lossy().into_owned();
            let detail = format!("{name} is neither a file nor a directory");
            return Err(Error::NotServed { path: path.into(), detail });
        }
    }
    manifest_name(path)?;
    check_current(path)
}

/// Returns an error for a directory with files of a database but without `CURRENT`: RocksDB would create a
/// new database over the files of the old one.
fn check_current(path: &Path) -> Result<()> {
    if is_database(path) {
        return Ok(());
    }
    let entries = std::fs::read_dir(path).into_iter().flatten().filter_map(|entry| entry.ok());
    // A manifest alone is what a process leaves that ends while it creates a database.
    let of_database = |name: &str| name.ends_with(".log") || name.ends_with(".sst");
    let mut names = entries.map(|entry| entry.file_name().to_string_lossy().into_owned());
    match names.find(|name| of_database(name)) {
        Some(name) => Err(Error::Files {
            path: path.into(),
            detail: format!("the file {CURRENT} is missing, while {name} is there"),
        }),
        None => Ok(()),
    }
}

/// Returns an error when another process has a database open. It is opened without all but one of its
/// families, which RocksDB rejects before it reads the write-ahead log.
pub(super) fn check_unused(path: &Path) -> Result<()> {
    let Setup { mut database, families } = Setup::new(Durability::Wal, &Arc::default(), &[]);
    database.create_missing_column_families(false);
    let opened = DB::open_cf_descriptors(&database, path, families.into_iter().take(1));
    match opened.map_err(|error| open_error(path, error)) {
        Err(error @ Error::InUse { .. }) => Err(error),
        _ => Ok(()),
    }
}

/// Whether the operating system refused access. RocksDB gives its texts.
fn is_denied(detail: &str) -> bool {
    ["Permission denied", "Operation not permitted", "Read-only file system"]
        .iter()
        .any(|text| detail.contains(text))
}

/// Whether the machine lacks something, while the files may be whole.
fn is_of_machine(detail: &str) -> bool {
    [
        "No space left on device",
        "Disk quota exceeded",
        "File too large",
        "Too many open files",
        "Cannot allocate memory",
    ]
    .iter()
    .any(|text| detail.contains(text))
}

/// Why RocksDB could not open a database.
pub(super) fn open_error(path: &Path, error: rocksdb::Error) -> Error {
    let detail = error.to_string();
    let locked = detail.contains("lock file") || detail.contains("lock hold by");
    match error.kind() {
        ErrorKind::IOError if is_denied(&detail) => {
            Error::NotPermitted { path: path.into(), detail }
        }
        ErrorKind::IOError if locked => Error::InUse { path: path.into() },
        ErrorKind::IOError if is_of_machine(&detail) => {
            Error::NotServed { path: path.into(), detail }
        }
        ErrorKind::IOError | ErrorKind::Corruption => Error::Files { path: path.into(), detail },
        ErrorKind::InvalidArgument if detail.contains("olumn famil") => {
            Error::NotADatabase { path: path.into(), detail }
        }
        _ => error.into(),
    }
}

impl Database {
    /// Bytes of every file of the database, without the write-ahead log.
    pub(crate) fn file_bytes(&self) -> u64 {
        // The call only fails when a file's name cannot be read; then no size is known.
        let files = self.opened().ok().and_then(|db| db.live_files().ok());
        files.iter().flatten().map(|file| file.size as u64).sum()
    }

    /// Bytes of a family's files, and bytes of it that are only in memory and the write-ahead log.
    pub(crate) fn family_bytes(&self, family: Family) -> (u64, u64) {
        // A property that RocksDB does not know counts as nothing.
        let property = |name| {
            let db = self.opened().ok()?;
            db.property_int_value_cf(handle(&db, family), name).ok()?
        };
        let files = property(properties::LIVE_SST_FILES_SIZE).unwrap_or(0);
        (files, property(properties::CUR_SIZE_ALL_MEM_TABLES).unwrap_or(0))
    }
}

impl From<rocksdb::Error> for Error {
    fn from(error: rocksdb::Error) -> Self {
        Self::Database(error.into_string())
    }
}
