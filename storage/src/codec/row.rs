//! Sums of many cells as rows of counts, for memory only. In a sum, most buckets between the first and the
//! last have a count, so a row takes little more room than packed buckets would, and many counts are added in
//! one step.
//!
//! ```text
//! rows = (length of the rest | cell | classes u8, (class u8, count)* | last_at | scale u8 | zeros
//!         | sum in µs | first bucket | width u8 | width bytes a count, little-endian)*
//! ```
//!
//! Numbers are varints. `last_at` is 0 for none, else 1 + zigzag of the time in ms; the first bucket is in
//! zigzag.

use std::ops::Range;

use super::columns::Columns;
use super::error::PartError;
use super::fields::{class_of, put_last_at, take_last_at};
use super::primitives::bytes::{Reader, put, put_sized, unzigzag, zigzag};
use super::sink::Sink;
use crate::model::bucket::Bucket;
use crate::model::sum::{Buckets, CellSum, add_inside};
use crate::model::time::Slot;

/// A bound for the index of the first bucket; no bucket of any scale is outside.
const FIRST_MAX: u32 = 4_096;

/// Appends a row: the sum of everything in cell `cell`.
pub(crate) fn put_row(cell: Slot, sum: &CellSum, rows: &mut Vec<u8>) {
    let mut row = Vec::new();
    put(&mut row, cell.0.into());
    row.push(sum.outcomes().iter().count() as u8);
    for (class, count) in sum.outcomes().iter() {
        row.push(class as u8);
        put(&mut row, count);
    }
    put_last_at(sum.last_at(), 0, &mut row);
    let durations = sum.durations();
    row.push(durations.scale as u8);
    put(&mut row, durations.zero_count);
    put(&mut row, durations.sum_us);
    put(&mut row, zigzag(durations.offset.into()));
    let widest = durations.counts.iter().copied().max().unwrap_or(0);
    let width = if widest < 1 << 8 {
        1
    } else if widest < 1 << 16 {
        2
    } else {
        8
    };
    row.push(width);
    for count in durations.counts {
        row.extend(count.to_le_bytes().iter().take(width.into()));
    }
    put_sized(rows, &row);
}

/// Gives the selected columns of each row whose cell is in `cells` to a sink.
///
/// # Errors
/// When a row cannot be decoded; rows before it were given to the sink.
pub(crate) fn decode_rows(
    rows: &[u8],
    cells: &Range<Slot>,
    columns: Columns,
    sink: &mut impl Sink,
) -> Result<(), PartError> {
    let mut rows = Reader::new(rows);
    while !rows.is_empty() {
        let mut row = Reader::new(rows.sized()?);
        let cell = Slot(row.varint32()?);
        if cells.contains(&cell) {
            decode_row(cell, &mut row, columns, sink)?;
        }
    }
    Ok(())
}

fn decode_row(
    cell: Slot,
    row: &mut Reader<'_>,
    columns: Columns,
    sink: &mut impl Sink,
) -> Result<(), PartError> {
    sink.begin(cell);
    for _ in 0..row.byte()? {
        let (class, count) = (class_of(row.byte()?)?, row.varint()?);
        if columns.outcomes {
            sink.outcome(class, count);
        }
    }
    let last_at = take_last_at(row, 0)?;
    if columns.last_at {
        sink.last_at(last_at);
    }
    if columns.durations || columns.sums {
        let scale = row.byte()? as i8;
        let (zeros, sum_us) = (row.varint()?, row.varint()?);
        let first = take_first(row)?;
        let taken = match row.byte()? {
            1 => sink.durations(scale, zeros, sum_us, Counts::<1> { first, bytes: row.rest() }),
            2 => sink.durations(scale, zeros, sum_us, Counts::<2> { first, bytes: row.rest() }),
            _ => sink.durations(scale, zeros, sum_us, Counts::<8> { first, bytes: row.rest() }),
        };
        taken.ok_or(PartError::Columns)?;
    }
    sink.end();
    Ok(())
}

/// Reads the index of the first bucket, which is within the range of any scale.
fn take_first(row: &mut Reader<'_>) -> Result<i32, PartError> {
    let first = i32::try_from(unzigzag(row.varint()?)).ok();
    first.filter(|first| first.unsigned_abs() <= FIRST_MAX).ok_or(PartError::Columns)
}

/// The counts of a row starting at bucket `first`, each in `WIDTH` bytes.
struct Counts<'r, const WIDTH: usize> {
    first: i32,
    bytes: &'r [u8],
}

impl<const WIDTH: usize> Counts<'_, WIDTH> {
    #[inline]
    fn counts(&self) -> impl Iterator<Item = u64> {
        self.bytes.as_chunks::<WIDTH>().0.iter().map(|bytes| {
            let mut wide = [0; 8];
            // In bounds: `WIDTH` is at most 8.
            wide[..WIDTH].copy_from_slice(bytes);
            u64::from_le_bytes(wide)
        })
    }
}

impl<'r, const WIDTH: usize> IntoIterator for Counts<'r, WIDTH> {
    type Item = Bucket;
    type IntoIter = std::vec::IntoIter<Bucket>;

    /// Used for sums of another scale only.
    fn into_iter(self) -> Self::IntoIter {
        let buckets = (self.first..).zip(self.counts()).filter(|(_, count)| *count > 0);
        buckets.map(|(index, count)| Bucket { index, count }).collect::<Vec<_>>().into_iter()
    }
}

impl<const WIDTH: usize> Buckets for Counts<'_, WIDTH> {
    #[inline]
    fn add_to(&mut self, counts: &mut [u64], offset: i32) -> Option<Bucket> {
        let length = self.bytes.len() / WIDTH;
        let start = usize::try_from(self.first.wrapping_sub(offset)).ok();
        let room = start.and_then(|start| counts.get_mut(start..start.checked_add(length)?));
        if let Some(room) = room {
            room.iter_mut()
                .zip(self.counts())
                .for_each(|(sum, count)| *sum = sum.wrapping_add(count));
            self.bytes = &[];
            return None;
        }
        // There is no room for all of them yet: add one by one, and return the first that lies outside.
        while let Some((bytes, rest)) = self.bytes.split_at_checked(WIDTH) {
            let next = Counts::<WIDTH> { first: self.first, bytes };
            let bucket = Bucket { index: self.first, count: next.counts().sum() };
            (self.first, self.bytes) = (self.first.wrapping_add(1), rest);
            if bucket.count > 0 && !add_inside(counts, offset, bucket) {
                return Some(bucket);
            }
        }
        None
    }
}

#[cfg(test)]
mod tests;
