//! Varints (LEB128: seven bits a byte, the lowest first) and a reader that never panics.

use super::PartError;

/// Appends a varint.
pub(super) fn put(out: &mut Vec<u8>, mut value: u64) {
    while value >= 0x80 {
        out.push(value as u8 | 0x80);
        value >>= 7;
    }
    out.push(value as u8);
}

/// Small numbers of either sign as small unsigned ones: 0, -1, 1, -2, 2 …
pub(super) const fn zigzag(value: i64) -> u64 {
    ((value << 1) ^ (value >> 63)) as u64
}

/// Undoes [`zigzag`].
pub(super) const fn unzigzag(value: u64) -> i64 {
    (value >> 1) as i64 ^ -((value & 1) as i64)
}

/// Reads bytes from the front of a slice.
#[derive(Debug, Clone, Copy)]
pub(super) struct Reader<'a> {
    bytes: &'a [u8],
}

impl<'a> Reader<'a> {
    pub(super) const fn new(bytes: &'a [u8]) -> Self {
        Self { bytes }
    }

    pub(super) const fn is_empty(&self) -> bool {
        self.bytes.is_empty()
    }

    #[inline]
    pub(super) fn byte(&mut self) -> Result<u8, PartError> {
        let (&first, rest) = self.bytes.split_first().ok_or(PartError::Columns)?;
        self.bytes = rest;
        Ok(first)
    }

    #[inline]
    pub(super) fn varint(&mut self) -> Result<u64, PartError> {
        match self.bytes.split_first() {
            Some((&first, rest)) if first < 0x80 => {
                self.bytes = rest;
                Ok(first.into())
            }
            _ => self.long_varint(),
        }
    }

    /// A varint of any length. One of up to eight bytes is read at once: its length is hard to foresee,
    /// and a loop over its bytes would stumble over the end of most of them.
    fn long_varint(&mut self) -> Result<u64, PartError> {
        const LAST: u64 = 0x8080_8080_8080_8080;
        let word = self.bytes.first_chunk().map_or(LAST, |word| u64::from_le_bytes(*word));
        let ends = !word & LAST;
        if ends == 0 {
            return self.bytewise_varint();
        }
        let length = ends.trailing_zeros() / 8 + 1;
        self.bytes = self.bytes.get(length as usize..).unwrap_or_default();
        // Seven bits of each byte move up to those before them: by pairs, by fours, all of them.
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

    /// A varint that fits 32 bits.
    #[inline]
    pub(super) fn varint32(&mut self) -> Result<u32, PartError> {
        u32::try_from(self.varint()?).map_err(|_| PartError::Columns)
    }

    pub(super) fn take(&mut self, length: usize) -> Result<&'a [u8], PartError> {
        let (front, rest) = self.bytes.split_at_checked(length).ok_or(PartError::Columns)?;
        self.bytes = rest;
        Ok(front)
    }

    /// All that is left.
    pub(super) const fn rest(&self) -> &'a [u8] {
        self.bytes
    }

    /// Bytes whose length stands before them as a varint.
    pub(super) fn sized(&mut self) -> Result<&'a [u8], PartError> {
        let length = usize::try_from(self.varint()?).map_err(|_| PartError::Columns)?;
        self.take(length)
    }
}

/// Appends bytes with their length before them.
pub(super) fn put_sized(out: &mut Vec<u8>, bytes: &[u8]) {
    put(out, bytes.len() as u64);
    out.extend_from_slice(bytes);
}

#[cfg(test)]
mod tests;
