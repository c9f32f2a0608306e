//! Who makes streams: how many streams each value of a label has.

use roaring::RoaringBitmap;

use super::index::Symbol;
use super::matcher::LabelMatchers;
use super::streams::Catalog;
use crate::model::labels::Label;

/// How many streams were selected, and which values they have.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Cardinality {
    /// How many streams were selected.
    pub streams: usize,
    /// How many streams each partner has.
    pub partners: ValueCounts,
    /// How many streams each name has.
    pub names: ValueCounts,
    /// How many streams the values of the labels beside the partner have.
    pub labels: Vec<(Label, ValueCounts)>,
    /// Bytes that the streams of the database take in memory, approximately.
    pub catalog_bytes: usize,
}

/// The values of a label, or the names, of some streams.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ValueCounts {
    /// How many there are; streams without the label do not count.
    pub count: usize,
    /// Those with the most streams, and how many each has, the most first.
    pub top: Vec<(String, usize)>,
}

impl Catalog {
    /// Counts the streams of a name (any name when `None`) that match `labels`, by name and by label, and
    /// returns of each the `top` values with the most streams.
    pub(crate) fn cardinality(
        &self,
        name: Option<&str>,
        labels: &LabelMatchers,
        top: usize,
    ) -> Cardinality {
        let selected = self.select_all(name, labels);
        let is_all = selected.len() as usize == self.len();
        let selected_of = (!is_all).then_some(&selected);
        let of_label = |label| self.top(selected_of, self.index.by_value(label), top);
        let others = Label::ALL.into_iter().filter(|label| *label != Label::Partner);
        Cardinality {
            streams: selected.len() as usize,
            partners: of_label(Label::Partner),
            names: self.top(selected_of, self.index.by_name(), top),
            labels: others.map(|label| (label, of_label(label))).collect(),
            catalog_bytes: self.size_bytes(),
        }
    }

    /// Counts the streams of each value: those of `selected`, or all when it is `None`.
    fn top<'a>(
        &self,
        selected: Option<&RoaringBitmap>,
        values: impl Iterator<Item = (Symbol, &'a RoaringBitmap)>,
        top: usize,
    ) -> ValueCounts {
        let count = |bitmap: &RoaringBitmap| match selected {
            Some(selected) => selected.intersection_len(bitmap) as usize,
            None => bitmap.len() as usize,
        };
        let counts = values.map(|(symbol, bitmap)| (count(bitmap), symbol));
        let is_value = |(count, symbol): &(usize, Symbol)| {
            *count > 0 && !self.symbols.text(*symbol).is_empty()
        };
        let mut counts: Vec<(usize, Symbol)> = counts.filter(is_value).collect();
        // The most first; of as many, in the order of the values.
        let order = |a: &(usize, Symbol), b: &(usize, Symbol)| {
            let text = |it: &(usize, Symbol)| self.symbols.text(it.1);
            b.0.cmp(&a.0).then_with(|| text(a).cmp(text(b)))
        };
        let count = counts.len();
        if top < count {
            counts.select_nth_unstable_by(top, order);
            counts.truncate(top);
        }
        counts.sort_unstable_by(order);
        let top = counts.into_iter().map(|(count, it)| (self.symbols.text(it).to_owned(), count));
        ValueCounts { count, top: top.collect() }
    }
}

#[cfg(test)]
mod tests;
