//! RocksDB's manifest: the list of changes to the set of its files. It says which table files there are,
//! which files of the write-ahead log are still needed, and which of those were synced.
//!
//! RocksDB syncs all earlier files of the log before it notes in the manifest that a family has been flushed.
//! So everything before the newest file that a family begins with was synced, whatever the durability.

mod edit;

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use self::edit::Edit;
pub(crate) use self::edit::{TableFile, deletion};
use super::check::io_error;
use super::format::{self, HEADER_BYTES, Piece};
use crate::db::files::CURRENT;
use crate::db::schema::Family;
use crate::error::{Error, Result};

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
        let current = fs::read_to_string(directory.join(CURRENT)).unwrap_or_default();
        if current.trim().is_empty() || !directory.join(current.trim()).exists() {
            return Ok(Self::default());
        }
        Ok(Self::of(&read(directory)?.1))
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
        let (path, edits) = read(directory)?;
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

/// The path and the changes of the manifest that `CURRENT` names.
fn read(directory: &Path) -> Result<(PathBuf, Vec<Vec<u8>>)> {
    let current = directory.join(CURRENT);
    let name = fs::read_to_string(&current).map_err(io_error("read", &current))?;
    let path = directory.join(name.trim());
    let log = fs::read(&path).map_err(io_error("read", &path))?;
    let edits = edits(&log).map_err(|at| damaged(&path, &format!("byte {at} is no record")))?;
    Ok((path, edits))
}

/// The changes in a manifest, or where it is damaged. What was being written when the power was lost was
/// never used, and is left out: an end that is no record, and a group of changes of which some are missing.
fn edits(log: &[u8]) -> std::result::Result<Vec<Vec<u8>>, usize> {
    let mut pieces = format::read(log).into_iter();
    let mut edits = Vec::new();
    let damage = pieces.by_ref().find_map(|piece| match piece {
        Piece::Record(_, edit) => {
            edits.push(edit);
            None
        }
        Piece::Damage(at) => Some(at),
    });
    let later = pieces.filter_map(|piece| match piece {
        Piece::Record(_, edit) => Some(edit),
        Piece::Damage(_) => None,
    });
    let later: Vec<Vec<u8>> = later.collect();
    if let Some(at) = damage
        && !later.is_empty()
        && !(is_unwritten(log, at) && is_rest_of_group(&later))
    {
        return Err(at);
    }
    while edits.last().is_some_and(|edit| group_rest(edit).is_some_and(|rest| rest > 0)) {
        edits.pop();
    }
    Ok(edits)
}

/// Whether a page begins to be missing where a record should begin: RocksDB, too, takes these zeros for the
/// end of a block, and leaves out what follows in it.
fn is_unwritten(log: &[u8], at: usize) -> bool {
    log.get(at..at + HEADER_BYTES).is_some_and(|header| header.iter().all(|byte| *byte == 0))
}

/// Whether changes are the rest of one group, so that they were written together with what is missing before.
fn is_rest_of_group(edits: &[Vec<u8>]) -> bool {
    let rests: Option<Vec<u64>> = edits.iter().map(|edit| group_rest(edit)).collect();
    rests.is_some_and(|rests| rests.is_sorted_by(|a, b| a > b))
}

fn group_rest(edit: &[u8]) -> Option<u64> {
    Edit::decode(edit).group_rest
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
    let _ = edits(bytes).map(|edits| (LogFiles::of(&edits), table_files(&edits)));
}

#[cfg(test)]
mod tests;
