//! Prefix codes (Huffman 1952) in canonical form: the lengths of the codes determine the codes. Shorter codes
//! come first, codes of one length are in the order of their symbols. A code with a single symbol takes no
//! bits.

use super::bits::{BitReader, BitWriter};
use crate::codec::error::PartError;

/// The longest code: a lookup table of this many bits is built for each code of a part.
pub(crate) const LENGTH_MAX: u32 = 9;

/// The code of one symbol; length 0 for a symbol that does not occur.
#[derive(Debug, Clone, Copy, Default)]
struct SymbolCode {
    bits: u16,
    length: u8,
}

/// A prefix code for symbols `0 .. n`, `n` at most 256.
#[derive(Debug, Clone)]
pub(crate) struct PrefixCode {
    codes: Vec<SymbolCode>,
    /// Symbol and length for each value of the next `peek_bits` bits.
    table: Vec<(u8, u8)>,
    peek_bits: u32,
}

/// The code lengths of the best code for symbols with these counts. The length is 0 for a symbol that never
/// occurs, and when only one does.
pub(crate) fn lengths_of(counts: &[u64]) -> Vec<u8> {
    let mut weights: Vec<u64> = counts.to_vec();
    loop {
        let lengths = huffman(&weights);
        if lengths.iter().all(|length| u32::from(*length) <= LENGTH_MAX) {
            return lengths;
        }
        // Flatten the distribution until no code is too long.
        for weight in weights.iter_mut().filter(|weight| **weight > 0) {
            *weight = *weight / 2 + 1;
        }
    }
}

fn huffman(weights: &[u64]) -> Vec<u8> {
    // Each tree with its weight and the symbols in it.
    let occurring = weights.iter().enumerate().filter(|(_, weight)| **weight > 0);
    let mut trees: Vec<(u64, Vec<usize>)> =
        occurring.map(|(symbol, weight)| (*weight, vec![symbol])).collect();
    let mut lengths = vec![0; weights.len()];
    while trees.len() > 1 {
        // A stable sort: equal weights give the same code on every machine.
        trees.sort_by_key(|(weight, _)| std::cmp::Reverse(*weight));
        let (Some(one), Some(other)) = (trees.pop(), trees.pop()) else { break };
        let symbols = [one.1, other.1].concat();
        for symbol in &symbols {
            if let Some(length) = lengths.get_mut(*symbol) {
                *length += 1;
            }
        }
        trees.push((one.0.saturating_add(other.0), symbols));
    }
    lengths
}

impl PrefixCode {
    /// The code with these lengths. When all are 0 there is one symbol, `certain`.
    ///
    /// # Errors
    /// When the lengths are too long or do not form a complete code.
    pub(crate) fn new(lengths: &[u8], certain: u8) -> Result<Self, PartError> {
        let longest: u32 = lengths.iter().copied().max().unwrap_or(0).into();
        if longest > LENGTH_MAX || lengths.len() > 256 {
            return Err(PartError::Columns);
        }
        let mut codes = vec![SymbolCode::default(); lengths.len()];
        if longest == 0 {
            return Ok(Self { codes, table: vec![(certain, 0); 2], peek_bits: 1 });
        }
        let mut table = Vec::with_capacity(1 << longest);
        for length in 1..=longest {
            let of_length = lengths.iter().enumerate().filter(|(_, it)| u32::from(**it) == length);
            for (symbol, _) in of_length {
                let bits = (table.len() >> (longest - length)) as u16;
                if let Some(code) = codes.get_mut(symbol) {
                    *code = SymbolCode { bits, length: length as u8 };
                }
                table.resize(table.len() + (1 << (longest - length)), (symbol as u8, length as u8));
            }
        }
        if table.len() == 1 << longest {
            Ok(Self { codes, table, peek_bits: longest })
        } else {
            Err(PartError::Columns)
        }
    }

    /// Writes a symbol.
    pub(crate) fn put(&self, symbol: usize, out: &mut BitWriter) {
        if let Some(code) = self.codes.get(symbol) {
            out.put(code.bits.into(), code.length.into());
        }
    }

    /// Appends symbol and length for each value of the next [`LENGTH_MAX`] bits to a lookup table.
    pub(crate) fn put_lookup(&self, out: &mut Vec<(u8, u8)>) {
        for symbol in &self.table {
            out.resize(out.len() + (1 << (LENGTH_MAX - self.peek_bits)), *symbol);
        }
    }

    /// Reads a symbol.
    #[inline]
    pub(crate) fn take(&self, stream: &mut BitReader<'_>) -> u8 {
        let point = stream.peek(self.peek_bits) as usize;
        let (symbol, length) = self.table.get(point).copied().unwrap_or_default();
        stream.skip(length.into());
        symbol
    }
}

#[cfg(test)]
mod tests;
