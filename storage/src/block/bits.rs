//! Streams of bits, the highest of a byte first.

use super::PartError;

/// Bits that [`BitReader::peek`] can show at the most.
pub(super) const PEEK_MAX: u32 = 32;

/// Writes bits.
#[derive(Debug, Default)]
pub(super) struct BitWriter {
    bytes: Vec<u8>,
    /// Bits not written yet, the last one lowest.
    held: u64,
    held_bits: u32,
}

impl BitWriter {
    /// The lowest `bits` bits of a number, at most 32.
    pub(super) fn put(&mut self, value: u64, bits: u32) {
        debug_assert!(bits <= PEEK_MAX && self.held_bits < 8);
        self.held = self.held << bits | value & ((1 << bits) - 1);
        self.held_bits += bits;
        while self.held_bits >= 8 {
            self.held_bits -= 8;
            self.bytes.push((self.held >> self.held_bits) as u8);
        }
    }

    /// The lowest `bits` bits of a number, at most 64.
    pub(super) fn put_long(&mut self, value: u64, bits: u32) {
        if bits > PEEK_MAX {
            self.put(value >> PEEK_MAX, bits - PEEK_MAX);
        }
        self.put(value, bits.min(PEEK_MAX));
    }

    /// Elias's gamma code of a number above 0: as many zeros as it has bits behind the first, then it.
    pub(super) fn put_gamma(&mut self, value: u32) {
        let bits = 31 - value.max(1).leading_zeros();
        self.put(0, bits);
        self.put(value.into(), bits + 1);
    }

    /// The bytes, the last one filled up with zeros.
    pub(super) fn finish(mut self) -> Vec<u8> {
        if self.held_bits > 0 {
            self.put(0, 8 - self.held_bits);
        }
        self.bytes
    }
}

/// Reads bits. Past the end there are zeros, which [`BitReader::finish`] tells.
#[derive(Debug, Clone, Copy)]
pub(super) struct BitReader<'a> {
    rest: &'a [u8],
    /// The next bits, from the highest on.
    held: u64,
    held_bits: u32,
    /// Bits that were made up past the end.
    missing_bits: u32,
    is_damaged: bool,
}

impl<'a> BitReader<'a> {
    pub(super) const fn new(bytes: &'a [u8]) -> Self {
        Self { rest: bytes, held: 0, held_bits: 0, missing_bits: 0, is_damaged: false }
    }

    /// Makes sure that the next [`PEEK_MAX`] bits are at hand.
    #[inline]
    fn fill(&mut self) {
        if self.held_bits >= PEEK_MAX {
            return;
        }
        match self.rest.split_first_chunk() {
            Some((word, rest)) => {
                self.held |= u64::from(u32::from_be_bytes(*word)) << (32 - self.held_bits);
                self.held_bits += 32;
                self.rest = rest;
            }
            None => *self = self.filled_at_end(),
        }
    }

    /// By value, so that the compiler keeps readers in registers.
    #[cold]
    fn filled_at_end(mut self) -> Self {
        while self.held_bits < PEEK_MAX {
            let byte = if let Some((byte, rest)) = self.rest.split_first() {
                self.rest = rest;
                *byte
            } else {
                self.missing_bits = self.missing_bits.saturating_add(8);
                0
            };
            self.held |= u64::from(byte) << (56 - self.held_bits);
            self.held_bits += 8;
        }
        self
    }

    /// The next bits, from 1 to [`PEEK_MAX`] of them.
    #[inline]
    pub(super) fn peek(&mut self, bits: u32) -> u32 {
        self.fill();
        (self.held >> (64 - bits)) as u32
    }

    /// Goes past bits that were peeked at.
    #[inline]
    pub(super) const fn skip(&mut self, bits: u32) {
        self.held <<= bits;
        self.held_bits = self.held_bits.wrapping_sub(bits);
    }

    /// The next bits, up to [`PEEK_MAX`] of them.
    #[inline]
    pub(super) fn take(&mut self, bits: u32) -> u32 {
        self.fill();
        // In two steps, because a shift by 64 is none.
        let value = (self.held >> 1 >> (63 - bits)) as u32;
        self.skip(bits);
        value
    }

    /// The next bits, up to 64 of them.
    #[inline]
    pub(super) fn take_long(&mut self, bits: u32) -> u64 {
        let high = if bits > PEEK_MAX { self.take(bits - PEEK_MAX) } else { 0 };
        u64::from(high) << 32 | u64::from(self.take(bits.min(PEEK_MAX)))
    }

    /// A number in Elias's gamma code.
    pub(super) fn take_gamma(&mut self) -> Result<u32, PartError> {
        let bits = self.peek(PEEK_MAX).leading_zeros();
        if bits > 15 || self.missing_bits > PEEK_MAX {
            return Err(PartError::Columns);
        }
        self.skip(bits);
        Ok(self.take(bits + 1))
    }

    /// Notes that what was read makes no sense.
    pub(super) const fn damaged(&mut self) {
        self.is_damaged = true;
    }

    /// Whether nothing has been wrong so far.
    #[inline]
    pub(super) const fn check(&self) -> Result<(), PartError> {
        if self.is_damaged || self.missing_bits > self.held_bits {
            return Err(PartError::Columns);
        }
        Ok(())
    }

    /// Whether the stream has been used up but for the zeros in its last byte.
    pub(super) fn finish(&self) -> Result<(), PartError> {
        self.check()?;
        let left = self.held_bits - self.missing_bits;
        let is_whole = self.rest.is_empty() && left < 8 && self.held == 0;
        if is_whole { Ok(()) } else { Err(PartError::Columns) }
    }
}
