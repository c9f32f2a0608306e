//! RocksDB's manifest: the list of changes to the set of table files. RocksDB has no call to leave out one
//! table file, so the change that does is added here. The tags are those of RocksDB's `db/version_edit.h`.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use crate::db::files::CURRENT;
use crate::db::schema::Family;
use crate::db::wal::{self, io_error};
use crate::error::{Error, Result};

const DELETED_FILE: u64 = 6;
const COLUMN_FAMILY: u64 = 200;
/// Tags from here on are followed by a length and may be skipped.
const SKIPPABLE: u64 = 1 << 13;

/// A table file of the current version.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct TableFile {
    pub(super) number: u64,
    pub(super) level: u64,
    pub(super) family: u64,
    /// Its first and last key.
    pub(super) keys: (Vec<u8>, Vec<u8>),
}

/// The manifest of a database.
pub(super) struct Manifest {
    pub(super) path: PathBuf,
    /// Its records.
    pub(super) edits: Vec<Vec<u8>>,
    /// The table files of the current version.
    pub(super) files: Vec<TableFile>,
    families: BTreeMap<u64, String>,
}

impl Manifest {
    /// Reads the manifest that `CURRENT` names.
    ///
    /// # Errors
    /// [`Error::Corrupt`] when it is damaged, or it cannot be read.
    pub(super) fn read(directory: &Path) -> Result<Self> {
        let current = directory.join(CURRENT);
        let name = fs::read_to_string(&current).map_err(io_error("read", &current))?;
        let path = directory.join(name.trim());
        let damaged = |at: &str| {
            let what = format!("the manifest {}", name.trim());
            Error::corrupt(what, format!("{at}; restore a backup with `plimsoll restore`"))
        };
        let edits =
            wal::records(&path)?.map_err(|at| damaged(&format!("byte {at} is no record")))?;
        let (files, families) =
            decode(&edits).ok_or_else(|| damaged("a change is not understood"))?;
        Ok(Self { path, edits, files, families })
    }

    /// The family of a table file.
    pub(super) fn family(&self, file: &TableFile) -> Option<Family> {
        let name = self.families.get(&file.family)?;
        Family::ALL.into_iter().find(|family| family.name() == name)
    }
}

/// The table files after these changes, by family and number, and the names of the families. `None` when a
/// change is not understood.
fn decode(edits: &[Vec<u8>]) -> Option<(Vec<TableFile>, BTreeMap<u64, String>)> {
    let mut files: BTreeMap<(u64, u64), TableFile> = BTreeMap::new();
    let mut names = BTreeMap::from([(0, "default".to_owned())]);
    for bytes in edits {
        let mut edit = Edit { bytes, ..Edit::default() };
        while !edit.bytes.is_empty() {
            edit.field()?;
        }
        let family = edit.family;
        for number in edit.deleted {
            files.remove(&(family, number));
        }
        files.extend(
            edit.added.into_iter().map(|it| ((family, it.number), TableFile { family, ..it })),
        );
        names.extend(edit.name.map(|name| (family, name)));
    }
    Some((files.into_values().collect(), names))
}

/// The change that leaves out a table file.
pub(super) fn deletion(file: &TableFile) -> Vec<u8> {
    let mut edit = Vec::new();
    for number in [DELETED_FILE, file.level, file.number, COLUMN_FAMILY, file.family] {
        let mut rest = number;
        while rest >= 0x80 {
            edit.push(rest as u8 | 0x80);
            rest >>= 7;
        }
        edit.push(rest as u8);
    }
    edit
}

/// A change while it is decoded.
#[derive(Default)]
struct Edit<'a> {
    bytes: &'a [u8],
    family: u64,
    name: Option<String>,
    deleted: Vec<u64>,
    added: Vec<TableFile>,
}

impl Edit<'_> {
    fn field(&mut self) -> Option<()> {
        match self.number()? {
            // Log numbers, the next file number, the last sequence number, the largest family, a group.
            2 | 3 | 4 | 9 | 10 | 203 | 300 => self.number().map(drop),
            // The comparator.
            1 => self.text().map(drop),
            // A compaction cursor.
            5 => self.number().and_then(|_| self.text()).map(drop),
            DELETED_FILE => {
                self.number()?;
                let number = self.number()?;
                self.deleted.push(number);
                Some(())
            }
            // A new file in its current encoding.
            103 => self.new_file(),
            COLUMN_FAMILY => {
                self.family = self.number()?;
                Some(())
            }
            201 => {
                self.name = Some(String::from_utf8(self.text()?).ok()?);
                Some(())
            }
            tag if tag >= SKIPPABLE => self.text().map(drop),
            _ => None,
        }
    }

    fn new_file(&mut self) -> Option<()> {
        let (level, number, _size) = (self.number()?, self.number()?, self.number()?);
        let keys = (self.key()?, self.key()?);
        // Sequence numbers.
        self.number()?;
        self.number()?;
        while self.number()? != 1 {
            self.text()?;
        }
        self.added.push(TableFile { number, level, family: 0, keys });
        Some(())
    }

    fn number(&mut self) -> Option<u64> {
        let mut number = 0;
        for shift in (0..64).step_by(7) {
            let (byte, rest) = self.bytes.split_first()?;
            self.bytes = rest;
            number |= u64::from(byte & 0x7f) << shift;
            if byte & 0x80 == 0 {
                return Some(number);
            }
        }
        None
    }

    fn text(&mut self) -> Option<Vec<u8>> {
        let length = usize::try_from(self.number()?).ok()?;
        let (text, rest) = self.bytes.split_at_checked(length)?;
        self.bytes = rest;
        Some(text.to_vec())
    }

    /// A key without the 8 bytes that RocksDB adds to it.
    fn key(&mut self) -> Option<Vec<u8>> {
        let mut key = self.text()?;
        key.truncate(key.len().checked_sub(8)?);
        Some(key)
    }
}
