//! Reading cells: blocks and head through one interface.

use std::ops::Range;

use rocksdb::{DBRawIterator, ReadOptions};

use crate::{
    block,
    error::{Error, Result},
    key::BlockKey,
    model::{cell::SlotValue, stream::StreamId, time::Slot},
    schema::Family,
    store::Shared,
};

/// Calls `visit` with the cells of `streams` (ascending) in `slots`. A slot of a stream may come
/// more than once, each time with another share of it: the caller adds them up.
pub(crate) fn scan(
    shared: &Shared,
    streams: &[StreamId],
    slots: &Range<Slot>,
    visit: &mut dyn FnMut(StreamId, Slot, &SlotValue),
) -> Result<()> {
    debug_assert!(streams.is_sorted(), "blocks are read in the order of their keys");
    if streams.is_empty() || slots.is_empty() {
        return Ok(());
    }
    let (generations, (snapshot, sealed_slot)) =
        shared.head.view(|| (shared.db.raw().snapshot(), shared.sealed_slot()));
    if slots.start <= sealed_slot {
        let mut options = ReadOptions::default();
        options.set_snapshot(&snapshot);
        let family = shared.db.family(Family::Blocks);
        let mut blocks = shared.db.raw().raw_iterator_cf_opt(family, options);
        let until = slots.end.min(sealed_slot.plus(1));
        visit_blocks(shared, &mut blocks, streams, &(slots.start..until), visit)?;
    }
    for generation in generations {
        for stream in streams {
            generation.visit(*stream, slots, |slot, value| visit(*stream, slot, value));
        }
    }
    Ok(())
}

/// Reads the blocks day by day and stream by stream, which is the order they lie in.
fn visit_blocks(
    shared: &Shared,
    blocks: &mut DBRawIterator<'_>,
    streams: &[StreamId],
    slots: &Range<Slot>,
    visit: &mut dyn FnMut(StreamId, Slot, &SlotValue),
) -> Result<()> {
    let width = shared.slot_width;
    let (Some(first_stream), last_slot) = (streams.first(), slots.end.minus(1)) else {
        return Ok(());
    };
    let first_day = BlockKey::of(*first_stream, slots.start, width).day;
    let last_day = BlockKey::of(*first_stream, last_slot, width).day;
    for day in first_day..=last_day {
        for stream in streams {
            let from = BlockKey::of(*stream, slots.start, width).max(BlockKey {
                day,
                stream: *stream,
                hour: 0,
            });
            let to = BlockKey::of(*stream, last_slot, width).min(BlockKey {
                day,
                stream: *stream,
                hour: 23,
            });
            visit_stream_day(blocks, from, to, slots, visit)?;
        }
    }
    Ok(())
}

fn visit_stream_day(
    blocks: &mut DBRawIterator<'_>,
    from: BlockKey,
    to: BlockKey,
    slots: &Range<Slot>,
    visit: &mut dyn FnMut(StreamId, Slot, &SlotValue),
) -> Result<()> {
    let from_bytes = from.encode();
    if blocks.key().is_none_or(|at| at < from_bytes.as_slice()) {
        blocks.seek(from_bytes);
    }
    while let Some((key_bytes, value)) = blocks.item() {
        let key = BlockKey::decode(key_bytes)
            .ok_or_else(|| Error::corrupt("a block key", format!("{} bytes", key_bytes.len())))?;
        if key > to {
            return Ok(());
        }
        block::decode(value, &mut |slot, value| {
            if slots.contains(&slot) {
                visit(key.stream, slot, value);
            }
        })
        .map_err(|error| Error::corrupt(describe(key), error.to_string()))?;
        blocks.next();
    }
    Ok(blocks.status()?)
}

fn describe(key: BlockKey) -> String {
    format!("the block of stream {} on day {} hour {}", key.stream.0, key.day, key.hour)
}
