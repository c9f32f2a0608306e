//! Which files of the write-ahead log a database still needs, and which were synced, by its manifest.
//!
//! RocksDB syncs all earlier files of the log before it notes in the manifest that a family has been flushed.
//! So everything before the newest file that a family begins with was synced, whatever the durability.

use std::fs;
use std::path::Path;

use super::format::{self, Piece};

/// The tags of a change in the manifest that come before its lists of files.
const COMPARATOR: u64 = 1;
const LOG_NUMBER: u64 = 2;
const NEXT_FILE_NUMBER: u64 = 3;
const LAST_SEQUENCE: u64 = 4;
const PREVIOUS_LOG_NUMBER: u64 = 9;
const MIN_LOG_NUMBER: u64 = 10;
const MAX_FAMILY: u64 = 203;
const DATABASE_ID: u64 = (1 << 13) + 1;

/// Numbers of files of the write-ahead log.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct LogFiles {
    /// RocksDB does not read earlier ones.
    pub(super) needed_from: u64,
    /// Earlier ones were synced.
    pub(super) synced_before: u64,
}

impl LogFiles {
    /// The numbers in the manifest of a directory. What is missing or damaged says nothing.
    pub(super) fn read(directory: &Path) -> Self {
        let current = fs::read_to_string(directory.join("CURRENT")).unwrap_or_default();
        let manifest = fs::read(directory.join(current.trim())).unwrap_or_default();
        Self::decode(&manifest)
    }

    pub(super) fn decode(manifest: &[u8]) -> Self {
        let mut found = Self::default();
        for piece in format::read(manifest) {
            if let Piece::Record(_, change) = piece {
                found.add(&change);
            }
        }
        found
    }

    /// Adds a change up to the first tag that is not known. Returns `None` there.
    fn add(&mut self, mut change: &[u8]) -> Option<()> {
        loop {
            let tag = number(&mut change)?;
            match tag {
                COMPARATOR | DATABASE_ID => {
                    let length = usize::try_from(number(&mut change)?).ok()?;
                    change = change.get(length..)?;
                }
                LOG_NUMBER => self.synced_before = self.synced_before.max(number(&mut change)?),
                MIN_LOG_NUMBER => self.needed_from = self.needed_from.max(number(&mut change)?),
                NEXT_FILE_NUMBER | LAST_SEQUENCE | PREVIOUS_LOG_NUMBER | MAX_FAMILY => {
                    number(&mut change)?;
                }
                _ => return None,
            }
        }
    }
}

/// Takes a number of variable length: seven bits a byte, the lowest first.
fn number(bytes: &mut &[u8]) -> Option<u64> {
    let mut number = 0;
    for shift in (0..64).step_by(7) {
        let (byte, rest) = bytes.split_first()?;
        *bytes = rest;
        number |= u64::from(byte & 0x7f) << shift;
        if byte & 0x80 == 0 {
            return Some(number);
        }
    }
    None
}

#[cfg(test)]
mod tests;
