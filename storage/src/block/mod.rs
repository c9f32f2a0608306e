//! Sealed cells as bytes. A block is the run of slots of one stream in one hour, stored as one or
//! more *parts*; every seal adds a part, reading adds up the parts, and RocksDB's compaction folds
//! them into one. Late data is just another part.
//!
//! ```text
//! block = part*
//! part  = length u32 | crc32 of the rest u32 | version u8 | body (length - 5 bytes)
//! body  = head | directory | columns of segment 0 | columns of segment 1 | …      see `frame`
//! ```
//!
//! `length` counts everything after itself. The version says how columns are encoded: [`packed`] for
//! parts as they are sealed, which are read soon and often, [`tight`] for what folding makes of them, and
//! [`dense`] for that when cells have many values. Columns can be left out and slots skipped when reading. Decoding never panics, whatever the
//! bytes, and allocates no more than a full part takes.

mod binomial;
mod bits;
mod bytes;
mod columns;
mod dense;
mod frame;
mod gauges;
mod halving;
mod numbers;
mod order;
mod packed;
mod prefix;
mod rans;
mod residual;
mod row;
mod run;
mod sections;
mod sink;
mod spread;
#[cfg(test)]
mod tests;
mod tight;
mod tree;
mod weights;

use std::{collections::BTreeMap, ops::Range};

use crate::model::{cell::SlotValue, time::Slot};
use frame::{CELLS_MAX, Frame, Kind};
pub(crate) use row::{decode_rows, put_row};
pub(crate) use sink::{Panes, Sink, Visitor};
use tight::OfOrder;

/// Versions of the encoding; one is written into every part. 1 was never released.
const PACKED: u8 = 2;
const DENSE: u8 = 3;
/// Read, no longer written.
const TIGHT_ASCENDING: u8 = 4;
const TIGHT: u8 = 5;
/// Cells from which folding encodes densely: below, the models cost more than they save (measured in
/// `benches/CODEC.md`).
const DENSE_CELLS_MIN: usize = 16;
/// Bytes before the version: length and checksum.
const HEAD_BYTES: usize = 8;

/// Which columns of activity a reader asks for; what it does not ask for stays empty. Gauges are read
/// whole.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Wanted {
    /// Counts by outcome class.
    pub outcomes: bool,
    /// Scale, zeros and buckets.
    pub durations: bool,
    /// The sums of durations.
    pub sums: bool,
    /// The newest event times.
    pub last_at: bool,
}

impl Wanted {
    /// Everything.
    pub const ALL: Self = Self { outcomes: true, durations: true, sums: true, last_at: true };
}

/// How a run is encoded: [`encode`] or [`encode_dense`].
pub(crate) type Encode = fn(&[(Slot, SlotValue)]) -> Vec<u8>;

/// How a part is damaged.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub(crate) enum PartError {
    #[error("a part is cut short")]
    Truncated,
    #[error("the checksum of a part does not match")]
    Checksum,
    #[error("a part has encoding version {0}, which this program does not know")]
    Version(u8),
    #[error("the columns of a part do not fit each other")]
    Columns,
}

/// Encodes a run of cells, ascending by slot and all of one kind, for reading soon.
pub(crate) fn encode(run: &[(Slot, SlotValue)]) -> Vec<u8> {
    let mut block = Vec::new();
    for cells in run.chunks(CELLS_MAX) {
        put_part(PACKED, &mut block, |out| encode_packed(cells, out));
    }
    block
}

/// Encodes a run of cells as [`encode`] does, but as small as can be where it pays.
pub(crate) fn encode_dense(run: &[(Slot, SlotValue)]) -> Vec<u8> {
    let mut block = Vec::new();
    for cells in run.chunks(CELLS_MAX) {
        let pays = cells.len() >= DENSE_CELLS_MIN;
        let tight = || pays.then(|| Some((TIGHT, tight::encode(cells)?))).flatten();
        let dense = || pays.then(|| Some((DENSE, dense::encode(cells)?))).flatten();
        match tight().or_else(dense) {
            Some((version, body)) => {
                put_part(version, &mut block, |out| out.extend_from_slice(&body));
            }
            None => put_part(PACKED, &mut block, |out| encode_packed(cells, out)),
        }
    }
    block
}

fn encode_packed(cells: &[(Slot, SlotValue)], out: &mut Vec<u8>) {
    let (lowest, period_ms) = (packed::lowest_index(cells), frame::period_ms(cells));
    let encode = |segment| match cells.first() {
        Some((_, SlotValue::Gauge(_))) => gauges::encode(segment, period_ms),
        _ => packed::encode(segment, lowest, period_ms),
    };
    let segments: Vec<_> = cells.chunks(packed::SEGMENT_CELLS).map(encode).collect();
    frame::write(cells, period_ms, &packed::encode_model(cells), &segments, out);
}

/// Appends a part, whose body `encode` appends.
fn put_part(version: u8, block: &mut Vec<u8>, encode: impl FnOnce(&mut Vec<u8>)) {
    let start = block.len();
    block.extend_from_slice(&[0; HEAD_BYTES]);
    block.push(version);
    encode(block);
    let part = block.get_mut(start..).unwrap_or_default();
    let Some((head, body)) = part.split_first_chunk_mut::<HEAD_BYTES>() else { return };
    let length = (body.len() + 4) as u32;
    let checksum = crc32fast::hash(body);
    let [l0, l1, l2, l3] = length.to_be_bytes();
    let [c0, c1, c2, c3] = checksum.to_be_bytes();
    *head = [l0, l1, l2, l3, c0, c1, c2, c3];
}

/// A part of any body, as if it had been written so.
#[cfg(any(test, fuzzing))]
pub(crate) fn part_of(version: u8, body: &[u8]) -> Vec<u8> {
    let mut block = Vec::new();
    put_part(version, &mut block, |out| out.extend_from_slice(body));
    block
}

/// The parts of a block, each checked: version and body. Ends after the first that is cut short.
pub(crate) fn parts(block: &[u8]) -> impl Iterator<Item = Result<(u8, &[u8]), PartError>> {
    slices(block).map(|part| check(part?))
}

/// The parts of a block as they are.
fn slices(mut block: &[u8]) -> impl Iterator<Item = Result<&[u8], PartError>> {
    std::iter::from_fn(move || {
        if block.is_empty() {
            return None;
        }
        let whole = part_length(block).and_then(|length| block.split_at_checked(length));
        let Some((part, rest)) = whole else {
            block = &[];
            return Some(Err(PartError::Truncated));
        };
        block = rest;
        Some(Ok(part))
    })
}

/// Bytes of the first part of a block, its length field included.
fn part_length(block: &[u8]) -> Option<usize> {
    let length = u32::from_be_bytes(*block.first_chunk()?) as usize;
    (length > 4).then_some(length + 4)
}

/// Checksum, and version with body, of a part.
fn take_apart(part: &[u8]) -> Result<(u32, (u8, &[u8])), PartError> {
    let (head, body) = part.split_first_chunk::<HEAD_BYTES>().ok_or(PartError::Truncated)?;
    let [_, _, _, _, c0, c1, c2, c3] = *head;
    let (&version, body) = body.split_first().ok_or(PartError::Truncated)?;
    Ok((u32::from_be_bytes([c0, c1, c2, c3]), (version, body)))
}

/// Version and body of a part whose checksum is right.
fn check(part: &[u8]) -> Result<(u8, &[u8]), PartError> {
    let (checksum, versioned) = take_apart(part)?;
    let is_right = part.get(HEAD_BYTES..).is_some_and(|body| crc32fast::hash(body) == checksum);
    if is_right { Ok(versioned) } else { Err(PartError::Checksum) }
}

/// Calls `visit` with each cell of a block. A slot may come several times, once a part; the caller
/// adds them up. Parts that are whole are visited even when another is damaged.
///
/// # Errors
/// The first damage found.
pub(crate) fn decode(
    block: &[u8],
    visit: &mut dyn FnMut(Slot, &SlotValue),
) -> Result<(), PartError> {
    let mut visit = |_, slot, value: &SlotValue| visit(slot, value);
    decode_into(parts(block), None, Wanted::ALL, &mut Visitor::new(&mut visit))
}

/// Gives the columns `wanted` of each cell whose slot is in `slots` to a sink, as [`decode`] shows all
/// of them. Of a part whose columns are damaged some cells may have been given by then.
///
/// # Errors
/// The first damage found.
pub(crate) fn decode_range(
    block: &[u8],
    slots: &Range<Slot>,
    wanted: Wanted,
    sink: &mut impl Sink,
) -> Result<(), PartError> {
    decode_into(parts(block), Some(slots), wanted, sink)
}

/// [`decode_range`] of a block that never left memory: its checksums tell nothing.
///
/// # Errors
/// The first damage found.
pub(crate) fn decode_resident(
    block: &[u8],
    slots: &Range<Slot>,
    wanted: Wanted,
    sink: &mut impl Sink,
) -> Result<(), PartError> {
    let unchecked = slices(block).map(|part| Ok(take_apart(part?)?.1));
    decode_into(unchecked, Some(slots), wanted, sink)
}

/// Without `slots`: all of them.
fn decode_into<'b>(
    parts: impl Iterator<Item = Result<(u8, &'b [u8]), PartError>>,
    slots: Option<&Range<Slot>>,
    wanted: Wanted,
    sink: &mut impl Sink,
) -> Result<(), PartError> {
    let mut damage = Ok(());
    for part in parts {
        let read = part.and_then(|(version, body)| decode_part(version, body, slots, wanted, sink));
        damage = damage.and(read);
    }
    damage
}

fn decode_part(
    version: u8,
    body: &[u8],
    slots: Option<&Range<Slot>>,
    wanted: Wanted,
    sink: &mut impl Sink,
) -> Result<(), PartError> {
    let segment_cells = match version {
        PACKED => packed::SEGMENT_CELLS,
        DENSE => dense::SEGMENT_CELLS,
        TIGHT | TIGHT_ASCENDING => tight::SEGMENT_CELLS,
        _ => return Err(PartError::Version(version)),
    };
    let frame = Frame::read(body, segment_cells)?;
    let cells = frame.cells_in(slots);
    if cells.is_empty() {
        return Ok(());
    }
    match (frame.kind, version) {
        (Kind::Gauge, _) => {
            frame.segments(&cells, |asked, segment| gauges::decode(&frame, &segment, &asked, sink))
        }
        (Kind::Activity, DENSE) => {
            let models = dense::Models::read(frame.model)?;
            frame.segments(&cells, |asked, segment| {
                dense::decode(&frame, &models, &segment, asked, wanted, sink)
            })
        }
        (Kind::Activity, TIGHT | TIGHT_ASCENDING) => {
            let meaning = if version == TIGHT { OfOrder::Sum } else { OfOrder::Nothing };
            let models = tight::Models::read(frame.model, meaning)?;
            frame.segments(&cells, |asked, segment| {
                tight::decode(&frame, &models, &segment, asked, wanted, sink)
            })
        }
        (Kind::Activity, _) => {
            let lowest = packed::read_model(frame.model)?;
            frame.segments(&cells, |asked, segment| {
                packed::decode(&frame, lowest, &segment, asked, wanted, sink)
            })
        }
    }
}

/// Adds blocks of one key up into one part. When any of them is damaged they are put one behind the
/// other instead: nothing that can be read is lost, and the reader reports the damage.
pub(crate) fn fold(blocks: &[&[u8]], encode: Encode) -> Vec<u8> {
    let mut run: BTreeMap<Slot, SlotValue> = BTreeMap::new();
    for block in blocks {
        let read = decode(block, &mut |slot, value| match run.entry(slot) {
            std::collections::btree_map::Entry::Vacant(entry) => {
                entry.insert(value.clone());
            }
            std::collections::btree_map::Entry::Occupied(mut entry) => entry.get_mut().merge(value),
        });
        if read.is_err() {
            return blocks.concat();
        }
    }
    encode(&run.into_iter().collect::<Vec<_>>())
}
