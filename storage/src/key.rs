//! How keys are encoded: big-endian, so that byte order is numeric order. The only place that does.

use crate::model::{
    stream::StreamId,
    time::{Slot, SlotWidth},
};

/// Where a block lies: days sort first, so that new days append at the end of the key space and an
/// old day is one range; within a day the hours of one stream are neighbours.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct BlockKey {
    pub(crate) day: u32,
    pub(crate) stream: StreamId,
    pub(crate) hour: u8,
}

impl BlockKey {
    /// Bytes of an encoded key.
    pub(crate) const BYTES: usize = 9;

    /// The block that holds a slot of a stream.
    pub(crate) fn of(stream: StreamId, slot: Slot, width: SlotWidth) -> Self {
        let hours = slot.0 / width.slots_per_hour();
        Self { day: hours / 24, stream, hour: (hours % 24) as u8 }
    }

    pub(crate) fn encode(self) -> [u8; Self::BYTES] {
        let [d0, d1, d2, d3] = self.day.to_be_bytes();
        let [s0, s1, s2, s3] = self.stream.0.to_be_bytes();
        [d0, d1, d2, d3, s0, s1, s2, s3, self.hour]
    }

    pub(crate) fn decode(bytes: &[u8]) -> Option<Self> {
        let [d0, d1, d2, d3, s0, s1, s2, s3, hour] = *<&[u8; Self::BYTES]>::try_from(bytes).ok()?;
        Some(Self {
            day: u32::from_be_bytes([d0, d1, d2, d3]),
            stream: StreamId(u32::from_be_bytes([s0, s1, s2, s3])),
            hour,
        })
    }
}

/// A number as a key or value.
pub(crate) fn u32_of(bytes: &[u8]) -> Option<u32> {
    bytes.try_into().ok().map(u32::from_be_bytes)
}

/// A number as a key or value.
pub(crate) fn u64_of(bytes: &[u8]) -> Option<u64> {
    bytes.try_into().ok().map(u64::from_be_bytes)
}

/// A number as a key or value.
pub(crate) fn i64_of(bytes: &[u8]) -> Option<i64> {
    bytes.try_into().ok().map(i64::from_be_bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_round_trip_and_sort_by_day_stream_hour() {
        let width = SlotWidth::DEFAULT;
        let per_hour = width.slots_per_hour();
        let keys = [
            BlockKey::of(StreamId(7), Slot(0), width),
            BlockKey::of(StreamId(7), Slot(per_hour), width),
            BlockKey::of(StreamId(8), Slot(0), width),
            BlockKey::of(StreamId(1), Slot(per_hour * 24), width),
            BlockKey::of(StreamId(300), Slot(u32::MAX), width),
        ];
        assert!(keys.is_sorted_by_key(|key| key.encode()));
        for key in keys {
            assert_eq!(BlockKey::decode(&key.encode()), Some(key));
        }
        assert_eq!(BlockKey::decode(b"short"), None);
    }
}
