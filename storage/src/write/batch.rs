//! A batch: the items of one request, aggregated into cells by the thread that received them, so that the
//! one writer has little left to do.

use std::collections::HashMap;
use std::collections::hash_map::Entry;
use std::hash::BuildHasher;
use std::sync::Arc;
use std::time::Instant;

use foldhash::fast::RandomState;
use hashbrown::HashTable;
use parking_lot::RwLock;

use super::journal::{self, BatchCell, LongSummary};
use crate::catalog::{Catalog, Pending, Reservation};
use crate::codec::encode_exemplars;
use crate::db::ExemplarKey;
use crate::error::{Error, Result};
use crate::limits::EXEMPLAR_ID_BYTES_MAX;
use crate::model::cell::{Cell, SlotValue};
use crate::model::exemplar::{Exemplar, Kind};
use crate::model::gauge::GaugeCell;
use crate::model::stream::{StreamId, StreamKey, StreamKind, StreamRef};
use crate::model::time::{Slot, SlotWidth};

/// A stream of a batch: its id, or its definition when it is new.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum BatchStream {
    Known(StreamId),
    New(StreamKey),
}

/// A stream of a batch that reports several slots at once.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct BatchStep {
    /// Position in the batch's list of streams.
    pub(crate) stream: u32,
    pub(crate) slots: u32,
    /// The end of its newest summary.
    pub(crate) until: Slot,
}

/// The exemplars of one kind in one slot of a batch.
#[derive(Debug)]
pub(crate) struct BatchExemplars {
    /// Position in the batch's list of streams.
    pub(crate) stream: u32,
    pub(crate) kind: Kind,
    pub(crate) slot: Slot,
    /// The value that is merged into what is stored.
    pub(crate) encoded: Vec<u8>,
}

/// The aggregated items of one request, ready to be appended.
#[derive(Debug)]
pub struct Batch {
    pub(crate) streams: Vec<BatchStream>,
    /// Slot by slot.
    pub(crate) cells: Vec<BatchCell>,
    pub(crate) steps: Vec<BatchStep>,
    /// The cells, encoded for the journal, where long summaries are whole.
    pub(crate) encoded: Vec<u8>,
    /// Exemplars of its cells.
    pub(crate) exemplars: Vec<BatchExemplars>,
    /// The places of its new streams, until it is written and dropped.
    _reservation: Reservation,
}

impl Batch {
    /// Bytes of its cells in the journal.
    pub(super) const fn encoded_bytes(&self) -> usize {
        self.encoded.len()
    }

    /// Bytes of everything that is written for it.
    pub(super) fn write_bytes(&self) -> usize {
        let exemplars = self.exemplars.iter().map(|it| ExemplarKey::BYTES + it.encoded.len());
        self.encoded.len() + exemplars.sum::<usize>()
    }

    /// Whether it has no cells.
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        self.cells.is_empty()
    }
}

/// Collects items into a [`Batch`].
#[derive(Debug)]
pub struct BatchBuilder<'a> {
    catalog: &'a RwLock<Catalog>,
    slot_width: SlotWidth,
    hasher: RandomState,
    /// Positions of those streams of the batch that the catalog holds.
    known: HashMap<StreamId, u32, RandomState>,
    /// The other streams, with their positions, found by their borrowed name.
    new: HashTable<(StreamKey, u32)>,
    streams: Vec<BatchStream>,
    positions: HashMap<(u32, Slot), usize, RandomState>,
    cells: Vec<BatchCell>,
    steps: HashMap<u32, BatchStep, RandomState>,
    /// Summaries of several slots, and their parts.
    long: Vec<LongSummary>,
    parts: Vec<BatchCell>,
    exemplars: HashMap<(u32, Kind, Slot), Vec<Exemplar>, RandomState>,
    reservation: Reservation,
}

impl<'a> BatchBuilder<'a> {
    pub(crate) fn new(
        catalog: &'a RwLock<Catalog>,
        pending: &Arc<Pending>,
        slot_width: SlotWidth,
    ) -> Self {
        Self {
            catalog,
            slot_width,
            hasher: RandomState::default(),
            known: HashMap::default(),
            new: HashTable::new(),
            streams: Vec::new(),
            positions: HashMap::default(),
            cells: Vec::new(),
            steps: HashMap::default(),
            long: Vec::new(),
            parts: Vec::new(),
            exemplars: HashMap::default(),
            reservation: Reservation::new(pending),
        }
    }

    /// The cell of an activity stream's slot, to record into or to merge with. Labels must have been
    /// checked.
    ///
    /// # Errors
    /// [`Error::StreamLimit`] when the stream is new and a limit of streams is reached.
    pub fn activity(&mut self, stream: StreamRef<'_>, slot: Slot) -> Result<&mut Cell> {
        debug_assert_eq!(stream.kind, StreamKind::Activity);
        let new = || SlotValue::Activity(Cell::default());
        match self.value(stream, slot, new)? {
            SlotValue::Activity(cell) => Ok(cell),
            SlotValue::Gauge(_) => Err(Error::corrupt("a batch", "a stream has two kinds")),
        }
    }

    /// Adds a summary of `step_slots` slots from `first` on. One of several slots is
    /// [spread](Cell::spread) over its first `covered_slots`. Returns how many cells were added to. Labels
    /// must have been checked.
    ///
    /// # Errors
    /// [`Error::StreamLimit`] when the stream is new and a limit of streams is reached.
    pub fn summary(
        &mut self,
        stream: StreamRef<'_>,
        (first, step_slots, covered_slots): (Slot, u32, u32),
        summary: Cell,
    ) -> Result<usize> {
        if step_slots <= 1 {
            self.activity(stream, first)?.absorb(summary);
            return Ok(1);
        }
        let number = self.position(stream)?;
        // That nothing happened makes nothing known late.
        if summary.outcomes.total() > 0 {
            let step =
                BatchStep { stream: number, slots: step_slots, until: first.plus(step_slots) };
            let held = self.steps.entry(number).or_insert(step);
            held.slots = held.slots.max(step.slots);
            held.until = held.until.max(step.until);
        }
        let parts = summary.spread(first, covered_slots, self.slot_width).into_iter();
        let before = self.parts.len();
        self.parts.extend(parts.map(|(slot, part)| {
            let value = SlotValue::Activity(part);
            BatchCell { stream: number, slot, value }
        }));
        self.long.push(LongSummary { stream: number, first, slots: covered_slots, cell: summary });
        Ok(self.parts.len() - before)
    }

    /// Keeps an event that was recorded in a slot as one of its exemplars if it is among the best: see
    /// [`ExemplarKind`](crate::ExemplarKind). An id of more than [`EXEMPLAR_ID_BYTES_MAX`] bytes is left out.
    /// An event without ids is not kept.
    ///
    /// # Errors
    /// [`Error::StreamLimit`] when the stream is new and a limit of streams is reached.
    pub fn exemplar(
        &mut self,
        stream: StreamRef<'_>,
        slot: Slot,
        event: Exemplar<&str>,
    ) -> Result<()> {
        let short = |id: &str| id.len() <= EXEMPLAR_ID_BYTES_MAX;
        let event = Exemplar { ids: event.ids.map(|id| if short(id) { id } else { "" }), ..event };
        if event.ids.iter().all(|id| id.is_empty()) {
            return Ok(());
        }
        let position = self.position(stream)?;
        for kind in Kind::of(&event) {
            let best = self.exemplars.entry((position, kind, slot)).or_default();
            kind.keep_in_slot(best, event);
        }
        Ok(())
    }

    /// Adds a reading to a gauge's slot.
    ///
    /// # Errors
    /// [`Error::StreamLimit`] when the stream is new and a limit of streams is reached.
    pub fn gauge(&mut self, stream: StreamRef<'_>, slot: Slot, reading: GaugeCell) -> Result<()> {
        debug_assert_eq!(stream.kind, StreamKind::Gauge);
        let number = self.position(stream)?;
        let reading = SlotValue::Gauge(reading);
        match self.positions.entry((number, slot)) {
            Entry::Occupied(entry) => {
                if let Some(cell) = self.cells.get_mut(*entry.get()) {
                    cell.value.merge(&reading);
                }
            }
            Entry::Vacant(entry) => {
                entry.insert(self.cells.len());
                self.cells.push(BatchCell { stream: number, slot, value: reading });
            }
        }
        Ok(())
    }

    /// The finished batch.
    #[must_use]
    pub fn finish(mut self) -> Batch {
        let encoded = journal::encode_cells(&self.cells, &self.long);
        self.cells.append(&mut self.parts);
        let width = self.slot_width;
        let exemplars =
            self.exemplars.into_iter().map(|((stream, kind, slot), best)| BatchExemplars {
                stream,
                kind,
                slot,
                encoded: encode_exemplars(best, width.start(slot)),
            });
        let exemplars = exemplars.collect();
        let steps = self.steps.into_values().collect();
        let Self { streams, cells, reservation, .. } = self;
        Batch { streams, cells, steps, encoded, exemplars, _reservation: reservation }
    }

    fn value(
        &mut self,
        stream: StreamRef<'_>,
        slot: Slot,
        new: impl FnOnce() -> SlotValue,
    ) -> Result<&mut SlotValue> {
        let number = self.position(stream)?;
        let position = *self.positions.entry((number, slot)).or_insert(self.cells.len());
        if position == self.cells.len() {
            self.cells.push(BatchCell { stream: number, slot, value: new() });
        }
        // In bounds: positions are those of cells that were pushed.
        Ok(&mut self.cells[position].value)
    }

    /// The position of a stream in the batch. A stream that enters the catalog meanwhile may have two.
    fn position(&mut self, stream: StreamRef<'_>) -> Result<u32> {
        let next = self.streams.len() as u32;
        let catalog = self.catalog.read();
        if let Some(id) = catalog.get(&stream) {
            let number = *self.known.entry(id).or_insert(next);
            if number == next {
                self.streams.push(BatchStream::Known(id));
            }
            return Ok(number);
        }
        let hash = self.hasher.hash_one(stream);
        if let Some((_, number)) = self.new.find(hash, |(key, _)| key.as_ref() == stream) {
            return Ok(*number);
        }
        self.reservation.reserve(&catalog, stream, Instant::now())?;
        drop(catalog);
        let key = stream.to_key();
        self.streams.push(BatchStream::New(key.clone()));
        let hasher = &self.hasher;
        let rehash = |(key, _): &(StreamKey, u32)| hasher.hash_one(key.as_ref());
        self.new.insert_unique(hash, (key, next), rehash);
        Ok(next)
    }
}
