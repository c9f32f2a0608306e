//! A column of numbers in the entropy coder [`super::rans`]: the class of each number as a symbol (see
//! [`super::number_class`]) whose frequency is stored in the part, the rest as plain bits.

use super::bytes::Reader;
use super::number_class::{CLASSES, class_of, class_start};
use super::rans::{RansReader, RansWriter, TOTAL};
use super::weights::Weights;
use crate::codec::error::PartError;

#[derive(Debug, Clone, Copy, Default)]
struct Symbol {
    start: u16,
    freq: u16,
    bits: u32,
    lowest: u64,
}

/// The frequencies of the classes of a column.
#[derive(Debug)]
pub(crate) struct NumberModel {
    /// Of each class, starting at class `first`.
    symbols: Vec<Symbol>,
    first: usize,
    /// The position in `symbols` for each point of `0 .. TOTAL`. Empty when all numbers are of one class.
    positions: Vec<u8>,
}

impl NumberModel {
    /// A model from the weights of the classes.
    pub(crate) fn new(weights: &Weights) -> Self {
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
    ///
    /// # Errors
    /// When they are not those of existing classes.
    pub(crate) fn take(reader: &mut Reader<'_>) -> Result<Self, PartError> {
        Ok(Self::new(&Weights::take(reader, CLASSES)?))
    }

    /// Writes a number that was counted for this model.
    pub(crate) fn put(&self, number: u64, out: &mut RansWriter) {
        let (class, bits) = class_of(number);
        if let Some(symbol) = class.checked_sub(self.first).and_then(|at| self.symbols.get(at)) {
            out.symbol(symbol.start, symbol.freq);
            out.bits(number - symbol.lowest, bits);
        }
    }

    /// Reads a number.
    #[inline]
    pub(crate) fn read(&self, stream: &mut RansReader<'_>) -> u64 {
        let position = self.positions.get(usize::from(stream.peek())).copied().unwrap_or(0);
        let Some(symbol) = self.symbols.get(usize::from(position)) else {
            stream.mark_damaged();
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
