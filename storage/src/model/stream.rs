//! The identity of a stream: its kind, name and labels, and its number in a database.

use bincode::{Decode, Encode};

use super::labels::Label;

/// The number of a stream in one database. It is assigned when the stream is first seen and never reused.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Encode, Decode)]
pub struct StreamId(pub u32);

/// Whether a stream is activity or a gauge.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Encode, Decode)]
pub enum StreamKind {
    /// Outcomes, durations and event times.
    Activity,
    /// Last, minimum, maximum, sum and count of readings.
    Gauge,
}

/// A stream's full name, borrowed. Label values are in the order of [`Label`]; an absent label is
/// the empty string.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct StreamRef<'a> {
    /// The kind.
    pub kind: StreamKind,
    /// The name: `requests`, `tracking`, `queue_depth`.
    pub name: &'a str,
    /// The label values.
    pub labels: [&'a str; Label::COUNT],
}

impl StreamRef<'_> {
    /// The same name, owned.
    #[must_use]
    pub fn to_key(self) -> StreamKey {
        StreamKey { kind: self.kind, name: self.name.into(), labels: self.labels.map(Into::into) }
    }
}

/// A stream's full name, owned.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Encode, Decode)]
pub struct StreamKey {
    /// The kind.
    pub kind: StreamKind,
    /// The name.
    pub name: Box<str>,
    /// The label values, in the order of [`Label`]; an absent label is empty.
    pub labels: [Box<str>; Label::COUNT],
}

impl StreamKey {
    /// The same name, borrowed.
    #[must_use]
    pub fn as_ref(&self) -> StreamRef<'_> {
        StreamRef {
            kind: self.kind,
            name: &self.name,
            labels: self.labels.each_ref().map(AsRef::as_ref),
        }
    }

    /// The value of one label; empty when absent.
    #[must_use]
    pub fn label(&self, label: Label) -> &str {
        // In bounds: the discriminants are 0..COUNT.
        &self.labels[label as usize]
    }
}
