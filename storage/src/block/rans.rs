//! An entropy coder: range asymmetric numeral systems (Duda 2009, arXiv:0902.0271; the streaming form
//! with a 32-bit state and 16-bit words is that of Giesen's *ryg_rans*, public domain).
//!
//! A *symbol* is an interval `start .. start + freq` of `0..4096`; it costs log2(4096 / freq) bits. A
//! symbol of frequency 4096 is certain and costs nothing, and a stream of certain symbols is empty.
//!
//! ```text
//! stream = state u32 | word u16 | word u16 | …        big-endian, or nothing at all
//! ```
//!
//! The coder is a stack: symbols are gathered and then encoded from the last to the first, so that
//! decoding runs forward. Decoding never fails on the way: a damaged stream yields wrong symbols and
//! [`Decoder::finish`] tells.

use super::PartError;

/// Frequencies add up to `1 << BITS`.
pub(super) const BITS: u32 = 12;
/// What frequencies add up to.
pub(super) const TOTAL: u32 = 1 << BITS;

/// The state is at least this between symbols.
const STATE_MIN: u32 = 1 << 16;

/// Gathers symbols.
#[derive(Debug, Default)]
pub(super) struct Encoder {
    symbols: Vec<(u16, u16)>,
}

impl Encoder {
    pub(super) fn symbol(&mut self, start: u16, freq: u16) {
        debug_assert!(freq > 0 && u32::from(start) + u32::from(freq) <= TOTAL, "{start} {freq}");
        self.symbols.push((start, freq));
    }

    /// The lowest `bits` bits of a number, each as likely 0 as 1.
    pub(super) fn bits(&mut self, mut value: u64, mut bits: u32) {
        while bits > 0 {
            let now = bits.min(BITS);
            let low = value as u32 & ((1 << now) - 1);
            self.symbol((low << (BITS - now)) as u16, 1 << (BITS - now));
            value >>= now;
            bits -= now;
        }
    }

    /// Appends the stream.
    pub(super) fn finish(self, out: &mut Vec<u8>) {
        let mut state = STATE_MIN;
        let mut words = Vec::new();
        for (start, freq) in self.symbols.into_iter().rev() {
            let (start, freq) = (u32::from(start), u32::from(freq).max(1));
            // The largest state from which this symbol leads to one of 32 bits.
            if u64::from(state) >= u64::from(freq) << (32 - BITS) {
                words.push(state as u16);
                state >>= 16;
            }
            state = ((state / freq) << BITS) + state % freq + start;
        }
        if words.is_empty() && state == STATE_MIN {
            return;
        }
        out.extend_from_slice(&state.to_be_bytes());
        for word in words.into_iter().rev() {
            out.extend_from_slice(&word.to_be_bytes());
        }
    }
}

/// Takes symbols from a stream.
#[derive(Debug)]
pub(super) struct Decoder<'a> {
    state: u32,
    words: &'a [u8],
    is_damaged: bool,
}

impl<'a> Decoder<'a> {
    pub(super) fn new(stream: &'a [u8]) -> Self {
        match stream.split_first_chunk() {
            Some((state, words)) => {
                Self { state: u32::from_be_bytes(*state), words, is_damaged: false }
            }
            None => Self { state: STATE_MIN, words: &[], is_damaged: !stream.is_empty() },
        }
    }

    /// Where in `0..4096` the next symbol's interval lies.
    #[inline]
    pub(super) const fn peek(&self) -> u16 {
        (self.state & (TOTAL - 1)) as u16
    }

    /// Goes past the next symbol, which is this one.
    #[inline]
    pub(super) fn skip(&mut self, start: u16, freq: u16) {
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

    #[inline]
    pub(super) fn bits(&mut self, bits: u32) -> u64 {
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

    /// Notes that what was decoded makes no sense.
    pub(super) const fn damaged(&mut self) {
        self.is_damaged = true;
    }

    /// Whether nothing has been wrong so far.
    #[inline]
    pub(super) const fn check(&self) -> Result<(), PartError> {
        if self.is_damaged { Err(PartError::Columns) } else { Ok(()) }
    }

    /// Whether the stream has been used up exactly; to be asked after its last symbol.
    pub(super) fn finish(&self) -> Result<(), PartError> {
        let is_whole = !self.is_damaged && self.words.is_empty() && self.state == STATE_MIN;
        if is_whole { Ok(()) } else { Err(PartError::Columns) }
    }
}
