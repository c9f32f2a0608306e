//! RocksDB's manifest: the list of changes to the set of its files. It says which table files there are,
//! which files of the write-ahead log are still needed, and which of those were synced.
//!
//! RocksDB syncs all earlier files of the log before it notes in the manifest that a family has been flushed.
//! So everything before the newest file that a family begins with was synced, whatever the durability.

mod edit;

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};

use self::edit::Edit;
pub(crate) use self::edit::{TableFile, deletion};
use super::check::{io_error, link_aside, replace_file, set_aside};
use super::format::{self, HEADER_BYTES, Piece};
use crate::db::files::{CURRENT, manifest_name, manifest_number};
use crate::db::schema::Family;
use crate::error::{Error, Result};

/// What a file system writes at once.
const PAGE_BYTES: usize = 4 << 10;

/// Numbers of files of the write-ahead log.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct LogFiles {
    /// RocksDB does not read earlier ones.
    pub(super) needed_from: u64,
    /// Earlier ones were synced.
    pub(super) synced_before: u64,
}

impl LogFiles {
    /// The numbers in the manifest of a directory. Without a manifest they say nothing, and RocksDB names
    /// what is missing.
    ///
    /// # Errors
    /// [`Error::Corrupt`] when the manifest is damaged, or it cannot be read.
    pub(super) fn read(directory: &Path) -> Result<Self> {
        Ok(load(directory)?.map_or_else(Self::default, |(_, _, kept)| Self::of(&kept.edits)))
    }

    fn of(edits: &[Vec<u8>]) -> Self {
        let mut found = Self::default();
        for edit in edits.iter().map(|edit| Edit::decode(edit)) {
            found.needed_from = found.needed_from.max(edit.min_log_number.unwrap_or(0));
            found.synced_before = found.synced_before.max(edit.log_number.unwrap_or(0));
        }
        found
    }
}

/// The manifest of a database.
pub(crate) struct Manifest {
    pub(crate) path: PathBuf,
    /// Its records.
    pub(crate) edits: Vec<Vec<u8>>,
    /// The table files of the current version.
    pub(crate) files: Vec<TableFile>,
    families: BTreeMap<u64, String>,
}

impl Manifest {
    /// Reads the manifest that `CURRENT` names.
    ///
    /// # Errors
    /// [`Error::Corrupt`] when it is damaged or not understood, or it cannot be read.
    pub(crate) fn read(directory: &Path) -> Result<Self> {
        let current = directory.join(CURRENT);
        let missing = || Error::corrupt(current.display().to_string(), "it names no manifest");
        let (path, _, Kept { edits, .. }) = load(directory)?.ok_or_else(missing)?;
        let (files, families) =
            table_files(&edits).ok_or_else(|| damaged(&path, "a change is not understood"))?;
        Ok(Self { path, edits, files, families })
    }

    /// The family of a table file.
    pub(crate) fn family(&self, file: &TableFile) -> Option<Family> {
        let name = self.families.get(&file.family)?;
        Family::ALL.into_iter().find(|family| family.name() == name)
    }
}

/// Ends the manifest before what was being written when the power was lost, when pages of it are missing: of
/// those, RocksDB leaves out some and takes others for damage. `check_unused` fails when a process has the
/// database open.
///
/// RocksDB then deletes the table files that only later changes name. Should the pages have been lost later
/// after all, these files and the manifest are kept in the folder of damaged files.
///
/// # Errors
/// That of `check_unused`, or the manifest is damaged, or it cannot be read or written.
pub(crate) fn end_before_unwritten(
    directory: &Path,
    check_unused: impl FnOnce() -> Result<()>,
) -> Result<()> {
    match load(directory)? {
        Some((path, log, Kept { edits, end, misses_pages: true })) => {
            check_unused()?;
            set_aside(directory, &path)?;
            let kept = keep_unnamed(directory, &edits)?;
            tracing::warn!(
                manifest = %path.display(),
                kept,
                "pages of the manifest are missing, so it ends before them; table files that later changes \
                 name are kept in the folder `damaged`"
            );
            replace_file(directory, &path, log.get(..end).unwrap_or_default())
        }
        _ => Ok(()),
    }
}

/// Keeps the table files that none of these changes names. Returns how many there are.
fn keep_unnamed(directory: &Path, edits: &[Vec<u8>]) -> Result<usize> {
    let named = table_files(edits).map_or_else(Vec::new, |(files, _)| files);
    let named: BTreeSet<u64> = named.iter().map(|file| file.number).collect();
    let mut kept = 0;
    for entry in fs::read_dir(directory).map_err(io_error("read", directory))? {
        let path = entry.map_err(io_error("read", directory))?.path();
        let is_table = path.extension().is_some_and(|end| end == "sst");
        let number = path.file_stem().and_then(|stem| stem.to_str()?.parse().ok());
        if is_table && number.is_some_and(|number| !named.contains(&number)) {
            link_aside(directory, &path)?;
            kept += 1;
        }
    }
    Ok(kept)
}

/// The manifest that `CURRENT` names, its bytes, and what of it counts; `None` when there is none.
fn load(directory: &Path) -> Result<Option<(PathBuf, Vec<u8>, Kept)>> {
    let path = manifest_name(directory)?.map(|name| directory.join(name));
    let Some(path) = path.filter(|path| path.exists()) else { return Ok(None) };
    let log = fs::read(&path).map_err(io_error("read", &path))?;
    let kept = Kept::of(&log).map_err(|at| no_record(&path, at))?;
    if kept.misses_pages && has_gone_on(directory, &kept.edits) {
        return Err(no_record(&path, kept.end));
    }
    Ok(Some((path, log, kept)))
}

/// Whether files show that the database has gone on after these changes: table files that they need were
/// deleted, which is done only after what replaces them was synced. Then later changes were synced too, and
/// pages that are missing were lost later.
fn has_gone_on(directory: &Path, edits: &[Vec<u8>]) -> bool {
    let is_missing = |file: &TableFile| !directory.join(format!("{:06}.sst", file.number)).exists();
    table_files(edits).is_some_and(|(files, _)| files.iter().any(is_missing))
}

/// What of a manifest counts.
#[derive(Debug, Default)]
struct Kept {
    edits: Vec<Vec<u8>>,
    /// Where the first change begins that does not count; the end of the manifest when all count.
    end: usize,
    /// Whether pages are missing of what does not count.
    misses_pages: bool,
}

impl Kept {
    /// The changes that count, or where the manifest is damaged. What was being written when the power was
    /// lost was never used, and does not count: an end that is no record, everything from a missing page on,
    /// because it was not synced, and a group of changes of which some are missing. Should a page that was
    /// synced have turned to zeros, the files of the database show it: see [`has_gone_on`].
    fn of(log: &[u8]) -> std::result::Result<Self, usize> {
        let mut pieces = format::read(log).into_iter();
        let mut records = Vec::new();
        let damage = pieces.by_ref().find_map(|piece| match piece {
            Piece::Record(at, edit) => {
                records.push((at, edit));
                None
            }
            Piece::Damage(at) => Some(at),
        });
        let has_more = pieces.any(|piece| matches!(piece, Piece::Record(..)));
        let misses_pages = damage.is_some_and(|at| is_unwritten(log, at));
        let mut end = damage.unwrap_or(log.len());
        if has_more && !misses_pages {
            return Err(end);
        }
        let is_unfinished = |edit: &[u8]| group_rest(edit).is_some_and(|rest| rest > 0);
        while let Some((at, _)) = records.pop_if(|(_, edit)| is_unfinished(edit)) {
            end = at;
        }
        let edits = records.into_iter().map(|(_, edit)| edit).collect();
        Ok(Self { edits, end, misses_pages })
    }
}

/// Whether the rest of the page, or the page after it, was not written: the file has its length, and zeros
/// there. Other damage leaves no page of zeros.
fn is_unwritten(log: &[u8], at: usize) -> bool {
    let page_end = (at / PAGE_BYTES + 1) * PAGE_BYTES;
    [at..page_end, page_end..page_end + PAGE_BYTES].into_iter().any(|range| {
        let page = log.get(range.start..range.end.min(log.len())).unwrap_or_default();
        page.len() >= HEADER_BYTES && page.iter().all(|byte| *byte == 0)
    })
}

fn group_rest(edit: &[u8]) -> Option<u64> {
    Edit::decode(edit).group_rest
}

fn no_record(path: &Path, at: usize) -> Error {
    damaged(path, &format!("byte {at} is no record"))
}

/// Names the manifest of a database whose `CURRENT` is missing or damaged, when that is certain: one manifest
/// is intact, and there is no newer one. Returns whether it wrote `CURRENT`. No process may have the database
/// open.
///
/// # Errors
/// [`Error::Corrupt`] when it is not certain, or the directory cannot be written.
pub(crate) fn restore_current(directory: &Path) -> Result<bool> {
    let damaged = match manifest_name(directory) {
        Ok(Some(_)) => return Ok(false),
        Ok(None) => false,
        Err(Error::Files { .. }) => true,
        Err(error) => return Err(error),
    };
    let manifests = manifests(directory)?;
    let Some(newest) = manifests.last() else { return Ok(false) };
    let is_intact = |(_, path): &&(u64, PathBuf)| {
        let kept = fs::read(path).ok().and_then(|log| Kept::of(&log).ok());
        let edits =
            kept.filter(|kept| !kept.misses_pages).map(|kept| kept.edits).unwrap_or_default();
        !edits.is_empty() && table_files(&edits).is_some()
    };
    let intact: Vec<_> = manifests.iter().filter(is_intact).collect();
    if intact != [newest] {
        let (of, intact) = (manifests.len(), intact.len());
        let detail = format!(
            "it names no manifest, and {intact} of {of} manifests are intact, or an old one; restore a backup \
             with `plimsoll restore`"
        );
        return Err(Error::corrupt(format!("the file {CURRENT}"), detail));
    }
    let current = directory.join(CURRENT);
    if damaged {
        set_aside(directory, &current)?;
    }
    let name = newest.1.file_name().unwrap_or_default().display();
    replace_file(directory, &current, format!("{name}\n").as_bytes())?;
    tracing::info!(%name, "wrote the file CURRENT anew");
    Ok(true)
}

/// The manifests in a directory with their numbers, oldest first.
fn manifests(directory: &Path) -> Result<Vec<(u64, PathBuf)>> {
    let mut found = Vec::new();
    for entry in fs::read_dir(directory).map_err(io_error("read", directory))? {
        let path = entry.map_err(io_error("read", directory))?.path();
        let number = path.file_name().and_then(|name| manifest_number(name.to_str()?));
        found.extend(number.filter(|_| path.is_file()).map(|number| (number, path)));
    }
    found.sort_unstable();
    Ok(found)
}

fn damaged(path: &Path, why: &str) -> Error {
    let name = path.file_name().unwrap_or_default().display();
    let detail = format!("{why}; restore a backup with `plimsoll restore`");
    Error::corrupt(format!("the manifest {name}"), detail)
}

/// The table files after these changes, by family and number, and the names of the families. `None` when a
/// change is not understood.
fn table_files(edits: &[Vec<u8>]) -> Option<(Vec<TableFile>, BTreeMap<u64, String>)> {
    let mut files: BTreeMap<(u64, u64), TableFile> = BTreeMap::new();
    let mut names = BTreeMap::from([(0, "default".to_owned())]);
    for bytes in edits {
        let Edit { family, name, deleted, added, is_whole, .. } = Edit::decode(bytes);
        if !is_whole {
            return None;
        }
        for number in deleted {
            files.remove(&(family, number));
        }
        files.extend(added.into_iter().map(|it| ((family, it.number), TableFile { family, ..it })));
        names.extend(name.map(|name| (family, name)));
    }
    Some((files.into_values().collect(), names))
}

/// Decodes bytes as a manifest.
#[cfg(fuzzing)]
pub(super) fn decode(bytes: &[u8]) {
    let _ = Kept::of(bytes).map(|it| (LogFiles::of(&it.edits), table_files(&it.edits)));
}

#[cfg(test)]
mod tests;
