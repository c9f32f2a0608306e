//! The distribution of a stream's durations as a tree, down which the values of each cell fall.
//!
//! ```text
//!            n = 9                   every inner node splits the buckets below it in two halves of
//!          /       \                 about the same weight; a cell tells at each node how many of
//!        4           5               its values go left. A node with no values says nothing more.
//!      /   \       /   \
//!    1      3     0     5
//! ```
//!
//! The number that goes left is binomial, so coding it with [`super::binomial`] costs what the
//! *set* of values is worth: the order in which they came, which nobody asks for, costs nothing.
//! The leaves are groups of 1, 2, 4, 8 or 16 neighbouring buckets that are taken to be equally likely:
//! a smooth distribution is told in few weights, a jagged one in many.

use super::PartError;
use super::binomial::{Chance, Coder};
use super::bytes::{Reader, put, unzigzag, zigzag};
use super::rans::{Decoder, Encoder};
use super::weights::Weights;
use crate::model::histogram::Bucket;

/// Groups of a tree. Above the number of buckets of a valid histogram, and of marked leaves below.
const GROUPS_MAX: usize = 4_096;
/// Marks a child that is a leaf; the rest is the number of its group.
const LEAF: u16 = 1 << 15;
/// Groups are at most `1 << SHIFT_MAX` buckets wide.
const SHIFT_MAX: u8 = 4;

#[derive(Debug, Clone, Copy)]
struct Node {
    /// Of going left.
    chance: Chance,
    left: u16,
    right: u16,
    /// The first group of the right side.
    border: u16,
}

/// The tree with what its buckets are.
#[derive(Debug)]
pub(super) struct Tree {
    nodes: Vec<Node>,
    /// A node or a leaf; `None` when there are no buckets.
    root: Option<u16>,
    /// Index of the first bucket of group 0.
    lowest: i32,
    /// Logarithm of the width of a group.
    shift: u8,
    coder: Coder,
}

/// What a tree is built from.
#[derive(Debug)]
pub(super) struct Shape {
    lowest: i32,
    shift: u8,
    weights: Weights,
}

impl Shape {
    /// The shape that makes cells with these buckets, all added up, the shortest. Ascending.
    pub(super) fn of(buckets: &[Bucket]) -> Self {
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

    pub(super) fn put(&self, out: &mut Vec<u8>) {
        put(out, zigzag(self.lowest.into()));
        out.push(self.shift);
        self.weights.put(out);
    }

    pub(super) fn take(reader: &mut Reader<'_>) -> Result<Self, PartError> {
        let lowest = i32::try_from(unzigzag(reader.varint()?)).map_err(|_| PartError::Columns)?;
        let shift = reader.byte()?;
        let weights = Weights::take(reader, GROUPS_MAX)?;
        if shift > SHIFT_MAX || !(-4_096..4_096).contains(&lowest) {
            return Err(PartError::Columns);
        }
        Ok(Self { lowest, shift, weights })
    }
}

/// What a level of the tree may cost for each value: a shallow tree is read faster.
const LEVEL_BITS: f64 = 0.05;

/// What weights and values cost with groups of `1 << shift` buckets.
fn cost_bits(counts: &[u64], shift: u8) -> f64 {
    let all = counts.iter().map(|count| *count as f64).sum::<f64>().max(1.0);
    let of_group = |count: &u64| {
        let count = *count as f64;
        4.0 + if count > 0.0 { count * ((all / count).log2() + f64::from(shift)) } else { 0.0 }
    };
    let levels = (counts.len() as f64).max(1.0).log2();
    counts.iter().map(of_group).sum::<f64>() + LEVEL_BITS * levels * all
}

/// How many values some buckets hold.
fn items_of(buckets: &[Bucket]) -> u32 {
    buckets.iter().map(|bucket| bucket.count as u32).sum()
}

impl Tree {
    pub(super) fn new(shape: &Shape) -> Self {
        let weights = (shape.weights.first as u16..).zip(shape.weights.weights());
        // Groups that occur, each with the weight of all before it.
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
            coder: Coder::new(),
        };
        tree.root = tree.grow(&groups, before);
        tree
    }

    /// Builds the part of the tree for some groups, up to the weight `end`.
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

    /// Writes a cell's buckets.
    pub(super) fn encode(&self, buckets: &[Bucket], out: &mut Encoder) {
        if let Some(root) = self.root {
            self.encode_below(root, buckets, out);
        }
    }

    fn encode_below(&self, child: u16, buckets: &[Bucket], out: &mut Encoder) {
        if buckets.is_empty() {
            return;
        }
        let Some(node) = self.nodes.get(usize::from(child)) else {
            let first = self.first_index(child & !LEAF);
            return self.encode_group(first, self.shift, buckets, out);
        };
        let border = self.first_index(node.border);
        let (left, right) = self.encode_split(buckets, border, node.chance, out);
        self.encode_below(node.left, left, out);
        self.encode_below(node.right, right, out);
    }

    fn encode_group(&self, first: i32, shift: u8, buckets: &[Bucket], out: &mut Encoder) {
        if buckets.is_empty() || shift == 0 {
            return;
        }
        if let [Bucket { index, count: 1 }] = buckets {
            return out.bits((index - first) as u64, shift.into());
        }
        let border = first + (1 << (shift - 1));
        let (left, right) = self.encode_split(buckets, border, Chance::HALF, out);
        self.encode_group(first, shift - 1, left, out);
        self.encode_group(border, shift - 1, right, out);
    }

    fn encode_split<'b>(
        &self,
        buckets: &'b [Bucket],
        border: i32,
        chance: Chance,
        out: &mut Encoder,
    ) -> (&'b [Bucket], &'b [Bucket]) {
        let (left, right) = buckets.split_at(buckets.partition_point(|held| held.index < border));
        match (items_of(left), items_of(right)) {
            (1, 0) => Coder::encode_one(chance, true, out),
            (0, 1) => Coder::encode_one(chance, false, out),
            (items, others) => self.coder.encode(items, items + others, chance, out),
        }
        (left, right)
    }

    /// Reads a cell's buckets, which hold `items` values.
    pub(super) fn decode(&self, items: u32, stream: &mut Decoder<'_>, buckets: &mut Vec<Bucket>) {
        match self.root {
            _ if items == 0 => {}
            Some(root) => self.decode_below(root, items, stream, buckets),
            None => stream.damaged(),
        }
    }

    fn decode_below(
        &self,
        mut child: u16,
        mut items: u32,
        stream: &mut Decoder<'_>,
        buckets: &mut Vec<Bucket>,
    ) {
        while items > 1 {
            let Some(node) = self.nodes.get(usize::from(child)) else {
                let first = self.first_index(child & !LEAF);
                return self.decode_group(first, self.shift, items, stream, buckets);
            };
            let left = self.coder.decode(items, node.chance, stream);
            if left == items {
                child = node.left;
            } else {
                if left > 0 {
                    self.decode_below(node.left, left, stream, buckets);
                }
                child = node.right;
                items -= left;
            }
        }
        self.decode_single(child, stream, buckets);
    }

    /// Reads where a single value falls.
    #[inline]
    fn decode_single(&self, mut child: u16, stream: &mut Decoder<'_>, buckets: &mut Vec<Bucket>) {
        while let Some(node) = self.nodes.get(usize::from(child)) {
            child = if Coder::decode_one(node.chance, stream) { node.left } else { node.right };
        }
        let within = stream.bits(self.shift.into()) as i32;
        buckets.push(Bucket { index: self.first_index(child & !LEAF) + within, count: 1 });
    }

    fn decode_group(
        &self,
        first: i32,
        shift: u8,
        items: u32,
        stream: &mut Decoder<'_>,
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
        let left = self.coder.decode(items, Chance::HALF, stream);
        let half = first + (1 << (shift - 1));
        self.decode_group(first, shift - 1, left, stream, buckets);
        self.decode_group(half, shift - 1, items - left, stream, buckets);
    }
}
