//! Varints (LEB128: seven bits a byte, the lowest first), zigzag numbers, and a byte reader that never
//! panics.

use crate::codec::error::PartError;

/// Appends a varint.
pub(crate) fn put(out: &mut Vec<u8>, mut value: u64) {
    while value >= 0x80 {
        out.push(value as u8 | 0x80);
        value >>= 7;
    }
    out.push(value as u8);
}

/// Maps signed numbers to unsigned ones, small to small: 0, -1, 1, -2, 2 … to 0, 1, 2, 3, 4 …
pub(crate) const fn zigzag(value: i64) -> u64 {
    ((value << 1) ^ (value >> 63)) as u64
}

/// The inverse of [`zigzag`].
pub(crate) const fn unzigzag(value: u64) -> i64 {
    (value >> 1) as i64 ^ -((value & 1) as i64)
}

/// Reads bytes from the front of a slice.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Reader<'a> {
    bytes: &'a [u8],
}

impl<'a> Reader<'a> {
    pub(crate) const fn new(bytes: &'a [u8]) -> Self {
        Self { bytes }
    }

    pub(crate) const fn is_empty(&self) -> bool {
        self.bytes.is_empty()
    }

    /// Reads a byte.
    #[inline]
    pub(crate) fn byte(&mut self) -> Result<u8, PartError> {
        let (&first, rest) = self.bytes.split_first().ok_or(PartError::Columns)?;
        self.bytes = rest;
        Ok(first)
    }

    /// Reads a varint.
    ///
    /// # Errors
    /// When the bytes end too early, or the number does not fit 64 bits.
    #[inline]
    pub(crate) fn varint(&mut self) -> Result<u64, PartError> {
        match self.bytes.split_first() {
            Some((&first, rest)) if first < 0x80 => {
                self.bytes = rest;
                Ok(first.into())
            }
            _ => self.long_varint(),
        }
    }

    /// Reads a varint of any length. One of up to eight bytes is read in one step: a loop over its bytes
    /// would end with a mispredicted branch most of the time.
    fn long_varint(&mut self) -> Result<u64, PartError> {
        const LAST: u64 = 0x8080_8080_8080_8080;
        let word = self.bytes.first_chunk().map_or(LAST, |word| u64::from_le_bytes(*word));
        let ends = !word & LAST;
        if ends == 0 {
            return self.bytewise_varint();
        }
        let length = ends.trailing_zeros() / 8 + 1;
        self.bytes = self.bytes.get(length as usize..).unwrap_or_default();
        // Joins the seven bits of each byte: first pairs of bytes, then groups of four, then all eight.
        let bits = word & (u64::MAX >> (64 - 8 * length)) & !LAST;
        let pairs = (bits & 0x7f00_7f00_7f00_7f00) >> 1 | bits & 0x007f_007f_007f_007f;
        let fours = (pairs & 0x3fff_0000_3fff_0000) >> 2 | pairs & 0x0000_3fff_0000_3fff;
        Ok((fours & 0x0fff_ffff_0000_0000) >> 4 | fours & 0x0000_0000_0fff_ffff)
    }

    fn bytewise_varint(&mut self) -> Result<u64, PartError> {
        let mut value = 0_u64;
        for shift in (0..64).step_by(7) {
            let byte = self.byte()?;
            let bits = u64::from(byte & 0x7f);
            if shift == 63 && bits > 1 {
                return Err(PartError::Columns);
            }
            value |= bits << shift;
            if byte < 0x80 {
                return Ok(value);
            }
        }
        Err(PartError::Columns)
    }

    /// Reads a varint that fits 32 bits.
    #[inline]
    pub(crate) fn varint32(&mut self) -> Result<u32, PartError> {
        u32::try_from(self.varint()?).map_err(|_| PartError::Columns)
    }

    /// Reads `length` bytes.
    pub(crate) fn take(&mut self, length: usize) -> Result<&'a [u8], PartError> {
        let (front, rest) = self.bytes.split_at_checked(length).ok_or(PartError::Columns)?;
        self.bytes = rest;
        Ok(front)
    }

    /// The bytes that are left.
    pub(crate) const fn rest(&self) -> &'a [u8] {
        self.bytes
    }

    /// Reads a length (varint) and that many bytes.
    pub(crate) fn sized(&mut self) -> Result<&'a [u8], PartError> {
        let length = usize::try_from(self.varint()?).map_err(|_| PartError::Columns)?;
        self.take(length)
    }

    /// Reads numbers of four bits each, of values below `end`; see [`put_nibbles`]. Returns the first value
    /// and the numbers.
    ///
    /// # Errors
    /// When there are numbers of other values.
    pub(crate) fn nibbles(&mut self, end: usize) -> Result<(usize, Vec<u8>), PartError> {
        let (first, number) = (self.varint32()? as usize, self.varint32()? as usize);
        if first > end || number > end - first {
            return Err(PartError::Columns);
        }
        let pairs = self.take(number.div_ceil(2))?.iter();
        let mut nibbles: Vec<u8> = pairs.flat_map(|pair| [pair & 15, pair >> 4]).collect();
        nibbles.truncate(number);
        Ok((first, nibbles))
    }
}

/// Appends the length of some bytes (varint) and the bytes.
pub(crate) fn put_sized(out: &mut Vec<u8>, bytes: &[u8]) {
    put(out, bytes.len() as u64);
    out.extend_from_slice(bytes);
}

/// Appends numbers of four bits each for the values from `first` on: `first`, how many there are, then two
/// numbers a byte, the first in the low half.
pub(crate) fn put_nibbles(out: &mut Vec<u8>, first: usize, nibbles: &[u8]) {
    put(out, first as u64);
    put(out, nibbles.len() as u64);
    for pair in nibbles.chunks(2) {
        let nibble = |at: usize| pair.get(at).copied().unwrap_or(0);
        out.push(nibble(0) | nibble(1) << 4);
    }
}

#[cfg(test)]
mod tests;
