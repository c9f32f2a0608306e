//! Reading cells: blocks, cache and head through one interface.

use std::borrow::Cow;
use std::ops::Range;
use std::sync::Arc;

use super::block_reader::BlockReader;
use super::plan::{self, Plan, Request};
use crate::codec::{self, Columns, Panes, Sink, Visitor};
use crate::db::{Database, Family, Snapshot};
use crate::error::{Error, Result};
use crate::memory::{CachedParts, Head, Timeline, View, without};
use crate::model::cell::SlotValue;
use crate::model::resolution::Resolution;
use crate::model::stream::StreamId;
use crate::model::sum::CellSum;
use crate::model::time::{Slot, SlotWidth};

/// Which cells to read: those of some streams in some slots.
#[derive(Debug, Clone)]
pub struct Scan<'a> {
    /// The streams.
    pub streams: &'a [StreamId],
    /// The slots.
    pub slots: Range<Slot>,
    /// The scan may add up the slots between two multiples of `grain` and pass them as one cell under the
    /// first of them: then it reads a roll-up. It does not when `slots` begins or ends between two multiples.
    /// A grain of 1 gives every slot, as long as slots are kept.
    pub grain: u32,
    /// The columns that are needed; others may be left empty.
    pub columns: Columns,
}

impl<'a> Scan<'a> {
    /// Everything about each slot.
    #[must_use]
    pub const fn new(streams: &'a [StreamId], slots: Range<Slot>) -> Self {
        Self { streams, slots, grain: 1, columns: Columns::ALL }
    }
}

/// What is seen at one time: memory, and the blocks when they are needed.
pub(super) type ReadView = View<Option<Arc<Snapshot>>>;

/// What the store holds about some slots at one time. Several threads may read it, each with a [`Cursor`].
pub struct Reader<'a> {
    db: &'a Database,
    slot_width: SlotWidth,
    view: ReadView,
    slots: Range<Slot>,
    columns: Columns,
    plan: Plan,
}

impl std::fmt::Debug for Reader<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Reader").field("slots", &self.slots).finish_non_exhaustive()
    }
}

impl<'a> Reader<'a> {
    /// See [`Scan`] for `grain` and `columns`.
    pub(crate) fn new(
        db: &'a Database,
        head: &Head,
        timeline: &Timeline,
        slots: &Range<Slot>,
        grain: u32,
        columns: Columns,
    ) -> Self {
        let snapshot = |cached_from| (slots.start < cached_from).then(|| Arc::new(db.snapshot()));
        Self::of(db, timeline, head.view(slots, snapshot), slots, grain, columns)
    }

    /// The same over a view that was taken before.
    pub(super) fn of(
        db: &'a Database,
        timeline: &Timeline,
        view: ReadView,
        slots: &Range<Slot>,
        grain: u32,
        columns: Columns,
    ) -> Self {
        let request = Request { timeline, slots, grain };
        let plan = request.plan(view.cached_from, view.snapshot.as_deref());
        let slot_width = timeline.slot_width();
        Self { db, slot_width, view, slots: slots.clone(), columns, plan }
    }

    /// Calls `visit` with the cells of some streams, in any order.
    ///
    /// # Errors
    /// When the database cannot be read.
    pub(crate) fn scan(
        &self,
        streams: &[StreamId],
        visit: &mut dyn FnMut(StreamId, Slot, &SlotValue),
    ) -> Result<()> {
        let mut streams = streams.to_vec();
        streams.sort_unstable();
        self.cursor().visit(&streams, visit)
    }

    /// How many cells a stream may have at most.
    #[must_use]
    pub fn cells_per_stream(&self) -> u32 {
        let Plan { stored, cached } = &self.plan;
        let cells = stored.iter().chain([cached]).map(|one| plan::cells_in(self.slot_width, one));
        cells.fold(0, u32::saturating_add)
    }

    /// A cursor for one thread.
    #[must_use]
    pub fn cursor(&self) -> Cursor<'_> {
        let stored = self.plan.stored.iter().filter_map(|(resolution, slots)| {
            let snapshot = self.view.snapshot.as_deref()?;
            let rows = snapshot.rows(Family::of(*resolution));
            let blocks = BlockReader::new(self.db, snapshot, *resolution, self.slot_width, rows);
            Some((blocks, slots.clone()))
        });
        Cursor { stored: stored.collect(), reader: self }
    }
}

/// Reads cells from what a [`Reader`] sees.
pub struct Cursor<'a> {
    reader: &'a Reader<'a>,
    /// Blocks, and which of their slots are read.
    stored: Vec<(BlockReader<'a>, Range<Slot>)>,
}

impl std::fmt::Debug for Cursor<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        self.reader.fmt(f)
    }
}

impl Cursor<'_> {
    /// Calls `visit` with the cells of some streams, ascending by id. A slot of a stream may come more than
    /// once, each time with another share of it: the caller adds them up.
    ///
    /// # Errors
    /// When the database cannot be read.
    pub fn visit(
        &mut self,
        streams: &[StreamId],
        visit: &mut dyn FnMut(StreamId, Slot, &SlotValue),
    ) -> Result<()> {
        self.read(streams, &mut Visitor::new(visit))
    }

    /// Adds up the activity of some streams, ascending by id: that of the slots from border `k` up to border
    /// `k + 1` is added to `sums[k]`. Borders ascend and are multiples of the reader's grain.
    ///
    /// # Errors
    /// When the database cannot be read.
    pub fn sum(
        &mut self,
        streams: &[StreamId],
        borders: &[Slot],
        sums: &mut [CellSum],
    ) -> Result<()> {
        self.read(streams, &mut Panes::new(borders, sums))
    }

    fn read(&mut self, streams: &[StreamId], sink: &mut impl Sink) -> Result<()> {
        debug_assert!(streams.is_sorted(), "blocks are read in the order of their keys");
        let Reader { db, view, slots, columns, .. } = self.reader;
        db.check_reads()?;
        if slots.is_empty() {
            return Ok(());
        }
        for (blocks, slots) in &mut self.stored {
            blocks.read(streams, slots, *columns, sink)?;
        }
        self.read_cache(streams, sink)?;
        for generation in &view.generations {
            for stream in streams {
                db.check_reads()?;
                sink.stream(*stream, 1);
                generation.visit(*stream, slots, |slot, value| sink.whole(slot, value));
            }
        }
        Ok(())
    }

    fn read_cache(&self, streams: &[StreamId], sink: &mut impl Sink) -> Result<()> {
        let Reader { view, plan, .. } = self.reader;
        let slots = &plan.cached.1;
        if slots.is_empty() {
            return Ok(());
        }
        for entry in view.cached.iter().filter(|one| one.overlaps(slots)) {
            self.read_entry(entry, streams, sink)
                .map_err(|error| Error::corrupt("the cache", error.to_string()))?;
        }
        Ok(())
    }

    /// Reads an entry of the cache: sums by partner where the sink adds up, and the remaining streams.
    fn read_entry<S: Sink>(
        &self,
        entry: &CachedParts,
        streams: &[StreamId],
        sink: &mut S,
    ) -> std::result::Result<(), codec::PartError> {
        let Reader { slot_width, plan, columns, .. } = self.reader;
        let (resolution, slots) = &plan.cached;
        let (cells, cell_slots) =
            (resolution.cells_of(slots, *slot_width), resolution.slots(*slot_width));
        let mut remaining = Cow::Borrowed(streams);
        if S::ADDS_UP && *resolution == Resolution::Minute {
            let sums = entry.partner_sums().within(streams);
            for one in &sums {
                sink.stream(one.first(), cell_slots);
                codec::decode_rows(one.rows(), &cells, *columns, sink)?;
            }
            remaining = without(streams, &sums);
        }
        for stream in remaining.iter() {
            sink.stream(*stream, cell_slots);
            let parts = entry.parts(*resolution, *stream);
            codec::decode_cached(parts, &cells, *columns, sink)?;
        }
        Ok(())
    }
}
