//! Which streams a query reads, and how they are grouped.

use plimsoll_storage::{Label, LabelMatchers, Store, StreamId, StreamKey, StreamKind};

/// Which streams a query reads.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Selector {
    /// Activity streams or gauges.
    pub kind: StreamKind,
    /// The stream name; `None` for all of them.
    pub stream: Option<String>,
    /// What the labels must match.
    pub labels: LabelMatchers,
}

impl Selector {
    /// Every activity stream of a name.
    #[must_use]
    pub fn activity(stream: impl Into<String>) -> Self {
        Self {
            kind: StreamKind::Activity,
            stream: Some(stream.into()),
            labels: LabelMatchers::new(),
        }
    }

    /// Whether a stream of that name, with that value of one label, could be selected.
    #[must_use]
    pub fn could_select(&self, stream: &str, label: Label, value: &str) -> bool {
        let is_named = self.stream.as_ref().is_none_or(|name| name == stream);
        is_named && self.labels.iter().all(|(of, matcher)| of != label || matcher.accepts(value))
    }

    /// The value that a label has in all streams of a group: the value grouped by, or the only value
    /// selected.
    #[must_use]
    pub fn known<'a>(&'a self, group: &'a [(Label, String)], label: Label) -> Option<&'a str> {
        let grouped = group.iter().find(|(of, _)| *of == label).map(|(_, value)| value.as_str());
        grouped.or_else(|| self.labels.only(label))
    }

    /// The selected streams, ascending.
    #[must_use]
    pub fn streams(&self, store: &Store) -> Vec<StreamId> {
        store.select(self.kind, self.stream.as_deref(), &self.labels)
    }
}

/// Streams that share one series of an answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Group {
    /// The labels grouped by, with their values; empty where a label is absent.
    pub labels: Vec<(Label, String)>,
    /// The streams, ascending.
    pub streams: Vec<StreamId>,
}

/// The answer for one group.
#[derive(Debug, Clone, PartialEq)]
pub struct Series<P> {
    /// The labels grouped by, with their values; empty where a label is absent.
    pub labels: Vec<(Label, String)>,
    /// The points that have data, ascending in time.
    pub points: Vec<P>,
}

/// The groups of a selector, in the order of their label values. Without `by` there is one group, or none
/// when nothing is selected.
#[must_use]
pub fn groups(store: &Store, selector: &Selector, by: &[Label]) -> Vec<Group> {
    let named = |values: Vec<String>| by.iter().copied().zip(values).collect();
    let groups = store.group(&selector.streams(store), by).into_iter();
    groups.map(|(values, streams)| Group { labels: named(values), streams }).collect()
}

/// Streams with their keys.
pub(crate) fn with_keys(
    store: &Store,
    streams: Vec<StreamId>,
) -> impl Iterator<Item = (StreamId, StreamKey)> {
    streams.into_iter().filter_map(|stream| Some((stream, store.stream_key(stream)?)))
}
