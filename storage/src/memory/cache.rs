//! Entries of the cache: sealed cells that stay in memory, encoded as sealing wrote them, so that queries
//! about recent time read no block. The head decides which entries stay.

use std::ops::Range;

use super::partner_sums::PartnerSums;
use crate::limits::CACHE_BYTES_PER_STREAM;
use crate::model::resolution::Resolution;
use crate::model::stream::StreamId;
use crate::model::time::Slot;

/// Bytes of the cache: a quarter of the memory for cells, or what so many streams need, up to
/// `growth_bytes_max`.
pub(crate) fn cache_bytes_max(
    memory_bytes: usize,
    streams: usize,
    growth_bytes_max: usize,
) -> usize {
    let needed = streams.saturating_mul(CACHE_BYTES_PER_STREAM);
    (memory_bytes / 4).max(needed.min(growth_bytes_max))
}

/// Parts of one resolution, concatenated stream by stream.
#[derive(Debug, Default)]
struct Parts {
    bytes: Vec<u8>,
    /// Where each part ends, ascending by stream once all are added.
    ends: Vec<(StreamId, usize)>,
}

impl Parts {
    fn add(&mut self, stream: StreamId, part: &[u8]) {
        self.bytes.extend_from_slice(part);
        self.ends.push((stream, self.bytes.len()));
    }

    /// The parts of a stream, concatenated.
    fn of(&self, stream: StreamId) -> &[u8] {
        let first = self.place(stream);
        let parts = self.ends.iter().skip(first).take_while(|(held, _)| *held == stream);
        let Some((_, end)) = parts.last() else { return &[] };
        let start = first.checked_sub(1).and_then(|before| self.ends.get(before));
        self.bytes.get(start.map_or(0, |(_, end)| *end)..*end).unwrap_or_default()
    }

    /// Where the parts of a stream begin in `ends`. When every stream has one part, that is its id.
    fn place(&self, stream: StreamId) -> usize {
        let guess = stream.0 as usize;
        let is_there = |at: usize| self.ends.get(at).is_some_and(|(held, _)| *held == stream);
        if is_there(guess) && guess.checked_sub(1).is_none_or(|before| !is_there(before)) {
            return guess;
        }
        self.ends.partition_point(|(held, _)| *held < stream)
    }

    /// Bytes in memory once it has shrunk.
    fn size_bytes(&self) -> usize {
        self.bytes.len() + self.ends.len() * size_of::<(StreamId, usize)>()
    }

    fn shrink(&mut self) {
        debug_assert!(self.ends.is_sorted(), "streams are added in the order of their ids");
        self.bytes.shrink_to_fit();
        self.ends.shrink_to_fit();
    }
}

/// One entry of the cache: the block parts that a seal wrote, or that preloading made of blocks.
///
/// It holds slots and minutes. Readers add minutes up to quarters of an hour.
#[derive(Debug, Default)]
pub(crate) struct CachedParts {
    slots: Parts,
    minutes: Parts,
    /// The minutes once more, added up by partner.
    partner_sums: PartnerSums,
    /// Nothing before this slot is in the entry.
    pub(crate) from: Slot,
    /// One past the newest slot sealed.
    pub(crate) end: Slot,
    /// The oldest slot.
    pub(crate) start: Option<Slot>,
}

impl CachedParts {
    /// An empty entry for slots from `from` on.
    pub(crate) fn new(from: Slot) -> Self {
        Self { from, ..Self::default() }
    }

    /// Adds a part of a resolution that holds the cells from slot `first` to slot `last`. Streams must be
    /// added in the order of their ids.
    pub(crate) fn add(
        &mut self,
        resolution: Resolution,
        stream: StreamId,
        (first, last): (Slot, Slot),
        part: &[u8],
    ) {
        match resolution {
            Resolution::Slot => self.slots.add(stream, part),
            Resolution::Minute => self.minutes.add(stream, part),
            Resolution::Quarter => return,
        }
        debug_assert!(first >= self.from, "older slots are not cached");
        self.start = Some(self.start.map_or(first, |start| start.min(first)));
        self.end = self.end.max(last.plus(1));
    }

    /// The parts of a stream, concatenated, by the slot or by the minute.
    pub(crate) fn parts(&self, resolution: Resolution, stream: StreamId) -> &[u8] {
        if resolution == Resolution::Slot { self.slots.of(stream) } else { self.minutes.of(stream) }
    }

    /// The streams that have minutes, ascending.
    pub(crate) fn streams(&self) -> Vec<StreamId> {
        let mut streams: Vec<StreamId> = self.minutes.ends.iter().map(|(id, _)| *id).collect();
        streams.dedup();
        streams
    }

    /// Adds up the minutes of each group of streams. Call it once all streams are added.
    pub(crate) fn sum_groups(&mut self, groups: Vec<Vec<StreamId>>) {
        self.partner_sums = PartnerSums::of(groups, |stream| self.minutes.of(stream));
    }

    /// The sums that [`CachedParts::sum_groups`] made.
    pub(crate) const fn partner_sums(&self) -> &PartnerSums {
        &self.partner_sums
    }

    /// Bytes in memory once it has shrunk.
    pub(crate) fn size_bytes(&self) -> usize {
        self.slots.size_bytes() + self.minutes.size_bytes() + self.partner_sums.size_bytes()
    }

    /// Frees spare capacity. Call it once everything is added.
    pub(crate) fn shrink(&mut self) {
        self.slots.shrink();
        self.minutes.shrink();
    }

    /// Whether any of its cells may lie in `slots`.
    pub(crate) fn overlaps(&self, slots: &Range<Slot>) -> bool {
        self.start.is_some_and(|start| start < slots.end && slots.start < self.end)
    }
}

#[cfg(test)]
mod tests;
