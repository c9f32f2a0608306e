//! How the journal's records are encoded: appended batches that are not sealed yet, in the order of their
//! sequence numbers. A record is written in the same RocksDB write as the streams it introduces and its
//! idempotency key.
//!
//! ```text
//! record = version u8 | stream count u32 | stream id u32 * count | cells (bincode, varint)
//! ```

use bincode::config;

use crate::db::u32_of;
use crate::error::{Error, Result};
use crate::limits::RECORD_BYTES_MAX;
use crate::model::cell::SlotValue;
use crate::model::stream::StreamId;
use crate::model::time::Slot;

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

/// Encodes the cells of a batch. Called by the thread that received the batch.
pub(crate) fn encode_cells(cells: &[BatchCell]) -> Vec<u8> {
    let mut encoded = Vec::with_capacity(cells.len() * 48);
    // Encoding plain values into memory cannot fail.
    if let Err(error) = bincode::encode_into_std_write(cells, &mut encoded, CONFIG) {
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

/// The cells of a record: all of them, or an error.
///
/// # Errors
/// [`Error::Corrupt`] when the record cannot be read.
pub(crate) fn decode_record(
    sequence: u64,
    record: &[u8],
) -> Result<Vec<(StreamId, Slot, SlotValue)>> {
    let damaged = |detail: &str| Error::corrupt(format!("journal record {sequence}"), detail);
    let (ids, cells) =
        split(record).ok_or_else(|| damaged("its first bytes are cut short or unknown"))?;
    let cells = decode_cells(cells).map_err(|detail| damaged(&detail))?;
    let numbered = cells.into_iter().map(|cell| {
        let id = ids.get(cell.stream as usize).ok_or_else(|| damaged("a stream is missing"))?;
        Ok((*id, cell.slot, cell.value))
    });
    numbered.collect()
}

/// Calls `visit` with each of the encoded cells of a batch whose streams have these ids.
///
/// # Errors
/// [`Error::Corrupt`] when they cannot be read; `visit` may have been called by then.
pub(crate) fn decode_delta(
    ids: &[StreamId],
    cells: &[u8],
    visit: &mut dyn FnMut(StreamId, Slot, &SlotValue),
) -> Result<()> {
    let damaged = |detail: &str| Error::corrupt("an append on its way to a feed", detail);
    for cell in decode_cells(cells).map_err(|detail| damaged(&detail))? {
        let id = ids.get(cell.stream as usize).ok_or_else(|| damaged("a stream is missing"))?;
        visit(*id, cell.slot, &cell.value);
    }
    Ok(())
}

fn decode_cells(bytes: &[u8]) -> std::result::Result<Vec<BatchCell>, String> {
    let (cells, used) =
        bincode::decode_from_slice(bytes, CONFIG).map_err(|error| error.to_string())?;
    if used == bytes.len() { Ok(cells) } else { Err("bytes are left over".to_owned()) }
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
