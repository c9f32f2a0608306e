//! Exemplars on disk: how they are written beside the journal, merged, read back and let go.
//!
//! They take no part in the head, in sealing or in the feed. A batch's exemplars are merge operands in the
//! RocksDB write of its journal record, and RocksDB keeps the best of them whenever it reads or
//! compacts, so what was acknowledged is kept and nothing of it stays in memory.

use std::ops::Range;

use rocksdb::{DBRawIterator, MergeOperands, ReadOptions};

use crate::codec::{decode_exemplars, encode_exemplars};
use crate::db::key::ExemplarKey;
use crate::db::schema::Family;
use crate::error::Result;
use crate::limits::{EXEMPLAR_ROWS_MAX, EXEMPLAR_SLOW_KEPT_MS, EXEMPLARS_LIMIT_MAX};
use crate::model::exemplar::{Exemplar, Kind};
use crate::model::outcome::Outcome;
use crate::model::stream::StreamId;
use crate::model::time::{Slot, SlotWidth, TimestampMs};
use crate::store::{Shared, Store};

/// Keeps the best of a row's exemplars. What cannot be read is passed over.
pub(crate) fn merge(key: &[u8], held: Option<&[u8]>, operands: &MergeOperands) -> Option<Vec<u8>> {
    let kind = ExemplarKey::decode(key)?.kind;
    // Within a slot, the order of times is that of distances to its start.
    let start = TimestampMs(0);
    let mut best = Vec::new();
    for event in
        held.into_iter().chain(operands).filter_map(|it| decode_exemplars(it, start)).flatten()
    {
        kind.keep_in_slot(&mut best, event.as_ref());
    }
    Some(encode_exemplars(best, start))
}

/// The day of a slot, since 1970.
pub(crate) fn day_of(slot: Slot, width: SlotWidth) -> u32 {
    slot.0 / (24 * width.slots_per_hour())
}

/// Which exemplars a query looks for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ExemplarKind {
    /// The newest events of some failure classes.
    Failed(Vec<Outcome>),
    /// The events that took longest.
    Slow,
}

/// Which exemplars to find, and how many of them.
#[derive(Debug, Clone)]
pub struct ExemplarQuery<'a> {
    /// The streams, ascending by id.
    pub streams: &'a [StreamId],
    /// The slots.
    pub slots: Range<Slot>,
    /// Failed events or slow ones.
    pub kind: &'a ExemplarKind,
    /// How many to return, at most [`EXEMPLARS_LIMIT_MAX`].
    pub limit: usize,
}

/// An exemplar with the stream it belongs to.
pub type StreamExemplar = (StreamId, Exemplar);

/// The exemplars that a query found.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct BestExemplars {
    /// Best first, each set of ids once.
    pub best: Vec<StreamExemplar>,
    /// Whether the search stopped after [`EXEMPLAR_ROWS_MAX`] slots, so that better ones may exist.
    pub is_cut: bool,
}

impl Store {
    /// The best exemplars of a query. Failed events are kept as long as slots are, slow ones for
    /// [`EXEMPLAR_SLOW_KEPT_MS`](crate::limits::EXEMPLAR_SLOW_KEPT_MS).
    ///
    /// # Errors
    /// When the database cannot be read.
    pub fn exemplars(&self, query: &ExemplarQuery<'_>) -> Result<BestExemplars> {
        debug_assert!(query.streams.is_sorted(), "streams are read in the order of their ids");
        let (shared, limit) = (self.shared(), query.limit.min(EXEMPLARS_LIMIT_MAX));
        let found = BestExemplars::default();
        let mut search = Search { shared, slots: &query.slots, limit, rows: 0, found };
        let kinds = match query.kind {
            ExemplarKind::Failed(classes) => {
                classes.iter().map(|class| Kind::Failed(*class)).collect()
            }
            ExemplarKind::Slow => vec![Kind::Slow],
        };
        if !query.slots.is_empty() {
            kinds.into_iter().try_for_each(|kind| search.kind(kind, query.streams))?;
        }
        Ok(search.found)
    }
}

struct Search<'a> {
    shared: &'a Shared,
    slots: &'a Range<Slot>,
    limit: usize,
    /// Slots and places looked at.
    rows: usize,
    found: BestExemplars,
}

impl Search<'_> {
    /// Looks through the exemplars of a kind, day by day from the newest on. Days and streams without any
    /// cost nothing.
    fn kind(&mut self, kind: Kind, streams: &[StreamId]) -> Result<()> {
        let mut options = ReadOptions::default();
        let first_day = day_of(self.slots.start, self.shared.slot_width);
        options.set_iterate_lower_bound(ExemplarKey::day_start(kind, first_day));
        let family = self.shared.db.family(Family::Exemplars);
        let mut rows = self.shared.db.raw().raw_iterator_cf_opt(family, options);
        let mut slot = self.slots.end.minus(1);
        let mut day = day_of(slot, self.shared.slot_width);
        loop {
            self.day(kind, day, streams, slot, &mut rows);
            rows.seek_for_prev(ExemplarKey::day_start(kind, day));
            let earlier = rows.key().and_then(ExemplarKey::decode);
            let is_earlier = |at: &ExemplarKey| at.day < day && !self.found.is_cut;
            let Some(earlier) = earlier.filter(is_earlier) else { break };
            (day, slot) = (earlier.day, Slot(u32::MAX));
        }
        Ok(rows.status()?)
    }

    /// Looks through a day's exemplars of a kind up to a slot, from the last stream to the first.
    fn day(
        &mut self,
        kind: Kind,
        day: u32,
        mut streams: &[StreamId],
        slot: Slot,
        rows: &mut DBRawIterator<'_>,
    ) {
        while let Some((stream, before)) = streams.split_last() {
            rows.seek_for_prev(ExemplarKey { kind, day, stream: *stream, slot }.encode());
            let at = rows.key().and_then(ExemplarKey::decode);
            let Some(at) = at.filter(|at| at.day == day) else { return };
            self.rows += 1;
            if at.stream < *stream {
                // None of the streams between has any.
                streams = &before[..before.partition_point(|it| *it <= at.stream)];
            } else {
                self.stream(*stream, kind, rows);
                streams = before;
            }
            if self.rows >= EXEMPLAR_ROWS_MAX {
                self.found.is_cut = true;
                return;
            }
        }
    }

    /// Looks through the exemplars of a stream from the newest on, as long as older ones may be better.
    fn stream(&mut self, stream: StreamId, kind: Kind, rows: &mut DBRawIterator<'_>) {
        let width = self.shared.slot_width;
        while let Some((key, value)) = rows.item() {
            let Some(key) = ExemplarKey::decode(key) else { return };
            if key.kind != kind || key.stream != stream || key.slot < self.slots.start {
                return;
            }
            let worst = self.found.best.get(self.limit.saturating_sub(1));
            let is_over = |(_, worst): &StreamExemplar| width.end(key.slot) <= worst.at;
            if self.rows >= EXEMPLAR_ROWS_MAX || kind != Kind::Slow && worst.is_some_and(is_over) {
                return;
            }
            self.rows += 1;
            for event in decode_exemplars(value, width.start(key.slot)).into_iter().flatten() {
                let (best, limit) = (&mut self.found.best, self.limit);
                kind.keep(best, limit, event.as_ref(), |held| &held.1, |event| (stream, event));
            }
            rows.prev();
        }
    }
}

/// Lets go of exemplars before a day, and of slow ones a while before `now`: they are many.
pub(crate) fn let_go(shared: &Shared, first_day: u32, now: TimestampMs) -> Result<()> {
    let slow_from = shared.slot_width.slot_of(now.plus_ms(-EXEMPLAR_SLOW_KEPT_MS));
    let slow_from = day_of(slow_from, shared.slot_width).max(first_day);
    for kind in Kind::all() {
        let first_day = if kind == Kind::Slow { slow_from } else { first_day };
        let (from, to) = (ExemplarKey::day_start(kind, 0), ExemplarKey::day_start(kind, first_day));
        let family = shared.db.family(Family::Exemplars);
        let mut options = ReadOptions::default();
        options.set_iterate_upper_bound(to);
        let mut rows = shared.db.raw().raw_iterator_cf_opt(family, options);
        rows.seek(from);
        if !rows.valid() {
            rows.status()?;
            continue;
        }
        drop(rows);
        shared.db.drop_range(Family::Exemplars, &from, &to)?;
    }
    Ok(())
}
