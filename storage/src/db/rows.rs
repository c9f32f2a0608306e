//! Reading the rows of a family in the order of their keys.

use rocksdb::{DBIterator, DBRawIterator, ErrorKind};

use crate::error::Result;

/// A key and its value.
pub(crate) type Entry = (Box<[u8]>, Box<[u8]>);

/// The entries of a family from some key on, each copied.
pub(crate) struct Entries<'a>(DBIterator<'a>);

impl<'a> Entries<'a> {
    pub(super) const fn new(entries: DBIterator<'a>) -> Self {
        Self(entries)
    }
}

impl Iterator for Entries<'_> {
    type Item = Result<Entry>;

    fn next(&mut self) -> Option<Self::Item> {
        Some(self.0.next()?.map_err(Into::into))
    }
}

/// A position in a family. Keys and values are borrowed from it. Without a row at the position, it is
/// either past the last row or at one that cannot be read: [`Rows::status`] distinguishes the two.
pub(crate) struct Rows<'a>(DBRawIterator<'a>);

impl<'a> Rows<'a> {
    pub(super) const fn new(rows: DBRawIterator<'a>) -> Self {
        Self(rows)
    }

    /// Moves to the first row.
    pub(crate) fn seek_to_first(&mut self) {
        self.0.seek_to_first();
    }

    /// Moves to the first row at or after a key.
    pub(crate) fn seek(&mut self, key: impl AsRef<[u8]>) {
        self.0.seek(key);
    }

    /// Moves to the last row at or before a key.
    pub(crate) fn seek_for_prev(&mut self, key: impl AsRef<[u8]>) {
        self.0.seek_for_prev(key);
    }

    /// Moves to the next row.
    pub(crate) fn next(&mut self) {
        self.0.next();
    }

    /// Moves to the row before.
    pub(crate) fn prev(&mut self) {
        self.0.prev();
    }

    /// The key at the position.
    pub(crate) fn key(&self) -> Option<&[u8]> {
        self.0.key()
    }

    /// Key and value at the position.
    pub(crate) fn item(&self) -> Option<(&[u8], &[u8])> {
        self.0.item()
    }

    /// Whether the position could be reached.
    ///
    /// # Errors
    /// When it could not, for whatever reason.
    pub(crate) fn status(&self) -> Result<()> {
        Ok(self.0.status()?)
    }

    /// As [`Rows::status`], but with a damaged file as a result: its description, `None` without damage.
    ///
    /// # Errors
    /// When the position could not be reached for another reason.
    pub(crate) fn damage(&self) -> Result<Option<String>> {
        match self.0.status() {
            Err(error) if error.kind() == ErrorKind::Corruption => Ok(Some(error.into_string())),
            status => Ok(status.map(|()| None)?),
        }
    }
}
