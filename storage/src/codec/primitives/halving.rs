//! A prefix code for how many of `n` values lie in the lower half, when each lies there with probability 1/2.
//! The sections of a distribution are coded with it.
//!
//! Up to 16 values it is a prefix code for the binomial distribution, made from binomial coefficients. Above,
//! the distance to `n / 2` is divided into steps of `2^shift`, so that the steps are distributed as the
//! counts of 4 to 15 values are: the code for that many values encodes the step, plain bits encode the rest.
//! Symbol 0 means that the number is too far from `n / 2`; it follows in plain bits.

use std::sync::LazyLock;

use super::bits::{BitReader, BitWriter};
use super::prefix::{LENGTH_MAX, PrefixCode, lengths_of};

/// Up to this many values, each number of values has a code of its own.
const EXACT_MAX: u32 = 16;

struct Tables {
    /// By number of values.
    codes: Vec<PrefixCode>,
    /// By number of values and the next bits: how many lie in the lower half, and the length of the code. One
    /// table for all numbers, so that a read takes one lookup.
    lookup: Vec<(u8, u8)>,
}

static TABLES: LazyLock<Tables> = LazyLock::new(|| {
    let code = |items: u64| {
        let mut ways = 1;
        let ways = (0..=items).map(|lower| {
            let current = ways;
            ways = ways * (items - lower) / (lower + 1);
            current
        });
        // A code made from counts is complete. Only the code for no values has a certain symbol.
        PrefixCode::new(&lengths_of(&ways.collect::<Vec<_>>()), 0)
    };
    let codes: Vec<PrefixCode> =
        (0..=EXACT_MAX.into()).filter_map(|items| code(items).ok()).collect();
    let mut lookup = Vec::new();
    codes.iter().for_each(|code| code.put_lookup(&mut lookup));
    Tables { codes, lookup }
});

/// Reads and writes how values split in two halves.
#[derive(Clone, Copy)]
pub(crate) struct Halving {
    codes: &'static [PrefixCode],
    lookup: &'static [(u8, u8)],
}

impl std::fmt::Debug for Halving {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Halving")
    }
}

/// How a number of more than [`EXACT_MAX`] values is divided into steps.
struct Steps {
    /// The number of values whose code encodes the step.
    items: u32,
    /// The number at step 0.
    zero: i64,
    shift: u32,
}

impl Steps {
    const fn of(items: u32) -> Self {
        // Counted in steps of 2^shift, the deviation is that of 4^shift times fewer values.
        let shift = (31 - items.leading_zeros() - 3).div_ceil(2);
        let fewer = items >> (2 * shift);
        Self { items: fewer, zero: (items / 2) as i64 - ((fewer as i64 / 2) << shift), shift }
    }
}

impl Halving {
    /// A coder with the shared tables.
    pub(crate) fn new() -> Self {
        Self { codes: &TABLES.codes, lookup: &TABLES.lookup }
    }

    /// Writes that `lower` of `items` lie in the lower half.
    pub(crate) fn put(self, lower: u32, items: u32, out: &mut BitWriter) {
        if let Some(code) = self.codes.get(items as usize) {
            return code.put(lower as usize, out);
        }
        let steps = Steps::of(items);
        let Some(code) = self.codes.get(steps.items as usize) else { return };
        let distance = i64::from(lower) - steps.zero;
        let step = distance >> steps.shift;
        if 0 < step && step <= i64::from(steps.items) {
            code.put(step as usize, out);
            out.put(distance as u64, steps.shift);
        } else {
            code.put(0, out);
            out.put(lower.into(), 32);
        }
    }

    /// Reads how many of `items` lie in the lower half; at most all of them.
    #[inline]
    pub(crate) fn take(self, items: u32, stream: &mut BitReader<'_>) -> u32 {
        let point = stream.peek(LENGTH_MAX) as usize;
        match self.lookup.get((items as usize) << LENGTH_MAX | point) {
            Some((lower, length)) => {
                stream.skip((*length).into());
                (*lower).into()
            }
            None => self.take_many(items, stream),
        }
    }

    #[cold]
    fn take_many(self, items: u32, stream: &mut BitReader<'_>) -> u32 {
        let steps = Steps::of(items);
        let step = self.codes.get(steps.items as usize).map_or(0, |code| code.take(stream));
        let lower = match step {
            0 => stream.take(32).into(),
            step => {
                steps.zero + (i64::from(step) << steps.shift | i64::from(stream.take(steps.shift)))
            }
        };
        if !(0..=i64::from(items)).contains(&lower) {
            stream.mark_damaged();
        }
        lower.clamp(0, items.into()) as u32
    }
}

#[cfg(test)]
mod tests;
