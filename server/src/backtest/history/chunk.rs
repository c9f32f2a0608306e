//! A part of a history: what became known when.

use std::hash::BuildHasher;

use foldhash::fast::RandomState;
use hashbrown::HashTable;
use plimsoll_storage::limits::STREAMS_MAX;
use plimsoll_storage::{Slot, SlotValue, StreamKey, StreamRef, TimestampMs};

/// What one item added to a slot of a stream.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Arrival {
    /// When it became known, on the clock of the replay.
    pub(crate) at: TimestampMs,
    /// The number of the stream, in the order of first appearance.
    pub(crate) stream: u32,
    /// The slot, or the first of several.
    pub(crate) slot: Slot,
    /// How many slots it covers; 1 for all but the summaries of a longer step.
    pub(crate) slots: u32,
    /// How many slots the item reports at once, see [`Chunk::steps`].
    pub(crate) step_slots: u32,
    pub(crate) value: SlotValue,
}

/// From an arrival on, a stream reports another number of slots at once than before.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct StepChange {
    /// The position of the arrival in its chunk.
    pub(crate) arrival: usize,
    pub(crate) stream: u32,
    pub(crate) step_slots: u32,
}

/// Some arrivals, in order.
#[derive(Debug, Default)]
pub(crate) struct Chunk {
    /// Streams that appear for the first time; they get the next numbers.
    pub(crate) new_streams: Vec<StreamKey>,
    /// How many slots streams report at once, 1 unless said, in the order of the arrivals.
    pub(crate) steps: Vec<StepChange>,
    pub(crate) arrivals: Vec<Arrival>,
    /// The time of the clock after these arrivals: slots before it are over, also those without data.
    pub(crate) until: Option<TimestampMs>,
    /// How far reading is, in the unit of its progress bar.
    pub(crate) progress: u64,
    /// Lines or cells read so far.
    pub(crate) read: u64,
}

/// Numbers streams in the order of first appearance.
#[derive(Debug, Default)]
pub(crate) struct StreamNumbers {
    hasher: RandomState,
    numbers: HashTable<(StreamKey, u32)>,
}

impl StreamNumbers {
    /// The number of a stream; a new stream is added to `new_streams`. `None` when there are more streams
    /// than a database allows.
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
