//! Prefix codes (Huffman 1952) in canonical form: the lengths of the codes tell the codes, shorter ones
//! first and those of a length in the order of their symbols. A single symbol takes no bits.

use super::PartError;
use super::bits::{BitReader, BitWriter};

/// The longest code: a table of this many bits is built for each code of a part.
pub(super) const LENGTH_MAX: u32 = 9;

/// A symbol, or nothing when its length is 0.
#[derive(Debug, Clone, Copy, Default)]
struct Code {
    bits: u16,
    length: u8,
}

/// A code for some symbols.
#[derive(Debug, Clone)]
pub(super) struct Prefix {
    codes: Vec<Code>,
    /// Symbol and length for each value of the next `peek_bits` bits.
    table: Vec<(u8, u8)>,
    peek_bits: u32,
}

/// The lengths of the best code for symbols that occur so often; 0 for those that never do, and when
/// there is only one.
pub(super) fn lengths_of(counts: &[u64]) -> Vec<u8> {
    let mut weights: Vec<u64> = counts.to_vec();
    loop {
        let lengths = huffman(&weights);
        if lengths.iter().all(|length| u32::from(*length) <= LENGTH_MAX) {
            return lengths;
        }
        // Rare symbols are taken to be less rare until no code is too long.
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
        // Stable, so that equal weights give the same code on every machine.
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

impl Prefix {
    /// The code of these lengths. All 0: there is one symbol, `certain`.
    pub(super) fn new(lengths: &[u8], certain: u8) -> Result<Self, PartError> {
        let longest: u32 = lengths.iter().copied().max().unwrap_or(0).into();
        if longest > LENGTH_MAX || lengths.len() > 256 {
            return Err(PartError::Columns);
        }
        let mut codes = vec![Code::default(); lengths.len()];
        if longest == 0 {
            return Ok(Self { codes, table: vec![(certain, 0); 2], peek_bits: 1 });
        }
        let mut table = Vec::with_capacity(1 << longest);
        for length in 1..=longest {
            let ones = lengths.iter().enumerate().filter(|(_, held)| u32::from(**held) == length);
            for (symbol, _) in ones {
                let bits = (table.len() >> (longest - length)) as u16;
                if let Some(code) = codes.get_mut(symbol) {
                    *code = Code { bits, length: length as u8 };
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

    pub(super) fn put(&self, symbol: usize, out: &mut BitWriter) {
        if let Some(code) = self.codes.get(symbol) {
            out.put(code.bits.into(), code.length.into());
        }
    }

    /// Appends symbol and length for each value of the next [`LENGTH_MAX`] bits.
    pub(super) fn put_lookup(&self, out: &mut Vec<(u8, u8)>) {
        for symbol in &self.table {
            out.resize(out.len() + (1 << (LENGTH_MAX - self.peek_bits)), *symbol);
        }
    }

    #[inline]
    pub(super) fn take(&self, stream: &mut BitReader<'_>) -> u8 {
        let point = stream.peek(self.peek_bits) as usize;
        let (symbol, length) = self.table.get(point).copied().unwrap_or_default();
        stream.skip(length.into());
        symbol
    }
}

#[cfg(test)]
mod tests;
