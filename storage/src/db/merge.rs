//! The merge operators of RocksDB: how the parts of a block and the exemplars of a slot become one value.
//!
//! Flushes and compactions merge the parts of a block into one. A read of a block that is not compacted yet
//! calls the same operator, and RocksDB does not say why it calls. But it merges for a read on the thread
//! that reads, and flushes and compacts on threads of its own. A thread that reads therefore marks itself
//! ([`WithoutMerging`]) and gets the parts as they are, because merging costs many times the reading.

use std::cell::Cell;

use rocksdb::MergeOperands;

use super::key::ExemplarKey;
use crate::codec::{self, decode_exemplars, encode_exemplars};
use crate::model::time::TimestampMs;

thread_local! {
    static READING: Cell<bool> = const { Cell::new(false) };
}

/// While it lives, blocks that this thread reads are not merged into one part.
#[derive(Debug)]
pub(crate) struct WithoutMerging {
    was_reading: bool,
}

impl WithoutMerging {
    pub(crate) fn begin() -> Self {
        Self { was_reading: READING.replace(true) }
    }
}

impl Drop for WithoutMerging {
    fn drop(&mut self) {
        READING.set(self.was_reading);
    }
}

/// Merges parts of slots in the cold encoding, unless for a read.
pub(super) fn slots(_key: &[u8], held: Option<&[u8]>, parts: &MergeOperands) -> Option<Vec<u8>> {
    Some(merge(held, parts, codec::encode_cold))
}

/// Merges parts of roll-ups in the hot encoding: long queries read them, and their cells are few, so speed
/// matters more than space.
pub(super) fn roll_ups(_key: &[u8], held: Option<&[u8]>, parts: &MergeOperands) -> Option<Vec<u8>> {
    Some(merge(held, parts, codec::encode_hot))
}

/// Concatenates parts.
pub(super) fn concat(_key: &[u8], held: Option<&[u8]>, parts: &MergeOperands) -> Option<Vec<u8>> {
    Some(held.into_iter().chain(parts).collect::<Vec<_>>().concat())
}

fn merge(held: Option<&[u8]>, parts: &MergeOperands, encode: codec::EncodeRun) -> Vec<u8> {
    let blocks: Vec<&[u8]> = held.into_iter().chain(parts).collect();
    if READING.get() { blocks.concat() } else { codec::merge(&blocks, encode) }
}

/// Keeps the best of a row's exemplars. Exemplars that cannot be read are dropped.
pub(super) fn exemplars(
    key: &[u8],
    held: Option<&[u8]>,
    operands: &MergeOperands,
) -> Option<Vec<u8>> {
    let kind = ExemplarKey::decode(key)?.kind;
    // Within a slot, the order of times is that of distances to its start.
    let start = TimestampMs(0);
    let mut best = Vec::new();
    let values = held.into_iter().chain(operands);
    for event in values.filter_map(|value| decode_exemplars(value, start)).flatten() {
        kind.keep_in_slot(&mut best, event.as_ref());
    }
    Some(encode_exemplars(best, start))
}
