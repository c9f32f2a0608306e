//! Streams and their labels, and how many there are.

use std::collections::BTreeSet;

use super::Store;
use crate::catalog::{Cardinality, LabelMatchers};
use crate::inspect::{self, StreamUsage};
use crate::model::labels::Label;
use crate::model::stream::{StreamId, StreamKey, StreamKind};
use crate::model::time::TimestampMs;

impl Store {
    /// The streams of a kind and name (any name when `None`) that match `labels`, ascending.
    #[must_use]
    pub fn select(
        &self,
        kind: StreamKind,
        name: Option<&str>,
        labels: &LabelMatchers,
    ) -> Vec<StreamId> {
        self.shared.catalog.read().select(kind, name, labels)
    }

    /// The full name of a stream.
    #[must_use]
    pub fn stream_key(&self, stream: StreamId) -> Option<StreamKey> {
        self.shared.catalog.read().key(stream)
    }

    /// The values of some labels of a stream; empty where a label is absent.
    #[must_use]
    pub fn stream_labels(&self, stream: StreamId, labels: &[Label]) -> Vec<String> {
        let catalog = self.shared.catalog.read();
        labels.iter().map(|label| catalog.label(stream, *label).into()).collect()
    }

    /// How many slots a stream reports at once: 1 unless it sends summaries of a longer step.
    #[must_use]
    pub fn step_slots(&self, stream: StreamId) -> u32 {
        self.shared.catalog.read().step_slots(stream)
    }

    /// The most slots that one of some streams reports at once; 1 when all report slot by slot.
    pub fn step_slots_max<'s>(&self, streams: impl IntoIterator<Item = &'s StreamId>) -> u32 {
        let catalog = self.shared.catalog.read();
        if !catalog.has_long_steps() {
            return 1;
        }
        streams.into_iter().map(|stream| catalog.step_slots(*stream)).max().unwrap_or(1)
    }

    /// How often [`Store::step_slots`] of a stream has changed, counted before its cells reach a
    /// [`Feed`](crate::Feed).
    #[must_use]
    pub fn step_changes(&self) -> u64 {
        self.shared.step_changes()
    }

    /// Streams by the values of some labels, at most as many as there are labels, in the order of the values;
    /// empty where a label is absent.
    #[must_use]
    pub fn group(&self, streams: &[StreamId], by: &[Label]) -> Vec<(Vec<String>, Vec<StreamId>)> {
        self.shared.catalog.read().group(streams, by)
    }

    /// The values a label has, sorted.
    #[must_use]
    pub fn label_values(&self, label: Label) -> Vec<String> {
        self.shared.catalog.read().values(label)
    }

    /// The names of streams, sorted.
    #[must_use]
    pub fn stream_names(&self) -> Vec<String> {
        self.shared.catalog.read().names()
    }

    /// The newest event time of a stream; `None` when it only ever sent heartbeats.
    #[must_use]
    pub fn last_seen(&self, stream: StreamId) -> Option<TimestampMs> {
        self.shared.catalog.read().last_seen(stream)
    }

    /// Counts the streams of a name (any name when `None`) that match `labels`, by name and by label, and
    /// returns of each the `top` values with the most streams. Appends wait for it.
    #[must_use]
    pub fn cardinality(
        &self,
        name: Option<&str>,
        labels: &LabelMatchers,
        top: usize,
    ) -> Cardinality {
        self.shared.catalog.read().cardinality(name, labels, top)
    }

    /// How many streams there are, and how many there may be.
    #[must_use]
    pub fn stream_usage(&self) -> StreamUsage {
        inspect::stream_usage(&self.shared)
    }

    /// Sets the partners whose places are reserved: those that the rules file names.
    pub fn name_partners(&self, partners: BTreeSet<String>) {
        self.shared.pending.name_partners(partners);
    }
}
