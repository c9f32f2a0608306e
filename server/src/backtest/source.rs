//! What sources of a replay have in common: what became known when, in chunks.

use std::hash::BuildHasher;

use foldhash::fast::RandomState;
use hashbrown::HashTable;
use plimsoll_storage::{Slot, SlotValue, StreamKey, StreamRef, TimestampMs, limits::STREAMS_MAX};

/// What one item added to a slot of a stream.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Arrival {
    /// The replay's clock: nothing of it was known before.
    pub(crate) at: TimestampMs,
    /// Number of the stream, by the order in which they were met.
    pub(crate) stream: u32,
    pub(crate) slot: Slot,
    pub(crate) value: SlotValue,
}

/// Some arrivals, in order.
#[derive(Debug, Default)]
pub(crate) struct Chunk {
    /// Streams that were met for the first time; they take the next numbers.
    pub(crate) new_streams: Vec<StreamKey>,
    pub(crate) arrivals: Vec<Arrival>,
    /// The clock's time after these: every slot until then is over, though nothing is known of it.
    pub(crate) until: Option<TimestampMs>,
    /// How far the source is, in the unit of its progress bar.
    pub(crate) progress: u64,
    /// Lines or cells read so far.
    pub(crate) read: u64,
}

/// Gives streams their numbers.
#[derive(Debug, Default)]
pub(crate) struct StreamNumbers {
    hasher: RandomState,
    numbers: HashTable<(StreamKey, u32)>,
}

impl StreamNumbers {
    /// The number of a stream. A new one is added to `new_streams`. Nothing when there are too many
    /// streams for a database.
    pub(crate) fn number(
        &mut self,
        stream: StreamRef<'_>,
        new_streams: &mut Vec<StreamKey>,
    ) -> Option<u32> {
        let hash = self.hasher.hash_one(stream);
        if let Some((_, number)) = self.numbers.find(hash, |(key, _)| key.as_ref() == stream) {
            return Some(*number);
        }
        let number = u32::try_from(self.numbers.len()).ok()?;
        if number as usize >= STREAMS_MAX {
            return None;
        }
        let key = stream.to_key();
        new_streams.push(key.clone());
        let hasher = &self.hasher;
        let rehash = |(key, _): &(StreamKey, u32)| hasher.hash_one(key.as_ref());
        self.numbers.insert_unique(hash, (key, number), rehash);
        Some(number)
    }
}
