//! Removes the writes behind a sequence number from the write-ahead log.
//!
//! A write whose fsync failed may be in the log all the same, and the next start would bring it back. The
//! format is RocksDB's `db/log_format.h` and `db/write_batch.cc`: blocks of 32 KiB with records of
//! checksum (CRC-32C, 4 bytes), length (2 bytes), type (1 byte) and payload. The payloads of a first, any
//! middle and a last record are one write: sequence number (8 bytes), count (4 bytes), changes. Numbers are
//! little-endian.

use std::fs::{File, OpenOptions};
use std::io::{BufReader, Read, Result, Seek, SeekFrom};
use std::path::{Path, PathBuf};

const BLOCK_BYTES: u64 = 32 << 10;
const HEADER_BYTES: u64 = 7;
/// Of a sequence number.
const NUMBER_BYTES: u64 = 8;

const FULL: u8 = 1;
const FIRST: u8 = 2;

/// Removes every write with a higher sequence number than `sequence` from the log in a directory. Returns
/// how many files were cut.
///
/// # Errors
/// When a file cannot be read or changed.
pub(in crate::db) fn cut_after(directory: &Path, sequence: u64) -> Result<usize> {
    let mut cut = 0;
    for path in log_files(directory)? {
        let Some(length) = length_up_to(&path, sequence)? else { continue };
        let file = OpenOptions::new().write(true).open(&path)?;
        file.set_len(length)?;
        file.sync_all()?;
        cut += 1;
    }
    Ok(cut)
}

/// The files of the log, oldest first.
fn log_files(directory: &Path) -> Result<Vec<PathBuf>> {
    let mut paths = Vec::new();
    for entry in std::fs::read_dir(directory)? {
        let path = entry?.path();
        if path.extension().is_some_and(|extension| extension == "log") {
            paths.push(path);
        }
    }
    // Their names are numbers with leading zeros.
    paths.sort();
    Ok(paths)
}

/// How many bytes of a file hold the writes up to a sequence number; `None` when that is all of it.
fn length_up_to(path: &Path, sequence: u64) -> Result<Option<u64>> {
    let file = File::open(path)?;
    let length = file.metadata()?.len();
    let mut file = BufReader::new(file);
    let mut offset = 0;
    // Where the write begins whose sequence number is being read, which may be in two records.
    let (mut start, mut number) = (0, Vec::new());
    while offset + HEADER_BYTES <= length {
        let left_in_block = BLOCK_BYTES - offset % BLOCK_BYTES;
        if left_in_block < HEADER_BYTES {
            offset += left_in_block;
            continue;
        }
        file.seek(SeekFrom::Start(offset))?;
        let mut header = [0; HEADER_BYTES as usize];
        file.read_exact(&mut header)?;
        let [_, _, _, _, low, high, kind] = header;
        let payload_bytes = u64::from(u16::from_le_bytes([low, high]));
        if matches!(kind, FULL | FIRST) {
            start = offset;
            number.clear();
        }
        let missing = NUMBER_BYTES - number.len() as u64;
        file.by_ref().take(payload_bytes.min(missing)).read_to_end(&mut number)?;
        if let Ok(number) = number.as_slice().try_into()
            && missing > 0
            && u64::from_le_bytes(number) > sequence
        {
            return Ok(Some(start));
        }
        offset += HEADER_BYTES + payload_bytes;
    }
    // A torn record ends the log: nothing behind it is read at a start either.
    Ok((offset > length && start < length).then_some(start))
}

#[cfg(test)]
mod tests;
