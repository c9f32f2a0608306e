//! Reading cells: blocks, residents and head through one interface.
//!
//! From the head's floor on, every sealed cell is in memory; below it, cells are read from blocks, at
//! the coarsest resolution the reader can do with. What is not sealed yet is read from the head for
//! the whole range.

use std::ops::Range;

use rocksdb::{DBRawIterator, ErrorKind, ReadOptions, Snapshot};

use crate::{
    block::{self, Wanted},
    error::{Error, Result},
    head::View,
    model::{cell::SlotValue, stream::StreamId, time::Slot},
    resolution::{BlockKey, Resolution},
    schema::Family,
    store::Shared,
};

/// Takes cells: stream, first slot, what is kept of it.
pub(crate) type Visit<'v> = dyn FnMut(StreamId, Slot, &SlotValue) + 'v;

/// What is read: cells of some streams in some slots.
#[derive(Clone, Debug)]
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
    pub wanted: Wanted,
}

impl<'a> Scan<'a> {
    /// Everything about each slot.
    #[must_use]
    pub const fn new(streams: &'a [StreamId], slots: Range<Slot>) -> Self {
        Self { streams, slots, grain: 1, wanted: Wanted::ALL }
    }
}

/// Calls `visit` with the cells asked for, as of now.
pub(crate) fn scan(shared: &Shared, question: &Scan<'_>, visit: &mut Visit<'_>) -> Result<()> {
    let slots = &question.slots;
    let view =
        shared.head.view(slots, |floor| (slots.start < floor).then(|| shared.db.raw().snapshot()));
    read(shared, &view, question, visit)
}

/// Calls `visit` with the cells asked for, of those in view. A slot of a stream may come more than
/// once, each time with another share of it: the caller adds them up.
pub(crate) fn read(
    shared: &Shared,
    view: &View<Option<Snapshot<'_>>>,
    question: &Scan<'_>,
    visit: &mut Visit<'_>,
) -> Result<()> {
    let Scan { streams, slots, wanted, .. } = question;
    if streams.is_empty() || slots.is_empty() {
        return Ok(());
    }
    // Blocks are read in the order of their keys.
    if !streams.is_sorted() {
        let mut streams = streams.to_vec();
        streams.sort_unstable();
        return read(shared, view, &Scan { streams: &streams, ..question.clone() }, visit);
    }
    let mut in_memory = slots.clone();
    let resolution = block_resolution(shared, question);
    let snapshot = view.snapshot.as_ref().filter(|_| slots.start < view.floor);
    if let Some(snapshot) = snapshot {
        in_memory.start = border(shared, resolution, view.floor).clamp(slots.start, slots.end);
        let mut options = ReadOptions::default();
        options.set_snapshot(snapshot);
        let family = shared.db.family(Family::of(resolution));
        let blocks = shared.db.raw().raw_iterator_cf_opt(family, options);
        let stored = slots.start..in_memory.start;
        let wanted = *wanted;
        Blocks { shared, resolution, blocks, slots: stored, wanted }.visit(streams, visit)?;
    }
    let resolution = memory_resolution(shared, question);
    Residents { shared, view, resolution, slots: in_memory, wanted: *wanted }
        .visit(streams, visit)?;
    for generation in &view.generations {
        for stream in *streams {
            generation.visit(*stream, slots, |slot, value| visit(*stream, slot, value));
        }
    }
    Ok(())
}

/// Whether the reader need not tell the slots of a resolution's cells apart.
fn fits(shared: &Shared, question: &Scan<'_>, resolution: Resolution) -> bool {
    let slots = resolution.slots(shared.slot_width);
    let aligned = |slot: Slot| slot.0.is_multiple_of(slots);
    resolution.is_kept(shared.slot_width)
        && question.grain.is_multiple_of(slots)
        && aligned(question.slots.start)
        && aligned(question.slots.end)
}

/// The resolution to read from memory: minutes when they fit.
fn memory_resolution(shared: &Shared, question: &Scan<'_>) -> Resolution {
    let minutes = fits(shared, question, Resolution::Minute);
    if minutes { Resolution::Minute } else { Resolution::Slot }
}

/// The resolution to read from blocks: the coarsest that fits, or a coarser one when that has expired
/// where the question begins.
fn block_resolution(shared: &Shared, question: &Scan<'_>) -> Resolution {
    let width = shared.slot_width;
    let fitting = |resolution: &Resolution| fits(shared, question, *resolution);
    let coarsest = Resolution::ALL.into_iter().rfind(fitting).unwrap_or(Resolution::Slot);
    let now = shared.data_now();
    let day =
        |resolution: Resolution| resolution.block_of(StreamId(0), question.slots.start, width).day;
    let kept = |resolution: &Resolution| {
        resolution.is_kept(width)
            && day(*resolution) >= shared.retention.first_day(*resolution, now)
    };
    Resolution::ALL.into_iter().filter(|one| *one >= coarsest).find(kept).unwrap_or(coarsest)
}

/// The first border between cells of a resolution at or after a slot.
fn border(shared: &Shared, resolution: Resolution, slot: Slot) -> Slot {
    let slots = resolution.slots(shared.slot_width);
    Slot(slot.0.div_ceil(slots).saturating_mul(slots))
}

/// Reads the newest sealed cells from memory, by the slot or by the minute.
struct Residents<'a, T> {
    shared: &'a Shared,
    view: &'a View<T>,
    resolution: Resolution,
    slots: Range<Slot>,
    wanted: Wanted,
}

impl<T> Residents<'_, T> {
    fn visit(&self, streams: &[StreamId], visit: &mut Visit<'_>) -> Result<()> {
        if self.slots.is_empty() {
            return Ok(());
        }
        for resident in self.view.residents.iter().filter(|one| one.overlaps(&self.slots)) {
            for stream in streams {
                for part in resident.parts(self.resolution, *stream) {
                    self.visit_part(*stream, part, visit)?;
                }
            }
        }
        Ok(())
    }

    fn visit_part(&self, stream: StreamId, part: &[u8], visit: &mut Visit<'_>) -> Result<()> {
        let width = self.shared.slot_width;
        let cells = self.resolution.cells_of(&self.slots, width);
        let mut pick = |cell: Slot, value: &SlotValue| {
            visit(stream, self.resolution.first_slot(cell, width), value);
        };
        block::decode_range(part, &cells, self.wanted, &mut pick)
            .map_err(|error| Error::corrupt("memory", error.to_string()))
    }
}

/// Reads blocks of one resolution day by day and stream by stream, which is the order they lie in.
struct Blocks<'a> {
    shared: &'a Shared,
    resolution: Resolution,
    blocks: DBRawIterator<'a>,
    slots: Range<Slot>,
    wanted: Wanted,
}

impl Blocks<'_> {
    fn visit(&mut self, streams: &[StreamId], visit: &mut Visit<'_>) -> Result<()> {
        if self.slots.is_empty() {
            return Ok(());
        }
        let (first, last) = (self.slots.start, self.slots.end.minus(1));
        let first_day = self.key(StreamId(0), first).day;
        for day in first_day..=self.key(StreamId(0), last).day {
            for stream in streams {
                let stream = *stream;
                let from = self.key(stream, first).max(BlockKey { day, stream, block: 0 });
                let to = self.key(stream, last).min(BlockKey { day, stream, block: u8::MAX });
                self.visit_range(from, to, visit)?;
            }
        }
        Ok(())
    }

    fn key(&self, stream: StreamId, slot: Slot) -> BlockKey {
        self.resolution.block_of(stream, slot, self.shared.slot_width)
    }

    fn visit_range(&mut self, from: BlockKey, to: BlockKey, visit: &mut Visit<'_>) -> Result<()> {
        let first = from;
        let from = from.encode();
        if self.blocks.key().is_none_or(|at| at < from.as_slice()) {
            self.blocks.seek(from);
        }
        while let Some((bytes, value)) = self.blocks.item() {
            let key = BlockKey::decode(bytes)
                .ok_or_else(|| Error::corrupt("a block key", format!("{} bytes", bytes.len())))?;
            if key > to {
                return Ok(());
            }
            self.visit_block(key, value, visit);
            self.blocks.next();
        }
        match self.blocks.status() {
            // A file is damaged. The next range is looked for anew, perhaps in another one.
            Err(error) if error.kind() == ErrorKind::Corruption => {
                self.shared.damage.note(self.resolution, first, error.as_ref());
                Ok(())
            }
            status => Ok(status?),
        }
    }

    fn visit_block(&self, key: BlockKey, value: &[u8], visit: &mut Visit<'_>) {
        let width = self.shared.slot_width;
        let cells = self.resolution.cells_of(&self.slots, width);
        let mut pick = |cell: Slot, value: &SlotValue| {
            visit(key.stream, self.resolution.first_slot(cell, width), value);
        };
        if let Err(error) = block::decode_range(value, &cells, self.wanted, &mut pick) {
            self.shared.damage.note(self.resolution, key, &error.to_string());
        }
    }
}
