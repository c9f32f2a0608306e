//! Every stream with its id. Strings are interned once. The catalog only holds streams whose definition is on
//! disk, because the writer adds and removes them after its write. An id is never given again.

use std::collections::{BTreeSet, HashMap};
use std::hash::BuildHasher;
use std::ops::Range;

use foldhash::fast::RandomState;
use hashbrown::HashTable;
use roaring::RoaringBitmap;

use super::index::{Index, Symbol};
use super::matcher::{LabelMatchers, Matcher, Pattern};
use super::places::{Place, Places, SymbolKey};
use super::record::SentTimes;
use super::steps::Steps;
use super::symbols::Symbols;
use crate::error::MostValues;
use crate::limits::GUARANTEED_STREAMS;
use crate::model::labels::Label;
use crate::model::stream::{StreamId, StreamKey, StreamKind, StreamRef};
use crate::model::time::{Slot, TimestampMs};

/// Every stream of the database.
#[derive(Debug, Default)]
pub(crate) struct Catalog {
    pub(super) symbols: Symbols,
    places: Places,
    /// Ids by full name. The names themselves are in `places` only.
    ids: HashTable<StreamId>,
    hasher: RandomState,
    /// How many streams partners have beyond what is guaranteed.
    shared: usize,
    steps: Steps<StreamId>,
    pub(super) index: Index,
}

impl Catalog {
    /// How many streams there are.
    pub(crate) fn len(&self) -> usize {
        self.ids.len()
    }

    /// The id of the next new stream. Ids are given in order, so all streams have lower ones.
    pub(crate) const fn next_id(&self) -> StreamId {
        self.places.next_id()
    }

    /// The id of a stream, if it is known.
    pub(crate) fn get(&self, stream: &StreamRef<'_>) -> Option<StreamId> {
        let same = |id: &StreamId| self.name(*id).as_ref() == Some(stream);
        self.ids.find(self.hasher.hash_one(Some(stream)), same).copied()
    }

    /// Whether there is a stream with this id.
    pub(crate) fn contains(&self, id: StreamId) -> bool {
        self.places.get(id).is_some()
    }

    fn symbols_of(&self, id: StreamId) -> Option<&SymbolKey> {
        self.places.get(id).map(|place| &place.key)
    }

    /// The full name of a stream, borrowed.
    fn name(&self, id: StreamId) -> Option<StreamRef<'_>> {
        self.symbols_of(id).map(|key| name_of(&self.symbols, key))
    }

    /// Adds a stream under the next id, which must be `id`.
    pub(crate) fn insert(&mut self, id: StreamId, stream: &StreamRef<'_>) {
        debug_assert_eq!(id, self.next_id(), "ids are given in order");
        let name = self.symbols.intern(stream.name);
        let labels = stream.labels.map(|text| self.symbols.intern(text));
        self.places.add(SymbolKey { kind: stream.kind, name, labels });
        let Self { symbols, places, hasher, .. } = self;
        let hash = |id: &StreamId| {
            hasher.hash_one(places.get(*id).map(|place| name_of(symbols, &place.key)))
        };
        self.ids.insert_unique(hasher.hash_one(Some(stream)), id, hash);
        self.index.insert(id, name, labels);
        let partner = labels[Label::Partner as usize];
        self.shared +=
            usize::from(self.index.count_with(Label::Partner, partner) > GUARANTEED_STREAMS);
    }

    /// Passes over the ids before `next`: their streams were forgotten.
    pub(crate) fn skip_to(&mut self, next: StreamId) {
        self.places.skip_to(next);
    }

    /// Removes a stream.
    pub(crate) fn remove(&mut self, id: StreamId) {
        let Some(stream) = self.name(id) else { return };
        let hash = self.hasher.hash_one(Some(stream));
        if let Ok(entry) = self.ids.find_entry(hash, |held| *held == id) {
            entry.remove();
        }
        let Some(SymbolKey { name, labels, .. }) = self.places.remove(id) else { return };
        let partner = labels[Label::Partner as usize];
        self.shared -=
            usize::from(self.index.count_with(Label::Partner, partner) > GUARANTEED_STREAMS);
        let mut unused = BTreeSet::new();
        self.index.remove(id, name, labels, &mut |symbol| {
            unused.insert(symbol);
        });
        for symbol in unused.into_iter().filter(|symbol| !self.index.has(*symbol)) {
            self.symbols.remove(symbol);
        }
        self.steps.remove(&id);
    }

    /// Streams without a cell from `slot` on, in the order of their ids.
    pub(crate) fn older_than(&self, slot: Slot) -> impl Iterator<Item = StreamId> {
        let is_older = move |place: &Place| place.slots().1 < slot;
        self.places.iter().filter(move |(_, place)| is_older(place)).map(|(id, _)| id)
    }

    /// How many streams partners have beyond what is guaranteed to each.
    pub(crate) const fn shared(&self) -> usize {
        self.shared
    }

    /// How many partners have streams.
    pub(crate) fn partners(&self) -> usize {
        self.index.count_values(Label::Partner)
    }

    /// How many streams have a value of a label.
    pub(crate) fn count_with(&self, label: Label, value: &str) -> usize {
        self.symbols.get(value).map_or(0, |symbol| self.index.count_with(label, symbol))
    }

    /// How many streams have a name.
    pub(crate) fn count_named(&self, name: &str) -> usize {
        self.symbols.get(name).map_or(0, |symbol| self.index.count_named(symbol))
    }

    /// The label with the most values.
    pub(crate) fn most_values(&self) -> MostValues {
        let counted = Label::ALL.map(|label| (self.index.count_values(label), label));
        let (values, label) = counted.into_iter().max().unwrap_or((0, Label::Partner));
        MostValues { label: label.as_str(), values }
    }

    /// The full name of a stream.
    pub(crate) fn key(&self, id: StreamId) -> Option<StreamKey> {
        self.name(id).map(StreamRef::to_key)
    }

    /// The value of one label of a stream; empty when absent.
    pub(crate) fn label(&self, id: StreamId, label: Label) -> &str {
        self.symbols_of(id)
            .and_then(|key| key.labels.get(label as usize))
            .map_or("", |symbol| self.symbols.text(*symbol))
    }

    /// The streams of a kind and name (any name when `None`) that match `labels`, ascending.
    pub(crate) fn select(
        &self,
        kind: StreamKind,
        name: Option<&str>,
        labels: &LabelMatchers,
    ) -> Vec<StreamId> {
        let found = self.select_all(name, labels);
        let of_kind = |id: &StreamId| self.symbols_of(*id).is_some_and(|key| key.kind == kind);
        found.iter().map(StreamId).filter(of_kind).collect()
    }

    /// The streams of a name (any name when `None`) that match `labels`.
    pub(super) fn select_all(&self, name: Option<&str>, labels: &LabelMatchers) -> RoaringBitmap {
        let mut found = match name {
            None => self.index.all(),
            Some(name) => match self.symbols.get(name) {
                Some(symbol) => self.index.named(symbol),
                None => return RoaringBitmap::new(),
            },
        };
        for (label, matcher) in labels.iter() {
            match matcher {
                Matcher::In(values) => found &= self.with_any(label, values),
                Matcher::NotIn(values) => found -= self.with_any(label, values),
                Matcher::Regex(pattern) => found &= self.matching(label, pattern),
                Matcher::NotRegex(pattern) => found -= self.matching(label, pattern),
            }
        }
        found
    }

    /// The streams whose `label` has one of `values`.
    fn with_any(&self, label: Label, values: &BTreeSet<String>) -> RoaringBitmap {
        self.index.with_any(label, values.iter().filter_map(|value| self.symbols.get(value)))
    }

    /// The streams whose `label` has a value that the pattern matches.
    fn matching(&self, label: Label, pattern: &Pattern) -> RoaringBitmap {
        let matches = |symbol: &Symbol| pattern.is_match(self.symbols.text(*symbol));
        self.index.with_any(label, self.index.values(label).filter(matches))
    }

    /// Streams by the values of some labels, in the order of the values; empty where a label is
    /// absent.
    pub(crate) fn group(
        &self,
        streams: &[StreamId],
        by: &[Label],
    ) -> Vec<(Vec<String>, Vec<StreamId>)> {
        let mut groups: HashMap<[Symbol; Label::COUNT], Vec<StreamId>, RandomState> =
            HashMap::default();
        for stream in streams {
            let Some(key) = self.symbols_of(*stream) else { continue };
            let mut symbols = [0; Label::COUNT];
            for (symbol, label) in symbols.iter_mut().zip(by) {
                // In bounds: the discriminants are 0..COUNT.
                *symbol = key.labels[*label as usize];
            }
            groups.entry(symbols).or_default().push(*stream);
        }
        let texts = |symbols: [Symbol; Label::COUNT]| {
            symbols.iter().take(by.len()).map(|symbol| self.symbols.text(*symbol).into()).collect()
        };
        let mut named: Vec<(Vec<String>, Vec<StreamId>)> =
            groups.into_iter().map(|(symbols, streams)| (texts(symbols), streams)).collect();
        named.sort_unstable();
        named
    }

    /// Streams of activity that most queries read together: those of a name, partner and environment. The
    /// order of the streams is kept.
    pub(crate) fn by_partner(&self, streams: &[StreamId]) -> Vec<Vec<StreamId>> {
        let mut places = HashMap::<_, usize, RandomState>::default();
        let mut groups: Vec<Vec<StreamId>> = Vec::new();
        for stream in streams {
            let key = self.symbols_of(*stream);
            let Some(key) = key.filter(|key| key.kind == StreamKind::Activity) else { continue };
            let label = |label: Label| key.labels[label as usize];
            let of = (key.name, label(Label::Partner), label(Label::Environment));
            let place = *places.entry(of).or_insert(groups.len());
            match groups.get_mut(place) {
                Some(group) => group.push(*stream),
                None => groups.push(vec![*stream]),
            }
        }
        groups
    }

    /// The values a label has, sorted; the empty value of absent labels is left out.
    pub(crate) fn values(&self, label: Label) -> Vec<String> {
        self.sorted_texts(self.index.values(label))
    }

    /// The stream names, sorted.
    pub(crate) fn names(&self) -> Vec<String> {
        self.sorted_texts(self.index.names())
    }

    fn sorted_texts(&self, symbols: impl Iterator<Item = Symbol>) -> Vec<String> {
        let texts = symbols.map(|symbol| self.symbols.text(symbol));
        let mut texts: Vec<String> =
            texts.filter(|text| !text.is_empty()).map(Into::into).collect();
        texts.sort_unstable();
        texts
    }

    /// How many slots a stream reports at once: 1 unless it sends longer summaries.
    pub(crate) fn step_slots(&self, id: StreamId) -> u32 {
        self.steps.slots(&id)
    }

    /// Whether any stream reports several slots at once.
    pub(crate) fn has_long_steps(&self) -> bool {
        !self.steps.is_empty()
    }

    /// Notes a summary of `step_slots` that ends before `until`. Returns whether the step of the stream has
    /// changed.
    pub(crate) fn note_step(&mut self, id: StreamId, step_slots: u32, until: Slot) -> bool {
        self.steps.note(id, step_slots, until)
    }

    /// Whether a stream has reported in long steps, but not lately, by a cell of `slot`.
    pub(crate) fn is_step_over(&self, id: StreamId, slot: Slot) -> bool {
        self.steps.is_over(&id, slot)
    }

    /// The newest event time of a stream.
    pub(crate) fn last_seen(&self, id: StreamId) -> Option<TimestampMs> {
        self.places.get(id)?.last_at()
    }

    /// Notes an event time of a stream. An older one than before changes nothing.
    pub(crate) fn saw(&self, id: StreamId, at: TimestampMs) {
        if let Some(place) = self.places.get(id) {
            place.saw(at);
        }
    }

    /// Notes that a stream may have a cell in a slot.
    pub(crate) fn saw_slot(&self, id: StreamId, slot: Slot) {
        if let Some(place) = self.places.get(id) {
            place.saw_slot(slot);
        }
    }

    /// Which times a stream has sent data of.
    pub(crate) fn sent_times(&self, id: StreamId) -> Option<SentTimes> {
        self.places.get(id).map(Place::sent_times)
    }

    /// Those of some streams that may have cells in some slots. A cell of a resolution begins up to
    /// `cell_slots` before the slot that it has data of.
    pub(crate) fn with_cells_in(
        &self,
        streams: &[StreamId],
        range: &Range<Slot>,
        cell_slots: u32,
    ) -> Vec<StreamId> {
        let end = range.end.plus(cell_slots);
        let may_have = |id: &&StreamId| {
            self.places.get(**id).is_some_and(|place| {
                let (oldest, newest) = place.slots();
                newest >= range.start && oldest < end
            })
        };
        streams.iter().filter(may_have).copied().collect()
    }

    /// Bytes in memory, approximately.
    pub(super) fn size_bytes(&self) -> usize {
        // A hash table has one byte for each place besides.
        let of_id = size_of::<StreamId>() + 1;
        self.places.size_bytes()
            + self.ids.capacity() * of_id
            + self.symbols.size_bytes()
            + self.index.size_bytes()
    }
}

fn name_of<'s>(symbols: &'s Symbols, key: &SymbolKey) -> StreamRef<'s> {
    StreamRef {
        kind: key.kind,
        name: symbols.text(key.name),
        labels: key.labels.map(|symbol| symbols.text(symbol)),
    }
}

#[cfg(test)]
mod tests;
