//! Reading blocks from the database, in the order of their keys.
//!
//! RocksDB reads rows in parts of files, and all files of a family side by side. Where a part is damaged, the
//! rows cannot be read in their order, even those of other files. Then the blocks of the range are looked up
//! one by one, so that only blocks of the damaged part are missing, and each is known.

use std::ops::Range;

use crate::codec::{self, Columns, Sink};
use crate::db::{Database, Family, Rows, Snapshot, WithoutMerging};
use crate::error::{Error, Result};
use crate::model::resolution::{BlockKey, Resolution};
use crate::model::stream::StreamId;
use crate::model::time::{Slot, SlotWidth};

/// Reads blocks of one resolution day by day and stream by stream.
pub(crate) struct BlockReader<'a> {
    db: &'a Database,
    snapshot: &'a Snapshot,
    resolution: Resolution,
    slot_width: SlotWidth,
    rows: Rows,
    /// Where the last range began: between there and the position of `rows` no key was skipped.
    from: Option<BlockKey>,
    /// Every block that holds a slot from here on could be read.
    pub(crate) whole_from: Slot,
}

impl<'a> BlockReader<'a> {
    /// A reader of the blocks of a resolution in `rows`, which are rows of the snapshot.
    pub(crate) const fn new(
        db: &'a Database,
        snapshot: &'a Snapshot,
        resolution: Resolution,
        slot_width: SlotWidth,
        rows: Rows,
    ) -> Self {
        Self { db, snapshot, resolution, slot_width, rows, from: None, whole_from: Slot(0) }
    }

    /// Passes the cells of some streams, ascending by id, in some slots to a sink. Damaged blocks are noted
    /// and skipped.
    ///
    /// # Errors
    /// When the database cannot be read, or is about to be closed.
    pub(crate) fn read(
        &mut self,
        streams: &[StreamId],
        slots: &Range<Slot>,
        columns: Columns,
        sink: &mut impl Sink,
    ) -> Result<()> {
        if slots.is_empty() {
            return Ok(());
        }
        let _reading = WithoutMerging::begin();
        let cells = self.resolution.cells_of(slots, self.slot_width);
        let (first, last) = (slots.start, slots.end.minus(1));
        for day in self.key(StreamId(0), first).day..=self.key(StreamId(0), last).day {
            for stream in streams {
                self.db.check_reads()?;
                let stream = *stream;
                let from = self.key(stream, first).max(BlockKey { day, stream, block: 0 });
                let to = self.key(stream, last).min(BlockKey { day, stream, block: u8::MAX });
                sink.stream(stream, self.resolution.slots(self.slot_width));
                self.read_range(from, to, |block| {
                    codec::decode_range(block, &cells, columns, sink)
                })?;
            }
        }
        Ok(())
    }

    fn key(&self, stream: StreamId, slot: Slot) -> BlockKey {
        self.resolution.block_of(stream, slot, self.slot_width)
    }

    fn read_range(
        &mut self,
        from: BlockKey,
        to: BlockKey,
        mut decode: impl FnMut(&[u8]) -> std::result::Result<(), codec::PartError>,
    ) -> Result<()> {
        let is_ahead = self.from.replace(from).is_none_or(|before| from <= before);
        if is_ahead || self.rows.key().is_none_or(|at| at < from.encode().as_slice()) {
            self.rows.seek(from.encode());
        }
        let mut next = from;
        while let Some((bytes, block)) = self.rows.item() {
            let key = BlockKey::decode(bytes)
                .ok_or_else(|| Error::corrupt("a block key", format!("{} bytes", bytes.len())))?;
            if key > to {
                return Ok(());
            }
            if let Err(error) = decode(block) {
                self.note_block(key, &error);
            }
            next = BlockKey { block: key.block.saturating_add(1), ..key };
            self.rows.next();
        }
        match self.rows.damage()? {
            Some(_) => self.look_up(next, to, decode),
            None => Ok(()),
        }
    }

    /// Looks up the blocks of a stream and day one by one.
    fn look_up(
        &mut self,
        from: BlockKey,
        to: BlockKey,
        mut decode: impl FnMut(&[u8]) -> std::result::Result<(), codec::PartError>,
    ) -> Result<()> {
        // In bounds: no resolution has so many blocks a day.
        let last = to.block.min(self.resolution.blocks_per_day() as u8 - 1);
        for block in from.block..=last {
            let key = BlockKey { block, ..from };
            match self.snapshot.get(Family::of(self.resolution), &key.encode())? {
                Ok(None) => {}
                Ok(Some(block)) => {
                    if let Err(error) = decode(&block) {
                        self.note_block(key, &error);
                    }
                }
                Err(detail) => {
                    self.whole_from = self.whole_from.max(self.end_of(key));
                    self.db.damage().note_file(self.resolution, key, &detail);
                }
            }
        }
        Ok(())
    }

    fn note_block(&mut self, key: BlockKey, error: &codec::PartError) {
        self.whole_from = self.whole_from.max(self.end_of(key));
        self.db.damage().note_block(self.resolution, key, &error.to_string());
    }

    fn end_of(&self, key: BlockKey) -> Slot {
        self.resolution.block_end(key, self.slot_width)
    }
}
