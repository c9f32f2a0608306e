//! A batch: the items of one request, pre-aggregated into cells by the thread that received them,
//! so that the one writer has little left to do.

use std::collections::{HashMap, hash_map::Entry};

use foldhash::fast::RandomState;

use crate::{
    Store,
    error::{Error, Result},
    journal,
    limits::STREAMS_MAX,
    model::{
        cell::{Cell, SlotValue},
        gauge::GaugeCell,
        stream::{StreamId, StreamKey, StreamKind, StreamRef},
        time::Slot,
    },
};

/// A stream of a batch: its number, or its definition when it is new.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum BatchStream {
    Known(StreamId),
    New(StreamKey),
}

/// One cell of a batch.
#[derive(Clone, Debug, PartialEq, bincode::Encode, bincode::Decode)]
pub(crate) struct BatchCell {
    /// Position in the batch's list of streams.
    pub(crate) stream: u32,
    pub(crate) slot: Slot,
    pub(crate) value: SlotValue,
}

/// The pre-aggregated items of one request, ready to be appended.
#[derive(Debug)]
pub struct Batch {
    pub(crate) streams: Vec<BatchStream>,
    pub(crate) cells: Vec<BatchCell>,
    /// The cells, encoded for the journal.
    pub(crate) encoded: Vec<u8>,
}

impl Batch {
    /// Whether there is nothing in it.
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        self.cells.is_empty()
    }
}

/// Collects items into a [`Batch`]. Stream names are borrowed from the request while it lasts.
#[derive(Debug)]
pub struct BatchBuilder<'a> {
    store: &'a Store,
    numbers: HashMap<StreamRef<'a>, u32, RandomState>,
    streams: Vec<BatchStream>,
    positions: HashMap<(u32, Slot), usize, RandomState>,
    cells: Vec<BatchCell>,
    new_streams: usize,
}

impl<'a> BatchBuilder<'a> {
    pub(crate) fn new(store: &'a Store) -> Self {
        Self {
            store,
            numbers: HashMap::default(),
            streams: Vec::new(),
            positions: HashMap::default(),
            cells: Vec::new(),
            new_streams: 0,
        }
    }

    /// The cell of an activity stream's slot, to record into or merge with. Labels must have been
    /// checked.
    ///
    /// # Errors
    /// [`Error::StreamLimit`] when the stream is new and the database is full of streams.
    pub fn activity(&mut self, stream: StreamRef<'a>, slot: Slot) -> Result<&mut Cell> {
        debug_assert_eq!(stream.kind, StreamKind::Activity);
        let new = || SlotValue::Activity(Cell::default());
        match self.value(stream, slot, new)? {
            SlotValue::Activity(cell) => Ok(cell),
            SlotValue::Gauge(_) => Err(Error::corrupt("a batch", "a stream has two kinds")),
        }
    }

    /// Adds a reading to a gauge's slot.
    ///
    /// # Errors
    /// [`Error::StreamLimit`] when the stream is new and the database is full of streams.
    pub fn gauge(&mut self, stream: StreamRef<'a>, slot: Slot, reading: GaugeCell) -> Result<()> {
        debug_assert_eq!(stream.kind, StreamKind::Gauge);
        let number = self.number(stream)?;
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
    pub fn finish(self) -> Batch {
        let encoded = journal::encode_cells(&self.cells);
        Batch { streams: self.streams, cells: self.cells, encoded }
    }

    fn value(
        &mut self,
        stream: StreamRef<'a>,
        slot: Slot,
        new: impl FnOnce() -> SlotValue,
    ) -> Result<&mut SlotValue> {
        let number = self.number(stream)?;
        let position = *self.positions.entry((number, slot)).or_insert(self.cells.len());
        if position == self.cells.len() {
            self.cells.push(BatchCell { stream: number, slot, value: new() });
        }
        // In bounds: positions are those of cells that were pushed.
        Ok(&mut self.cells[position].value)
    }

    fn number(&mut self, stream: StreamRef<'a>) -> Result<u32> {
        let next = self.streams.len() as u32;
        match self.numbers.entry(stream) {
            Entry::Occupied(entry) => Ok(*entry.get()),
            Entry::Vacant(entry) => {
                let (known, count) = self.store.find_stream(&stream);
                self.streams.push(match known {
                    Some(id) => BatchStream::Known(id),
                    None if count + self.new_streams >= STREAMS_MAX => {
                        return Err(Error::StreamLimit { limit: STREAMS_MAX });
                    }
                    None => {
                        self.new_streams += 1;
                        BatchStream::New(stream.to_key())
                    }
                });
                Ok(*entry.insert(next))
            }
        }
    }
}
