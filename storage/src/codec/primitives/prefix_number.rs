//! A column of numbers in a prefix code: the class of each number as a symbol (see [`super::number_class`]),
//! the rest as plain bits. In a column whose numbers are all of one class only the plain bits are written.

use super::bits::{BitReader, BitWriter};
use super::bytes::{Reader, put_nibbles};
use super::number_class::{CLASSES, ClassCounts, class_of, class_start};
use super::prefix::{PrefixCode, lengths_of};
use crate::codec::error::PartError;

/// The code of a column of numbers.
#[derive(Debug)]
pub(crate) struct NumberCode {
    prefix: PrefixCode,
    first: usize,
    /// Lowest number and plain bits of each class, starting at class `first`.
    classes: Vec<(u64, u32)>,
}

impl NumberCode {
    /// Writes the code for the numbers that were counted.
    pub(crate) fn put_for(numbers: &ClassCounts, out: &mut Vec<u8>) {
        let counts = numbers.counts();
        let first = counts.iter().position(|count| *count > 0).unwrap_or(0);
        let end = counts.iter().rposition(|count| *count > 0).map_or(first, |last| last + 1);
        let lengths = lengths_of(counts.get(first..end).unwrap_or_default());
        put_nibbles(out, first, &lengths);
    }

    /// Reads a code.
    ///
    /// # Errors
    /// When it is not a complete code of existing classes.
    pub(crate) fn take(reader: &mut Reader<'_>) -> Result<Self, PartError> {
        let (first, lengths) = reader.nibbles(CLASSES)?;
        if first >= CLASSES {
            return Err(PartError::Columns);
        }
        let classes = (first..first + lengths.len().max(1)).map(class_start).collect();
        Ok(Self { prefix: PrefixCode::new(&lengths, 0)?, first, classes })
    }

    /// Writes a number that was counted for this code.
    pub(crate) fn put(&self, number: u64, out: &mut BitWriter) {
        let (class, bits) = class_of(number);
        let Some(symbol) = class.checked_sub(self.first) else { return };
        self.prefix.put(symbol, out);
        out.put_long(number - class_start(class).0, bits);
    }

    /// Reads a number.
    #[inline]
    pub(crate) fn read(&self, stream: &mut BitReader<'_>) -> u64 {
        let symbol = usize::from(self.prefix.take(stream));
        let (lowest, bits) = self.classes.get(symbol).copied().unwrap_or_default();
        if bits == 0 { lowest } else { lowest + stream.take_long(bits) }
    }
}
