//! Every stream with its id. Strings are interned once. The catalog only holds streams whose definition is on
//! disk, because the writer adds them after its write.

use std::collections::{BTreeSet, HashMap};
use std::hash::BuildHasher;
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, AtomicU32, Ordering};

use foldhash::fast::RandomState;
use hashbrown::HashTable;
use roaring::RoaringBitmap;

use super::index::{Index, Symbol};
use super::matcher::{LabelMatchers, Matcher, Pattern};
use crate::model::labels::Label;
use crate::model::stream::{StreamId, StreamKey, StreamKind, StreamRef};
use crate::model::time::{Slot, TimestampMs};

/// The value of `last_seen` before any event.
const NEVER: i64 = i64::MIN;
/// Steps without a summary as long after which a stream no longer reports in such steps.
const STEPS_KEPT: u32 = 2;

/// How a stream reports that sends summaries of several slots.
#[derive(Debug)]
struct Reporting {
    /// Slots of a summary.
    step_slots: u32,
    /// The end of the newest summary.
    until: AtomicU32,
}

/// A stream's full name in symbols.
#[derive(Debug, Clone, Copy)]
struct SymbolKey {
    kind: StreamKind,
    name: Symbol,
    labels: [Symbol; Label::COUNT],
}

/// Interned strings.
#[derive(Debug, Default)]
struct Symbols {
    texts: Vec<Arc<str>>,
    numbers: HashMap<Arc<str>, Symbol, RandomState>,
}

impl Symbols {
    fn get(&self, text: &str) -> Option<Symbol> {
        self.numbers.get(text).copied()
    }

    fn intern(&mut self, text: &str) -> Symbol {
        if let Some(number) = self.get(text) {
            return number;
        }
        let number = self.texts.len() as Symbol;
        let text: Arc<str> = text.into();
        self.texts.push(Arc::clone(&text));
        self.numbers.insert(text, number);
        number
    }

    fn text(&self, symbol: Symbol) -> &str {
        self.texts.get(symbol as usize).map_or("", AsRef::as_ref)
    }

    fn name(&self, key: &SymbolKey) -> StreamRef<'_> {
        StreamRef {
            kind: key.kind,
            name: self.text(key.name),
            labels: key.labels.map(|symbol| self.text(symbol)),
        }
    }
}

/// Every stream of the database.
#[derive(Debug, Default)]
pub(crate) struct Catalog {
    symbols: Symbols,
    keys: Vec<SymbolKey>,
    /// Ids by full name. The names themselves are in `keys` only.
    ids: HashTable<StreamId>,
    hasher: RandomState,
    last_seen: Vec<AtomicI64>,
    /// The streams that send summaries of several slots.
    reporting: HashMap<StreamId, Reporting, RandomState>,
    index: Index,
}

impl Catalog {
    /// How many streams there are. Ids are given in order, so this is the next id as well.
    pub(crate) const fn len(&self) -> usize {
        self.keys.len()
    }

    /// The id of a stream, if it is known.
    pub(crate) fn get(&self, stream: &StreamRef<'_>) -> Option<StreamId> {
        let same = |id: &StreamId| self.name(*id).as_ref() == Some(stream);
        self.ids.find(self.hasher.hash_one(Some(stream)), same).copied()
    }

    /// The full name of a stream, borrowed.
    fn name(&self, id: StreamId) -> Option<StreamRef<'_>> {
        self.keys.get(id.0 as usize).map(|key| self.symbols.name(key))
    }

    /// Adds a stream under the next id, which must be `id`.
    pub(crate) fn insert(&mut self, id: StreamId, stream: &StreamRef<'_>) {
        debug_assert_eq!(id.0 as usize, self.keys.len(), "ids are given in order");
        let name = self.symbols.intern(stream.name);
        let labels = stream.labels.map(|text| self.symbols.intern(text));
        self.keys.push(SymbolKey { kind: stream.kind, name, labels });
        let Self { symbols, keys, hasher, .. } = self;
        let hash =
            |id: &StreamId| hasher.hash_one(keys.get(id.0 as usize).map(|key| symbols.name(key)));
        self.ids.insert_unique(hasher.hash_one(Some(stream)), id, hash);
        self.last_seen.push(AtomicI64::new(NEVER));
        self.index.insert(id, name, labels);
    }

    /// The full name of a stream.
    pub(crate) fn key(&self, id: StreamId) -> Option<StreamKey> {
        self.name(id).map(StreamRef::to_key)
    }

    /// The value of one label of a stream; empty when absent.
    pub(crate) fn label(&self, id: StreamId, label: Label) -> &str {
        self.keys
            .get(id.0 as usize)
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
        let mut found = match name {
            None => self.index.all(),
            Some(name) => match self.symbols.get(name) {
                Some(symbol) => self.index.named(symbol),
                None => return Vec::new(),
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
        let of_kind =
            |id: &StreamId| self.keys.get(id.0 as usize).is_some_and(|key| key.kind == kind);
        found.iter().map(StreamId).filter(of_kind).collect()
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
            let Some(key) = self.keys.get(stream.0 as usize) else { continue };
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
            let key = self.keys.get(stream.0 as usize);
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
        self.reporting.get(&id).map_or(1, |reporting| reporting.step_slots)
    }

    /// Whether any stream reports several slots at once.
    pub(crate) fn has_long_steps(&self) -> bool {
        !self.reporting.is_empty()
    }

    /// Notes a summary of `step_slots` that ends before `until`. A stream that has reported nothing so long
    /// for [`STEPS_KEPT`] steps reports in shorter steps from then on. Returns whether its step has changed.
    pub(crate) fn note_step(&mut self, id: StreamId, step_slots: u32, until: Slot) -> bool {
        let known = self.step_slots(id);
        if step_slots < known && !self.is_step_over(id, until) {
            return false;
        }
        if step_slots == known {
            if let Some(reporting) = self.reporting.get(&id) {
                reporting.until.fetch_max(until.0, Ordering::Relaxed);
            }
            return false;
        }
        if step_slots > 1 {
            let until = AtomicU32::new(until.0);
            self.reporting.insert(id, Reporting { step_slots, until });
        } else {
            self.reporting.remove(&id);
        }
        true
    }

    /// Whether a stream has reported in long steps, but not lately, by a cell of `slot`.
    pub(crate) fn is_step_over(&self, id: StreamId, slot: Slot) -> bool {
        self.reporting.get(&id).is_some_and(|reporting| {
            let until = Slot(reporting.until.load(Ordering::Relaxed));
            slot > until.plus(STEPS_KEPT.saturating_mul(reporting.step_slots))
        })
    }

    /// The newest event time of a stream.
    pub(crate) fn last_seen(&self, id: StreamId) -> Option<TimestampMs> {
        let at = self.last_seen.get(id.0 as usize)?.load(Ordering::Relaxed);
        (at != NEVER).then_some(TimestampMs(at))
    }

    /// Notes an event time of a stream. An older one than before changes nothing.
    pub(crate) fn saw(&self, id: StreamId, at: TimestampMs) {
        if let Some(newest) = self.last_seen.get(id.0 as usize) {
            newest.fetch_max(at.0, Ordering::Relaxed);
        }
    }
}

#[cfg(test)]
mod tests;
