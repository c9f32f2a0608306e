//! Repairs a database with damaged table files: they are set aside, and every row that can be read is kept.
//!
//! A file that RocksDB cannot open is left out as a whole. Of a file with damaged blocks, the rows outside of
//! the damage are written again first, together with a deletion of everything between them: otherwise rows
//! that the file deletes would be there again.

mod probe;

use std::path::Path;

use super::damage::next_readable;
use super::database::Database;
use super::merge::WithoutMerging;
use super::rows::Rows;
use super::schema::Family;
use super::wal::{self, Manifest, TableFile};
use super::write_batch::WriteBatch;
use crate::error::{Error, Result};
use crate::limits::{REPAIR_FILES_MAX, REPAIR_WRITE_BYTES};

/// A stretch of keys: the last one before it and the first one behind it, or the ends of a file.
pub(crate) type Stretch = (Vec<u8>, Vec<u8>);

/// A damaged file that was set aside.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Repaired {
    /// Its name.
    pub(crate) file: String,
    /// The column family it belonged to.
    pub(crate) family: Family,
    /// Between which keys rows are lost.
    pub(crate) lost: Vec<Stretch>,
}

/// Sets damaged table files aside until every row can be read. No process may have the database open.
///
/// # Errors
/// When something else than a table file is damaged, or the directory cannot be written.
pub(crate) fn repair(path: &Path) -> Result<Vec<Repaired>> {
    let mut repaired = Vec::new();
    while repaired.len() < REPAIR_FILES_MAX {
        let found = match Database::open_for_repair(path) {
            Ok(db) => {
                let Some(found) = find_and_salvage(&db)? else { return Ok(repaired) };
                found
            }
            Err(error @ (Error::Files { .. } | Error::Database(_))) => {
                // RocksDB does not always say which file it is.
                let file = match probe::unreadable_file(path)? {
                    None => named_file(path, &error)?,
                    file => file,
                };
                let Some(file) = file else { return Err(error) };
                Found { number: file.number, lost: vec![file.keys] }
            }
            Err(error) => return Err(error),
        };
        repaired.push(leave_out(path, found)?);
    }
    Ok(repaired)
}

/// The table file that an error names.
fn named_file(path: &Path, error: &Error) -> Result<Option<TableFile>> {
    let number = table_number(&error.to_string());
    let files = Manifest::read(path)?.files;
    Ok(files.into_iter().find(|file| Some(file.number) == number))
}

struct Found {
    number: u64,
    lost: Vec<Stretch>,
}

/// Finds a file that cannot be read to its end, and writes what can be read of it again.
fn find_and_salvage(db: &Database) -> Result<Option<Found>> {
    for family in Family::ALL {
        let mut rows = db.rows_uncached(family);
        let reading = WithoutMerging::begin();
        rows.seek_to_first();
        while rows.key().is_some() {
            rows.next();
        }
        drop(reading);
        let Some(detail) = rows.damage()? else { continue };
        let number = table_number(&detail);
        let files = db.opened()?.live_files()?;
        let mut files = files.into_iter().filter(|file| table_number(&file.name) == number);
        let (Some(number), Some(file)) = (number, files.next()) else {
            return Err(Error::Files { path: db.path.clone(), detail });
        };
        let (first, last) = (file.start_key.unwrap_or_default(), file.end_key.unwrap_or_default());
        let lost = salvage(db, family, first, &last)?;
        db.flush()?;
        return Ok(Some(Found { number, lost }));
    }
    Ok(None)
}

/// Writes the rows from a key up to and including another one again, as far as they can be read. Returns the
/// stretches that cannot.
fn salvage(db: &Database, family: Family, first: Vec<u8>, last: &[u8]) -> Result<Vec<Stretch>> {
    let _reading = WithoutMerging::begin();
    let mut rows = db.rows_uncached(family);
    let mut lost = Vec::new();
    rows.seek(&first);
    let mut chunk = Chunk::new(first);
    loop {
        while let Some((key, value)) = rows.item().filter(|(key, _)| *key <= last) {
            chunk.add(key, value);
            if chunk.bytes > REPAIR_WRITE_BYTES {
                chunk = chunk.write(db, family)?;
            }
            rows.next();
        }
        if rows.damage()?.is_none() {
            chunk.end_at(last).write(db, family)?;
            return Ok(lost);
        }
        let before = chunk.last().to_vec();
        chunk.write(db, family)?;
        let next = first_readable(&mut rows, &before, last)?;
        let Some(next) = next else {
            lost.push((before, last.to_vec()));
            return Ok(lost);
        };
        lost.push((before, next.clone()));
        rows.seek(&next);
        chunk = Chunk::new(next);
    }
}

/// The first key that can be read behind damage that follows a key, up to another one.
fn first_readable(rows: &mut Rows, before: &[u8], last: &[u8]) -> Result<Option<Vec<u8>>> {
    if let Some(from) = next_readable(rows, before)? {
        rows.seek(from);
    }
    if rows.key().is_none_or(|key| key > last) {
        rows.seek_for_prev(last);
    }
    // The step to the readable rows may have passed over some.
    let mut first = None;
    while let Some(key) = rows.key().filter(|key| *key > before) {
        first = Some(key.to_vec());
        rows.prev();
    }
    Ok(first)
}

/// Rows that are written again together.
struct Chunk {
    /// Everything from here on that is not among the rows is deleted.
    from: Vec<u8>,
    /// Where the rows end, when that is known to be behind the last of them.
    to: Option<Vec<u8>>,
    rows: Vec<(Vec<u8>, Vec<u8>)>,
    bytes: usize,
}

impl Chunk {
    const fn new(from: Vec<u8>) -> Self {
        Self { from, to: None, rows: Vec::new(), bytes: 0 }
    }

    fn add(&mut self, key: &[u8], value: &[u8]) {
        self.bytes += key.len() + value.len();
        self.rows.push((key.to_vec(), value.to_vec()));
    }

    fn end_at(self, last: &[u8]) -> Self {
        Self { to: Some(last.to_vec()), ..self }
    }

    /// The last key that is known.
    fn last(&self) -> &[u8] {
        let of_rows = self.rows.last().map_or(&self.from, |(key, _)| key);
        self.to.as_ref().unwrap_or(of_rows)
    }

    /// Writes the rows. Returns an empty chunk that follows.
    fn write(self, db: &Database, family: Family) -> Result<Self> {
        if self.rows.is_empty() && self.to.is_none() {
            return Ok(self);
        }
        let behind = [self.last(), &[0]].concat();
        let mut write = WriteBatch::default();
        write.delete_range(db, family, &self.from, &behind);
        for (key, value) in self.rows {
            write.put(db, family, key, value);
        }
        db.write(write)?;
        Ok(Self::new(behind))
    }
}

/// Leaves a file out of the database and sets it aside.
fn leave_out(path: &Path, found: Found) -> Result<Repaired> {
    let unknown = |detail: String| Error::Files { path: path.into(), detail };
    let manifest = Manifest::read(path)?;
    let file_name = format!("{:06}.sst", found.number);
    let file = manifest.files.iter().find(|file| file.number == found.number);
    let file = file.ok_or_else(|| unknown(format!("{file_name} is in no list of files")))?;
    let family = manifest.family(file);
    let family = family.ok_or_else(|| unknown(format!("{file_name} is in an unknown family")))?;
    if family == Family::Meta {
        let what = format!("{file_name} with the facts about the database");
        let detail = "without the width of its slots its numbers would be wrong; restore a backup with \
                      `plimsoll restore`";
        return Err(Error::corrupt(what, detail));
    }
    let table = path.join(&file_name);
    if table.exists() {
        wal::set_aside(path, &table)?;
    }
    wal::set_aside(path, &manifest.path)?;
    let edits = manifest.edits.iter().cloned().chain([wal::deletion(file)]);
    wal::replace(path, &manifest.path, edits)?;
    Ok(Repaired { file: file_name, family, lost: found.lost })
}

/// The number of the table file that a message names.
fn table_number(message: &str) -> Option<u64> {
    let before = message.get(..message.find(".sst")?)?;
    let digits = before.bytes().rev().take_while(u8::is_ascii_digit).count();
    before.get(before.len() - digits..)?.parse().ok()
}
