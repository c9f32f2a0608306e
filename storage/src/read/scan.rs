//! Reading cells: blocks, residents and head through one interface.
//!
//! From the head's floor on, every sealed cell is in memory; below it, cells are read from blocks, at
//! the coarsest resolution the reader can do with. What is not sealed yet is read from the head for
//! the whole range.
//!
//! Minutes lie in blocks only once their slots have aged ([`crate::maintain::downsample`]); before, they are made of slots
//! while they are read. So each cell lies in one of the two, and days that age at the moment are read from both.

use std::{borrow::Cow, ops::Range, sync::Arc};

use rocksdb::ReadOptions;

use crate::codec::{self, Columns, Panes, Sink, Visitor};
use crate::db::schema::Family;
use crate::error::{Error, Result};
use crate::maintain::downsample::Moment;
use crate::memory::head::View;
use crate::memory::partner_sums;
use crate::model::cell::SlotValue;
use crate::model::resolution::Resolution;
use crate::model::stream::StreamId;
use crate::model::sum::CellSum;
use crate::model::time::Slot;
use crate::read::block_reader::Blocks;
use crate::store::Shared;

/// What is read: cells of some streams in some slots.
#[derive(Debug, Clone)]
pub struct Scan<'a> {
    /// The streams.
    pub streams: &'a [StreamId],
    /// The slots.
    pub slots: Range<Slot>,
    /// Cells between two multiples of this many slots may come added up already, under the first of
    /// their slots, when the borders of `slots` do not tell them apart: from a roll-up. A grain of 1
    /// gives every slot, as long as it is kept.
    pub grain: u32,
    /// The columns that are needed; others may be left empty.
    pub wanted: Columns,
}

impl<'a> Scan<'a> {
    /// Everything about each slot.
    #[must_use]
    pub const fn new(streams: &'a [StreamId], slots: Range<Slot>) -> Self {
        Self { streams, slots, grain: 1, wanted: Columns::ALL }
    }
}

/// What is seen at one moment: memory, and the blocks when they are needed.
pub(crate) type Sight<'a> = View<Option<Arc<Moment<'a>>>>;

/// Slots that are read from the blocks of a resolution.
type Stretch = (Resolution, Range<Slot>);

/// What the store holds about some slots at one moment. Threads may read it side by side, each with
/// a [`Cursor`] of its own.
pub struct Reader<'a> {
    shared: &'a Shared,
    view: Sight<'a>,
    slots: Range<Slot>,
    wanted: Columns,
    /// Sealed cells in blocks: how they are read, and for which slots.
    stored: Vec<Stretch>,
    /// Sealed cells in memory, likewise.
    resident: Stretch,
}

impl std::fmt::Debug for Reader<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Reader").field("slots", &self.slots).finish_non_exhaustive()
    }
}

impl<'a> Reader<'a> {
    /// See [`Scan`] for what `grain` and `wanted` mean.
    pub(crate) fn new(shared: &'a Shared, slots: Range<Slot>, grain: u32, wanted: Columns) -> Self {
        let view = shared
            .head
            .view(&slots, |floor| (slots.start < floor).then(|| Arc::new(Moment::now(shared))));
        Self::of(shared, view, slots, grain, wanted)
    }

    /// The same over what was seen before.
    pub(crate) fn of(
        shared: &'a Shared,
        view: Sight<'a>,
        slots: Range<Slot>,
        grain: u32,
        wanted: Columns,
    ) -> Self {
        let question = Question { shared, slots: &slots, grain };
        let resolution = question.block_resolution();
        let border = match view.snapshot {
            Some(_) if slots.start < view.floor => {
                border(shared, resolution, view.floor).clamp(slots.start, slots.end)
            }
            _ => slots.start,
        };
        let stored = match &view.snapshot {
            Some(moment) if slots.start < border => {
                stretches(shared, resolution, slots.start..border, |aged| {
                    moment.oldest_slot(shared, aged)
                })
            }
            _ => Vec::new(),
        };
        Self {
            stored,
            resident: (question.memory_resolution(), border..slots.end),
            shared,
            view,
            slots,
            wanted,
        }
    }

    /// Calls `visit` with the cells of some streams, in any order.
    pub(crate) fn scan(
        &self,
        streams: &[StreamId],
        visit: &mut dyn FnMut(StreamId, Slot, &SlotValue),
    ) -> Result<()> {
        let mut streams = streams.to_vec();
        streams.sort_unstable();
        self.cursor().visit(&streams, visit)
    }

    /// How many cells a stream may have at the most.
    #[must_use]
    pub fn cells_per_stream(&self) -> u32 {
        let cells =
            self.stored.iter().chain([&self.resident]).map(|one| cells_in(self.shared, one));
        cells.fold(0, u32::saturating_add)
    }

    /// A cursor of its own for a thread.
    #[must_use]
    pub fn cursor(&self) -> Cursor<'_> {
        let blocks = |moment: &Moment<'_>, resolution| {
            let mut options = ReadOptions::default();
            options.set_snapshot(moment.snapshot());
            let family = self.shared.db.family(Family::of(resolution));
            let iterator = self.shared.db.raw().raw_iterator_cf_opt(family, options);
            Blocks::new(self.shared, resolution, iterator)
        };
        let moment = self.view.snapshot.as_ref();
        let stored = self.stored.iter();
        let stored = stored
            .filter_map(|(resolution, slots)| Some((blocks(moment?, *resolution), slots.clone())));
        Cursor { stored: stored.collect(), reader: self }
    }
}

/// Where slots of which a resolution is asked for lie in blocks. `oldest_slot` says, when needed, which of those
/// before a slot is the oldest that may not have aged yet.
fn stretches(
    shared: &Shared,
    resolution: Resolution,
    slots: Range<Slot>,
    oldest_slot: impl FnOnce(Slot) -> Slot,
) -> Vec<Stretch> {
    let aged = shared.aged();
    if resolution != Resolution::Minute {
        return vec![(resolution, slots)];
    }
    if slots.start >= aged {
        return vec![(Resolution::Slot, slots)];
    }
    let first_slot = oldest_slot(aged).clamp(slots.start, slots.end);
    let minutes = (Resolution::Minute, slots.start..aged.min(slots.end));
    let slots = (Resolution::Slot, first_slot..slots.end);
    [minutes, slots].into_iter().filter(|(_, slots)| !slots.is_empty()).collect()
}

/// How many cells of a stream lie in a stretch.
fn cells_in(shared: &Shared, (resolution, slots): &Stretch) -> u32 {
    let slot_count = slots.end.0.saturating_sub(slots.start.0);
    slot_count.div_ceil(resolution.slots(shared.slot_width))
}

/// How many cells a scan comes upon at most: one for each stream and step of the resolutions it reads.
pub(crate) fn cells_max(shared: &Shared, question: &Scan<'_>) -> u64 {
    let Range { start, end } = question.slots;
    let oldest = shared.slot_width.slot_from(shared.retention.oldest(shared.data_now()));
    let (start, floor) = (start.max(oldest).min(end), shared.head.floor().min(end));
    let asked = Question { shared, slots: &question.slots, grain: question.grain };
    let stored = stretches(shared, asked.block_resolution(), start..floor.max(start), |aged| aged);
    let resident = (asked.memory_resolution(), floor.max(start)..end);
    let cells = stored.iter().chain([&resident]).map(|one| u64::from(cells_in(shared, one)));
    question.streams.len() as u64 * cells.sum::<u64>()
}

/// See [`crate::Store::coarser_slots`].
pub(crate) fn coarser_slots(shared: &Shared, slots: &Range<Slot>, grain: u32) -> Option<u32> {
    let question = Question { shared, slots, grain };
    let read = question.block_resolution();
    (!question.fits(read) && read != Resolution::Slot).then(|| read.slots(shared.slot_width))
}

/// Reads cells from what a [`Reader`] sees.
pub struct Cursor<'a> {
    reader: &'a Reader<'a>,
    /// Blocks, and which slots of theirs are read.
    stored: Vec<(Blocks<'a>, Range<Slot>)>,
}

impl std::fmt::Debug for Cursor<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        self.reader.fmt(f)
    }
}

impl Cursor<'_> {
    /// Calls `visit` with the cells of some streams, ascending by id. A slot of a stream may come
    /// more than once, each time with another share of it: the caller adds them up.
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

    /// Adds the activity of some streams, ascending by id, up: that of the slots from border `k` up
    /// to border `k + 1` to `sums[k]`. Borders ascend and are multiples of the reader's grain.
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
        let Reader { view, slots, wanted, .. } = self.reader;
        if slots.is_empty() {
            return Ok(());
        }
        for (blocks, slots) in &mut self.stored {
            blocks.read(streams, slots, *wanted, sink)?;
        }
        self.read_residents(streams, sink)?;
        for generation in &view.generations {
            for stream in streams {
                sink.stream(*stream, 1);
                generation.visit(*stream, slots, |slot, value| sink.whole(slot, value));
            }
        }
        Ok(())
    }

    fn read_residents<S: Sink>(&self, streams: &[StreamId], sink: &mut S) -> Result<()> {
        let Reader { shared, view, resident: (resolution, slots), wanted, .. } = self.reader;
        if slots.is_empty() {
            return Ok(());
        }
        let cells = resolution.cells_of(slots, shared.slot_width);
        let adds_up = S::ADDS_UP && *resolution == Resolution::Minute;
        let damaged = |error: codec::PartError| Error::corrupt("memory", error.to_string());
        for resident in view.residents.iter().filter(|one| one.overlaps(slots)) {
            let mut left = Cow::Borrowed(streams);
            if adds_up {
                let aggregates = resident.aggregates().within(streams);
                for one in &aggregates {
                    sink.stream(one.first(), resolution.slots(shared.slot_width));
                    codec::decode_rows(one.rows(), &cells, *wanted, sink).map_err(damaged)?;
                }
                left = partner_sums::others(streams, &aggregates);
            }
            for stream in left.iter() {
                sink.stream(*stream, resolution.slots(shared.slot_width));
                let parts = resident.parts(*resolution, *stream);
                codec::decode_cached(parts, &cells, *wanted, sink).map_err(damaged)?;
            }
        }
        Ok(())
    }
}

/// What decides which resolutions are read.
struct Question<'a> {
    shared: &'a Shared,
    slots: &'a Range<Slot>,
    grain: u32,
}

impl Question<'_> {
    /// Whether the reader need not tell the slots of a resolution's cells apart.
    fn fits(&self, resolution: Resolution) -> bool {
        let width = self.shared.slot_width;
        let slots = resolution.slots(width);
        let aligned = |slot: Slot| slot.0.is_multiple_of(slots);
        resolution.is_kept(width)
            && self.grain.is_multiple_of(slots)
            && aligned(self.slots.start)
            && aligned(self.slots.end)
    }

    /// The resolution to read from memory: minutes when they fit.
    fn memory_resolution(&self) -> Resolution {
        if self.fits(Resolution::Minute) { Resolution::Minute } else { Resolution::Slot }
    }

    /// The resolution to read from blocks: the coarsest that fits, or a coarser one when that has
    /// expired where the question begins.
    fn block_resolution(&self) -> Resolution {
        let Self { shared, slots, .. } = self;
        let width = shared.slot_width;
        let fitting = |resolution: &Resolution| self.fits(*resolution);
        let coarsest = Resolution::ALL.into_iter().rfind(fitting).unwrap_or(Resolution::Slot);
        let day = |resolution: Resolution| resolution.block_of(StreamId(0), slots.start, width).day;
        let kept = |resolution: &Resolution| {
            resolution.is_kept(width) && day(*resolution) >= shared.first_day(*resolution)
        };
        let coarser = Resolution::ALL.into_iter().filter(|one| *one >= coarsest);
        coarser.into_iter().find(kept).unwrap_or(coarsest)
    }
}

/// The first border between cells of a resolution at or after a slot.
fn border(shared: &Shared, resolution: Resolution, slot: Slot) -> Slot {
    let slots = resolution.slots(shared.slot_width);
    Slot(slot.0.div_ceil(slots).saturating_mul(slots))
}
