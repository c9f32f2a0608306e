//! The mark: a small file that says up to where writes have been acknowledged. It is written after each
//! acknowledged write and never synced, so it says at most what is true. When less than that is found at the
//! next start, acknowledged writes are lost: the end of the write-ahead log is damaged or missing.
//!
//! Its first byte says whether every write to the log is synced. It is written and synced at each start.
//!
//! ```text
//! file = is synced u8 | mark
//! mark = last RocksDB sequence number u64 | last append u64 | streams u32 | crc32 u32        (big endian)
//! ```

use std::fs::{File, OpenOptions};
use std::os::unix::fs::FileExt;
use std::path::Path;

use parking_lot::Mutex;

use crate::error::{Error, Result};

/// Its name in the data directory.
const NAME: &str = "ACKNOWLEDGED";

/// Where the mark begins.
const MARK_AT: u64 = 1;

/// Bytes that the checksum covers.
const BODY_BYTES: usize = 20;

/// How far writes have been acknowledged.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Mark {
    /// RocksDB's sequence number of the last change.
    pub(crate) sequence: u64,
    /// The sequence number of the last append.
    pub(crate) append: u64,
    /// How many streams have been defined.
    pub(crate) streams: u32,
}

impl Mark {
    /// The mark of a data directory. A mark that is missing or damaged says nothing.
    pub(crate) fn read(directory: &Path) -> Self {
        Self::decode(&read(directory)).unwrap_or_default()
    }

    /// Writes the mark of a copy of the database.
    ///
    /// # Errors
    /// When the directory cannot be written.
    pub(crate) fn write_to(self, directory: &Path) -> Result<()> {
        let path = directory.join(NAME);
        let written = File::create(&path).and_then(|file| {
            file.write_all_at(&[IS_SYNCED], 0)?;
            file.write_all_at(&self.encode(), MARK_AT)?;
            file.sync_all()
        });
        written.map_err(|source| Error::Io { action: "write", path, source })
    }

    /// The further of both, in everything.
    pub(crate) fn max(self, other: Self) -> Self {
        Self {
            sequence: self.sequence.max(other.sequence),
            append: self.append.max(other.append),
            streams: self.streams.max(other.streams),
        }
    }

    fn encode(self) -> Vec<u8> {
        let Self { sequence, append, streams } = self;
        let mut bytes = [sequence.to_be_bytes(), append.to_be_bytes()].concat();
        bytes.extend(streams.to_be_bytes());
        bytes.extend(crc32fast::hash(&bytes).to_be_bytes());
        bytes
    }

    pub(super) fn decode(file: &[u8]) -> Option<Self> {
        let (body, checksum) = file.get(MARK_AT as usize..)?.split_at_checked(BODY_BYTES)?;
        if u32::from_be_bytes(checksum.try_into().ok()?) != crc32fast::hash(body) {
            return None;
        }
        let (sequence, rest) = body.split_first_chunk()?;
        let (append, rest) = rest.split_first_chunk()?;
        Some(Self {
            sequence: u64::from_be_bytes(*sequence),
            append: u64::from_be_bytes(*append),
            streams: u32::from_be_bytes(rest.try_into().ok()?),
        })
    }
}

/// The first byte of the file when every write to the log is synced.
const IS_SYNCED: u8 = 1;

/// Whether every write to the log of a directory was synced, as far as that is known.
pub(super) fn is_log_synced(directory: &Path) -> bool {
    read(directory).first().is_none_or(|first| *first == IS_SYNCED)
}

fn read(directory: &Path) -> Vec<u8> {
    std::fs::read(directory.join(NAME)).unwrap_or_default()
}

/// The mark of an open database.
#[derive(Debug)]
pub(crate) struct MarkFile {
    file: File,
    mark: Mutex<Mark>,
}

impl MarkFile {
    /// Opens the mark of a data directory, which held `mark`, and notes whether every write to the log will
    /// be synced.
    ///
    /// # Errors
    /// When the file cannot be written.
    pub(crate) fn open(directory: &Path, mark: Mark, is_synced: bool) -> Result<Self> {
        let path = directory.join(NAME);
        let opened = OpenOptions::new().write(true).create(true).truncate(false).open(&path);
        let noted = opened.and_then(|file| {
            file.write_all_at(&[u8::from(is_synced)], 0)?;
            file.sync_all()?;
            File::open(directory)?.sync_all()?;
            Ok(file)
        });
        let file =
            noted.map_err(|source| Error::Io { action: "write", path: path.clone(), source })?;
        Ok(Self { file, mark: Mutex::new(mark) })
    }

    /// What the mark says now.
    pub(crate) fn get(&self) -> Mark {
        *self.mark.lock()
    }

    /// Raises the mark after an acknowledged write.
    pub(crate) fn raise(&self, to: Mark) {
        let mut mark = self.mark.lock();
        *mark = mark.max(to);
        self.write(*mark);
    }

    /// Sets the mark once what it said more has been recorded as lost.
    pub(crate) fn set(&self, to: Mark) {
        *self.mark.lock() = to;
        self.write(to);
    }

    fn write(&self, mark: Mark) {
        // A mark that cannot be written says less than is true, which raises no false alarm.
        if let Err(error) = self.file.write_all_at(&mark.encode(), MARK_AT) {
            tracing::debug!(%error, "the mark of acknowledged writes cannot be written");
        }
    }
}

#[cfg(test)]
mod tests;
