//! RocksDB's log files, read without RocksDB. A crash may leave an unfinished write at the end of the
//! write-ahead log: it was never acknowledged, and RocksDB ignores it. Damage elsewhere loses writes that
//! were acknowledged, and RocksDB ignores it too, with everything behind it. Here the two are distinguished.

mod check;
mod crc32c;
mod cut;
mod format;
mod manifest;
mod mark;

pub(super) use check::{Gap, check, io_error, newest_log, replace, set_aside};
pub(super) use cut::cut_after;
pub(crate) use manifest::restore_current;
pub(super) use manifest::{Manifest, TableFile, deletion, end_before_unwritten};
pub(super) use mark::{Mark, MarkFile};

/// Decodes bytes as a log file and as a mark.
#[cfg(fuzzing)]
pub(super) fn decode_files(bytes: &[u8]) {
    check::decode_file(bytes);
    manifest::decode(bytes);
    let _ = Mark::decode(bytes);
}
