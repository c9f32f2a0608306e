//! The newest minutes of a partner's streams, added up in advance.
//!
//! Most queries are about partners rather than their operations. So the cache holds, beside the minutes of
//! every stream, the sums over all streams of a name, partner and environment. A query for sums over all of
//! these streams reads one row a minute instead of a cell of each stream.

use std::borrow::Cow;
use std::collections::BTreeMap;

use crate::codec;
use crate::model::cell::SlotValue;
use crate::model::stream::StreamId;
use crate::model::sum::CellSum;
use crate::model::time::Slot;

/// The minutes of some streams added up.
#[derive(Debug)]
pub(crate) struct PartnerSum {
    /// Ascending; two at least.
    streams: Box<[StreamId]>,
    /// See [`codec::put_row`].
    rows: Box<[u8]>,
}

impl PartnerSum {
    /// `None` for a single stream, whose minutes are in the cache already.
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
            // Without sums, readers read each stream and report the damaged one.
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
        self.streams.iter().all(|one| rest.find(|stream| *stream >= one) == Some(one))
    }
}

/// The sums of one entry of the cache, ascending by first stream.
#[derive(Debug, Default)]
pub(crate) struct PartnerSums(Vec<PartnerSum>);

impl PartnerSums {
    /// The sums of groups of streams, given the parts of each stream by the minute.
    pub(crate) fn of<'p>(
        groups: Vec<Vec<StreamId>>,
        minutes_of: impl Fn(StreamId) -> &'p [u8],
    ) -> Self {
        let added = groups.into_iter().filter_map(|group| PartnerSum::of(group, &minutes_of));
        let mut added: Vec<PartnerSum> = added.collect();
        added.sort_unstable_by_key(PartnerSum::first);
        Self(added)
    }

    /// The sums all of whose streams are among `streams`, ascending.
    pub(crate) fn within(&self, streams: &[StreamId]) -> Vec<&PartnerSum> {
        let beginning_with = |stream: &StreamId| {
            let place = self.0.binary_search_by_key(stream, PartnerSum::first).ok()?;
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
        let of = |one: &PartnerSum| {
            size_of_val(&*one.streams) + one.rows.len() + size_of::<PartnerSum>()
        };
        self.0.iter().map(of).sum()
    }
}

/// The streams that none of `sums` covers.
pub(crate) fn without<'s>(streams: &'s [StreamId], sums: &[&PartnerSum]) -> Cow<'s, [StreamId]> {
    if sums.is_empty() {
        return Cow::Borrowed(streams);
    }
    let mut covered: Vec<StreamId> =
        sums.iter().flat_map(|one| one.streams.iter().copied()).collect();
    if covered.len() == streams.len() {
        return Cow::Borrowed(&[]);
    }
    covered.sort_unstable();
    streams.iter().copied().filter(|stream| covered.binary_search(stream).is_err()).collect()
}

#[cfg(test)]
mod tests;
