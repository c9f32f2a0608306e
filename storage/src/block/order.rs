//! What the order of values tells. A prefix code writes the values of a section one by one, in an order that
//! nobody asks for: `n` different values can come in `n!` orders, and which of them it is can stand for a number.
//! So the order of a cell's values carries low bits of the cell's sum, which would take as many bits otherwise.
//!
//! In each section the values that differ come first, at most [`ORDERED_MAX`] of them, and then the others,
//! ascending. Of those that differ each tells a digit: how many of the values before it are greater (the
//! inversion table of a permutation: Knuth, The Art of Computer Programming, volume 3, 5.1.1). Value `i` of a
//! section, from 0, has `i + 1` possible digits, so the digits of all sections, one after the other, are a number
//! of mixed radix.

use super::sections::{SECTIONS, Starts};

/// Values of a section whose order tells something. Most sections have fewer, and looking back further takes time.
const ORDERED_MAX: usize = 4;

/// A number that the order of a cell's values tells, and how many orders there are: at most 24 a section.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Told {
    number: u32,
    orders: u32,
}

impl Told {
    /// What an order tells that was not chosen to tell anything.
    pub(super) const NOTHING: Self = Self { number: 0, orders: 1 };

    /// What values tell, of which each section starts where it is said.
    #[inline]
    pub(super) fn of(values: &[u16], starts: &Starts) -> Self {
        let Self { mut number, mut orders } = Self::NOTHING;
        // Spelled out and without branches, which could not be guessed. Values of an earlier section are smaller.
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
            let tells = u32::from(differs & (place < ORDERED_MAX as u32));
            number += orders * digit * tells;
            orders += orders * place * tells;
            place += 1;
            (one, two, three) = (value, one, two);
        }
        Self { number, orders }
    }

    /// How many of some low bits are told.
    #[inline]
    pub(super) fn bits(self, most: u32) -> u32 {
        (31 - self.orders.leading_zeros()).min(most)
    }

    /// The number. Of an order that was chosen, it has the bits that were asked for.
    #[inline]
    pub(super) fn number(self) -> u64 {
        self.number.into()
    }
}

/// The order of some values, to be chosen.
#[derive(Debug)]
pub(super) struct Order {
    /// Those that differ, ascending, then the others.
    sections: [(Vec<u16>, Vec<u16>); SECTIONS],
}

impl Order {
    /// Of the values of each section, ascending.
    pub(super) fn of<'v>(sections: impl Iterator<Item = &'v [u16]>) -> Self {
        let mut order = Self { sections: Default::default() };
        for (values, (differing, others)) in sections.zip(&mut order.sections) {
            for value in values {
                let is_new = differing.last() != Some(value) && differing.len() < ORDERED_MAX;
                if is_new { &mut *differing } else { &mut *others }.push(*value);
            }
        }
        order
    }

    /// How much it can tell.
    pub(super) fn told(&self) -> Told {
        let orders = self.sections.iter().map(|(differing, _)| 1..=differing.len() as u32);
        Told { number: 0, orders: orders.flatten().product() }
    }

    /// The values in the order that tells a number below the number of orders.
    pub(super) fn tell(self, mut number: u64) -> Vec<u16> {
        let mut values = Vec::new();
        for (mut differing, others) in self.sections {
            let mut digits = [0; ORDERED_MAX];
            for (radix, digit) in (1..=differing.len() as u64).zip(&mut digits) {
                *digit = (number % radix) as usize;
                number /= radix;
            }
            // From the last on: all values that are left stand before it.
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
