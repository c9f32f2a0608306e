//! Filling memory after a start: the newest sealed cells are read from their blocks and kept as if they had just
//! been sealed ([`Resident`]), so that questions about recent time are as fast as before.
//!
//! From the floor on memory must hold every sealed cell, so all streams are read before the floor is lowered. Nothing
//! is held up: what lay in blocks at the beginning is read, and when something was sealed meanwhile, which may be
//! late data of the same time, it is done again, less far back at once.

use std::ops::Range;

use rocksdb::ReadOptions;

use crate::codec::{Columns, Visitor};
use crate::db::schema::Family;
use crate::error::Result;
use crate::limits::{WARM_CHUNK_CELLS, WARM_CHUNK_MS, WARM_MS, WARM_TRIES_MAX};
use crate::maintain::downsample::Moment;
use crate::maintain::seal;
use crate::memory::cache::Resident;
use crate::memory::head::{Reach, Run};
use crate::model::cell::SlotValue;
use crate::model::resolution::Resolution;
use crate::model::stream::StreamId;
use crate::model::time::{Slot, SlotWidth};
use crate::read::block_reader::Blocks;
use crate::store::{Shared, Store};

/// Streams between two looks whether to go on.
const STREAMS_AT_ONCE: u32 = 1_024;

impl Store {
    /// Fills memory with the cells that were sealed last: of an hour, or of less when that is all that fits or a block
    /// is damaged. Returns how many slots further back questions can be answered without blocks. For after a start;
    /// appends and readers go on meanwhile. Every now and then it asks `go_on`.
    ///
    /// # Errors
    /// When the database cannot be read; what was filled by then stays.
    pub fn preload(&self, go_on: impl Fn() -> bool) -> Result<u32> {
        let shared = self.shared();
        let (mut filled, mut at_once_ms) = (0, WARM_MS);
        for _ in 0..WARM_TRIES_MAX {
            let Some(past) = Past::before(shared, at_once_ms) else { break };
            if let Some(chunks) = past.read(shared, &go_on)? {
                let Some(floor) = chunks.last().map(|oldest| oldest.floor) else { break };
                let _nothing_is_sealed = self.sealing.lock();
                if shared.head.extend(&past.reach, chunks) {
                    filled += past.reach.floor.0 - floor.0;
                    if floor > past.slots.start {
                        break;
                    }
                    continue;
                }
            }
            at_once_ms /= 2;
        }
        Ok(filled)
    }
}

/// A stretch of time just below the floor.
struct Past {
    reach: Reach,
    slots: Range<Slot>,
    /// Streams that may have cells in it.
    streams: u32,
}

impl Past {
    /// Of it, what is worth having in memory, and no longer than that.
    fn before(shared: &Shared, length_ms: i64) -> Option<Self> {
        // The reach first: what is sealed or named from here on has it done again.
        let reach = shared.head.reach(shared.resident_bytes_max());
        let streams = shared.catalog.read().len() as u32;
        let end = shared.sealed_slot().plus(1);
        let width = shared.slot_width;
        let lowest = end.minus(width.slots_in(WARM_MS)).max(shared.aged());
        let first = lowest.max(reach.floor.minus(width.slots_in(length_ms)));
        let is_left = first < reach.floor && reach.room_bytes > 0;
        is_left.then_some(Self { reach, slots: first..reach.floor, streams })
    }

    /// Everything in it that is sealed, newest first, as far back as there is room and nothing is damaged: readers
    /// are to meet the damage, and to name it. Nothing when `go_on` says no; `None` when something was sealed meanwhile.
    fn read(&self, shared: &Shared, go_on: impl Fn() -> bool) -> Result<Option<Vec<Resident>>> {
        let moment = Moment::now(shared);
        let mut options = ReadOptions::default();
        options.set_snapshot(moment.snapshot());
        options.fill_cache(false);
        let family = shared.db.family(Family::Blocks);
        let iterator = shared.db.raw().raw_iterator_cf_opt(family, options);
        let mut blocks = Blocks::new(shared, Resolution::Slot, iterator);
        let mut chunks = Chunks::of(self.slots.clone(), self.streams, shared.slot_width);
        let mut run = Run::new();
        for stream in 0..self.streams {
            if stream % STREAMS_AT_ONCE == 0 {
                chunks.fit(self.room_bytes(stream));
                if !go_on() {
                    return Ok(Some(Vec::new()));
                }
                if shared.head.has_changed_since(&self.reach) {
                    return Ok(None);
                }
            }
            run.clear();
            let mut visit = |_, slot, value: &SlotValue| add(&mut run, slot, value);
            let sink = &mut Visitor::new(&mut visit);
            blocks.read(&[StreamId(stream)], &chunks.slots(), Columns::ALL, sink)?;
            chunks.let_go_before(blocks.whole_from);
            chunks.keep(StreamId(stream), &run, shared.slot_width);
        }
        chunks.residents.iter_mut().for_each(|chunk| seal::add_up(shared, chunk));
        chunks.fit(self.reach.room_bytes);
        Ok(Some(chunks.residents))
    }

    /// Room for what was read of the first streams: twice their share, as long as the others may have less. So
    /// little is read in vain when not everything fits.
    fn room_bytes(&self, streams: u32) -> usize {
        if streams == 0 {
            return self.reach.room_bytes;
        }
        let share = (2.0 * f64::from(streams) / f64::from(self.streams)).min(1.0);
        (self.reach.room_bytes as f64 * share) as usize
    }
}

/// Residents, each of a stretch of time, newest first: what is made as one is evicted at once.
struct Chunks {
    residents: Vec<Resident>,
    end: Slot,
}

impl Chunks {
    fn of(slots: Range<Slot>, streams: u32, width: SlotWidth) -> Self {
        let length = chunk_slots(streams, width);
        let numbers = slots.start.0 / length..slots.end.0.div_ceil(length);
        let floors = numbers.rev().map(|number| Slot(number * length).max(slots.start));
        Self { residents: floors.map(Resident::new).collect(), end: slots.end }
    }

    /// What they are to hold.
    fn slots(&self) -> Range<Slot> {
        self.residents.last().map_or(self.end, |oldest| oldest.floor)..self.end
    }

    /// Keeps the cells of a stream as sealing does. Streams come in the order of their ids.
    fn keep(&mut self, stream: StreamId, mut run: &[(Slot, SlotValue)], width: SlotWidth) {
        for chunk in &mut self.residents {
            let (older, own) = run.split_at(run.partition_point(|(slot, _)| *slot < chunk.floor));
            run = older;
            let ([(first, _), ..], [.., (last, _)]) = (own, own) else { continue };
            for resolution in [Resolution::Slot, Resolution::Minute] {
                if resolution.is_kept(width) {
                    let part = seal::part_of(resolution, own, width);
                    chunk.add(resolution, stream, (*first, *last), &part);
                }
            }
        }
    }

    /// Lets the oldest go until the others fit.
    fn fit(&mut self, bytes_max: usize) {
        let mut bytes: usize = self.residents.iter().map(Resident::size_bytes).sum();
        while bytes > bytes_max {
            let Some(oldest) = self.residents.pop() else { break };
            bytes -= oldest.size_bytes();
        }
    }

    /// Lets those go that begin before a slot.
    fn let_go_before(&mut self, slot: Slot) {
        while self.residents.pop_if(|oldest| oldest.floor < slot).is_some() {}
    }
}

/// How many slots a chunk covers at the most: whole minutes, fewer when there are many streams.
fn chunk_slots(streams: u32, width: SlotWidth) -> u32 {
    let minute = Resolution::Minute.slots(width);
    let cells = WARM_CHUNK_CELLS / streams.max(1);
    (cells / minute * minute).clamp(minute, width.slots_in(WARM_CHUNK_MS))
}

/// Adds a cell to a run. Parts of a block may share slots.
fn add(run: &mut Run, slot: Slot, value: &SlotValue) {
    match run.binary_search_by_key(&slot, |(held, _)| *held) {
        // In bounds: the search found it there.
        Ok(position) => run[position].1.merge(value),
        Err(position) => run.insert(position, (slot, value.clone())),
    }
}

#[cfg(test)]
mod tests;
