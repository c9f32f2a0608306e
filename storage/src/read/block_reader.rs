//! Reading blocks from the database, in the order they lie in.

use std::ops::Range;

use rocksdb::{DBRawIterator, ErrorKind};

use crate::codec::{self, Columns, Sink};
use crate::db::merge::Reading;
use crate::error::{Error, Result};
use crate::model::resolution::{BlockKey, Resolution};
use crate::model::stream::StreamId;
use crate::model::time::Slot;
use crate::store::Shared;

/// Reads blocks of one resolution day by day and stream by stream.
pub(crate) struct Blocks<'a> {
    shared: &'a Shared,
    resolution: Resolution,
    blocks: DBRawIterator<'a>,
    /// Where the last range began: between there and the iterator's place no key was passed over.
    from: Option<BlockKey>,
    /// No block was passed over that holds a slot from here on.
    pub(crate) whole_from: Slot,
}

impl<'a> Blocks<'a> {
    pub(crate) const fn new(
        shared: &'a Shared,
        resolution: Resolution,
        blocks: DBRawIterator<'a>,
    ) -> Self {
        Self { shared, resolution, blocks, from: None, whole_from: Slot(0) }
    }

    /// Gives the cells of some streams, ascending by id, in some slots to a sink. Damaged blocks are
    /// noted and passed over.
    pub(crate) fn read(
        &mut self,
        streams: &[StreamId],
        slots: &Range<Slot>,
        wanted: Columns,
        sink: &mut impl Sink,
    ) -> Result<()> {
        if slots.is_empty() {
            return Ok(());
        }
        let _reading = Reading::begin();
        let cells = self.resolution.cells_of(slots, self.shared.slot_width);
        let (first, last) = (slots.start, slots.end.minus(1));
        for day in self.key(StreamId(0), first).day..=self.key(StreamId(0), last).day {
            for stream in streams {
                let stream = *stream;
                let from = self.key(stream, first).max(BlockKey { day, stream, block: 0 });
                let to = self.key(stream, last).min(BlockKey { day, stream, block: u8::MAX });
                sink.stream(stream, self.resolution.slots(self.shared.slot_width));
                self.read_range(from, to, |block| {
                    codec::decode_range(block, &cells, wanted, sink)
                })?;
            }
        }
        Ok(())
    }

    fn key(&self, stream: StreamId, slot: Slot) -> BlockKey {
        self.resolution.block_of(stream, slot, self.shared.slot_width)
    }

    fn read_range(
        &mut self,
        from: BlockKey,
        to: BlockKey,
        mut decode: impl FnMut(&[u8]) -> std::result::Result<(), codec::PartError>,
    ) -> Result<()> {
        let is_behind = self.from.replace(from).is_none_or(|before| from <= before);
        if is_behind || self.blocks.key().is_none_or(|at| at < from.encode().as_slice()) {
            self.blocks.seek(from.encode());
        }
        while let Some((bytes, block)) = self.blocks.item() {
            let key = BlockKey::decode(bytes)
                .ok_or_else(|| Error::corrupt("a block key", format!("{} bytes", bytes.len())))?;
            if key > to {
                return Ok(());
            }
            if let Err(error) = decode(block) {
                let end = self.resolution.block_end(key, self.shared.slot_width);
                self.whole_from = self.whole_from.max(end);
                self.shared.damage.note(self.resolution, key, &error.to_string());
            }
            self.blocks.next();
        }
        match self.blocks.status() {
            // A file is damaged. The next range is looked for anew, perhaps in another one.
            Err(error) if error.kind() == ErrorKind::Corruption => {
                self.whole_from = Slot(u32::MAX);
                self.shared.damage.note(self.resolution, from, error.as_ref());
                Ok(())
            }
            status => Ok(status?),
        }
    }
}
