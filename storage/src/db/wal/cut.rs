//! Removes the writes behind a sequence number from the write-ahead log.
//!
//! A write whose fsync failed may be in the log all the same, and the next start would bring it back.

use std::fs::{self, OpenOptions};
use std::path::Path;

use super::check::{io_error, log_files, numbers};
use super::format::{self, Piece};
use crate::error::Result;

/// Removes every write with a higher sequence number than `sequence` from the log in a directory. Returns
/// how many files were cut. No process may have the database open.
///
/// # Errors
/// When a file cannot be read or changed.
pub(in crate::db) fn cut_after(directory: &Path, sequence: u64) -> Result<usize> {
    let mut cut = 0;
    for path in log_files(directory)? {
        let log = fs::read(&path).map_err(io_error("read", &path))?;
        let Some(length) = length_up_to(&log, sequence) else { continue };
        let written = OpenOptions::new().write(true).open(&path).and_then(|file| {
            file.set_len(length as u64)?;
            file.sync_all()
        });
        written.map_err(io_error("remove a failed write from", &path))?;
        cut += 1;
    }
    Ok(cut)
}

/// How many bytes of a log hold the writes up to a sequence number; `None` when no later one is in it.
fn length_up_to(log: &[u8], sequence: u64) -> Option<usize> {
    format::read(log).into_iter().find_map(|piece| match piece {
        Piece::Record(at, record) => {
            numbers(&record).filter(|(first, _)| *first > sequence).map(|_| at)
        }
        // Of an unfinished write RocksDB reads nothing.
        Piece::Damage(_) => None,
    })
}

#[cfg(test)]
mod tests;
