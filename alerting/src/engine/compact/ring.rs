//! Counts of the newest ticks (minutes, or steps of slots), by column, in a ring of fixed size: adding to
//! the past costs as much as adding to the present. A column is as wide as its largest count so far and
//! takes no memory before the first one, because most groups are small and most never fail.

use std::ops::{Range, RangeInclusive};

/// A tick before every other one.
pub(in crate::engine) const NEVER: i64 = i64::MIN / 2;

/// The newest ticks. Counts saturate at `u32::MAX`.
#[derive(Debug, Clone)]
pub(in crate::engine) struct Ring<const COLUMNS: usize> {
    /// The newest tick anything was added to.
    newest: i64,
    /// How many ticks it holds.
    ticks: u16,
    /// Bytes of a count, 0, 1, 2 or 4, by column.
    widths: [u8; COLUMNS],
    /// One column after the other, little-endian.
    bytes: Box<[u8]>,
}

impl<const COLUMNS: usize> Ring<COLUMNS> {
    pub(in crate::engine) fn new(ticks: u16) -> Self {
        Self { newest: NEVER, ticks, widths: [0; COLUMNS], bytes: Box::default() }
    }

    /// Adds to a tick. A tick that is older than those held is ignored.
    pub(in crate::engine) fn add(&mut self, tick: i64, counts: [u32; COLUMNS]) {
        self.reach(tick);
        if tick <= self.newest - i64::from(self.ticks) {
            return;
        }
        let position = self.position(tick);
        for (column, count) in counts.into_iter().enumerate().filter(|(_, count)| *count > 0) {
            let count = self.read(column, position).saturating_add(count);
            self.widen(column, width_of(count));
            self.write(column, position, count);
        }
    }

    /// The newest tick that anything was added to; [`NEVER`] at first.
    pub(in crate::engine) const fn newest(&self) -> i64 {
        self.newest
    }

    /// The count of a column in a tick; 0 for a tick that is not held.
    pub(in crate::engine) fn count(&self, tick: i64, column: usize) -> u32 {
        if self.holds(tick) { self.read(column, self.position(tick)) } else { 0 }
    }

    /// Sums over some ticks.
    pub(in crate::engine) fn sum(&self, ticks: RangeInclusive<i64>) -> [u64; COLUMNS] {
        let first = *ticks.start().max(&(self.newest - i64::from(self.ticks) + 1));
        let last = *ticks.end().min(&self.newest);
        if first > last {
            return [0; COLUMNS];
        }
        let (first, end) = (self.position(first), self.position(last) + 1);
        std::array::from_fn(|column| {
            if first < end {
                self.stretch(column, first..end)
            } else {
                self.stretch(column, first..usize::from(self.ticks)) + self.stretch(column, 0..end)
            }
        })
    }

    /// Sums over neighbouring positions. An evaluation needs a window of every group at rest, so this is
    /// most of the cost of a replay.
    fn stretch(&self, column: usize, positions: Range<usize>) -> u64 {
        let (first, width) = self.place(column, positions.start);
        let bytes = &self.bytes[first..first + positions.len() * width];
        match width {
            1 => bytes.iter().map(|count| u64::from(*count)).sum(),
            2 => {
                bytes.as_chunks().0.iter().map(|count| u64::from(u16::from_le_bytes(*count))).sum()
            }
            4 => {
                bytes.as_chunks().0.iter().map(|count| u64::from(u32::from_le_bytes(*count))).sum()
            }
            _ => 0,
        }
    }

    /// Moves the ring forward so that it holds a tick.
    pub(in crate::engine) fn reach(&mut self, tick: i64) {
        if tick <= self.newest {
            return;
        }
        let ticks = i64::from(self.ticks);
        let fresh = (tick - self.newest).min(ticks);
        for emptied in tick - fresh + 1..=tick {
            let position = self.position(emptied);
            (0..COLUMNS).for_each(|column| self.write(column, position, 0));
        }
        self.newest = tick;
    }

    const fn holds(&self, tick: i64) -> bool {
        tick <= self.newest && tick > self.newest - self.ticks as i64
    }

    const fn position(&self, tick: i64) -> usize {
        tick.rem_euclid(self.ticks as i64) as usize
    }

    /// The byte where the count of a column begins, and its width.
    fn place(&self, column: usize, position: usize) -> (usize, usize) {
        let before: usize = self.widths.iter().take(column).map(|width| usize::from(*width)).sum();
        let width = usize::from(self.widths[column]);
        (before * usize::from(self.ticks) + position * width, width)
    }

    fn read(&self, column: usize, position: usize) -> u32 {
        let (start, width) = self.place(column, position);
        match self.bytes[start..start + width] {
            [] => 0,
            [count] => u32::from(count),
            [low, high] => u32::from(u16::from_le_bytes([low, high])),
            [a, b, c, d] => u32::from_le_bytes([a, b, c, d]),
            _ => unreachable!("width_of returns no other width"),
        }
    }

    fn write(&mut self, column: usize, position: usize, count: u32) {
        let (start, width) = self.place(column, position);
        let bytes = count.to_le_bytes();
        self.bytes[start..start + width].copy_from_slice(&bytes[..width]);
    }

    fn widen(&mut self, column: usize, width: u8) {
        if width <= self.widths[column] {
            return;
        }
        let mut widths = self.widths;
        widths[column] = width;
        let sum: usize = widths.iter().map(|width| usize::from(*width)).sum();
        let bytes = vec![0; sum * usize::from(self.ticks)].into();
        let mut wider = Self { widths, bytes, ..*self };
        for position in 0..usize::from(self.ticks) {
            for column in 0..COLUMNS {
                wider.write(column, position, self.read(column, position));
            }
        }
        *self = wider;
    }
}

/// A count that saturates at `u32::MAX`.
pub(in crate::engine) fn saturated(count: u64) -> u32 {
    u32::try_from(count).unwrap_or(u32::MAX)
}

const fn width_of(count: u32) -> u8 {
    match count {
        0..=0xff => 1,
        0x100..=0xffff => 2,
        _ => 4,
    }
}

#[cfg(test)]
mod tests;
