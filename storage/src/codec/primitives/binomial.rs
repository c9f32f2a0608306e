//! A code in [`super::rans`] for how many of `n` items go left, when each goes left with probability `p`.
//! Both buckets and outcome classes are coded with it.
//!
//! Up to 16 items the frequencies come from a table of binomial distributions for 42 values of `p`. Above,
//! the distance to the mean is coded with a bell curve (Student's t with 7 degrees of freedom, whose heavier
//! tails tolerate a `p` that drifts) in steps of about a quarter of its width; the rest is plain bits. A
//! number farther out is written in plain bits. The tables are computed with additions, multiplications and
//! divisions of doubles only, which give the same bits on every machine.

use std::sync::LazyLock;

use super::rans::{BITS, RansReader, RansWriter, TOTAL};

/// The largest number of items in the table of binomial distributions.
const EXACT_MAX: usize = 16;
/// The number of values of `p` on a grid, from 1/64 in steps of 1/32.
const GRID: usize = 32;
/// The number of values of `p` below the grid, and above it: 1/128, 1/256 … 1/2048 from the end.
const TAIL: usize = 5;
const LEVELS: usize = GRID + 2 * TAIL;
/// The number of bell curves; curve `i` has a variance of `i + 1/2` squared steps.
const BELLS: usize = 16;
/// The largest distance in steps that a bell curve encodes.
const FAR: i64 = 15;
/// The symbol of a number that follows in plain bits.
const ESCAPE: usize = 31;

/// A probability in units of 1/65,536, never 0 or 1, with its level in the table.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Chance {
    p: u16,
    level: u8,
}

impl Chance {
    /// 1/2.
    pub(crate) const HALF: Self = Self { p: 1 << 15, level: (TAIL + GRID / 2) as u8 };

    /// The probability `p / 65,536`.
    pub(crate) fn new(p: u16) -> Self {
        let p = p.max(1);
        let below = |p: u16| {
            // 1/64 of 65,536 is 1,024; each tail level is half of the one before.
            (1..=TAIL as u16).filter(|tail| u32::from(p) * 4 < 3 * (1024 >> (tail - 1))).count()
        };
        let level = match (below(p), below(p.wrapping_neg())) {
            (0, 0) => TAIL + usize::from(p >> 11),
            (low, 0) => TAIL - low,
            (_, high) => TAIL + GRID - 1 + high,
        };
        Self { p, level: level as u8 }
    }

    /// The chance of `left` out of `left + right`.
    pub(crate) fn of(left: u64, right: u64) -> Self {
        let all = (u128::from(left) + u128::from(right)).max(1);
        let p = u128::from(left) * 65_536 / all;
        Self::new(p.clamp(1, 65_535) as u16)
    }

    /// The probability in units of 1/65,536.
    pub(crate) const fn bits(self) -> u16 {
        self.p
    }
}

/// Probability of a level.
fn probability(level: usize) -> f64 {
    if level < TAIL {
        return 1.0 / f64::from(128_u32 << (TAIL - 1 - level));
    }
    match level - TAIL {
        grid @ 0..GRID => (grid as f64 + 0.5) / GRID as f64,
        high => 1.0 - 1.0 / f64::from(128_u32 << (high - GRID)),
    }
}

/// Borders of the symbols' intervals; borders after the last symbol are [`TOTAL`].
type Borders<const N: usize> = [u16; N];

struct Tables {
    /// By level and number of items: 17 symbols have 18 borders.
    binomials: Vec<[Borders<18>; EXACT_MAX + 1]>,
    bells: [Borders<33>; BELLS],
}

static TABLES: LazyLock<Tables> = LazyLock::new(|| {
    let level = |level| std::array::from_fn(|items| binomial(items, probability(level)));
    Tables { binomials: (0..LEVELS).map(level).collect(), bells: std::array::from_fn(bell) }
});

fn binomial(items: usize, p: f64) -> Borders<18> {
    let mut weights = [0.0; EXACT_MAX + 1];
    let mut weight = 1.0;
    for (left, slot) in weights.iter_mut().enumerate().take(items + 1) {
        *slot = weight;
        weight = weight * (items - left) as f64 / (left + 1) as f64 * p / (1.0 - p);
    }
    borders(&weights[..=items])
}

fn bell(variance: usize) -> Borders<33> {
    let variance = variance as f64 + 0.5;
    let mut weights = [0.0; ESCAPE + 1];
    for (distance, weight) in (-FAR..=FAR).zip(&mut weights) {
        let t = 1.0 + (distance * distance) as f64 / (5.0 * variance);
        *weight = 1.0 / (t * t * t * t);
    }
    borders(&weights)
}

/// Intervals in proportion to the weights, none of them empty.
fn borders<const N: usize>(weights: &[f64]) -> Borders<N> {
    let sum: f64 = weights.iter().sum();
    let shared = TOTAL as usize - weights.len();
    let share = |weight: &f64| 1 + (weight / sum * shared as f64) as u16;
    let given: u16 = weights.iter().map(share).sum();
    let most = weights.iter().fold(0.0, |most: f64, weight| most.max(*weight));
    let mut rest = TOTAL as u16 - given;
    let mut border = 0;
    let mut borders = [TOTAL as u16; N];
    for (slot, weight) in borders.iter_mut().zip(weights) {
        *slot = border;
        border += share(weight);
        if *weight == most {
            border += std::mem::take(&mut rest);
        }
    }
    borders
}

/// The symbol whose interval contains `point`: the number of inner borders at or below it. Counting over all
/// of them takes no branch.
#[inline]
fn symbol_at<const N: usize>(borders: &Borders<N>, point: u16) -> usize {
    let symbols = N - 1;
    borders[1..symbols].iter().map(|border| u16::from(*border <= point)).sum::<u16>() as usize
}

#[inline]
fn interval<const N: usize>(borders: &Borders<N>, symbol: usize) -> (u16, u16) {
    let start = borders.get(symbol).copied().unwrap_or(0);
    let end = borders.get(symbol + 1).copied().unwrap_or(start);
    (start, end.wrapping_sub(start))
}

/// Reads and writes how items split.
#[derive(Clone, Copy)]
pub(crate) struct Binomial {
    tables: &'static Tables,
}

impl std::fmt::Debug for Binomial {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Binomial")
    }
}

/// How a count above [`EXACT_MAX`] is coded.
struct Bell {
    borders: &'static Borders<33>,
    /// The number that is coded as 0.
    zero: i64,
    /// The number of plain bits.
    shift: u32,
}

impl Binomial {
    /// A coder with the shared tables.
    pub(crate) fn new() -> Self {
        Self { tables: &TABLES }
    }

    /// The borders for so many items; `None` when the table has none.
    #[inline]
    fn exact(self, items: u32, chance: Chance) -> Option<&'static Borders<18>> {
        self.tables.binomials.get(usize::from(chance.level))?.get(items as usize)
    }

    fn bell(self, items: u32, chance: Chance) -> Bell {
        let p = u64::from(chance.p);
        let mean = (u64::from(items) * p) >> 16;
        let variance = (mean * (65_536 - p)) >> 16;
        let spare = (64 - variance.leading_zeros()).saturating_sub(4);
        let shift = spare.div_ceil(2);
        // In bounds: four bits are left after the shift.
        let borders = &self.tables.bells[(variance >> (2 * shift)) as usize & (BELLS - 1)];
        Bell { borders, zero: mean as i64 - ((1 << shift) >> 1), shift }
    }

    /// Writes that `left` of `items` went left.
    pub(crate) fn put(self, left: u32, items: u32, chance: Chance, out: &mut RansWriter) {
        if let Some(borders) = self.exact(items, chance) {
            let (start, freq) = interval(borders, left as usize);
            out.symbol(start, freq);
            return;
        }
        let bell = self.bell(items, chance);
        let distance = i64::from(left) - bell.zero;
        let steps = distance >> bell.shift;
        let is_far = !(-FAR..=FAR).contains(&steps);
        let symbol = if is_far { ESCAPE } else { (steps + FAR) as usize };
        let (start, freq) = interval(bell.borders, symbol);
        out.symbol(start, freq);
        if is_far {
            out.bits(left.into(), u32::BITS);
        } else {
            out.bits(distance as u64, bell.shift);
        }
    }

    /// Reads how many of `items` went left; at most all of them.
    #[inline]
    pub(crate) fn take(self, items: u32, chance: Chance, stream: &mut RansReader<'_>) -> u32 {
        let Some(borders) = self.exact(items, chance) else {
            return self.take_bell(items, chance, stream);
        };
        let symbol = symbol_at(borders, stream.peek());
        let (start, freq) = interval(borders, symbol);
        stream.skip(start, freq);
        (symbol as u32).min(items)
    }

    fn take_bell(self, items: u32, chance: Chance, stream: &mut RansReader<'_>) -> u32 {
        let bell = self.bell(items, chance);
        let symbol = symbol_at(bell.borders, stream.peek());
        let (start, freq) = interval(bell.borders, symbol);
        stream.skip(start, freq);
        let left = if symbol == ESCAPE {
            stream.bits(u32::BITS) as i64
        } else {
            let steps = symbol as i64 - FAR;
            bell.zero + (steps << bell.shift | stream.bits(bell.shift) as i64)
        };
        if !(0..=i64::from(items)).contains(&left) {
            stream.mark_damaged();
        }
        left.clamp(0, items.into()) as u32
    }

    /// Writes whether a single item went left.
    pub(crate) fn put_one(chance: Chance, is_left: bool, out: &mut RansWriter) {
        let border = chance.border();
        if is_left { out.symbol(0, border) } else { out.symbol(border, TOTAL as u16 - border) }
    }

    /// Reads whether a single item went left.
    #[inline]
    pub(crate) fn take_one(chance: Chance, stream: &mut RansReader<'_>) -> bool {
        let border = chance.border();
        let is_left = stream.peek() < border;
        let (start, freq) = if is_left { (0, border) } else { (border, TOTAL as u16 - border) };
        stream.skip(start, freq);
        is_left
    }
}

impl Chance {
    /// The border that splits `0 .. TOTAL` in proportion; neither end.
    #[inline]
    fn border(self) -> u16 {
        (self.p >> (16 - BITS)).clamp(1, TOTAL as u16 - 1)
    }
}

#[cfg(test)]
mod tests;
