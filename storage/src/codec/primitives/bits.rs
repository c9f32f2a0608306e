//! Writing and reading streams of bits. The highest bit of a byte comes first.

use crate::codec::error::PartError;

/// The largest number of bits that [`BitReader::peek`] returns.
pub(crate) const PEEK_MAX: u32 = 32;

/// Writes bits.
#[derive(Debug, Default)]
pub(crate) struct BitWriter {
    bytes: Vec<u8>,
    /// Bits that do not fill a byte yet, the last one lowest.
    pending: u64,
    pending_bits: u32,
}

impl BitWriter {
    /// Appends the lowest `bits` bits of a number, at most [`PEEK_MAX`].
    pub(crate) fn put(&mut self, value: u64, bits: u32) {
        debug_assert!(bits <= PEEK_MAX && self.pending_bits < 8);
        self.pending = self.pending << bits | value & ((1 << bits) - 1);
        self.pending_bits += bits;
        while self.pending_bits >= 8 {
            self.pending_bits -= 8;
            self.bytes.push((self.pending >> self.pending_bits) as u8);
        }
    }

    /// Appends the lowest `bits` bits of a number, at most 64.
    pub(crate) fn put_long(&mut self, value: u64, bits: u32) {
        if bits > PEEK_MAX {
            self.put(value >> PEEK_MAX, bits - PEEK_MAX);
        }
        self.put(value, bits.min(PEEK_MAX));
    }

    /// Appends a number above 0 in Elias gamma code: one zero for each bit after its highest, then the
    /// number.
    pub(crate) fn put_gamma(&mut self, value: u32) {
        let bits = 31 - value.max(1).leading_zeros();
        self.put(0, bits);
        self.put(value.into(), bits + 1);
    }

    /// Returns the bytes; the last one is padded with zeros.
    pub(crate) fn finish(mut self) -> Vec<u8> {
        if self.pending_bits > 0 {
            self.put(0, 8 - self.pending_bits);
        }
        self.bytes
    }
}

/// Reads bits. Past the end it reads zeros; [`BitReader::check`] and [`BitReader::finish`] report that.
#[derive(Debug, Clone, Copy)]
pub(crate) struct BitReader<'a> {
    rest: &'a [u8],
    /// The next bits, starting at the highest.
    buffer: u64,
    buffered_bits: u32,
    /// Zeros that were added past the end.
    missing_bits: u32,
    is_damaged: bool,
}

impl<'a> BitReader<'a> {
    pub(crate) const fn new(bytes: &'a [u8]) -> Self {
        Self { rest: bytes, buffer: 0, buffered_bits: 0, missing_bits: 0, is_damaged: false }
    }

    /// Buffers at least the next [`PEEK_MAX`] bits.
    #[inline]
    fn fill(&mut self) {
        if self.buffered_bits >= PEEK_MAX {
            return;
        }
        match self.rest.split_first_chunk() {
            Some((word, rest)) => {
                self.buffer |= u64::from(u32::from_be_bytes(*word)) << (32 - self.buffered_bits);
                self.buffered_bits += 32;
                self.rest = rest;
            }
            None => *self = self.filled_at_end(),
        }
    }

    /// Takes the reader by value, so that the compiler can keep it in registers.
    #[cold]
    fn filled_at_end(mut self) -> Self {
        while self.buffered_bits < PEEK_MAX {
            let byte = if let Some((byte, rest)) = self.rest.split_first() {
                self.rest = rest;
                *byte
            } else {
                self.missing_bits = self.missing_bits.saturating_add(8);
                0
            };
            self.buffer |= u64::from(byte) << (56 - self.buffered_bits);
            self.buffered_bits += 8;
        }
        self
    }

    /// Returns the next bits, from 1 to [`PEEK_MAX`] of them, without consuming them.
    #[inline]
    pub(crate) fn peek(&mut self, bits: u32) -> u32 {
        self.fill();
        (self.buffer >> (64 - bits)) as u32
    }

    /// Consumes bits that were peeked at.
    #[inline]
    pub(crate) const fn skip(&mut self, bits: u32) {
        self.buffer <<= bits;
        self.buffered_bits = self.buffered_bits.wrapping_sub(bits);
    }

    /// Reads up to [`PEEK_MAX`] bits.
    #[inline]
    pub(crate) fn take(&mut self, bits: u32) -> u32 {
        self.fill();
        // In two steps, because a shift by 64 would overflow.
        let value = (self.buffer >> 1 >> (63 - bits)) as u32;
        self.skip(bits);
        value
    }

    /// Reads up to 64 bits.
    #[inline]
    pub(crate) fn take_long(&mut self, bits: u32) -> u64 {
        let high = if bits > PEEK_MAX { self.take(bits - PEEK_MAX) } else { 0 };
        u64::from(high) << 32 | u64::from(self.take(bits.min(PEEK_MAX)))
    }

    /// Reads a number in Elias gamma code, of at most 16 bits.
    ///
    /// # Errors
    /// At the end of the stream, and for a longer number.
    pub(crate) fn take_gamma(&mut self) -> Result<u32, PartError> {
        let bits = self.peek(PEEK_MAX).leading_zeros();
        if bits > 15 || self.missing_bits > PEEK_MAX {
            return Err(PartError::Columns);
        }
        self.skip(bits);
        Ok(self.take(bits + 1))
    }

    /// Records that a decoded value is impossible.
    pub(crate) const fn mark_damaged(&mut self) {
        self.is_damaged = true;
    }

    /// Checks that the stream has been valid so far.
    ///
    /// # Errors
    /// After [`BitReader::mark_damaged`], and when bits past the end were consumed.
    #[inline]
    pub(crate) const fn check(&self) -> Result<(), PartError> {
        if self.is_damaged || self.missing_bits > self.buffered_bits {
            return Err(PartError::Columns);
        }
        Ok(())
    }

    /// Checks that everything was consumed except the padding of the last byte.
    ///
    /// # Errors
    /// As [`BitReader::check`], and when bits are left over.
    pub(crate) fn finish(&self) -> Result<(), PartError> {
        self.check()?;
        let padding = self.buffered_bits - self.missing_bits;
        let is_whole = self.rest.is_empty() && padding < 8 && self.buffer == 0;
        if is_whole { Ok(()) } else { Err(PartError::Columns) }
    }
}
