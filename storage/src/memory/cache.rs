//! Sealed cells that stay in memory, encoded as sealing wrote them, so that questions about recent time need no
//! block. [`crate::memory::head`] decides which do.

use std::ops::Range;

use crate::memory::partner_sums::Aggregates;
use crate::model::resolution::Resolution;
use crate::model::stream::StreamId;
use crate::model::time::Slot;

/// Parts of one resolution, one behind the other, by stream.
#[derive(Debug, Default)]
struct Parts {
    bytes: Vec<u8>,
    /// Where each part ends, ascending by stream once it is sealed.
    ends: Vec<(StreamId, usize)>,
}

impl Parts {
    fn add(&mut self, stream: StreamId, part: &[u8]) {
        self.bytes.extend_from_slice(part);
        self.ends.push((stream, self.bytes.len()));
    }

    /// The parts of a stream, one behind the other.
    fn of(&self, stream: StreamId) -> &[u8] {
        let first = self.place(stream);
        let own = self.ends.iter().skip(first).take_while(|(held, _)| *held == stream);
        let Some((_, end)) = own.last() else { return &[] };
        let start = first.checked_sub(1).and_then(|before| self.ends.get(before));
        self.bytes.get(start.map_or(0, |(_, end)| *end)..*end).unwrap_or_default()
    }

    /// Where the parts of a stream begin in `ends`. When every stream has one part, that is its number.
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
        debug_assert!(self.ends.is_sorted(), "streams are sealed in the order of their ids");
        self.bytes.shrink_to_fit();
        self.ends.shrink_to_fit();
    }
}

/// The block parts that one seal wrote, kept for reading, or such as it would have written.
///
/// Slots and minutes are kept; a quarter of an hour is 15 minutes added up.
#[derive(Debug, Default)]
pub(crate) struct Resident {
    slots: Parts,
    minutes: Parts,
    /// The minutes once more, added up.
    aggregates: Aggregates,
    /// Below it nothing is kept here: not every resolution of it was sealed.
    pub(crate) floor: Slot,
    /// One past the newest slot sealed.
    pub(crate) end: Slot,
    /// The oldest.
    pub(crate) start: Option<Slot>,
}

impl Resident {
    /// Nothing yet, and never anything below `floor`.
    pub(crate) fn new(floor: Slot) -> Self {
        Self { floor, ..Self::default() }
    }

    /// Keeps a part of some resolution made of the cells from slot `first` to slot `last`. Streams
    /// come in the order of their ids.
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
        self.start = Some(self.start.map_or(first, |start| start.min(first)));
        self.end = self.end.max(last.plus(1));
    }

    /// The parts of a stream one behind the other, by the slot or by the minute.
    pub(crate) fn parts(&self, resolution: Resolution, stream: StreamId) -> &[u8] {
        if resolution == Resolution::Slot { self.slots.of(stream) } else { self.minutes.of(stream) }
    }

    /// The streams that have minutes, ascending.
    pub(crate) fn streams(&self) -> Vec<StreamId> {
        let mut streams: Vec<StreamId> = self.minutes.ends.iter().map(|(id, _)| *id).collect();
        streams.dedup();
        streams
    }

    /// Adds the minutes of streams up that are asked for together, once all of them are there.
    pub(crate) fn aggregate(&mut self, groups: Vec<Vec<StreamId>>) {
        self.aggregates = Aggregates::of(groups, |stream| self.minutes.of(stream));
    }

    /// What [`Resident::aggregate`] added up.
    pub(crate) const fn aggregates(&self) -> &Aggregates {
        &self.aggregates
    }

    /// Bytes in memory once it has shrunk.
    pub(crate) fn size_bytes(&self) -> usize {
        self.slots.size_bytes() + self.minutes.size_bytes() + self.aggregates.size_bytes()
    }

    /// Gives room back that was made for more. For when everything is there.
    pub(crate) fn shrink(&mut self) {
        self.slots.shrink();
        self.minutes.shrink();
    }

    /// Whether any of its cells may lie in `slots`.
    pub(crate) fn overlaps(&self, slots: &Range<Slot>) -> bool {
        self.start.is_some_and(|start| start < slots.end && slots.start < self.end)
    }
}
