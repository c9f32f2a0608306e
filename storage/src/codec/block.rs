//! Encoding a run of cells as a block, decoding blocks, and merging them.

use std::collections::BTreeMap;
use std::collections::btree_map::Entry;
use std::ops::Range;

use super::cold::{self, HuffmanEncoding, RansEncoding};
use super::columns::Columns;
use super::error::PartError;
use super::frame::{CELLS_MAX, Frame, HOT_SEGMENT_CELLS};
use super::part::{self, Versioned};
use super::sink::{Sink, Visitor};
use super::{gauge, hot};
use crate::model::cell::SlotValue;
use crate::model::stream::StreamKind;
use crate::model::time::Slot;

/// The version of a part: how its columns are encoded. 1 and 4 were used by earlier encodings, never
/// released.
const PACKED: u8 = 2;
const RANS: u8 = 3;
const HUFFMAN: u8 = 5;
/// The least cells of a part in a cold encoding: with fewer, the models cost more than they save (measured in
/// `benches/CODEC.md`).
const COLD_CELLS_MIN: usize = 16;

/// How a run is encoded: [`encode_hot`] or [`encode_cold`].
pub(crate) type EncodeRun = fn(&[(Slot, SlotValue)]) -> Vec<u8>;

/// Encodes a run of cells, ascending by slot and all of one kind, for fast reading.
pub(crate) fn encode_hot(run: &[(Slot, SlotValue)]) -> Vec<u8> {
    let mut block = Vec::new();
    for cells in run.chunks(CELLS_MAX) {
        put_hot(cells, &mut block);
    }
    block
}

/// Encodes a run of cells as [`encode_hot`] does, but in few bytes: in the first of the cold encodings that
/// can encode the cells, and in the hot one when none can.
pub(crate) fn encode_cold(run: &[(Slot, SlotValue)]) -> Vec<u8> {
    let mut block = Vec::new();
    for cells in run.chunks(CELLS_MAX) {
        match cold_body(cells) {
            Some((version, body)) => {
                part::put_part(version, &mut block, |out| out.extend_from_slice(&body));
            }
            None => put_hot(cells, &mut block),
        }
    }
    block
}

fn cold_body(cells: &[(Slot, SlotValue)]) -> Option<(u8, Vec<u8>)> {
    if cells.len() < COLD_CELLS_MIN {
        return None;
    }
    let huffman = cold::encode::<HuffmanEncoding>(cells).map(|body| (HUFFMAN, body));
    huffman.or_else(|| Some((RANS, cold::encode::<RansEncoding>(cells)?)))
}

fn put_hot(cells: &[(Slot, SlotValue)], block: &mut Vec<u8>) {
    part::put_part(PACKED, block, |out| match cells.first() {
        Some((_, SlotValue::Gauge(_))) => gauge::put_body(cells, out),
        _ => hot::put_body(cells, out),
    });
}

/// Calls `visit` with each cell of a block. A slot may come several times, once for each part; the caller
/// adds the values up. Undamaged parts are visited even when another one is damaged.
///
/// # Errors
/// The first damage found.
pub(crate) fn decode(
    block: &[u8],
    visit: &mut dyn FnMut(Slot, &SlotValue),
) -> Result<(), PartError> {
    let mut visit = |_, slot, value: &SlotValue| visit(slot, value);
    decode_parts(part::checked(block), None, Columns::ALL, &mut Visitor::new(&mut visit))
}

/// Gives the selected columns of each cell whose slot is in `slots` to a sink. When columns are damaged, the
/// sink may have received some cells of that part.
///
/// # Errors
/// The first damage found.
pub(crate) fn decode_range(
    block: &[u8],
    slots: &Range<Slot>,
    columns: Columns,
    sink: &mut impl Sink,
) -> Result<(), PartError> {
    decode_parts(part::checked(block), Some(slots), columns, sink)
}

/// [`decode_range`] of a block that never left memory: its checksums are not verified.
///
/// # Errors
/// The first damage found.
pub(crate) fn decode_cached(
    block: &[u8],
    slots: &Range<Slot>,
    columns: Columns,
    sink: &mut impl Sink,
) -> Result<(), PartError> {
    decode_parts(part::unchecked(block), Some(slots), columns, sink)
}

/// Without `slots`, all slots.
fn decode_parts<'b>(
    parts: impl Iterator<Item = Result<Versioned<'b>, PartError>>,
    slots: Option<&Range<Slot>>,
    columns: Columns,
    sink: &mut impl Sink,
) -> Result<(), PartError> {
    let mut damage = Ok(());
    for part in parts {
        let read = part.and_then(|part| decode_part(part, slots, columns, sink));
        damage = damage.and(read);
    }
    damage
}

fn decode_part(
    (version, body): Versioned<'_>,
    slots: Option<&Range<Slot>>,
    columns: Columns,
    sink: &mut impl Sink,
) -> Result<(), PartError> {
    let segment_cells = match version {
        PACKED => HOT_SEGMENT_CELLS,
        RANS | HUFFMAN => cold::SEGMENT_CELLS,
        _ => return Err(PartError::Version(version)),
    };
    let frame = Frame::read(body, segment_cells)?;
    let cells = frame.cells_in(slots);
    if cells.is_empty() {
        return Ok(());
    }
    match (frame.kind, version) {
        (StreamKind::Gauge, _) => gauge::decode(&frame, &cells, sink),
        (StreamKind::Activity, RANS) => cold::decode::<RansEncoding>(&frame, &cells, columns, sink),
        (StreamKind::Activity, HUFFMAN) => {
            cold::decode::<HuffmanEncoding>(&frame, &cells, columns, sink)
        }
        (StreamKind::Activity, _) => hot::decode(&frame, &cells, columns, sink),
    }
}

/// Merges the blocks of one key into one part. When a block is damaged, the blocks are concatenated instead,
/// so that nothing readable is lost and a reader reports the damage.
pub(crate) fn merge(blocks: &[&[u8]], encode: EncodeRun) -> Vec<u8> {
    let mut run: BTreeMap<Slot, SlotValue> = BTreeMap::new();
    for block in blocks {
        let read = decode(block, &mut |slot, value| match run.entry(slot) {
            Entry::Vacant(entry) => {
                entry.insert(value.clone());
            }
            Entry::Occupied(mut entry) => entry.get_mut().merge(value),
        });
        if read.is_err() {
            return blocks.concat();
        }
    }
    encode(&run.into_iter().collect::<Vec<_>>())
}

#[cfg(test)]
mod tests;
