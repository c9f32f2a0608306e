//! Sealed cells as bytes. A block is the run of slots of one stream in one hour, stored as one or
//! more *parts*; every seal adds a part, reading adds up the parts, and RocksDB's compaction folds
//! them into one. Late data is just another part.
//!
//! ```text
//! block = part*
//! part  = length u32 | crc32 of the rest u32 | version u8 | columns (length - 5 bytes)
//! ```
//!
//! `length` counts everything after itself. Decoding never panics, whatever the bytes.

mod columns;

use std::collections::BTreeMap;

use crate::model::{cell::SlotValue, time::Slot};

/// Version of the column encoding; written into every part.
const VERSION: u8 = 1;
/// Bytes before the version: length and checksum.
const HEAD_BYTES: usize = 8;

/// How a part is damaged.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
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

/// Encodes a run of cells, ascending by slot and all of one kind, as one part.
pub(crate) fn encode(run: &[(Slot, SlotValue)]) -> Vec<u8> {
    let mut part = vec![0; HEAD_BYTES];
    part.push(VERSION);
    columns::encode(run, &mut part);
    seal_part(&mut part);
    part
}

/// Writes length and checksum into the room left for them.
fn seal_part(part: &mut [u8]) {
    let Some((head, body)) = part.split_first_chunk_mut::<HEAD_BYTES>() else { return };
    let length = (body.len() + 4) as u32;
    let checksum = crc32fast::hash(body);
    let [l0, l1, l2, l3] = length.to_be_bytes();
    let [c0, c1, c2, c3] = checksum.to_be_bytes();
    *head = [l0, l1, l2, l3, c0, c1, c2, c3];
}

/// The parts of a block, each checked; ends after the first that is cut short.
pub(crate) fn parts(mut block: &[u8]) -> impl Iterator<Item = Result<&[u8], PartError>> {
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
        Some(check(part))
    })
}

/// Bytes of the first part of a block, its length field included.
fn part_length(block: &[u8]) -> Option<usize> {
    let length = u32::from_be_bytes(*block.first_chunk()?) as usize;
    (length > 4).then_some(length + 4)
}

/// The columns of a part whose checksum and version are right.
fn check(part: &[u8]) -> Result<&[u8], PartError> {
    let (head, body) = part.split_first_chunk::<HEAD_BYTES>().ok_or(PartError::Truncated)?;
    let [_, _, _, _, c0, c1, c2, c3] = *head;
    if crc32fast::hash(body) != u32::from_be_bytes([c0, c1, c2, c3]) {
        return Err(PartError::Checksum);
    }
    match body.split_first() {
        Some((&VERSION, columns)) => Ok(columns),
        Some((&version, _)) => Err(PartError::Version(version)),
        None => Err(PartError::Truncated),
    }
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
    let mut damage = Ok(());
    for part in parts(block) {
        let read = part.and_then(|columns| columns::decode(columns, visit));
        damage = damage.and(read);
    }
    damage
}

/// Adds blocks of one key up into one part. When any of them is damaged they are put one behind the
/// other instead: nothing that can be read is lost, and the reader reports the damage.
pub(crate) fn fold(blocks: &[&[u8]]) -> Vec<u8> {
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

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::model::{cell::Cell, gauge::GaugeCell, outcome::Outcome, time::TimestampMs};

    pub(super) fn activity_run() -> impl Strategy<Value = Vec<(Slot, SlotValue)>> {
        let event = (0..Outcome::COUNT, prop::option::of(0.0..100.0_f64), 0..1_000_000_i64);
        let cell = prop::collection::vec(event, 0..12).prop_map(|events| {
            let mut cell = Cell::default();
            for (class, duration, at) in events {
                cell.record(Outcome::ALL[class], duration, TimestampMs(at));
            }
            SlotValue::Activity(cell)
        });
        prop::collection::btree_map((0..400_u32).prop_map(Slot), cell, 1..40)
            .prop_map(|run| run.into_iter().collect())
    }

    fn gauge_run() -> impl Strategy<Value = Vec<(Slot, SlotValue)>> {
        let cell = (-1e9..1e9_f64, 0..1_000_000_i64)
            .prop_map(|(value, at)| SlotValue::Gauge(GaugeCell::new(value, TimestampMs(at))));
        prop::collection::btree_map((0..400_u32).prop_map(Slot), cell, 1..40)
            .prop_map(|run| run.into_iter().collect())
    }

    fn decoded(block: &[u8]) -> Result<Vec<(Slot, SlotValue)>, PartError> {
        let mut run = Vec::new();
        decode(block, &mut |slot, value| run.push((slot, value.clone())))?;
        Ok(run)
    }

    proptest! {
        #[test]
        fn what_is_encoded_decodes_to_the_same(run in prop_oneof![activity_run(), gauge_run()]) {
            prop_assert_eq!(decoded(&encode(&run)), Ok(run));
        }

        #[test]
        fn folding_parts_equals_merging_cells(runs in prop::collection::vec(activity_run(), 1..5)) {
            let blocks: Vec<Vec<u8>> = runs.iter().map(|run| encode(run)).collect();
            let mut merged: BTreeMap<Slot, SlotValue> = BTreeMap::new();
            for (slot, value) in runs.iter().flatten() {
                merged.entry(*slot).and_modify(|held| held.merge(value)).or_insert(value.clone());
            }
            let folded = fold(&blocks.iter().map(Vec::as_slice).collect::<Vec<_>>());
            prop_assert_eq!(decoded(&folded), Ok(merged.into_iter().collect::<Vec<_>>()));
        }

        #[test]
        fn arbitrary_bytes_never_panic(bytes in prop::collection::vec(any::<u8>(), 0..300)) {
            let _ = decoded(&bytes);
            let _ = columns::decode(&bytes, &mut |_, _| ());
        }

        #[test]
        fn any_flipped_bit_is_noticed(run in activity_run(), at in any::<prop::sample::Index>(), bit in 0..8) {
            let mut block = encode(&run);
            let position = at.index(block.len());
            block[position] ^= 1_u8 << bit;
            prop_assert!(decoded(&block).is_err());
        }
    }

    #[test]
    fn a_damaged_part_does_not_cost_the_others() {
        let run = |slot| vec![(Slot(slot), SlotValue::Activity(Cell::default()))];
        let (mut bad, good) = (encode(&run(1)), encode(&run(2)));
        let last = bad.len() - 1;
        bad[last] ^= 1;
        let block = fold(&[&bad, &good]);
        let mut seen = Vec::new();
        let read = decode(&block, &mut |slot, _| seen.push(slot));
        assert_eq!((read, seen), (Err(PartError::Checksum), vec![Slot(2)]));
    }
}
