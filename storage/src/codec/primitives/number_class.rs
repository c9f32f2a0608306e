//! Classes of numbers: columns of numbers code the class of each number as a symbol and the rest as plain
//! bits. A number below 16 is a class of its own; above, each power of two has four classes.

/// Numbers below this are their own class.
const EXACT: u64 = 16;
/// The number of classes; the highest is that of `u64::MAX`.
pub(crate) const CLASSES: usize = 16 + 60 * 4;

/// The class of a number, and how many plain bits follow the class.
pub(crate) const fn class_of(number: u64) -> (usize, u32) {
    if number < EXACT {
        return (number as usize, 0);
    }
    let octave = 63 - number.leading_zeros();
    let quarter = (number >> (octave - 2)) as usize & 3;
    (16 + (octave as usize - 4) * 4 + quarter, octave - 2)
}

/// The lowest number of a class, and how many plain bits follow the class.
pub(crate) const fn class_start(class: usize) -> (u64, u32) {
    if class < EXACT as usize {
        return (class as u64, 0);
    }
    let octave = (class as u32 - 16) / 4 + 4;
    let quarter = (class as u64) & 3;
    ((4 | quarter) << (octave - 2), octave - 2)
}

/// How often each class occurs in a column.
#[derive(Debug)]
pub(crate) struct ClassCounts {
    counts: [u64; CLASSES],
}

impl Default for ClassCounts {
    fn default() -> Self {
        Self { counts: [0; CLASSES] }
    }
}

impl ClassCounts {
    /// Counts a number.
    pub(crate) fn add(&mut self, number: u64) {
        if let Some(count) = self.counts.get_mut(class_of(number).0) {
            *count += 1;
        }
    }

    /// The counts, by class.
    pub(crate) const fn counts(&self) -> &[u64] {
        &self.counts
    }
}

#[cfg(test)]
mod tests;
