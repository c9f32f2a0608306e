//! A column of numbers in a prefix code: each number's class (see [`super::numbers`]) as a symbol, the
//! rest of it as plain bits. A column whose numbers are all of one class takes the plain bits only.

use super::PartError;
use super::bits::{BitReader, BitWriter};
use super::bytes::{Reader, put};
use super::numbers::{CLASSES, Census, class_of, class_start};
use super::prefix::{Prefix, lengths_of};

/// How the numbers of a column are coded.
#[derive(Debug)]
pub(super) struct Code {
    prefix: Prefix,
    first: usize,
    /// Lowest number and plain bits of each class from `first` on.
    classes: Vec<(u64, u32)>,
}

impl Code {
    /// Writes the code for the numbers that were counted.
    pub(super) fn put_for(census: &Census, out: &mut Vec<u8>) {
        let counts = census.counts();
        let first = counts.iter().position(|count| *count > 0).unwrap_or(0);
        let end = counts.iter().rposition(|count| *count > 0).map_or(first, |last| last + 1);
        let lengths = lengths_of(counts.get(first..end).unwrap_or_default());
        put(out, first as u64);
        put(out, lengths.len() as u64);
        for pair in lengths.chunks(2) {
            let length = |at: usize| pair.get(at).copied().unwrap_or(0);
            out.push(length(0) | length(1) << 4);
        }
    }

    pub(super) fn take(reader: &mut Reader<'_>) -> Result<Self, PartError> {
        let (first, number) = (reader.varint32()? as usize, reader.varint32()? as usize);
        if first >= CLASSES || number > CLASSES - first {
            return Err(PartError::Columns);
        }
        let pairs = reader.take(number.div_ceil(2))?.iter();
        let mut lengths: Vec<u8> = pairs.flat_map(|pair| [pair & 15, pair >> 4]).collect();
        lengths.truncate(number);
        let classes = (first..first + number.max(1)).map(class_start).collect();
        Ok(Self { prefix: Prefix::new(&lengths, 0)?, first, classes })
    }

    /// A number that was counted.
    pub(super) fn put(&self, number: u64, out: &mut BitWriter) {
        let (class, bits) = class_of(number);
        let Some(symbol) = class.checked_sub(self.first) else { return };
        self.prefix.put(symbol, out);
        out.put_long(number - class_start(class).0, bits);
    }

    #[inline]
    pub(super) fn read(&self, stream: &mut BitReader<'_>) -> u64 {
        let symbol = usize::from(self.prefix.take(stream));
        let (lowest, bits) = self.classes.get(symbol).copied().unwrap_or_default();
        if bits == 0 { lowest } else { lowest + stream.take_long(bits) }
    }
}
