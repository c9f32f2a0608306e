//! How likely the values of a small range are, told in four bits each.
//!
//! ```text
//! first | number | level, level, …      two levels a byte, the first in the low half
//! ```
//!
//! A level is a weight on a scale of half octaves, so a frequency is off by a tenth at most, which
//! costs a hundredth of a bit a symbol; exact frequencies would cost more to write than that.

use super::PartError;
use super::bytes::{Reader, put};
use super::rans::TOTAL;

/// The weight of each level: 2^(level / 2), and 0 for what does not occur.
const WEIGHTS: [u32; 16] = [0, 4, 6, 8, 11, 16, 23, 32, 45, 64, 91, 128, 181, 256, 362, 512];

/// The levels of a range of values.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Weights {
    /// The value of the first level.
    pub(super) first: usize,
    levels: Vec<u8>,
}

impl Weights {
    /// From how often each value occurs.
    pub(super) fn of(counts: &[u64]) -> Self {
        let Some(first) = counts.iter().position(|count| *count > 0) else {
            return Self::default();
        };
        let highest = counts.iter().copied().max().unwrap_or(1) as f64;
        let level = |count: &u64| {
            // 1.19 is a quarter of an octave: to the nearest level, not down.
            let weight = *count as f64 / highest * 512.0 * 1.19;
            let below = WEIGHTS.iter().filter(|held| f64::from(**held) <= weight).count() as u8;
            if *count == 0 { 0 } else { (below.saturating_sub(1)).max(1) }
        };
        let end = counts.iter().rposition(|count| *count > 0).map_or(first, |last| last + 1);
        let levels = counts.get(first..end).unwrap_or_default().iter().map(level).collect();
        Self { first, levels }
    }

    /// The weights, from that of [`Weights::first`] on.
    pub(super) fn weights(&self) -> impl Iterator<Item = u32> + '_ {
        // In bounds by the mask.
        self.levels.iter().map(|level| WEIGHTS[usize::from(level & 15)])
    }

    /// Frequencies that add up to [`TOTAL`]: nothing that occurs has 0. Empty when nothing occurs.
    pub(super) fn frequencies(&self) -> Vec<u16> {
        let sum: u32 = self.weights().sum();
        let occurring = self.weights().filter(|weight| *weight > 0).count() as u32;
        if occurring == 0 || occurring > TOTAL {
            return Vec::new();
        }
        let share = |weight| if weight == 0 { 0 } else { 1 + weight * (TOTAL - occurring) / sum };
        let mut frequencies: Vec<u32> = self.weights().map(share).collect();
        let rest = TOTAL - frequencies.iter().sum::<u32>();
        if let Some(most) = frequencies.iter_mut().max() {
            *most += rest;
        }
        frequencies.into_iter().map(|frequency| frequency as u16).collect()
    }

    pub(super) fn put(&self, out: &mut Vec<u8>) {
        put(out, self.first as u64);
        put(out, self.levels.len() as u64);
        for pair in self.levels.chunks(2) {
            let level = |at: usize| pair.get(at).copied().unwrap_or(0);
            out.push(level(0) | level(1) << 4);
        }
    }

    /// Reads weights of values below `end`.
    pub(super) fn take(reader: &mut Reader<'_>, end: usize) -> Result<Self, PartError> {
        let (first, number) = (reader.varint32()? as usize, reader.varint32()? as usize);
        if first > end || number > end - first {
            return Err(PartError::Columns);
        }
        let mut levels = Vec::with_capacity(number + 1);
        for byte in reader.take(number.div_ceil(2))? {
            levels.extend([byte & 15, byte >> 4]);
        }
        levels.truncate(number);
        Ok(Self { first, levels })
    }
}
