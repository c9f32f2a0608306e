//! Reading the rows of a family in the order of their keys.
//!
//! Readers share ownership of the open database: it is closed, to be opened again, when none is left.

use std::sync::Arc;

use rocksdb::{DB, DBIterator, DBRawIterator, ErrorKind};
use self_cell::self_cell;

use crate::error::{Error, Result};

/// A key and its value.
pub(crate) type Entry = (Box<[u8]>, Box<[u8]>);

/// What was read, or RocksDB's description of the damage that prevents it.
pub(crate) type Readable<T> = std::result::Result<T, String>;

/// Damage as a result of its own.
///
/// # Errors
/// Every other failure.
pub(super) fn readable<T>(read: std::result::Result<T, rocksdb::Error>) -> Result<Readable<T>> {
    match read {
        Err(error) if error.kind() == ErrorKind::Corruption => Ok(Err(error.into_string())),
        read => Ok(Ok(read?)),
    }
}

self_cell!(
    struct OwnedEntries {
        owner: Arc<DB>,
        #[covariant]
        dependent: DBIterator,
    }
);

self_cell!(
    struct OwnedRows {
        owner: Arc<DB>,
        #[covariant]
        dependent: DBRawIterator,
    }
);

/// The entries of a family from some key on, each copied. An error is the last entry.
pub(crate) struct Entries(std::result::Result<OwnedEntries, Option<Error>>);

impl Entries {
    pub(super) fn new(db: Result<Arc<DB>>, begin: impl FnOnce(&DB) -> DBIterator<'_>) -> Self {
        Self(db.map(|db| OwnedEntries::new(db, |db| begin(db))).map_err(Some))
    }
}

impl Iterator for Entries {
    type Item = Result<Entry>;

    fn next(&mut self) -> Option<Self::Item> {
        match &mut self.0 {
            Ok(entries) => {
                let entry = entries.with_dependent_mut(|_, entries| entries.next());
                Some(entry?.map_err(Into::into))
            }
            Err(error) => error.take().map(Err),
        }
    }
}

/// A position in a family. Keys and values are borrowed from it. Without a row at the position, it is
/// either past the last row or at one that cannot be read: [`Rows::status`] distinguishes the two.
pub(crate) struct Rows(Result<OwnedRows>);

impl Rows {
    pub(super) fn new(db: Result<Arc<DB>>, begin: impl FnOnce(&DB) -> DBRawIterator<'_>) -> Self {
        Self(db.map(|db| OwnedRows::new(db, |db| begin(db))))
    }

    fn step(&mut self, step: impl FnOnce(&mut DBRawIterator<'_>)) {
        if let Ok(rows) = &mut self.0 {
            rows.with_dependent_mut(|_, rows| step(rows));
        }
    }

    fn position(&self) -> Option<&DBRawIterator<'_>> {
        self.0.as_ref().ok().map(OwnedRows::borrow_dependent)
    }

    /// Moves to the first row.
    pub(crate) fn seek_to_first(&mut self) {
        self.step(|rows| rows.seek_to_first());
    }

    /// Moves to the first row at or after a key.
    pub(crate) fn seek(&mut self, key: impl AsRef<[u8]>) {
        self.step(|rows| rows.seek(key));
    }

    /// Moves to the last row at or before a key.
    pub(crate) fn seek_for_prev(&mut self, key: impl AsRef<[u8]>) {
        self.step(|rows| rows.seek_for_prev(key));
    }

    /// Moves to the next row.
    pub(crate) fn next(&mut self) {
        self.step(|rows| rows.next());
    }

    /// Moves to the row before.
    pub(crate) fn prev(&mut self) {
        self.step(|rows| rows.prev());
    }

    /// The key at the position.
    pub(crate) fn key(&self) -> Option<&[u8]> {
        self.position()?.key()
    }

    /// Key and value at the position.
    pub(crate) fn item(&self) -> Option<(&[u8], &[u8])> {
        self.position()?.item()
    }

    /// Whether the position could be reached.
    ///
    /// # Errors
    /// When it could not, for whatever reason.
    pub(crate) fn status(&self) -> Result<()> {
        match &self.0 {
            Ok(rows) => Ok(rows.borrow_dependent().status()?),
            Err(error) => Err(error.again()),
        }
    }

    /// As [`Rows::status`], but with a damaged file as a result: its description, `None` without damage.
    ///
    /// # Errors
    /// When the position could not be reached for another reason.
    pub(crate) fn damage(&self) -> Result<Option<String>> {
        match &self.0 {
            Ok(rows) => Ok(readable(rows.borrow_dependent().status())?.err()),
            Err(error) => Err(error.again()),
        }
    }
}
