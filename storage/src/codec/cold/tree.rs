//! The distribution of a stream's durations as a tree that splits the values of a cell, for cells with many
//! values.
//!
//! ```text
//!            n = 9                   Every inner node splits the buckets below it into two halves of
//!          /       \                 about the same weight. A cell encodes at each node how many of
//!        4           5               its values go left. Nothing is encoded below a node without
//!      /   \       /   \             values.
//!    1      3     0     5
//! ```
//!
//! The number that goes left has a binomial distribution (see [`crate::codec::primitives::binomial`]), so the
//! code is as short as the entropy of the *set* of values; their order costs nothing. The leaves are groups
//! of 1, 2, 4, 8 or 16 neighbouring buckets, which are assumed to be equally likely: a smooth distribution
//! needs few weights, a jagged one many.

use crate::codec::error::PartError;
use crate::codec::primitives::binomial::{Binomial, Chance};
use crate::codec::primitives::bytes::{Reader, put, unzigzag, zigzag};
use crate::codec::primitives::rans::{RansReader, RansWriter};
use crate::codec::primitives::weights::Weights;
use crate::model::bucket::Bucket;

/// The most groups of a tree: more than a valid histogram has buckets, and less than [`LEAF`].
const GROUPS_MAX: usize = 4_096;
/// Marks a child that is a leaf; the other bits are the number of its group.
const LEAF: u16 = 1 << 15;
/// Groups are at most `1 << SHIFT_MAX` buckets wide.
const SHIFT_MAX: u8 = 4;

#[derive(Debug, Clone, Copy)]
struct Node {
    /// The chance of going left.
    chance: Chance,
    left: u16,
    right: u16,
    /// The first group of the right side.
    border: u16,
}

/// The tree and the position of its buckets.
#[derive(Debug)]
pub(crate) struct Tree {
    nodes: Vec<Node>,
    /// A node or a leaf; `None` when there are no buckets.
    root: Option<u16>,
    /// Index of the first bucket of group 0.
    lowest: i32,
    /// Logarithm of the width of a group.
    shift: u8,
    binomial: Binomial,
}

/// What a tree is built from; it is stored in the part.
#[derive(Debug)]
pub(crate) struct Shape {
    lowest: i32,
    shift: u8,
    weights: Weights,
}

impl Shape {
    /// The shape that gives the shortest code for cells whose buckets add up to these, ascending.
    pub(crate) fn of(buckets: &[Bucket]) -> Self {
        let lowest = buckets.first().map_or(0, |bucket| bucket.index);
        let shapes = (0..=SHIFT_MAX).map(|shift| {
            let mut counts: Vec<u64> = Vec::new();
            for bucket in buckets {
                let group = (bucket.index - lowest) as usize >> shift;
                counts.resize(counts.len().max(group + 1), 0);
                if let Some(count) = counts.last_mut() {
                    *count = count.saturating_add(bucket.count);
                }
            }
            (cost_bits(&counts, shift), Self { lowest, shift, weights: Weights::of(&counts) })
        });
        let best = shapes.min_by(|(a, _), (b, _)| a.total_cmp(b));
        best.map_or(Self { lowest, shift: 0, weights: Weights::default() }, |(_, shape)| shape)
    }

    /// Writes the shape.
    pub(crate) fn put(&self, out: &mut Vec<u8>) {
        put(out, zigzag(self.lowest.into()));
        out.push(self.shift);
        self.weights.put(out);
    }

    /// Reads a shape.
    ///
    /// # Errors
    /// When it is not one of a valid histogram.
    pub(crate) fn take(reader: &mut Reader<'_>) -> Result<Self, PartError> {
        let lowest = i32::try_from(unzigzag(reader.varint()?)).map_err(|_| PartError::Columns)?;
        let shift = reader.byte()?;
        let weights = Weights::take(reader, GROUPS_MAX)?;
        if shift > SHIFT_MAX || !(-4_096..4_096).contains(&lowest) {
            return Err(PartError::Columns);
        }
        Ok(Self { lowest, shift, weights })
    }
}

/// A penalty for each value and level of the tree, because a shallow tree is decoded faster.
const LEVEL_BITS: f64 = 0.05;

/// The bits for weights and values with groups of `1 << shift` buckets, plus the penalty.
fn cost_bits(counts: &[u64], shift: u8) -> f64 {
    let all = counts.iter().map(|count| *count as f64).sum::<f64>().max(1.0);
    let of_group = |count: &u64| {
        let count = *count as f64;
        4.0 + if count > 0.0 { count * ((all / count).log2() + f64::from(shift)) } else { 0.0 }
    };
    let levels = (counts.len() as f64).max(1.0).log2();
    counts.iter().map(of_group).sum::<f64>() + LEVEL_BITS * levels * all
}

/// How many values are in some buckets.
fn items_of(buckets: &[Bucket]) -> u32 {
    buckets.iter().map(|bucket| bucket.count as u32).sum()
}

impl Tree {
    /// The tree of a shape.
    pub(crate) fn new(shape: &Shape) -> Self {
        let weights = (shape.weights.first as u16..).zip(shape.weights.weights());
        // The groups that occur, each with the total weight of the groups before it.
        let mut before = 0;
        let mut groups = Vec::new();
        for (group, weight) in weights.filter(|(_, weight)| *weight > 0) {
            groups.push((group, before));
            before += weight;
        }
        let mut tree = Self {
            nodes: Vec::with_capacity(groups.len()),
            root: None,
            lowest: shape.lowest,
            shift: shape.shift,
            binomial: Binomial::new(),
        };
        tree.root = tree.grow(&groups, before);
        tree
    }

    /// Builds the subtree of some groups, which end at the weight `end`.
    fn grow(&mut self, groups: &[(u16, u32)], end: u32) -> Option<u16> {
        let (group, start) = *groups.first()?;
        if groups.len() == 1 {
            return Some(LEAF | group);
        }
        let middle = start + (end - start) / 2;
        let split = groups.partition_point(|(_, before)| *before <= middle);
        // The border before or after the middle, whichever is nearer.
        let distance = |at: usize| groups.get(at).map(|(_, before)| before.abs_diff(middle));
        let is_before_nearer =
            split > 1 && distance(split - 1) <= distance(split).or(Some(end - middle));
        let split = (split - usize::from(is_before_nearer)).clamp(1, groups.len() - 1);
        let (left, right) = groups.split_at(split);
        let (border, before) = *right.first()?;
        let chance = Chance::of((before - start).into(), (end - before).into());
        let number = self.nodes.len();
        self.nodes.push(Node { chance, left: 0, right: 0, border });
        let (left, right) = (self.grow(left, before)?, self.grow(right, end)?);
        if let Some(node) = self.nodes.get_mut(number) {
            (node.left, node.right) = (left, right);
        }
        Some(number as u16)
    }

    const fn first_index(&self, group: u16) -> i32 {
        self.lowest + ((group as i32) << self.shift)
    }

    /// Writes the buckets of a cell, ascending.
    pub(crate) fn put(&self, buckets: &[Bucket], out: &mut RansWriter) {
        if let Some(root) = self.root {
            self.put_below(root, buckets, out);
        }
    }

    fn put_below(&self, child: u16, buckets: &[Bucket], out: &mut RansWriter) {
        if buckets.is_empty() {
            return;
        }
        let Some(node) = self.nodes.get(usize::from(child)) else {
            let first = self.first_index(child & !LEAF);
            return self.put_group(first, self.shift, buckets, out);
        };
        let border = self.first_index(node.border);
        let (left, right) = self.put_split(buckets, border, node.chance, out);
        self.put_below(node.left, left, out);
        self.put_below(node.right, right, out);
    }

    fn put_group(&self, first: i32, shift: u8, buckets: &[Bucket], out: &mut RansWriter) {
        if buckets.is_empty() || shift == 0 {
            return;
        }
        if let [Bucket { index, count: 1 }] = buckets {
            return out.bits((index - first) as u64, shift.into());
        }
        let border = first + (1 << (shift - 1));
        let (left, right) = self.put_split(buckets, border, Chance::HALF, out);
        self.put_group(first, shift - 1, left, out);
        self.put_group(border, shift - 1, right, out);
    }

    fn put_split<'b>(
        &self,
        buckets: &'b [Bucket],
        border: i32,
        chance: Chance,
        out: &mut RansWriter,
    ) -> (&'b [Bucket], &'b [Bucket]) {
        let (left, right) =
            buckets.split_at(buckets.partition_point(|bucket| bucket.index < border));
        match (items_of(left), items_of(right)) {
            (1, 0) => Binomial::put_one(chance, true, out),
            (0, 1) => Binomial::put_one(chance, false, out),
            (items, others) => self.binomial.put(items, items + others, chance, out),
        }
        (left, right)
    }

    /// Reads the buckets of a cell, which have `items` values; ascending.
    pub(crate) fn take(&self, items: u32, stream: &mut RansReader<'_>, buckets: &mut Vec<Bucket>) {
        match self.root {
            _ if items == 0 => {}
            Some(root) => self.take_below(root, items, stream, buckets),
            None => stream.mark_damaged(),
        }
    }

    fn take_below(
        &self,
        mut child: u16,
        mut items: u32,
        stream: &mut RansReader<'_>,
        buckets: &mut Vec<Bucket>,
    ) {
        while items > 1 {
            let Some(node) = self.nodes.get(usize::from(child)) else {
                let first = self.first_index(child & !LEAF);
                return self.take_group(first, self.shift, items, stream, buckets);
            };
            let left = self.binomial.take(items, node.chance, stream);
            if left == items {
                child = node.left;
            } else {
                if left > 0 {
                    self.take_below(node.left, left, stream, buckets);
                }
                child = node.right;
                items -= left;
            }
        }
        self.take_single(child, stream, buckets);
    }

    /// Reads the bucket of a single value.
    #[inline]
    fn take_single(&self, mut child: u16, stream: &mut RansReader<'_>, buckets: &mut Vec<Bucket>) {
        while let Some(node) = self.nodes.get(usize::from(child)) {
            child = if Binomial::take_one(node.chance, stream) { node.left } else { node.right };
        }
        let within = stream.bits(self.shift.into()) as i32;
        buckets.push(Bucket { index: self.first_index(child & !LEAF) + within, count: 1 });
    }

    fn take_group(
        &self,
        first: i32,
        shift: u8,
        items: u32,
        stream: &mut RansReader<'_>,
        buckets: &mut Vec<Bucket>,
    ) {
        if items == 0 {
            return;
        }
        if shift == 0 {
            return buckets.push(Bucket { index: first, count: items.into() });
        }
        if items == 1 {
            let within = stream.bits(shift.into()) as i32;
            return buckets.push(Bucket { index: first + within, count: 1 });
        }
        let left = self.binomial.take(items, Chance::HALF, stream);
        let half = first + (1 << (shift - 1));
        self.take_group(first, shift - 1, left, stream, buckets);
        self.take_group(half, shift - 1, items - left, stream, buckets);
    }
}
