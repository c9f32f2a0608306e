//! Which streams a question is about, and how they are grouped.

use plimsoll_storage::{Label, LabelMatchers, Store, StreamId, StreamKind};

/// Which streams a question is about.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Selector {
    /// Activity streams or gauges.
    pub kind: StreamKind,
    /// The stream name; `None` for all of them.
    pub stream: Option<String>,
    /// What the labels must be.
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

    /// The streams it selects, ascending.
    #[must_use]
    pub fn streams(&self, store: &Store) -> Vec<StreamId> {
        store.select(self.kind, self.stream.as_deref(), &self.labels)
    }
}

/// Streams that are answered as one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Group {
    /// The labels grouped by, with their values; empty where a label is absent.
    pub labels: Vec<(Label, String)>,
    /// The streams, ascending.
    pub streams: Vec<StreamId>,
}

/// The answer for one group.
#[derive(Clone, Debug, PartialEq)]
pub struct Series<P> {
    /// The labels grouped by, with their values; empty where a label is absent.
    pub labels: Vec<(Label, String)>,
    /// The points that have something to say, ascending in time.
    pub points: Vec<P>,
}

/// The groups of a selector, in the order of their label values. Without `by` there is one group,
/// or none when nothing is selected.
#[must_use]
pub fn groups(store: &Store, selector: &Selector, by: &[Label]) -> Vec<Group> {
    let named = |values: Vec<String>| by.iter().copied().zip(values).collect();
    let groups = store.group(&selector.streams(store), by).into_iter();
    groups.map(|(values, streams)| Group { labels: named(values), streams }).collect()
}
