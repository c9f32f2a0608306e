//! The freshness query: the newest event of a group, also of expected streams that never reported.

use std::collections::BTreeSet;

use plimsoll_storage::{Label, Slot, Store, StreamId, TimestampMs};

use crate::engine::aggregate;
use crate::select::{Group, Result, Selector, groups, with_keys};

/// A stream that a partner should report.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct ExpectedStream {
    /// The partner.
    pub partner: String,
    /// The name of the stream.
    pub stream: String,
}

/// The newest event of one group, or of an expected stream that never reported.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Freshness {
    /// The labels grouped by, with their values; empty where a label is absent.
    pub labels: Vec<(Label, String)>,
    /// The name of the stream; `None` for all of them together.
    pub stream: Option<String>,
    /// The newest event time; `None` without an event, also after heartbeats.
    pub last_at: Option<TimestampMs>,
    /// Whether it is expected.
    pub expected: bool,
}

/// The newest event by group, over all time, followed by the expected streams that never reported.
///
/// An expectation has a partner and a stream. It is therefore left out when the query selects operations,
/// sites or releases. It is also left out when the groups are not partners, unless nothing at all was
/// selected.
#[must_use]
pub fn freshness(
    store: &Store,
    selector: &Selector,
    by: &[Label],
    expected: &[ExpectedStream],
) -> Vec<Freshness> {
    let selected: Vec<&ExpectedStream> =
        expected.iter().filter(|one| concerns(selector, one)).collect();
    let mut answer: Vec<Freshness> = groups(store, selector, by)
        .into_iter()
        .map(|Group { labels, streams }| {
            let partner = selector.known(&labels, Label::Partner);
            Freshness {
                last_at: newest(store, &streams),
                stream: selector.stream.clone(),
                expected: selected.iter().any(|one| partner == Some(one.partner.as_str())),
                labels,
            }
        })
        .collect();
    if !selected.is_empty() && (by.contains(&Label::Partner) || answer.is_empty()) {
        let reported = reported(store, selector);
        let missing = selected.into_iter().filter(|one| !reported.contains(*one));
        answer.extend(missing.map(|one| never_reported(one, by)));
    }
    answer
}

fn concerns(selector: &Selector, expected: &ExpectedStream) -> bool {
    let is_broad = |(label, _)| matches!(label, Label::Partner | Label::Environment);
    selector.labels.iter().all(is_broad)
        && selector.could_select(&expected.stream, Label::Partner, &expected.partner)
}

/// The partners and stream names that a selector finds.
fn reported(store: &Store, selector: &Selector) -> BTreeSet<ExpectedStream> {
    let keys = with_keys(store, selector.streams(store)).map(|(_, key)| key);
    keys.map(|key| ExpectedStream {
        partner: key.label(Label::Partner).to_owned(),
        stream: key.name.into(),
    })
    .collect()
}

fn never_reported(expected: &ExpectedStream, by: &[Label]) -> Freshness {
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

/// The newest event time of some streams.
pub(super) fn newest(store: &Store, streams: &[StreamId]) -> Option<TimestampMs> {
    streams.iter().filter_map(|stream| store.last_seen(*stream)).max()
}

/// The newest event of the slots before `until`. Looks back up to 8 days.
///
/// # Errors
/// The store cannot be read.
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
    // A newer event is known: search backwards in growing strides.
    let per_hour = width.slots_per_hour();
    let mut end = until;
    for stride in [per_hour / 60, per_hour, 24 * per_hour, 168 * per_hour] {
        let start = end.minus(stride);
        if let Some(at) = aggregate(store, streams, start..end)?.last_at {
            // A summary longer than a slot is stored in its first slot but may end later.
            return Ok(Some(at.min(border)));
        }
        end = start;
    }
    Ok(None)
}
