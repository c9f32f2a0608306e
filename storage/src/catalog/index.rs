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

    /// The stream names, in no order.
    pub(crate) fn names(&self) -> impl Iterator<Item = Symbol> + '_ {
        self.names.keys().copied()
    }
}

#[cfg(test)]
mod tests;
