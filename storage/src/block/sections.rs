//! The distribution of a stream's durations, for cells of few values: the buckets that occur are cut
//! into four sections of about equal weight, each with a prefix code of its own.
//!
//! A cell tells how many of its values lie in the lower two sections, how many of those in the lowest,
//! how many of the others in the third, and then the bucket of each value, section by section. The
//! order in which values came, which nobody asks for, costs nothing from section to section; that within
//! one is the price of reading every value by a single look-up, and is made to tell something ([`super::order`]).

use super::PartError;
use super::bits::{BitReader, BitWriter};
use super::bytes::{unzigzag, zigzag};
use super::halving::Halving;
use super::prefix::{LENGTH_MAX, Prefix, lengths_of};
use crate::model::histogram::Bucket;

/// Sections: a power of two.
pub(super) const SECTIONS: usize = 4;
/// Where the values of each section start among those of a cell.
pub(super) type Starts = [u32; SECTIONS];
/// Buckets that a section's code can tell.
const WIDTH_MAX: usize = 256;
/// More than the buckets of a valid histogram.
const BUCKETS_MAX: usize = 4_096;
/// Values of a cell: certain ones take no bytes, so nothing else bounds what a damaged cell takes.
pub(super) const VALUES_MAX: u32 = 4_096;

/// The sections with the buckets in them.
#[derive(Debug)]
pub(super) struct Sections {
    /// Indexes of the buckets that occur, ascending: a bucket is told by its rank among them.
    indexes: Vec<i32>,
    /// The first rank of each section, and where the last one ends.
    borders: [u16; SECTIONS + 1],
    codes: Vec<Prefix>,
    /// By section and the next bits: rank within the section, and length of the code.
    lookup: Vec<(u8, u8)>,
    halving: Halving,
}

impl Sections {
    /// What cells with these buckets, all added up, are told with. Ascending. `None` when there are more
    /// than can be told.
    pub(super) fn put_for(buckets: &[Bucket], out: &mut BitWriter) -> Option<()> {
        out.put_gamma(buckets.len() as u32 + 1);
        let mut before = -(BUCKETS_MAX as i32);
        for bucket in buckets {
            out.put_gamma((bucket.index - before) as u32);
            before = bucket.index;
        }
        for section in of_equal_weight(buckets) {
            if section.len() > WIDTH_MAX {
                return None;
            }
            out.put_gamma(section.len() as u32 + 1);
            let counts: Vec<u64> = section.iter().map(|bucket| bucket.count).collect();
            let mut before = 0;
            for length in lengths_of(&counts) {
                out.put_gamma(zigzag(i64::from(length) - before) as u32 + 1);
                before = length.into();
            }
        }
        Some(())
    }

    pub(super) fn take(stream: &mut BitReader<'_>) -> Result<Self, PartError> {
        let number = stream.take_gamma()? as usize - 1;
        if number > BUCKETS_MAX {
            return Err(PartError::Columns);
        }
        let mut indexes = Vec::with_capacity(number);
        let mut index = -(BUCKETS_MAX as i32);
        for _ in 0..number {
            index += stream.take_gamma()? as i32;
            indexes.push(index);
        }
        let mut borders = [0; SECTIONS + 1];
        let mut codes = Vec::with_capacity(SECTIONS);
        for section in 0..SECTIONS {
            let lengths = take_lengths(stream)?;
            borders[section + 1] = borders[section] + lengths.len() as u16;
            codes.push(Prefix::new(&lengths, 0)?);
        }
        if usize::from(borders[SECTIONS]) != number || index > BUCKETS_MAX as i32 {
            return Err(PartError::Columns);
        }
        let mut lookup = Vec::with_capacity(SECTIONS << LENGTH_MAX);
        codes.iter().for_each(|code| code.put_lookup(&mut lookup));
        Ok(Self { indexes, borders, codes, lookup, halving: Halving::new() })
    }

    /// The buckets that occur, by rank.
    pub(super) fn indexes(&self) -> &[i32] {
        &self.indexes
    }

    /// The rank of each value in some buckets, ascending; all of them were given to
    /// [`Sections::put_for`].
    pub(super) fn ranks(&self, buckets: &[Bucket]) -> Vec<u16> {
        let rank =
            |bucket: &Bucket| self.indexes.partition_point(|held| *held < bucket.index) as u16;
        let values = |bucket| std::iter::repeat_n(rank(bucket), bucket.count as usize);
        buckets.iter().flat_map(values).collect()
    }

    /// Cuts the ranks of a cell's values, ascending, into sections.
    pub(super) fn cut<'r>(&self, ranks: &'r [u16]) -> impl Iterator<Item = &'r [u16]> {
        let below = |border: &u16| ranks.partition_point(|rank| rank < border);
        self.borders.windows(2).map(move |border| &ranks[below(&border[0])..below(&border[1])])
    }

    /// Writes the values of a cell, section by section.
    pub(super) fn encode(&self, ranks: &[u16], out: &mut BitWriter) {
        let mut values = [0; 2 * SECTIONS];
        for (section, border) in self.borders.windows(2).enumerate() {
            let within = |rank: &&u16| (border[0]..border[1]).contains(*rank);
            values[SECTIONS + section] = ranks.iter().filter(within).count() as u32;
        }
        for node in (1..SECTIONS).rev() {
            values[node] = values[2 * node] + values[2 * node + 1];
        }
        for node in 1..SECTIONS {
            self.halving.put(values[2 * node], values[node], out);
        }
        for rank in ranks {
            let section =
                self.borders[1..SECTIONS].iter().filter(|border| **border <= *rank).count();
            self.codes[section].put(usize::from(rank - self.borders[section]), out);
        }
    }

    /// Reads the ranks of a cell's values, of which there are so many.
    #[inline]
    pub(super) fn decode(
        &self,
        number: u32,
        stream: &mut BitReader<'_>,
        ranks: &mut Vec<u16>,
    ) -> Starts {
        ranks.clear();
        if number > VALUES_MAX {
            stream.damaged();
            return Starts::default();
        }
        // A copy, which the compiler keeps in registers.
        let mut bits = *stream;
        let mut values = [0; 2 * SECTIONS];
        values[1] = number;
        for node in 1..SECTIONS {
            values[2 * node] = self.halving.take(values[node], &mut bits);
            values[2 * node + 1] = values[node].wrapping_sub(values[2 * node]);
        }
        let mut starts = Starts::default();
        for section in 0..SECTIONS {
            let held = values[SECTIONS + section];
            if held > 0 && self.borders[section] == self.borders[section + 1] {
                bits.damaged();
            }
            starts[section] =
                if section == 0 { 0 } else { starts[section - 1] + values[SECTIONS + section - 1] };
        }
        // One loop for all sections: where the next one begins cannot be guessed.
        ranks.resize(number as usize, 0);
        for (value, held) in (0..).zip(ranks.iter_mut()) {
            let section: usize = starts[1..].iter().map(|start| usize::from(value >= *start)).sum();
            let point = section << LENGTH_MAX | bits.peek(LENGTH_MAX) as usize;
            let (rank, length) = self.lookup.get(point).copied().unwrap_or_default();
            bits.skip(length.into());
            *held = self.borders[section] + u16::from(rank);
        }
        *stream = bits;
        starts
    }

    #[inline]
    pub(super) fn bucket(&self, rank: u16) -> Bucket {
        Bucket { index: self.indexes.get(usize::from(rank)).copied().unwrap_or(0), count: 1 }
    }
}

/// The lengths of a section's codes, each told by how it differs from the one before.
fn take_lengths(stream: &mut BitReader<'_>) -> Result<Vec<u8>, PartError> {
    let width = stream.take_gamma()? as usize - 1;
    if width > WIDTH_MAX {
        return Err(PartError::Columns);
    }
    let mut length = 0;
    let mut lengths = Vec::with_capacity(width);
    for _ in 0..width {
        length += unzigzag(u64::from(stream.take_gamma()?) - 1);
        lengths.push(u8::try_from(length).map_err(|_| PartError::Columns)?);
    }
    Ok(lengths)
}

/// Cuts buckets into sections of about the same weight.
fn of_equal_weight(buckets: &[Bucket]) -> impl Iterator<Item = &[Bucket]> {
    let weight = |bucket: &Bucket| u128::from(bucket.count);
    let all: u128 = buckets.iter().map(weight).sum();
    let border = move |number: usize| {
        let goal = all * number as u128 / SECTIONS as u128;
        let mut before = 0;
        // A bucket belongs below the border when its middle does.
        buckets
            .iter()
            .take_while(|bucket| {
                let middle = before + weight(bucket) / 2;
                before += weight(bucket);
                middle < goal || number == SECTIONS
            })
            .count()
    };
    (0..SECTIONS).map(move |number| {
        let start = if number == 0 { 0 } else { border(number) };
        buckets.get(start..border(number + 1)).unwrap_or_default()
    })
}
