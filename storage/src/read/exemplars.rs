//! Finding exemplars.
//!
//! Exemplars are in no head and no block, and in no feed. A batch's exemplars are merged into their family in
//! the RocksDB write of its journal record, and RocksDB keeps the best of them whenever it reads or compacts.
//! So acknowledged exemplars are durable, and none of them stays in memory.

use std::ops::Range;

use crate::codec::decode_exemplars;
use crate::db::{Database, ExemplarKey, Family, Rows};
use crate::error::Result;
use crate::limits::{EXEMPLAR_ROWS_MAX, EXEMPLARS_LIMIT_MAX};
use crate::memory::Timeline;
use crate::model::exemplar::{Exemplar, Kind};
use crate::model::outcome::Outcome;
use crate::model::stream::StreamId;
use crate::model::time::Slot;

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
type StreamExemplar = (StreamId, Exemplar);

/// The exemplars that a query found.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct BestExemplars {
    /// Best first, each set of ids once.
    pub best: Vec<(StreamId, Exemplar)>,
    /// Whether more are kept than the query asked for.
    pub has_more: bool,
    /// Whether the search stopped after [`EXEMPLAR_ROWS_MAX`] slots, so that better ones may exist.
    pub is_cut: bool,
    /// The names of damaged places whose exemplars are missing.
    pub damaged: Vec<String>,
}

/// The best exemplars of a query.
///
/// # Errors
/// When the database cannot be read.
pub(crate) fn find_exemplars(
    db: &Database,
    timeline: &Timeline,
    query: &ExemplarQuery<'_>,
) -> Result<BestExemplars> {
    debug_assert!(query.streams.is_sorted(), "streams are read in the order of their ids");
    let limit = query.limit.min(EXEMPLARS_LIMIT_MAX);
    let found = BestExemplars::default();
    // One more than wanted shows whether there are more.
    let mut search = Search { db, timeline, slots: &query.slots, limit: limit + 1, rows: 0, found };
    let kinds = match query.kind {
        ExemplarKind::Failed(classes) => classes.iter().map(|class| Kind::Failed(*class)).collect(),
        ExemplarKind::Slow => vec![Kind::Slow],
    };
    if !query.slots.is_empty() {
        kinds.into_iter().try_for_each(|kind| search.kind(kind, query.streams))?;
    }
    let mut found = search.found;
    found.has_more = found.best.len() > limit;
    found.best.truncate(limit);
    Ok(found)
}

/// A search through the rows of exemplars.
struct Search<'a> {
    db: &'a Database,
    timeline: &'a Timeline,
    slots: &'a Range<Slot>,
    limit: usize,
    /// Rows and positions that were read.
    rows: usize,
    found: BestExemplars,
}

impl Search<'_> {
    /// Reads the exemplars of a kind, day by day, the newest first. Days and streams without any cost
    /// nothing.
    fn kind(&mut self, kind: Kind, streams: &[StreamId]) -> Result<()> {
        let first_day = self.timeline.day_of(self.slots.start);
        let first_key = ExemplarKey::day_start(kind, first_day);
        let mut rows = self.db.rows_from(Family::Exemplars, first_key);
        let mut slot = self.slots.end.minus(1);
        let mut day = self.timeline.day_of(slot);
        loop {
            self.day(kind, day, streams, slot, &mut rows)?;
            rows.seek_for_prev(ExemplarKey::day_start(kind, day));
            let earlier = match rows.damage()? {
                // The days before are looked for one by one: some may be in another file.
                Some(detail) => {
                    self.note(day, &detail);
                    day.checked_sub(1).filter(|day| *day >= first_day)
                }
                None => rows.key().and_then(ExemplarKey::decode).map(|at| at.day),
            };
            let is_earlier = |earlier: &u32| *earlier < day && !self.found.is_cut;
            let Some(earlier) = earlier.filter(is_earlier) else { return Ok(()) };
            (day, slot) = (earlier, Slot(u32::MAX));
        }
    }

    /// Reads a day's exemplars of a kind up to a slot, from the last stream to the first.
    fn day(
        &mut self,
        kind: Kind,
        day: u32,
        mut streams: &[StreamId],
        slot: Slot,
        rows: &mut Rows,
    ) -> Result<()> {
        while let Some((stream, before)) = streams.split_last() {
            if self.rows >= EXEMPLAR_ROWS_MAX {
                self.found.is_cut = true;
                return Ok(());
            }
            self.rows += 1;
            rows.seek_for_prev(ExemplarKey { kind, day, stream: *stream, slot }.encode());
            if let Some(detail) = rows.damage()? {
                self.note(day, &detail);
                streams = before;
                continue;
            }
            let at = rows.key().and_then(ExemplarKey::decode);
            let Some(at) = at.filter(|at| at.day == day) else { return Ok(()) };
            if at.stream < *stream {
                // No stream in between has any.
                streams = &before[..before.partition_point(|it| *it <= at.stream)];
            } else {
                self.stream(*stream, kind, rows);
                if let Some(detail) = rows.damage()? {
                    self.note(day, &detail);
                }
                streams = before;
            }
        }
        Ok(())
    }

    /// Notes that exemplars of a day, or of one near it, cannot be read.
    fn note(&mut self, day: u32, detail: &str) {
        let name = self.db.damage().note_exemplars(day, detail);
        if !self.found.damaged.contains(&name) {
            self.found.damaged.push(name);
        }
    }

    /// Reads the exemplars of a stream, the newest first, as long as older ones may be better.
    fn stream(&mut self, stream: StreamId, kind: Kind, rows: &mut Rows) {
        let width = self.timeline.slot_width();
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
