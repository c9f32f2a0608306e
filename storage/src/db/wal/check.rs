//! Checks the write-ahead log of a database that is not open: where is it damaged, and what is missing?
//!
//! RocksDB numbers changes, so the numbers of two records that follow each other say how many changes are
//! missing between them. It stops reading at damage. To have it read on, the damaged file is replaced by one
//! with all records that are intact, and kept aside.
//!
//! What was not synced may come back in any part after a power loss. There the log ends before the first
//! missing change, because later changes may build on it.

use std::fs::{self, File};
use std::io::Write as _;
use std::path::{Path, PathBuf};

use super::format::{self, HEADER_BYTES, Piece};
use super::manifest::LogFiles;
use super::mark::{self, Mark};
use crate::error::{Error, Result};

/// The folder of a data directory in which damaged files are kept.
const ASIDE: &str = "damaged";

/// Changes that a log may hold behind the mark, which is not synced with it.
const UNACKNOWLEDGED_MAX: u64 = 1 << 20;

/// Changes that are missing between intact records.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Gap {
    /// The number of the first one.
    pub(crate) first: u64,
    /// How many are missing at most, or at least when the first one is not known.
    pub(crate) changes: u64,
    /// Whether the first one is known: there is an intact record before it.
    pub(crate) is_first_known: bool,
    /// Where, and why.
    pub(crate) cause: String,
}

/// What was found in the write-ahead log.
#[derive(Debug, Default)]
pub(crate) struct Checked {
    /// Changes that are missing while later ones are intact.
    pub(crate) gaps: Vec<Gap>,
    /// The number of the last change, if there is any.
    pub(crate) last: Option<u64>,
    /// The number of the last change that is intact and not used, because changes before it are missing.
    pub(crate) unused: Option<u64>,
    /// Whether every write was synced.
    pub(crate) is_synced: bool,
    /// The file that ends in something else than a record: an unfinished write, or damage.
    pub(crate) unfinished: Option<PathBuf>,
    /// The number with which the changes of that file begin by its first bytes, when no record before it is
    /// intact.
    pub(crate) first_unread: Option<u64>,
    /// Files to replace, and what by.
    replacements: Vec<(PathBuf, Vec<u8>)>,
}

impl Checked {
    /// Whether RocksDB would ignore records behind damage.
    pub(crate) fn is_damaged(&self) -> bool {
        !self.replacements.is_empty() || !self.gaps.is_empty()
    }

    /// The number of the last change that is there, when `mark` was acknowledged and the database has
    /// `reaches` with the log. Its manifest may name changes that only an unreadable log held.
    pub(crate) fn reaches(&self, mark: Mark, reaches: Mark) -> u64 {
        let Some(first) = self.first_unread.filter(|_| self.last.is_none()) else {
            return self.last.unwrap_or(reaches.sequence);
        };
        // A write that was not acknowledged begins soon after the mark.
        if (1..=UNACKNOWLEDGED_MAX).contains(&first.saturating_sub(mark.sequence)) {
            let missing = mark.append.saturating_sub(reaches.append);
            return mark.sequence.saturating_sub(missing);
        }
        first.min(mark.sequence).saturating_sub(1)
    }

    /// Replaces damaged files by what is intact in them. No process may have the database open.
    ///
    /// # Errors
    /// When a file cannot be written.
    pub(crate) fn replace(&self, directory: &Path) -> Result<()> {
        for (path, log) in &self.replacements {
            set_aside(directory, path)?;
            replace_file(directory, path, log)?;
        }
        Ok(())
    }
}

/// Replaces a log file, durably and at once.
pub(super) fn replace_file(directory: &Path, path: &Path, log: &[u8]) -> Result<()> {
    // RocksDB deletes files of that name when it opens the database.
    let written = directory.join("000000.dbtmp");
    let replaced = File::create(&written).and_then(|mut file| {
        file.write_all(log)?;
        file.sync_all()?;
        fs::rename(&written, path)?;
        File::open(directory)?.sync_all()
    });
    replaced.map_err(io_error("replace", path))
}

/// Replaces a log file by one with these records.
///
/// # Errors
/// When it cannot be written.
pub(crate) fn replace(
    directory: &Path,
    path: &Path,
    records: impl IntoIterator<Item = Vec<u8>>,
) -> Result<()> {
    let mut log = Vec::new();
    records.into_iter().for_each(|record| format::append(&mut log, &record));
    replace_file(directory, path, &log)
}

/// Copies a damaged file into the folder for them.
///
/// # Errors
/// When the copy cannot be written.
pub(crate) fn set_aside(directory: &Path, path: &Path) -> Result<()> {
    let folder = directory.join(ASIDE);
    let copy = folder.join(path.file_name().unwrap_or_default());
    let copied = fs::create_dir_all(&folder)
        .and_then(|()| fs::copy(path, &copy))
        .and_then(|_| File::open(&copy)?.sync_all())
        .and_then(|()| File::open(&folder)?.sync_all());
    copied.map_err(io_error("keep a copy of", path))
}

/// Gives a file a second name in the folder for damaged files, which keeps it when the first one is deleted.
///
/// # Errors
/// When the name cannot be given.
pub(super) fn link_aside(directory: &Path, path: &Path) -> Result<()> {
    let folder = directory.join(ASIDE);
    let link = folder.join(path.file_name().unwrap_or_default());
    if link.exists() {
        return Ok(());
    }
    let linked = fs::create_dir_all(&folder).and_then(|()| fs::hard_link(path, link));
    linked.map_err(io_error("keep", path))
}

/// Reads the whole write-ahead log.
///
/// # Errors
/// When a file cannot be read.
pub(crate) fn check(directory: &Path) -> Result<Checked> {
    let is_synced = mark::is_log_synced(directory);
    let files = LogFiles::read(directory)?;
    let mut check = Check::default();
    check.found.is_synced = is_synced;
    for (number, path) in numbered_log_files(directory)? {
        if number >= files.needed_from {
            check.is_file_synced = is_synced || number < files.synced_before;
            let log = fs::read(&path).map_err(io_error("read", &path))?;
            check.file(&path, &log);
        }
    }
    Ok(check.found)
}

/// Checks bytes as the only log file.
#[cfg(fuzzing)]
pub(super) fn decode_file(bytes: &[u8]) {
    for is_file_synced in [false, true] {
        let mut check = Check { is_file_synced, ..Check::default() };
        check.file(Path::new("000001.log"), bytes);
    }
}

#[derive(Default)]
struct Check {
    found: Checked,
    /// Whether everything in this file was synced.
    is_file_synced: bool,
    /// Damage that no later record has been found behind, and the records before it in its file.
    pending: Option<Pending>,
}

struct Pending {
    path: PathBuf,
    offset: usize,
    intact: Vec<u8>,
}

impl Check {
    fn file(&mut self, path: &Path, log: &[u8]) {
        self.end_file();
        let mut intact = Vec::new();
        let mut is_damaged = false;
        for piece in format::read(log) {
            match piece {
                Piece::Record(_, record) if numbers(&record).is_some() => {
                    let (first, count) = numbers(&record).unwrap_or_default();
                    let last = first.saturating_add(count).saturating_sub(1);
                    if self.ends_before(first) {
                        self.found.unused = self.found.unused.max(Some(last));
                        is_damaged = true;
                        continue;
                    }
                    self.meet(path, first, last);
                    is_damaged |= self.pending.take().is_some_and(|it| it.path == path);
                    format::append(&mut intact, &record);
                }
                piece => {
                    let offset = if let Piece::Damage(offset) = piece { offset } else { 0 };
                    if self.pending.is_none() && self.found.last.is_none() {
                        let unread = log.get(offset + HEADER_BYTES..).unwrap_or_default();
                        self.found.first_unread = numbers(unread).map(|(first, _)| first);
                    }
                    let pending = || Pending { path: path.into(), offset, intact: Vec::new() };
                    self.pending.get_or_insert_with(pending);
                }
            }
        }
        if self.found.unused.is_some() {
            self.pending = None;
        }
        self.found.unfinished = self.pending.as_ref().map(|pending| pending.path.clone());
        match &mut self.pending {
            Some(pending) => pending.intact = intact,
            None if is_damaged => self.found.replacements.push((path.into(), intact)),
            None => {}
        }
    }

    /// Whether the log ends before a change, because changes before it are missing and may never have been
    /// synced.
    fn ends_before(&self, first: u64) -> bool {
        let is_hole = !self.is_file_synced && first > self.expected(first);
        self.found.unused.is_some() || is_hole
    }

    /// The number that the next change must have, when a record begins with `first`.
    fn expected(&self, first: u64) -> u64 {
        match (self.found.last, &self.pending) {
            (Some(last), _) => last.saturating_add(1),
            // How many changes were before it is not known.
            (None, Some(_)) => first.saturating_sub(1),
            (None, None) => first,
        }
    }

    /// Damage at the end of a file that is not the last one: RocksDB would not read the next one.
    fn end_file(&mut self) {
        if let Some(Pending { path, intact, .. }) = &mut self.pending {
            self.found.replacements.push((path.clone(), std::mem::take(intact)));
        }
    }

    /// Notes what is missing before a record.
    fn meet(&mut self, path: &Path, first: u64, last: u64) {
        let name = |path: &Path| path.file_name().unwrap_or_default().display().to_string();
        let cause = match &self.pending {
            Some(it) => format!("{} is damaged at byte {}", name(&it.path), it.offset),
            None => format!("a file before {} is missing", name(path)),
        };
        let expected = self.expected(first);
        if first > expected {
            let (changes, is_first_known) = (first - expected, self.found.last.is_some());
            self.found.gaps.push(Gap { first: expected, changes, is_first_known, cause });
        }
        self.found.last = self.found.last.max(Some(last));
    }
}

/// The number of the first change of a record of the write-ahead log, and how many it has.
pub(super) fn numbers(record: &[u8]) -> Option<(u64, u64)> {
    let (first, rest) = record.split_first_chunk()?;
    let count = u32::from_le_bytes(*rest.first_chunk()?);
    Some((u64::from_le_bytes(*first), count.into()))
}

/// The newest file of the write-ahead log, with its number.
pub(in crate::db) fn newest_log(directory: &Path) -> std::io::Result<Option<(u64, PathBuf)>> {
    let mut newest = None;
    let entries = match fs::read_dir(directory) {
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(None),
        entries => entries?,
    };
    for entry in entries {
        newest = newest.max(numbered(entry?.path()));
    }
    Ok(newest)
}

/// A file of the write-ahead log with its number.
fn numbered(path: PathBuf) -> Option<(u64, PathBuf)> {
    let number = path.file_stem()?.to_str()?.parse().ok()?;
    path.extension().is_some_and(|end| end == "log").then_some((number, path))
}

/// The files of the write-ahead log, oldest first.
pub(super) fn log_files(directory: &Path) -> Result<Vec<PathBuf>> {
    Ok(numbered_log_files(directory)?.into_iter().map(|(_, path)| path).collect())
}

/// The files of the write-ahead log with their numbers, oldest first.
fn numbered_log_files(directory: &Path) -> Result<Vec<(u64, PathBuf)>> {
    let mut files = Vec::new();
    let entries = match fs::read_dir(directory) {
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(Vec::new()),
        entries => entries.map_err(io_error("read", directory))?,
    };
    for entry in entries {
        files.extend(numbered(entry.map_err(io_error("read", directory))?.path()));
    }
    files.sort_unstable();
    Ok(files)
}

pub(crate) fn io_error(action: &'static str, path: &Path) -> impl FnOnce(std::io::Error) -> Error {
    move |source| Error::Io { action, path: path.into(), source }
}
