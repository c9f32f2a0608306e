//! An entropy coder: range asymmetric numeral systems (Duda 2009, arXiv:0902.0271; the streaming form with a
//! 32-bit state and 16-bit words follows Giesen's *ryg_rans*, public domain).
//!
//! A *symbol* is an interval `start .. start + freq` of `0 .. 4096`; it costs log2(4096 / freq) bits. A
//! symbol of frequency 4096 is certain and costs nothing, and a stream of only certain symbols is empty.
//!
//! ```text
//! stream = state u32 | word u16 | word u16 | …        big-endian, or nothing at all
//! ```
//!
//! The coder is a stack: symbols are collected and then encoded from the last to the first, so that decoding
//! runs forward. Single reads never fail: a damaged stream yields wrong symbols, and [`RansReader::finish`]
//! reports it.

use crate::codec::error::PartError;

/// Frequencies add up to `1 << BITS`.
pub(crate) const BITS: u32 = 12;
/// What frequencies add up to.
pub(crate) const TOTAL: u32 = 1 << BITS;

/// The state is at least this between symbols.
const STATE_MIN: u32 = 1 << 16;

/// Collects symbols and encodes them.
#[derive(Debug, Default)]
pub(crate) struct RansWriter {
    symbols: Vec<(u16, u16)>,
}

impl RansWriter {
    /// Appends a symbol.
    pub(crate) fn symbol(&mut self, start: u16, freq: u16) {
        debug_assert!(freq > 0 && u32::from(start) + u32::from(freq) <= TOTAL, "{start} {freq}");
        self.symbols.push((start, freq));
    }

    /// Appends the lowest `bits` bits of a number, each with equal chances.
    pub(crate) fn bits(&mut self, mut value: u64, mut bits: u32) {
        while bits > 0 {
            let now = bits.min(BITS);
            let low = value as u32 & ((1 << now) - 1);
            self.symbol((low << (BITS - now)) as u16, 1 << (BITS - now));
            value >>= now;
            bits -= now;
        }
    }

    /// Encodes the stream.
    pub(crate) fn finish(self) -> Vec<u8> {
        let mut state = STATE_MIN;
        let mut words = Vec::new();
        for (start, freq) in self.symbols.into_iter().rev() {
            let (start, freq) = (u32::from(start), u32::from(freq).max(1));
            // From a larger state this symbol would lead to one of more than 32 bits.
            if u64::from(state) >= u64::from(freq) << (32 - BITS) {
                words.push(state as u16);
                state >>= 16;
            }
            state = ((state / freq) << BITS) + state % freq + start;
        }
        if words.is_empty() && state == STATE_MIN {
            return Vec::new();
        }
        let mut stream = state.to_be_bytes().to_vec();
        for word in words.into_iter().rev() {
            stream.extend_from_slice(&word.to_be_bytes());
        }
        stream
    }
}

/// Reads symbols from a stream.
#[derive(Debug)]
pub(crate) struct RansReader<'a> {
    state: u32,
    words: &'a [u8],
    is_damaged: bool,
}

impl<'a> RansReader<'a> {
    /// A reader of a whole stream.
    pub(crate) fn new(stream: &'a [u8]) -> Self {
        match stream.split_first_chunk() {
            Some((state, words)) => {
                Self { state: u32::from_be_bytes(*state), words, is_damaged: false }
            }
            None => Self { state: STATE_MIN, words: &[], is_damaged: !stream.is_empty() },
        }
    }

    /// A point of `0 .. 4096` inside the interval of the next symbol.
    #[inline]
    pub(crate) const fn peek(&self) -> u16 {
        (self.state & (TOTAL - 1)) as u16
    }

    /// Consumes the next symbol, which is this one.
    #[inline]
    pub(crate) fn skip(&mut self, start: u16, freq: u16) {
        let within = (self.state & (TOTAL - 1)).wrapping_sub(start.into());
        let state = u32::from(freq).wrapping_mul(self.state >> BITS).wrapping_add(within);
        self.state = if state < STATE_MIN { self.refill(state) } else { state };
    }

    #[inline]
    fn refill(&mut self, state: u32) -> u32 {
        if let Some((word, rest)) = self.words.split_first_chunk() {
            self.words = rest;
            state << 16 | u32::from(u16::from_be_bytes(*word))
        } else {
            self.is_damaged = true;
            STATE_MIN
        }
    }

    /// Reads up to 64 plain bits.
    #[inline]
    pub(crate) fn bits(&mut self, bits: u32) -> u64 {
        let (mut value, mut shift) = (0, 0);
        while shift < bits {
            let now = (bits - shift).min(BITS);
            let low = self.peek() >> (BITS - now);
            self.skip(low << (BITS - now), 1 << (BITS - now));
            value |= u64::from(low) << shift;
            shift += now;
        }
        value
    }

    /// Records that a decoded value is impossible.
    pub(crate) const fn mark_damaged(&mut self) {
        self.is_damaged = true;
    }

    /// Checks that the stream has been valid so far.
    ///
    /// # Errors
    /// After [`RansReader::mark_damaged`], and when the stream ended too early.
    #[inline]
    pub(crate) const fn check(&self) -> Result<(), PartError> {
        if self.is_damaged { Err(PartError::Columns) } else { Ok(()) }
    }

    /// Checks that the stream was consumed exactly; for use after its last symbol.
    ///
    /// # Errors
    /// As [`RansReader::check`], and when symbols are left over.
    pub(crate) fn finish(&self) -> Result<(), PartError> {
        let is_whole = !self.is_damaged && self.words.is_empty() && self.state == STATE_MIN;
        if is_whole { Ok(()) } else { Err(PartError::Columns) }
    }
}
