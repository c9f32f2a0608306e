//! Preloading the cache after a start: the newest sealed cells are read from their blocks and cached as if
//! they had just been sealed, so that queries about recent time are as fast as before.
//!
//! From `cached_from` on the cache must hold every sealed cell, so all streams are read before `cached_from`
//! is lowered. Nothing waits for that. The blocks are read as of the beginning; if something was sealed
//! meanwhile, which may be late data of the same time, they are read again, and less far back at once.

use std::ops::Range;

use parking_lot::Mutex;

use super::seal::{part_of, sum_partners};
use crate::codec::{Columns, Visitor};
use crate::db::Family;
use crate::error::Result;
use crate::limits::{PRELOAD_CHUNK_CELLS, PRELOAD_CHUNK_MS, PRELOAD_MS, PRELOAD_TRIES_MAX};
use crate::memory::{CacheState, CachedParts, Run};
use crate::model::cell::SlotValue;
use crate::model::resolution::Resolution;
use crate::model::stream::StreamId;
use crate::model::time::{Slot, SlotWidth};
use crate::read::BlockReader;
use crate::shared::Shared;

/// Streams between two checks whether to continue.
const STREAMS_AT_ONCE: u32 = 1_024;

/// Fills the cache with the cells that were sealed last: those of an hour, or of less when that is all that
/// fits or a block is damaged. Returns how many slots further back the cache reaches. Every now and then it
/// asks `go_on`. Holding `sealing` prevents seals.
///
/// # Errors
/// When the database cannot be read; what was cached by then stays.
pub(crate) fn preload(
    shared: &Shared,
    sealing: &Mutex<()>,
    go_on: impl Fn() -> bool,
) -> Result<u32> {
    let (mut preloaded, mut at_once_ms) = (0, PRELOAD_MS);
    for _ in 0..PRELOAD_TRIES_MAX {
        let Some(range) = PreloadRange::next(shared, at_once_ms) else { break };
        if let Some(chunks) = range.read(shared, &go_on)? {
            let Some(from) = chunks.last().map(|oldest| oldest.from) else { break };
            let _nothing_is_sealed = sealing.lock();
            if shared.head.extend_cache(&range.cache, chunks) {
                preloaded += range.cache.cached_from.0 - from.0;
                if from > range.slots.start {
                    break;
                }
                continue;
            }
        }
        at_once_ms /= 2;
    }
    Ok(preloaded)
}

/// A range of time just before `cached_from`.
struct PreloadRange {
    cache: CacheState,
    slots: Range<Slot>,
    /// The end of the ids of streams that may have cells in it.
    streams: u32,
}

impl PreloadRange {
    /// The next range that is worth preloading, of at most `length_ms`.
    fn next(shared: &Shared, length_ms: i64) -> Option<Self> {
        let Shared { head, timeline, catalog, .. } = shared;
        // The state of the cache first: what is sealed after it, or a stream that is new, causes another try.
        let cache = head.cache_state(shared.cache_bytes_max());
        let streams = catalog.read().next_id().0;
        let end = timeline.sealed_slot().plus(1);
        let width = timeline.slot_width();
        let lowest = end.minus(width.slots_in(PRELOAD_MS)).max(timeline.slots_from());
        let first = lowest.max(cache.cached_from.minus(width.slots_in(length_ms)));
        let is_left = first < cache.cached_from && cache.room_bytes > 0;
        is_left.then_some(Self { cache, slots: first..cache.cached_from, streams })
    }

    /// Every sealed cell of the range, newest first, as far back as there is room and no block is damaged:
    /// readers must meet the damage to report it. Nothing when `go_on` returns false; `None` when something
    /// was sealed meanwhile.
    fn read(&self, shared: &Shared, go_on: impl Fn() -> bool) -> Result<Option<Vec<CachedParts>>> {
        let Shared { db, head, timeline, .. } = shared;
        let width = timeline.slot_width();
        let snapshot = db.snapshot();
        let rows = snapshot.rows_uncached(Family::Blocks);
        let mut blocks = BlockReader::new(db, &snapshot, Resolution::Slot, width, rows);
        let mut chunks = Chunks::of(self.slots.clone(), self.streams, width);
        let mut run = Run::new();
        for stream in 0..self.streams {
            if stream % STREAMS_AT_ONCE == 0 {
                chunks.fit(self.room_bytes(stream));
                if !go_on() {
                    return Ok(Some(Vec::new()));
                }
                if head.has_changed_since(&self.cache) {
                    return Ok(None);
                }
            }
            run.clear();
            let mut visit = |_, slot, value: &SlotValue| add(&mut run, slot, value);
            let sink = &mut Visitor::new(&mut visit);
            blocks.read(&[StreamId(stream)], &chunks.slots(), Columns::ALL, sink)?;
            chunks.drop_before(blocks.whole_from);
            chunks.add(StreamId(stream), &run, width);
        }
        chunks.entries.iter_mut().for_each(|entry| sum_partners(shared, entry));
        chunks.fit(self.cache.room_bytes);
        Ok(Some(chunks.entries))
    }

    /// Room for the cells of the first `streams` streams: twice their share, as the others may have less. So
    /// little is read in vain when not everything fits.
    fn room_bytes(&self, streams: u32) -> usize {
        if streams == 0 {
            return self.cache.room_bytes;
        }
        let share = (2.0 * f64::from(streams) / f64::from(self.streams)).min(1.0);
        (self.cache.room_bytes as f64 * share) as usize
    }
}

/// Entries of the cache, each of a range of time, newest first. An entry is evicted as a whole.
struct Chunks {
    entries: Vec<CachedParts>,
    end: Slot,
}

impl Chunks {
    fn of(slots: Range<Slot>, streams: u32, width: SlotWidth) -> Self {
        let length = chunk_slots(streams, width);
        let numbers = slots.start.0 / length..slots.end.0.div_ceil(length);
        let starts = numbers.rev().map(|number| Slot(number * length).max(slots.start));
        Self { entries: starts.map(CachedParts::new).collect(), end: slots.end }
    }

    /// The slots that the entries are for.
    fn slots(&self) -> Range<Slot> {
        self.entries.last().map_or(self.end, |oldest| oldest.from)..self.end
    }

    /// Adds the cells of a stream as sealing does. Streams must be added in the order of their ids.
    fn add(&mut self, stream: StreamId, mut run: &[(Slot, SlotValue)], width: SlotWidth) {
        for entry in &mut self.entries {
            let (older, cells) = run.split_at(run.partition_point(|(slot, _)| *slot < entry.from));
            run = older;
            let ([(first, _), ..], [.., (last, _)]) = (cells, cells) else { continue };
            for resolution in [Resolution::Slot, Resolution::Minute] {
                if resolution.is_kept(width) {
                    let part = part_of(resolution, cells, width);
                    entry.add(resolution, stream, (*first, *last), &part);
                }
            }
        }
    }

    /// Drops the oldest entries until the others fit.
    fn fit(&mut self, bytes_max: usize) {
        let mut bytes: usize = self.entries.iter().map(CachedParts::size_bytes).sum();
        while bytes > bytes_max {
            let Some(oldest) = self.entries.pop() else { break };
            bytes -= oldest.size_bytes();
        }
    }

    /// Drops the entries that begin before a slot.
    fn drop_before(&mut self, slot: Slot) {
        while self.entries.pop_if(|oldest| oldest.from < slot).is_some() {}
    }
}

/// How many slots a chunk covers at most: whole minutes, fewer when there are many streams.
fn chunk_slots(streams: u32, width: SlotWidth) -> u32 {
    let minute = Resolution::Minute.slots(width);
    let cells = PRELOAD_CHUNK_CELLS / streams.max(1);
    (cells / minute * minute).clamp(minute, width.slots_in(PRELOAD_CHUNK_MS))
}

/// Adds a cell to a run. Parts of a block may hold the same slots.
fn add(run: &mut Run, slot: Slot, value: &SlotValue) {
    match run.binary_search_by_key(&slot, |(held, _)| *held) {
        // In bounds: the search found it there.
        Ok(position) => run[position].1.merge(value),
        Err(position) => run.insert(position, (slot, value.clone())),
    }
}

#[cfg(test)]
mod tests;
