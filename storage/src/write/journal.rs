//! How the journal's records are encoded: appended batches that are not sealed yet, in the order of their
//! sequence numbers. A record is written in the same RocksDB write as the streams it introduces and its
//! idempotency key.
//!
//! ```text
//! record = version u8 | stream count u32 | stream id u32 * count | cells | long summaries, if any
//! ```
//!
//! Cells and long summaries are lists in bincode with varints. A long summary is stored whole: it is
//! [spread](Cell::spread) over its slots by whoever reads it.

use bincode::config;

use crate::db::u32_of;
use crate::error::{Error, Result};
use crate::limits::{RECORD_BYTES_MAX, STEP_SLOTS_MAX};
use crate::model::cell::{Cell, SlotValue};
use crate::model::stream::StreamId;
use crate::model::time::{Slot, SlotWidth};

const VERSION: u8 = 1;

const CONFIG: config::Configuration<
    config::BigEndian,
    config::Varint,
    config::Limit<RECORD_BYTES_MAX>,
> = config::standard().with_big_endian().with_limit::<RECORD_BYTES_MAX>();

/// One cell of a batch.
#[derive(Debug, Clone, PartialEq, bincode::Encode, bincode::Decode)]
pub(crate) struct BatchCell {
    /// Position in the batch's list of streams.
    pub(crate) stream: u32,
    pub(crate) slot: Slot,
    pub(crate) value: SlotValue,
}

/// A summary of several slots in a batch.
#[derive(Debug, Clone, PartialEq, bincode::Encode, bincode::Decode)]
pub(crate) struct LongSummary {
    /// Position in the batch's list of streams.
    pub(crate) stream: u32,
    pub(crate) first: Slot,
    /// How many slots its items are spread over.
    pub(crate) slots: u32,
    pub(crate) cell: Cell,
}

/// What an append adds: the value of a slot, or of several slots together.
#[derive(Debug, Clone, PartialEq)]
pub struct AppendedCell {
    /// The stream.
    pub stream: StreamId,
    /// The slot, or the first of several.
    pub first: Slot,
    /// How many slots it covers; 1 for all but the summaries of a longer step.
    pub slots: u32,
    /// What is added. Of several slots, it is [spread](Cell::spread) over them.
    pub value: SlotValue,
}

/// Encodes the cells and long summaries of a batch. Called by the thread that received the batch.
pub(crate) fn encode_cells(cells: &[BatchCell], long: &[LongSummary]) -> Vec<u8> {
    let mut encoded = Vec::with_capacity(cells.len() * 48);
    // Encoding plain values into memory cannot fail.
    let mut result = bincode::encode_into_std_write(cells, &mut encoded, CONFIG);
    if !long.is_empty() {
        result = result.and(bincode::encode_into_std_write(long, &mut encoded, CONFIG));
    }
    if let Err(error) = result {
        debug_assert!(false, "{error}");
    }
    encoded
}

/// A whole record: the ids of the streams, then the encoded cells.
pub(crate) fn encode_record(ids: &[StreamId], cells: &[u8]) -> Vec<u8> {
    let mut record = Vec::with_capacity(5 + ids.len() * 4 + cells.len());
    record.push(VERSION);
    record.extend((ids.len() as u32).to_be_bytes());
    for id in ids {
        record.extend(id.0.to_be_bytes());
    }
    record.extend(cells);
    record
}

/// The cells of a record, slot by slot: all of them, or an error.
///
/// # Errors
/// [`Error::Corrupt`] when the record cannot be read.
pub(crate) fn decode_record(
    sequence: u64,
    record: &[u8],
    width: SlotWidth,
) -> Result<Vec<(StreamId, Slot, SlotValue)>> {
    let damaged = |detail: &str| Error::corrupt(format!("journal record {sequence}"), detail);
    let (ids, cells) =
        split(record).ok_or_else(|| damaged("its first bytes are cut short or unknown"))?;
    let mut found = Vec::new();
    for AppendedCell { stream, first, slots, value } in decode(&ids, cells, damaged)? {
        match value {
            SlotValue::Activity(cell) if slots > 1 => {
                let parts = cell.spread(first, slots, width).into_iter();
                found.extend(parts.map(|(slot, part)| (stream, slot, SlotValue::Activity(part))));
            }
            value => found.push((stream, first, value)),
        }
    }
    Ok(found)
}

/// What the encoded cells of a batch add, whose streams have these ids.
///
/// # Errors
/// [`Error::Corrupt`] when they cannot be read.
pub(crate) fn decode_append(ids: &[StreamId], cells: &[u8]) -> Result<Vec<AppendedCell>> {
    decode(ids, cells, |detail| Error::corrupt("an append on its way to a feed", detail))
}

fn decode(
    ids: &[StreamId],
    bytes: &[u8],
    damaged: impl Fn(&str) -> Error,
) -> Result<Vec<AppendedCell>> {
    let (cells, long) = decode_lists(bytes).map_err(|detail| damaged(&detail))?;
    let id = |position: u32| {
        ids.get(position as usize).copied().ok_or_else(|| damaged("a stream is missing"))
    };
    let mut deltas = Vec::with_capacity(cells.len() + long.len());
    for BatchCell { stream, slot, value } in cells {
        deltas.push(AppendedCell { stream: id(stream)?, first: slot, slots: 1, value });
    }
    for LongSummary { stream, first, slots, cell } in long {
        if slots == 0 || slots > STEP_SLOTS_MAX {
            return Err(damaged("a summary covers too many slots"));
        }
        deltas.push(AppendedCell {
            stream: id(stream)?,
            first,
            slots,
            value: SlotValue::Activity(cell),
        });
    }
    Ok(deltas)
}

type Lists = (Vec<BatchCell>, Vec<LongSummary>);

fn decode_lists(bytes: &[u8]) -> std::result::Result<Lists, String> {
    let (cells, used) =
        bincode::decode_from_slice(bytes, CONFIG).map_err(|error| error.to_string())?;
    let rest = bytes.get(used..).unwrap_or_default();
    if rest.is_empty() {
        return Ok((cells, Vec::new()));
    }
    let (long, used) =
        bincode::decode_from_slice(rest, CONFIG).map_err(|error| error.to_string())?;
    if used == rest.len() { Ok((cells, long)) } else { Err("bytes are left over".to_owned()) }
}

fn split(record: &[u8]) -> Option<(Vec<StreamId>, &[u8])> {
    let (&version, rest) = record.split_first()?;
    let (count, rest) = rest.split_at_checked(4)?;
    let count = u32_of(count)? as usize;
    let (ids, cells) = rest.split_at_checked(count.checked_mul(4)?)?;
    let ids = ids.chunks_exact(4).filter_map(u32_of).map(StreamId).collect();
    (version == VERSION).then_some((ids, cells))
}

#[cfg(test)]
mod tests;
