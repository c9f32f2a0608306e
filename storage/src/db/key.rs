//! How keys are encoded: big-endian, so that byte order is numeric order. Keys are encoded nowhere else.

use crate::model::exemplar::Kind;
use crate::model::resolution::{BlockKey, Resolution};
use crate::model::stream::StreamId;
use crate::model::time::Slot;

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

    /// A description for logs and answers.
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

/// The last key of the same length before a key. Of the first key, it is that key.
pub(crate) fn key_before(key: &[u8]) -> Vec<u8> {
    let mut before = key.to_vec();
    let Some(last) = before.iter().rposition(|byte| *byte > 0) else { return before };
    for (position, byte) in before.iter_mut().enumerate().skip(last) {
        *byte = if position == last { *byte - 1 } else { u8::MAX };
    }
    before
}

/// Key of the exemplars of a kind in a slot of a stream.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct ExemplarKey {
    pub(crate) kind: Kind,
    /// Days since 1970.
    pub(crate) day: u32,
    pub(crate) stream: StreamId,
    pub(crate) slot: Slot,
}

impl ExemplarKey {
    /// Bytes of an encoded key.
    pub(crate) const BYTES: usize = 13;

    pub(crate) fn encode(self) -> [u8; Self::BYTES] {
        let [d0, d1, d2, d3] = self.day.to_be_bytes();
        let [s0, s1, s2, s3] = self.stream.0.to_be_bytes();
        let [t0, t1, t2, t3] = self.slot.0.to_be_bytes();
        [self.kind.number(), d0, d1, d2, d3, s0, s1, s2, s3, t0, t1, t2, t3]
    }

    pub(crate) fn decode(bytes: &[u8]) -> Option<Self> {
        let [kind, d0, d1, d2, d3, s0, s1, s2, s3, t0, t1, t2, t3] =
            *<&[u8; Self::BYTES]>::try_from(bytes).ok()?;
        Some(Self {
            kind: Kind::of_number(kind)?,
            day: u32::from_be_bytes([d0, d1, d2, d3]),
            stream: StreamId(u32::from_be_bytes([s0, s1, s2, s3])),
            slot: Slot(u32::from_be_bytes([t0, t1, t2, t3])),
        })
    }

    /// The key at or before every exemplar of a kind on a day.
    pub(crate) fn day_start(kind: Kind, day: u32) -> [u8; Self::BYTES] {
        Self { kind, day, stream: StreamId(0), slot: Slot(0) }.encode()
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
mod tests;
