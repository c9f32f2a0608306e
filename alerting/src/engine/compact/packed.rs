//! A histogram in few bytes, for the slots of a window until they are needed.

use plimsoll_storage::{Bucket, Histogram};

/// Scale, count of zeros, sum, and the buckets as distance and count; all numbers but the scale have a
/// variable length.
#[derive(Debug, Clone)]
pub(in crate::engine) struct PackedHistogram(Box<[u8]>);

impl PackedHistogram {
    pub(in crate::engine) fn new(durations: &Histogram) -> Self {
        let mut bytes = Vec::with_capacity(8 + 2 * durations.buckets().len());
        bytes.push(durations.scale().to_le_bytes()[0]);
        put(&mut bytes, durations.zero_count());
        put(&mut bytes, durations.sum_us());
        let mut before = i32::MIN;
        for bucket in durations.buckets() {
            put(&mut bytes, u64::from(bucket.index.abs_diff(before)));
            put(&mut bytes, bucket.count);
            before = bucket.index;
        }
        Self(bytes.into())
    }

    /// The histogram.
    pub(in crate::engine) fn unpack(&self) -> Histogram {
        let mut bytes = self.0.iter().copied();
        let scale = i8::from_le_bytes([bytes.next().unwrap_or_default()]);
        let (zero_count, sum_us) = (take(&mut bytes), take(&mut bytes));
        let (mut buckets, mut before) = (Vec::new(), i32::MIN);
        while bytes.len() > 0 {
            let index = before.wrapping_add_unsigned(take(&mut bytes) as u32);
            buckets.push(Bucket { index, count: take(&mut bytes) });
            before = index;
        }
        // The parts are those of a histogram, so they are valid.
        Histogram::from_parts(scale, zero_count, sum_us, buckets).unwrap_or_default()
    }
}

fn put(bytes: &mut Vec<u8>, mut number: u64) {
    while number >= 0x80 {
        bytes.push(number as u8 | 0x80);
        number >>= 7;
    }
    bytes.push(number as u8);
}

fn take(bytes: &mut impl Iterator<Item = u8>) -> u64 {
    let (mut number, mut shift) = (0, 0);
    for byte in bytes {
        number |= u64::from(byte & 0x7f) << shift;
        shift += 7;
        if byte < 0x80 || shift > 63 {
            break;
        }
    }
    number
}

#[cfg(test)]
mod tests;
