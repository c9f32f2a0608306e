//! The newest minutes of a partner's streams, added up beforehand.
//!
//! Most questions are about partners rather than their endpoints. So what a seal keeps in memory holds, beside the
//! minutes of every stream, what those of all streams of a name, partner and environment add up to. A question
//! for sums over all of these streams reads one row a minute instead of a cell for each stream.

use std::{borrow::Cow, collections::BTreeMap};

use crate::codec;
use crate::model::cell::SlotValue;
use crate::model::stream::StreamId;
use crate::model::sum::CellSum;
use crate::model::time::Slot;

/// The minutes of some streams added up.
#[derive(Debug)]
pub(crate) struct Aggregate {
    /// Ascending; two at least.
    streams: Box<[StreamId]>,
    /// See [`codec::put_row`].
    rows: Box<[u8]>,
}

impl Aggregate {
    /// `None` of a single stream, whose minutes are there already.
    fn of<'p>(streams: Vec<StreamId>, minutes_of: impl Fn(StreamId) -> &'p [u8]) -> Option<Self> {
        if streams.len() < 2 {
            return None;
        }
        let mut sums: BTreeMap<Slot, CellSum> = BTreeMap::new();
        for stream in &streams {
            let add = &mut |minute, value: &SlotValue| {
                if let SlotValue::Activity(cell) = value {
                    sums.entry(minute).or_default().add(cell);
                }
            };
            // They have never left memory; if they cannot be read, each says so for itself.
            codec::decode(minutes_of(*stream), add).ok()?;
        }
        let mut rows = Vec::new();
        sums.iter().for_each(|(minute, sum)| codec::put_row(*minute, sum, &mut rows));
        Some(Self { streams: streams.into(), rows: rows.into() })
    }

    /// The first of its streams.
    pub(crate) fn first(&self) -> StreamId {
        self.streams.first().copied().unwrap_or(StreamId(0))
    }

    /// See [`codec::decode_rows`].
    pub(crate) const fn rows(&self) -> &[u8] {
        &self.rows
    }

    /// Whether all of its streams are among some, ascending.
    fn is_within(&self, streams: &[StreamId]) -> bool {
        let mut rest = streams.iter();
        self.streams.iter().all(|own| rest.find(|stream| *stream >= own) == Some(own))
    }
}

/// What a seal added up, ascending by first stream.
#[derive(Debug, Default)]
pub(crate) struct Aggregates(Vec<Aggregate>);

impl Aggregates {
    /// Of streams that are asked for together, given the parts of each by the minute.
    pub(crate) fn of<'p>(
        groups: Vec<Vec<StreamId>>,
        minutes_of: impl Fn(StreamId) -> &'p [u8],
    ) -> Self {
        let added = groups.into_iter().filter_map(|group| Aggregate::of(group, &minutes_of));
        let mut added: Vec<Aggregate> = added.collect();
        added.sort_unstable_by_key(Aggregate::first);
        Self(added)
    }

    /// Those that are of nothing but some streams, ascending.
    pub(crate) fn within(&self, streams: &[StreamId]) -> Vec<&Aggregate> {
        let beginning_with = |stream: &StreamId| {
            let place = self.0.binary_search_by_key(stream, Aggregate::first).ok()?;
            self.0.get(place)
        };
        let begun =
            (0..).zip(streams).filter_map(|(at, stream)| Some((at, beginning_with(stream)?)));
        begun
            .filter(|(at, one)| streams.get(*at..).is_some_and(|from| one.is_within(from)))
            .map(|(_, one)| one)
            .collect()
    }

    /// Bytes in memory.
    pub(crate) fn size_bytes(&self) -> usize {
        let of =
            |one: &Aggregate| size_of_val(&*one.streams) + one.rows.len() + size_of::<Aggregate>();
        self.0.iter().map(of).sum()
    }
}

/// The streams that none of some aggregates holds.
pub(crate) fn others<'s>(
    streams: &'s [StreamId],
    aggregates: &[&Aggregate],
) -> Cow<'s, [StreamId]> {
    if aggregates.is_empty() {
        return Cow::Borrowed(streams);
    }
    let mut held: Vec<StreamId> =
        aggregates.iter().flat_map(|one| one.streams.iter().copied()).collect();
    if held.len() == streams.len() {
        return Cow::Borrowed(&[]);
    }
    held.sort_unstable();
    streams.iter().copied().filter(|stream| held.binary_search(stream).is_err()).collect()
}

#[cfg(test)]
mod tests;
