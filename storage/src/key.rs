//! How keys are encoded: big-endian, so that byte order is numeric order. The only place that does.

use crate::{
    model::stream::StreamId,
    resolution::{BlockKey, Resolution},
};

impl BlockKey {
    /// Bytes of an encoded key.
    pub(crate) const BYTES: usize = 9;

    pub(crate) fn encode(self) -> [u8; Self::BYTES] {
        let [d0, d1, d2, d3] = self.day.to_be_bytes();
        let [s0, s1, s2, s3] = self.stream.0.to_be_bytes();
        [d0, d1, d2, d3, s0, s1, s2, s3, self.block]
    }

    pub(crate) fn decode(bytes: &[u8]) -> Option<Self> {
        let [d0, d1, d2, d3, s0, s1, s2, s3, block] =
            *<&[u8; Self::BYTES]>::try_from(bytes).ok()?;
        Some(Self {
            day: u32::from_be_bytes([d0, d1, d2, d3]),
            stream: StreamId(u32::from_be_bytes([s0, s1, s2, s3])),
            block,
        })
    }

    /// Where it lies, for people.
    pub(crate) fn describe(self, resolution: Resolution) -> String {
        let hour = u32::from(self.block) * 24 / resolution.blocks_per_day();
        let kept = match resolution {
            Resolution::Slot => "",
            Resolution::Minute => " (by the minute)",
            Resolution::Quarter => " (by the quarter of an hour)",
        };
        let Self { day, stream, .. } = self;
        format!("the block of stream {} on day {day} hour {hour}{kept}", stream.0)
    }
}

/// The key at or before every block of a day.
pub(crate) fn day_start(day: u32) -> [u8; BlockKey::BYTES] {
    BlockKey { day, stream: StreamId(0), block: 0 }.encode()
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
    fn keys_round_trip_and_sort_by_day_stream_block() {
        let key = |day, stream, block| BlockKey { day, stream: StreamId(stream), block };
        let keys = [key(0, 7, 0), key(0, 7, 1), key(0, 8, 0), key(1, 1, 0), key(1, 300, 23)];
        assert!(keys.is_sorted() && keys.is_sorted_by_key(|key| key.encode()));
        for key in keys {
            assert_eq!(BlockKey::decode(&key.encode()), Some(key));
        }
        assert_eq!(BlockKey::decode(b"short"), None);
    }
}
