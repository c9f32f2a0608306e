//! What RocksDB does with the parts of a block: flushes and compactions fold them into one, reads put
//! them one behind the other.
//!
//! RocksDB merges for a read what no compaction has merged yet, with the same operator, and does not
//! say what for. But it does so on the thread that reads, and flushes and compacts on threads of its
//! own: a thread that says it is reading is spared the folding, which costs many times the reading.

use std::cell::Cell;

use rocksdb::MergeOperands;

use crate::codec;

thread_local! {
    static READING: Cell<bool> = const { Cell::new(false) };
}

/// While it lives, blocks that this thread meets are not folded.
#[derive(Debug)]
pub(crate) struct Reading {
    was_reading: bool,
}

impl Reading {
    pub(crate) fn begin() -> Self {
        Self { was_reading: READING.replace(true) }
    }
}

impl Drop for Reading {
    fn drop(&mut self) {
        READING.set(self.was_reading);
    }
}

/// Merges parts of slots: densely, unless for a read.
pub(crate) fn slots(_key: &[u8], held: Option<&[u8]>, parts: &MergeOperands) -> Option<Vec<u8>> {
    Some(merge(held, parts, codec::encode_cold))
}

/// Merges parts of roll-ups, which stay packed: they are what long questions read, and a cell is one
/// of few, so speed is worth more than space there.
pub(crate) fn roll_ups(_key: &[u8], held: Option<&[u8]>, parts: &MergeOperands) -> Option<Vec<u8>> {
    Some(merge(held, parts, codec::encode_hot))
}

/// Puts parts one behind the other.
pub(crate) fn concat(_key: &[u8], held: Option<&[u8]>, parts: &MergeOperands) -> Option<Vec<u8>> {
    Some(held.into_iter().chain(parts).collect::<Vec<_>>().concat())
}

fn merge(held: Option<&[u8]>, parts: &MergeOperands, encode: codec::EncodeRun) -> Vec<u8> {
    let blocks: Vec<&[u8]> = held.into_iter().chain(parts).collect();
    if READING.get() { blocks.concat() } else { codec::merge(&blocks, encode) }
}
