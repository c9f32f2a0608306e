//! How long ago: the newest event of a group, also where there should be one and is none.

use std::collections::BTreeSet;

use plimsoll_storage::{Label, Slot, Store, StreamId, StreamKey, TimestampMs};

use crate::error::Result;
use crate::fold::aggregate;
use crate::select::{Group, Selector, groups};

/// A stream that should be reported for a partner.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct ExpectedStream {
    /// The partner.
    pub partner: String,
    /// The name of the stream.
    pub stream: String,
}

/// The newest event of one group, or of a stream that is expected and was never seen.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Freshness {
    /// The labels grouped by, with their values; empty where a label is absent.
    pub labels: Vec<(Label, String)>,
    /// The name of the stream; `None` for all of them together.
    pub stream: Option<String>,
    /// The newest event time; `None` when nothing or only heartbeats ever came.
    pub last_at: Option<TimestampMs>,
    /// Whether it is expected.
    pub expected: bool,
}

/// The newest event by group, over all time, followed by what is expected and was never seen.
///
/// An expectation is about a partner and a stream, so it is left out of a question that selects
/// operations, sites or releases, and of one whose groups are not partners unless it selects nothing.
#[must_use]
pub fn freshness(
    store: &Store,
    selector: &Selector,
    by: &[Label],
    expected: &[ExpectedStream],
) -> Vec<Freshness> {
    let meant: Vec<&ExpectedStream> =
        expected.iter().filter(|one| concerns(selector, one)).collect();
    let mut answer: Vec<Freshness> = groups(store, selector, by)
        .into_iter()
        .map(|Group { labels, streams }| Freshness {
            last_at: newest(store, &streams),
            stream: selector.stream.clone(),
            expected: meant
                .iter()
                .any(|one| selector.known(&labels, Label::Partner) == Some(one.partner.as_str())),
            labels,
        })
        .collect();
    if !meant.is_empty() && (by.contains(&Label::Partner) || answer.is_empty()) {
        let seen = seen(store, selector);
        let unseen = meant.into_iter().filter(|one| !seen.contains(*one));
        answer.extend(unseen.map(|one| never_seen(one, by)));
    }
    answer
}

fn concerns(selector: &Selector, expected: &ExpectedStream) -> bool {
    let broad = |(label, _)| matches!(label, Label::Partner | Label::Environment);
    selector.labels.iter().all(broad)
        && selector.could_select(&expected.stream, Label::Partner, &expected.partner)
}

/// The partners and stream names that a selector finds.
fn seen(store: &Store, selector: &Selector) -> BTreeSet<ExpectedStream> {
    let keys = selector.streams(store).into_iter().filter_map(|stream| store.stream_key(stream));
    let one = |key: StreamKey| ExpectedStream {
        partner: key.label(Label::Partner).to_owned(),
        stream: key.name.into(),
    };
    keys.map(one).collect()
}

fn never_seen(expected: &ExpectedStream, by: &[Label]) -> Freshness {
    let value = |label: &Label| match label {
        Label::Partner => expected.partner.clone(),
        _ => String::new(),
    };
    Freshness {
        labels: by.iter().map(|label| (*label, value(label))).collect(),
        stream: Some(expected.stream.clone()),
        last_at: None,
        expected: true,
    }
}

pub(crate) fn newest(store: &Store, streams: &[StreamId]) -> Option<TimestampMs> {
    streams.iter().filter_map(|stream| store.last_seen(*stream)).max()
}

/// The newest event as it was known when slot `until` began: only slots before it count. Looks back
/// up to 8 days.
///
/// # Errors
/// When the store cannot be read.
pub fn newest_before(
    store: &Store,
    streams: &[StreamId],
    until: Slot,
) -> Result<Option<TimestampMs>> {
    let width = store.slot_width();
    let border = width.start(until);
    let Some(newest) = newest(store, streams) else { return Ok(None) };
    if newest < border {
        return Ok(Some(newest));
    }
    // Something newer is known: look back in growing strides for what was known then.
    let per_hour = width.slots_per_hour();
    let mut end = until;
    for stride in [per_hour / 60, per_hour, 24 * per_hour, 168 * per_hour] {
        let start = end.minus(stride);
        if let Some(at) = aggregate(store, streams, start..end)?.last_at {
            // A step longer than a slot is kept at its first slot but may end later.
            return Ok(Some(at.min(border)));
        }
        end = start;
    }
    Ok(None)
}
