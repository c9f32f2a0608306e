//! The distribution of a stream's durations, for cells with few values: the buckets that occur are divided
//! into four sections of about equal weight, each with a Huffman code of its own.
//!
//! A cell encodes how many of its values lie in the lower two sections, how many of those in the lowest, how
//! many of the others in the third, and then the bucket of each value, section by section. The order of
//! values in different sections costs nothing. The order of values within a section costs bits, in return
//! every value is read with one lookup; that order encodes other data (see [`super::permutation`]).

use crate::codec::error::PartError;
use crate::codec::primitives::bits::{BitReader, BitWriter};
use crate::codec::primitives::bytes::{unzigzag, zigzag};
use crate::codec::primitives::halving::Halving;
use crate::codec::primitives::prefix::{LENGTH_MAX, PrefixCode, lengths_of};
use crate::model::bucket::Bucket;

/// The number of sections: a power of two.
pub(crate) const SECTIONS: usize = 4;
/// The position of the first value of each section among those of a cell.
pub(crate) type Starts = [u32; SECTIONS];
/// The most buckets of a section.
const WIDTH_MAX: usize = 256;
/// More than the buckets of a valid histogram.
const BUCKETS_MAX: usize = 4_096;
/// The most values of a cell. Values of a certain bucket take no bits, so only this bounds the memory for a
/// damaged cell.
pub(crate) const VALUES_MAX: u32 = 4_096;

/// The sections and their buckets.
#[derive(Debug)]
pub(crate) struct Sections {
    /// Indexes of the buckets that occur, ascending. A bucket is coded as its rank among them.
    indexes: Vec<i32>,
    /// The first rank of each section, and the end of the last one.
    borders: [u16; SECTIONS + 1],
    codes: Vec<PrefixCode>,
    /// By section and the next bits: rank within the section, and length of the code.
    lookup: Vec<(u8, u8)>,
    halving: Halving,
}

impl Sections {
    /// Writes the sections for cells whose buckets add up to these, ascending. `None` when there are too many
    /// buckets.
    pub(crate) fn put_for(buckets: &[Bucket], out: &mut BitWriter) -> Option<()> {
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

    /// Reads the sections.
    ///
    /// # Errors
    /// When they are damaged.
    pub(crate) fn take(stream: &mut BitReader<'_>) -> Result<Self, PartError> {
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
            codes.push(PrefixCode::new(&lengths, 0)?);
        }
        if usize::from(borders[SECTIONS]) != number || index > BUCKETS_MAX as i32 {
            return Err(PartError::Columns);
        }
        let mut lookup = Vec::with_capacity(SECTIONS << LENGTH_MAX);
        codes.iter().for_each(|code| code.put_lookup(&mut lookup));
        Ok(Self { indexes, borders, codes, lookup, halving: Halving::new() })
    }

    /// The buckets that occur, by rank.
    pub(crate) fn indexes(&self) -> &[i32] {
        &self.indexes
    }

    /// The rank of each value in some buckets, ascending. The buckets are among those given to
    /// [`Sections::put_for`].
    pub(crate) fn ranks(&self, buckets: &[Bucket]) -> Vec<u16> {
        let rank =
            |bucket: &Bucket| self.indexes.partition_point(|index| *index < bucket.index) as u16;
        let values = |bucket| std::iter::repeat_n(rank(bucket), bucket.count as usize);
        buckets.iter().flat_map(values).collect()
    }

    /// Divides the ranks of a cell's values, ascending, into sections.
    pub(crate) fn cut<'r>(&self, ranks: &'r [u16]) -> impl Iterator<Item = &'r [u16]> {
        let below = |border: &u16| ranks.partition_point(|rank| rank < border);
        self.borders.windows(2).map(move |border| &ranks[below(&border[0])..below(&border[1])])
    }

    /// Writes the values of a cell, section by section.
    pub(crate) fn encode(&self, ranks: &[u16], out: &mut BitWriter) {
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

    /// Reads the ranks of a cell's values, of which there are `number`. Returns where the sections start.
    #[inline]
    pub(crate) fn decode(
        &self,
        number: u32,
        stream: &mut BitReader<'_>,
        ranks: &mut Vec<u16>,
    ) -> Starts {
        ranks.clear();
        if number > VALUES_MAX {
            stream.mark_damaged();
            return Starts::default();
        }
        // A copy, which the compiler can keep in registers.
        let mut bits = *stream;
        let mut values = [0; 2 * SECTIONS];
        values[1] = number;
        for node in 1..SECTIONS {
            values[2 * node] = self.halving.take(values[node], &mut bits);
            values[2 * node + 1] = values[node].wrapping_sub(values[2 * node]);
        }
        let mut starts = Starts::default();
        for section in 0..SECTIONS {
            let number = values[SECTIONS + section];
            if number > 0 && self.borders[section] == self.borders[section + 1] {
                bits.mark_damaged();
            }
            starts[section] =
                if section == 0 { 0 } else { starts[section - 1] + values[SECTIONS + section - 1] };
        }
        // One loop for all sections: branches between them would be mispredicted.
        ranks.resize(number as usize, 0);
        for (value, slot) in (0..).zip(ranks.iter_mut()) {
            let section: usize = starts[1..].iter().map(|start| usize::from(value >= *start)).sum();
            let point = section << LENGTH_MAX | bits.peek(LENGTH_MAX) as usize;
            let (rank, length) = self.lookup.get(point).copied().unwrap_or_default();
            bits.skip(length.into());
            *slot = self.borders[section] + u16::from(rank);
        }
        *stream = bits;
        starts
    }

    /// The bucket of one value.
    #[inline]
    pub(crate) fn bucket(&self, rank: u16) -> Bucket {
        Bucket { index: self.indexes.get(usize::from(rank)).copied().unwrap_or(0), count: 1 }
    }
}

/// Reads the code lengths of a section, each stored as the difference to the one before.
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

/// Divides buckets into sections of about the same weight.
fn of_equal_weight(buckets: &[Bucket]) -> impl Iterator<Item = &[Bucket]> {
    let weight = |bucket: &Bucket| u128::from(bucket.count);
    let all: u128 = buckets.iter().map(weight).sum();
    let border = move |number: usize| {
        let goal = all * number as u128 / SECTIONS as u128;
        let mut before = 0;
        // A bucket lies below the border when its middle does.
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
