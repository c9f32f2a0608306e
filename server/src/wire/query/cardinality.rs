//! Who makes streams, as JSON.

use plimsoll_storage::{Cardinality, Label, StreamUsage, ValueCounts};
use schemars::JsonSchema;
use serde::Serialize;

/// How many streams there are and may be, and which values the selected ones have.
#[derive(Debug, Serialize, JsonSchema)]
pub(crate) struct CardinalityBody {
    /// Streams of the database.
    streams: usize,
    /// How many it may have.
    streams_max: usize,
    /// Streams beyond those that are guaranteed to each partner.
    shared_streams: usize,
    /// How many of these there may be.
    shared_streams_max: usize,
    /// Partners that have streams.
    partners: usize,
    /// How many there may be before only those are taken that the rules file names.
    partners_max: usize,
    /// How many streams a partner may have now.
    partner_streams_max: usize,
    /// How many times a new stream was rejected since the server started.
    rejected: u64,
    /// Bytes that the names of the streams take in memory, approximately.
    catalog_bytes: usize,
    /// Streams that `stream` and labels select.
    selected: usize,
    /// What the selected streams have different values of.
    values: Vec<ValuesBody>,
    /// The values with the most selected streams.
    top: Vec<TopBody>,
}

/// How many values the selected streams have of a label, or how many names.
#[derive(Debug, Serialize, JsonSchema)]
pub(crate) struct ValuesBody {
    /// A label, or `stream`.
    by: &'static str,
    /// How many there are.
    count: usize,
    /// Whether `top` lacks some of them; `limit` sets how many it lists.
    is_cut: bool,
}

/// A value of a label, or a name.
#[derive(Debug, Serialize, JsonSchema)]
pub(crate) struct TopBody {
    /// A label, or `stream`.
    by: &'static str,
    value: String,
    /// How many of the selected streams have it. Named apart from the streams of the database, which are a
    /// column of the same rows.
    value_streams: usize,
}

impl CardinalityBody {
    pub(crate) fn new(usage: StreamUsage, counted: Cardinality) -> Self {
        let Cardinality { streams, partners, names, labels, catalog_bytes } = counted;
        let by_label = labels.into_iter().map(|(label, counts)| (label.as_str(), counts));
        let counts = [(Label::Partner.as_str(), partners), ("stream", names)].into_iter();
        let (mut values, mut top) = (Vec::new(), Vec::new());
        for (by, ValueCounts { count, top: of_label }) in counts.chain(by_label) {
            values.push(ValuesBody { by, count, is_cut: of_label.len() < count });
            let row = |(value, value_streams)| TopBody { by, value, value_streams };
            top.extend(of_label.into_iter().map(row));
        }
        Self {
            streams: usage.streams,
            streams_max: usage.streams_max,
            shared_streams: usage.shared,
            shared_streams_max: usage.shared_max,
            partners: usage.partners,
            partners_max: usage.partners_max,
            partner_streams_max: usage.partner_streams_max,
            rejected: usage.rejected,
            catalog_bytes,
            selected: streams,
            values,
            top,
        }
    }
}
