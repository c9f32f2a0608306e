//! Streams by their ids. Ids are given in order and never again, so those of forgotten streams add up. A
//! chunk of ids without any stream takes no memory.

use std::sync::atomic::{AtomicI64, AtomicU32, Ordering};

use super::index::Symbol;
use super::record::SentTimes;
use crate::model::labels::Label;
use crate::model::stream::{StreamId, StreamKind};
use crate::model::time::{Slot, TimestampMs};

/// Ids of a chunk. A flood of streams fills whole chunks, and they are forgotten together.
const CHUNK_IDS: usize = 256;
/// The newest event time of a stream before any event.
const NEVER: i64 = i64::MIN;

/// A stream's full name in symbols.
#[derive(Debug, Clone, Copy)]
pub(super) struct SymbolKey {
    pub(super) kind: StreamKind,
    pub(super) name: Symbol,
    pub(super) labels: [Symbol; Label::COUNT],
}

/// What is known of a stream.
#[derive(Debug)]
pub(super) struct Place {
    pub(super) key: SymbolKey,
    /// The newest event time.
    last_at: AtomicI64,
    /// The oldest and the newest slot that may have a cell.
    oldest: AtomicU32,
    newest: AtomicU32,
}

impl Place {
    /// A stream without data.
    const fn new(key: SymbolKey) -> Self {
        Self {
            key,
            last_at: AtomicI64::new(NEVER),
            oldest: AtomicU32::new(u32::MAX),
            newest: AtomicU32::new(0),
        }
    }

    /// Notes an event time. An older one than before changes nothing.
    pub(super) fn saw(&self, at: TimestampMs) {
        self.last_at.fetch_max(at.0, Ordering::Relaxed);
    }

    /// Notes that there may be a cell in a slot.
    pub(super) fn saw_slot(&self, slot: Slot) {
        self.oldest.fetch_min(slot.0, Ordering::Relaxed);
        self.newest.fetch_max(slot.0, Ordering::Relaxed);
    }

    /// The newest event time; `None` before any event.
    pub(super) fn last_at(&self) -> Option<TimestampMs> {
        let at = self.last_at.load(Ordering::Relaxed);
        (at != NEVER).then_some(TimestampMs(at))
    }

    /// The oldest and the newest slot that may have a cell.
    pub(super) fn slots(&self) -> (Slot, Slot) {
        (Slot(self.oldest.load(Ordering::Relaxed)), Slot(self.newest.load(Ordering::Relaxed)))
    }

    /// Both, for the disk.
    pub(super) fn sent_times(&self) -> SentTimes {
        SentTimes { last_at: self.last_at(), slots: Some(self.slots()) }
    }
}

/// The places of a chunk of ids.
#[derive(Debug)]
struct Chunk {
    places: Box<[Option<Place>]>,
    /// How many have a stream.
    used: usize,
}

/// Every stream by its id.
#[derive(Debug, Default)]
pub(super) struct Places {
    chunks: Vec<Option<Chunk>>,
    next: u32,
}

impl Places {
    /// The id of the next stream.
    pub(super) const fn next_id(&self) -> StreamId {
        StreamId(self.next)
    }

    pub(super) fn get(&self, id: StreamId) -> Option<&Place> {
        let (chunk, place) = split(id);
        self.chunks.get(chunk)?.as_ref()?.places.get(place)?.as_ref()
    }

    /// Adds a stream under the next id.
    pub(super) fn add(&mut self, key: SymbolKey) {
        let (chunk, place) = split(self.next_id());
        self.skip_to(StreamId(self.next + 1));
        let Some(chunk) = self.chunks.get_mut(chunk) else { return };
        let empty = || Chunk { places: (0..CHUNK_IDS).map(|_| None).collect(), used: 0 };
        let chunk = chunk.get_or_insert_with(empty);
        if let Some(place) = chunk.places.get_mut(place) {
            *place = Some(Place::new(key));
            chunk.used += 1;
        }
    }

    /// Passes over the ids before `next`: their streams are forgotten.
    pub(super) fn skip_to(&mut self, next: StreamId) {
        self.next = self.next.max(next.0);
        self.chunks.resize_with((self.next as usize).div_ceil(CHUNK_IDS), || None);
    }

    /// Removes a stream and returns its name.
    pub(super) fn remove(&mut self, id: StreamId) -> Option<SymbolKey> {
        let (number, place) = split(id);
        let chunk = self.chunks.get_mut(number)?;
        let held = chunk.as_mut()?;
        let removed = held.places.get_mut(place)?.take()?;
        held.used -= 1;
        if held.used == 0 {
            *chunk = None;
        }
        Some(removed.key)
    }

    /// Every stream, in the order of their ids.
    pub(super) fn iter(&self) -> impl Iterator<Item = (StreamId, &Place)> {
        let first_id = |chunk: usize| (chunk * CHUNK_IDS) as u32;
        self.chunks.iter().enumerate().flat_map(move |(number, chunk)| {
            let places = chunk.iter().flat_map(|chunk| chunk.places.iter());
            let numbered = (first_id(number)..).map(StreamId).zip(places);
            numbered.filter_map(|(id, place)| Some((id, place.as_ref()?)))
        })
    }

    /// Bytes in memory, approximately.
    pub(super) fn size_bytes(&self) -> usize {
        let used = self.chunks.iter().flatten().count();
        used * CHUNK_IDS * size_of::<Option<Place>>()
            + self.chunks.capacity() * size_of::<Option<Chunk>>()
    }
}

/// The chunk of an id and the place in it.
const fn split(id: StreamId) -> (usize, usize) {
    (id.0 as usize / CHUNK_IDS, id.0 as usize % CHUNK_IDS)
}

#[cfg(test)]
mod tests;
