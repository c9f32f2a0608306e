//! How likely each value of a small range is, stored in four bits a value.
//!
//! ```text
//! first | number | level, level, …      two levels a byte, the first in the low half
//! ```
//!
//! A level is a weight on a logarithmic scale with two steps an octave. A frequency is off by a tenth at
//! most, which costs a hundredth of a bit a symbol; storing exact frequencies would cost more than that.

use super::bytes::{Reader, put_nibbles};
use super::rans::TOTAL;
use crate::codec::error::PartError;

/// The weight of each level: 2^(level / 2), and 0 for a value that does not occur.
const WEIGHTS: [u32; 16] = [0, 4, 6, 8, 11, 16, 23, 32, 45, 64, 91, 128, 181, 256, 362, 512];

/// The levels of a range of values.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Weights {
    /// The value of the first level.
    pub(crate) first: usize,
    levels: Vec<u8>,
}

impl Weights {
    /// The weights for values with these counts.
    pub(crate) fn of(counts: &[u64]) -> Self {
        let Some(first) = counts.iter().position(|count| *count > 0) else {
            return Self::default();
        };
        let highest = counts.iter().copied().max().unwrap_or(1) as f64;
        let level = |count: &u64| {
            // 1.19 is a quarter of an octave: it rounds to the nearest level instead of down.
            let weight = *count as f64 / highest * 512.0 * 1.19;
            let below = WEIGHTS.iter().filter(|it| f64::from(**it) <= weight).count() as u8;
            if *count == 0 { 0 } else { (below.saturating_sub(1)).max(1) }
        };
        let end = counts.iter().rposition(|count| *count > 0).map_or(first, |last| last + 1);
        let levels = counts.get(first..end).unwrap_or_default().iter().map(level).collect();
        Self { first, levels }
    }

    /// The weights, starting at the value [`Weights::first`].
    pub(crate) fn weights(&self) -> impl Iterator<Item = u32> + '_ {
        // In bounds by the mask.
        self.levels.iter().map(|level| WEIGHTS[usize::from(level & 15)])
    }

    /// Frequencies that add up to [`TOTAL`]; a value that occurs has at least 1. Empty when no value occurs.
    pub(crate) fn frequencies(&self) -> Vec<u16> {
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

    /// Writes the weights.
    pub(crate) fn put(&self, out: &mut Vec<u8>) {
        put_nibbles(out, self.first, &self.levels);
    }

    /// Reads the weights of values below `end`.
    ///
    /// # Errors
    /// When there are weights of other values.
    pub(crate) fn take(reader: &mut Reader<'_>, end: usize) -> Result<Self, PartError> {
        let (first, levels) = reader.nibbles(end)?;
        Ok(Self { first, levels })
    }
}
