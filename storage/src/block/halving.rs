//! How many of `n` values lie in the lower half, when each does so with an even chance: the one
//! distribution that buckets are told with.
//!
//! Up to 16 values it is a prefix code for the binomial distribution, which is a table of whole numbers.
//! Above, the distance to `n / 2` is cut into steps of `2^shift` such that they are spread as 4 to 15
//! values are; the code of those tells the step, plain bits the rest. Symbol 0 says that the number is
//! too far off and is written as it is.

use std::sync::LazyLock;

use super::bits::{BitReader, BitWriter};
use super::prefix::{LENGTH_MAX, Prefix, lengths_of};

/// Values up to which a number is told by a code of its own.
const EXACT_MAX: u32 = 16;

struct Tables {
    /// By number of values.
    codes: Vec<Prefix>,
    /// By number of values and the next bits: how many lie in the lower half, and the length of their
    /// code. All in one, so that reading takes one look-up.
    lookup: Vec<(u8, u8)>,
}

static TABLES: LazyLock<Tables> = LazyLock::new(|| {
    let code = |items: u64| {
        let mut ways = 1;
        let ways = (0..=items).map(|lower| {
            let held = ways;
            ways = ways * (items - lower) / (lower + 1);
            held
        });
        // A code made of counts is complete; no symbol is certain but that of no values.
        Prefix::new(&lengths_of(&ways.collect::<Vec<_>>()), 0)
    };
    let codes: Vec<Prefix> = (0..=EXACT_MAX.into()).filter_map(|items| code(items).ok()).collect();
    let mut lookup = Vec::new();
    codes.iter().for_each(|code| code.put_lookup(&mut lookup));
    Tables { codes, lookup }
});

/// Reads and writes halves, with the tables at hand.
#[derive(Clone, Copy)]
pub(super) struct Halving {
    codes: &'static [Prefix],
    lookup: &'static [(u8, u8)],
}

impl std::fmt::Debug for Halving {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Halving")
    }
}

/// How a number of more than [`EXACT_MAX`] values is cut into steps.
struct Steps {
    /// Whose code tells the step.
    items: u32,
    /// The number at step 0.
    zero: i64,
    shift: u32,
}

impl Steps {
    const fn of(items: u32) -> Self {
        // Steps of 2^shift are as 4^shift times fewer values.
        let shift = (31 - items.leading_zeros() - 3).div_ceil(2);
        let like = items >> (2 * shift);
        Self { items: like, zero: (items / 2) as i64 - ((like as i64 / 2) << shift), shift }
    }
}

impl Halving {
    pub(super) fn new() -> Self {
        Self { codes: &TABLES.codes, lookup: &TABLES.lookup }
    }

    /// Writes that `lower` of `items` lie in the lower half.
    pub(super) fn put(self, lower: u32, items: u32, out: &mut BitWriter) {
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
    pub(super) fn take(self, items: u32, stream: &mut BitReader<'_>) -> u32 {
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
            stream.damaged();
        }
        lower.clamp(0, items.into()) as u32
    }
}

#[cfg(test)]
mod tests;
