//! A number encoded in the order of values. A Huffman code writes the values of a section one by one, in an
//! order that does not matter to the reader: `n` different values have `n!` orders, and the choice of one
//! encodes a number. The order of a cell's values encodes low bits of the cell's sum, which would cost as
//! many bits otherwise.
//!
//! In each section, different values come first, at most [`ORDERED_MAX`] of them, then the other values,
//! ascending. Each of the different values is a digit: how many of the values before it are greater (the
//! inversion table of a permutation: Knuth, The Art of Computer Programming, volume 3, 5.1.1). Value `i` of a
//! section, counted from 0, has `i + 1` possible digits, so the digits of all sections in sequence are a
//! number of mixed radix.

use super::sections::{SECTIONS, Starts};

/// Values of a section whose order is used. Most sections have fewer, and comparing with more of them takes
/// time.
const ORDERED_MAX: usize = 4;

/// The number that the order of a cell's values encodes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct OrderNumber {
    number: u32,
    /// How many orders there are, at most 24 a section: the number is less.
    orders: u32,
}

impl OrderNumber {
    /// The only number of values that have one order.
    const NOTHING: Self = Self { number: 0, orders: 1 };

    /// Decodes the order of some values; `starts` is where each section starts.
    #[inline]
    pub(crate) fn of(values: &[u16], starts: &Starts) -> Self {
        let Self { mut number, mut orders } = Self::NOTHING;
        // Unrolled and without branches, which would be mispredicted. Values of an earlier section are
        // smaller.
        let [_, second, third, fourth] = *starts;
        let (mut one, mut two, mut three) = (-1, -1, -1);
        let (mut differs, mut place) = (true, 0);
        for (at, value) in (0..).zip(values) {
            let value = i32::from(*value);
            let starts_section = (at == second) | (at == third) | (at == fourth);
            let equals = (one == value) | (two == value) | (three == value);
            let digit = u32::from(one > value) + u32::from(two > value) + u32::from(three > value);
            differs = (differs | starts_section) & !equals;
            place *= u32::from(!starts_section);
            let is_digit = u32::from(differs & (place < ORDERED_MAX as u32));
            number += orders * digit * is_digit;
            orders += orders * place * is_digit;
            place += 1;
            (one, two, three) = (value, one, two);
        }
        Self { number, orders }
    }

    /// How many bits are encoded, at most `most`.
    #[inline]
    pub(crate) fn bits(self, most: u32) -> u32 {
        (31 - self.orders.leading_zeros()).min(most)
    }

    /// The number. In a valid stream it has no higher bits than [`OrderNumber::bits`].
    #[inline]
    pub(crate) fn number(self) -> u64 {
        self.number.into()
    }
}

/// The values of a cell, to be put in an order.
#[derive(Debug)]
pub(crate) struct Permutation {
    /// By section: the first different values, ascending, and the other values, ascending.
    sections: [(Vec<u16>, Vec<u16>); SECTIONS],
}

impl Permutation {
    /// Of the values of each section, ascending.
    pub(crate) fn of<'v>(sections: impl Iterator<Item = &'v [u16]>) -> Self {
        let mut permutation = Self { sections: Default::default() };
        for (values, (differing, others)) in sections.zip(&mut permutation.sections) {
            for value in values {
                let is_new = differing.last() != Some(value) && differing.len() < ORDERED_MAX;
                if is_new { &mut *differing } else { &mut *others }.push(*value);
            }
        }
        permutation
    }

    /// The number of the ascending order, which is 0, with the number of orders.
    pub(crate) fn ascending(&self) -> OrderNumber {
        let orders = self.sections.iter().map(|(differing, _)| 1..=differing.len() as u32);
        OrderNumber { number: 0, orders: orders.flatten().product() }
    }

    /// The values in the order that encodes `number`, which is less than the number of orders.
    pub(crate) fn encode(self, mut number: u64) -> Vec<u16> {
        let mut values = Vec::new();
        for (mut differing, others) in self.sections {
            let mut digits = [0; ORDERED_MAX];
            for (radix, digit) in (1..=differing.len() as u64).zip(&mut digits) {
                *digit = (number % radix) as usize;
                number /= radix;
            }
            // Starting at the last: all values that are left come before it.
            let start = values.len();
            for at in (0..differing.len()).rev() {
                values.push(differing.remove(at - digits[at]));
            }
            values[start..].reverse();
            values.extend(others);
        }
        values
    }
}

#[cfg(test)]
mod tests;
