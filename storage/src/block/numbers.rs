//! A column of numbers, entropy-coded: each number's *class* as a symbol whose frequency the part
//! tells, the rest of it as plain bits. Numbers below 16 are a class each; above, an octave has four.

use super::PartError;
use super::bytes::Reader;
use super::rans::{Decoder, Encoder, TOTAL};
use super::weights::Weights;

/// Numbers below it are their own class.
const EXACT: u64 = 16;
/// Classes there are: the highest is that of `u64::MAX`.
pub(super) const CLASSES: usize = 16 + 60 * 4;

/// Class, and how many bits tell the number within it.
pub(super) const fn class_of(number: u64) -> (usize, u32) {
    if number < EXACT {
        return (number as usize, 0);
    }
    let octave = 63 - number.leading_zeros();
    let quarter = (number >> (octave - 2)) as usize & 3;
    (16 + (octave as usize - 4) * 4 + quarter, octave - 2)
}

/// The lowest number of a class, and how many bits tell the number within it.
pub(super) const fn class_start(class: usize) -> (u64, u32) {
    if class < EXACT as usize {
        return (class as u64, 0);
    }
    let octave = (class as u32 - 16) / 4 + 4;
    let quarter = (class as u64) & 3;
    ((4 | quarter) << (octave - 2), octave - 2)
}

/// Counts the numbers of a column, to make a model of them.
#[derive(Debug)]
pub(super) struct Census {
    counts: [u64; CLASSES],
}

impl Default for Census {
    fn default() -> Self {
        Self { counts: [0; CLASSES] }
    }
}

impl Census {
    pub(super) fn add(&mut self, number: u64) {
        if let Some(count) = self.counts.get_mut(class_of(number).0) {
            *count += 1;
        }
    }

    /// How many numbers there are of each class.
    pub(super) const fn counts(&self) -> &[u64] {
        &self.counts
    }

    pub(super) fn weights(&self) -> Weights {
        Weights::of(&self.counts)
    }
}

#[derive(Debug, Clone, Copy, Default)]
struct Symbol {
    start: u16,
    freq: u16,
    bits: u32,
    lowest: u64,
}

/// How likely the classes of a column are.
#[derive(Debug)]
pub(super) struct Model {
    /// Of each class from `first` on.
    symbols: Vec<Symbol>,
    first: usize,
    /// The position in `symbols` of each point of an interval. Empty when one class is certain.
    positions: Vec<u8>,
}

impl Model {
    pub(super) fn new(weights: &Weights) -> Self {
        let frequencies = weights.frequencies();
        let mut symbols = Vec::with_capacity(frequencies.len());
        let mut start = 0;
        for (class, freq) in (weights.first..).zip(&frequencies) {
            let (lowest, bits) = class_start(class);
            symbols.push(Symbol { start, freq: *freq, bits, lowest });
            start += freq;
        }
        let mut positions = Vec::new();
        if frequencies.len() > 1 {
            positions.reserve(TOTAL as usize);
            for (position, freq) in frequencies.iter().enumerate() {
                positions.resize(positions.len() + usize::from(*freq), position as u8);
            }
        }
        Self { symbols, first: weights.first, positions }
    }

    /// Reads the weights of a model.
    pub(super) fn take(reader: &mut Reader<'_>) -> Result<Self, PartError> {
        Ok(Self::new(&Weights::take(reader, CLASSES)?))
    }

    /// A number that was counted in the census of this model.
    pub(super) fn encode(&self, number: u64, out: &mut Encoder) {
        let (class, bits) = class_of(number);
        if let Some(symbol) = class.checked_sub(self.first).and_then(|at| self.symbols.get(at)) {
            out.symbol(symbol.start, symbol.freq);
            out.bits(number - symbol.lowest, bits);
        }
    }

    #[inline]
    pub(super) fn decode(&self, stream: &mut Decoder<'_>) -> u64 {
        let position = self.positions.get(usize::from(stream.peek())).copied().unwrap_or(0);
        let Some(symbol) = self.symbols.get(usize::from(position)) else {
            stream.damaged();
            return 0;
        };
        if !self.positions.is_empty() {
            stream.skip(symbol.start, symbol.freq);
        }
        symbol.lowest + if symbol.bits == 0 { 0 } else { stream.bits(symbol.bits) }
    }
}

#[cfg(test)]
mod tests;
