//! Access for fuzz targets to decoders that are private otherwise. Only built for fuzzing. Damaged bytes must
//! give an error, never a panic.

use crate::catalog::decode_stream;
use crate::codec::{self, Columns, Panes};
use crate::db::ExemplarKey;
use crate::model::resolution::BlockKey;
use crate::model::stream::StreamId;
use crate::model::sum::CellSum;
use crate::model::time::{Slot, SlotWidth, TimestampMs};

/// Decodes and merges a block, and a part with these bytes as version and body.
pub fn block(bytes: &[u8]) {
    check_block(bytes);
    // A part with a valid checksum, so that the columns are reached.
    if let Some((version, body)) = bytes.split_first() {
        check_block(&codec::part_of(*version, body));
    }
}

fn check_block(block: &[u8]) {
    let _ = codec::decode(block, &mut |_, _| ());
    let _ = codec::merge(&[block, block], codec::encode_cold);
}

/// Decodes a row of exemplars.
pub fn exemplars(bytes: &[u8]) {
    let _ = codec::decode_exemplars(bytes, TimestampMs(0));
}

/// Decodes a journal record, a file of the write-ahead log, a mark and a loss.
pub fn journal(bytes: &[u8]) {
    crate::db::try_log_files(bytes);
    let _ = crate::write::decode_record(1, bytes, SlotWidth::DEFAULT);
}

/// Adds up rows of sums.
pub fn rows(bytes: &[u8]) {
    let mut sums = [CellSum::default(), CellSum::default()];
    let borders = [Slot(0), Slot(1_000), Slot(u32::MAX)];
    let mut panes = Panes::new(&borders, &mut sums);
    let _ = codec::decode_rows(bytes, &(borders[0]..borders[2]), Columns::ALL, &mut panes);
}

/// Decodes the keys of blocks and of exemplars.
pub fn keys(bytes: &[u8]) {
    let _ = BlockKey::decode(bytes);
    let _ = ExemplarKey::decode(bytes);
}

/// Decodes the definition of a stream.
pub fn stream(bytes: &[u8]) {
    let _ = decode_stream(StreamId(0), bytes);
}
