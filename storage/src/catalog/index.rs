//! Which streams have a label value: roaring bitmaps, so that a selector is a few bitmap operations.

use std::collections::HashMap;

use foldhash::fast::RandomState;
use roaring::RoaringBitmap;

use crate::model::labels::Label;
use crate::model::stream::StreamId;

/// Id of an interned string.
pub(crate) type Symbol = u32;

/// Label value → streams, for every label, and name → streams.
#[derive(Debug, Default)]
pub(crate) struct Index {
    names: HashMap<Symbol, RoaringBitmap, RandomState>,
    labels: [HashMap<Symbol, RoaringBitmap, RandomState>; Label::COUNT],
}

impl Index {
    /// Adds a stream under its name and label values.
    pub(crate) fn insert(&mut self, id: StreamId, name: Symbol, labels: [Symbol; Label::COUNT]) {
        self.names.entry(name).or_default().insert(id.0);
        for (map, value) in self.labels.iter_mut().zip(labels) {
            map.entry(value).or_default().insert(id.0);
        }
    }

    /// Removes a stream. Calls `unused` with each symbol that no other stream has in the same place.
    pub(crate) fn remove(
        &mut self,
        id: StreamId,
        name: Symbol,
        labels: [Symbol; Label::COUNT],
        unused: &mut dyn FnMut(Symbol),
    ) {
        let maps = std::iter::once(&mut self.names).chain(&mut self.labels);
        for (map, symbol) in maps.zip(std::iter::once(name).chain(labels)) {
            let Some(bitmap) = map.get_mut(&symbol) else { continue };
            bitmap.remove(id.0);
            if bitmap.is_empty() {
                map.remove(&symbol);
                unused(symbol);
            }
        }
    }

    /// Whether a stream has a symbol as its name or as a label value.
    pub(crate) fn has(&self, symbol: Symbol) -> bool {
        self.names.contains_key(&symbol) || self.labels.iter().any(|map| map.contains_key(&symbol))
    }

    /// How many streams have that name.
    pub(crate) fn count_named(&self, name: Symbol) -> usize {
        self.names.get(&name).map_or(0, |bitmap| bitmap.len() as usize)
    }

    /// How many streams have a value of a label.
    pub(crate) fn count_with(&self, label: Label, value: Symbol) -> usize {
        self.labels[label as usize].get(&value).map_or(0, |bitmap| bitmap.len() as usize)
    }

    /// How many values a label has; the absent value counts.
    pub(crate) fn count_values(&self, label: Label) -> usize {
        self.labels[label as usize].len()
    }

    /// The streams of each name.
    pub(crate) fn by_name(&self) -> impl Iterator<Item = (Symbol, &RoaringBitmap)> {
        self.names.iter().map(|(symbol, bitmap)| (*symbol, bitmap))
    }

    /// The streams of each value of a label.
    pub(crate) fn by_value(&self, label: Label) -> impl Iterator<Item = (Symbol, &RoaringBitmap)> {
        self.labels[label as usize].iter().map(|(symbol, bitmap)| (*symbol, bitmap))
    }

    /// The streams of that name.
    pub(crate) fn named(&self, name: Symbol) -> RoaringBitmap {
        self.names.get(&name).cloned().unwrap_or_default()
    }

    /// Every stream of every name.
    pub(crate) fn all(&self) -> RoaringBitmap {
        let mut all = RoaringBitmap::new();
        for bitmap in self.names.values() {
            all |= bitmap;
        }
        all
    }

    /// The streams whose `label` has one of `values`.
    pub(crate) fn with_any(
        &self,
        label: Label,
        values: impl Iterator<Item = Symbol>,
    ) -> RoaringBitmap {
        let mut found = RoaringBitmap::new();
        // In bounds: the discriminants are 0..COUNT.
        let map = &self.labels[label as usize];
        for bitmap in values.filter_map(|value| map.get(&value)) {
            found |= bitmap;
        }
        found
    }

    /// The values a label has, in no order.
    pub(crate) fn values(&self, label: Label) -> impl Iterator<Item = Symbol> + '_ {
        self.labels[label as usize].keys().copied()
    }

    /// Bytes in memory, approximately.
    pub(crate) fn size_bytes(&self) -> usize {
        // What a bitmap takes on the heap beside its values.
        const BITMAP_BYTES: usize = 64;
        let maps = std::iter::once(&self.names).chain(&self.labels);
        let of_map = |map: &HashMap<Symbol, RoaringBitmap, RandomState>| {
            let values: usize = map.values().map(RoaringBitmap::serialized_size).sum();
            let entry = size_of::<(Symbol, RoaringBitmap)>() + 1;
            values + map.len() * BITMAP_BYTES + map.capacity() * entry
        };
        maps.map(of_map).sum()
    }

    /// The stream names, in no order.
    pub(crate) fn names(&self) -> impl Iterator<Item = Symbol> + '_ {
        self.names.keys().copied()
    }
}

#[cfg(test)]
mod tests;
