//! Downsampling: of days older than the retention of slots, only the minutes stay. While slots are kept,
//! their minutes are not stored: readers add slots up, so nothing is stored twice.
//!
//! A day is downsampled stream by stream, some blocks at a time. One write adds the minutes of some streams
//! to their blocks and deletes their slots, so every cell is in one of the two at any time, also after a
//! crash. When all of a day has been moved, its files are deleted. They wait for readers that began before,
//! because RocksDB deletes files without regard for snapshots.

use std::collections::BTreeMap;

use crate::codec;
use crate::db::{
    Blocks, Database, DayFiles, Family, Rows, WithoutMerging, WriteBatch, day_start, meta,
};
use crate::error::Result;
use crate::memory::Timeline;
use crate::model::cell::SlotValue;
use crate::model::resolution::{BlockKey, Resolution};
use crate::model::stream::StreamId;
use crate::model::time::Slot;

/// Has slots of days before `day` downsampled, and adds that to `write`. The caller prevents other writes of
/// blocks. Readers look for minutes from now on, which is right before the write as well.
pub(super) fn downsample_before(
    db: &Database,
    timeline: &Timeline,
    day: u32,
    write: &mut WriteBatch,
) {
    let first_day = timeline.raise_first_day(day);
    write.put(db, Family::Meta, meta::SLOTS_FROM, first_day.to_be_bytes());
}

/// How far downsampling has come.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Downsampled {
    /// No slots are left to downsample.
    All,
    /// Some blocks have been moved; there may be more.
    Some,
    /// All slots of a day have been moved, and its files deleted.
    Day,
    /// A day has been moved, but a reader needs its files.
    InUse,
}

/// Moves slots of days before [`Timeline::slots_from`] into minutes, of about `blocks_max` blocks and of a
/// database whose stream ids end at `streams`. The caller prevents other writes of blocks.
///
/// # Errors
/// When the database cannot be read or written.
pub(super) fn downsample(
    db: &Database,
    timeline: &Timeline,
    streams: u32,
    blocks_max: usize,
) -> Result<Downsampled> {
    if let Some(done) = delete_files(db)? {
        return Ok(done);
    }
    let end = timeline.first_day(Resolution::Slot);
    let Some(first) = db.first_block(Family::Blocks)?.filter(|first| first.day < end) else {
        return Ok(Downsampled::All);
    };
    let mut write = WriteBatch::default();
    downsample_before(db, timeline, end, &mut write);
    let keeps_minutes = Resolution::Minute.is_kept(timeline.slot_width());
    let after = if keeps_minutes && first.day >= timeline.first_day(Resolution::Minute) {
        let mut minutes = Minutes::new(db, timeline, blocks_max);
        let after = minutes.read(first, streams)?;
        minutes.put(&mut write);
        after
    } else {
        next_day(first.day)
    };
    write.delete_range(db, Family::Blocks, first.encode(), after.encode());
    db.write(write)?;
    if after.day > first.day {
        db.end_epoch(after.day);
        return Ok(delete_files(db)?.unwrap_or(Downsampled::Some));
    }
    Ok(Downsampled::Some)
}

/// Deletes the files of days that have been moved. `None` when there are none.
fn delete_files(db: &Database) -> Result<Option<Downsampled>> {
    let end = match db.take_unused_files() {
        DayFiles::None => return Ok(None),
        DayFiles::InUse => return Ok(Some(Downsampled::InUse)),
        DayFiles::Unused(end) => end,
    };
    db.drop_range(Family::Blocks, &day_start(0), &day_start(end))?;
    tracing::info!(end, "slots have been downsampled to minutes");
    Ok(Some(Downsampled::Day))
}

/// Minutes of streams whose slots are about to be deleted.
struct Minutes<'a> {
    db: &'a Database,
    timeline: &'a Timeline,
    /// By stream and minute.
    cells: BTreeMap<(StreamId, Slot), SlotValue>,
    /// How many blocks were read, and how many may be.
    blocks: usize,
    blocks_max: usize,
    /// The blocks of minutes that lack cells of damaged slots.
    lost: Option<Blocks>,
}

impl<'a> Minutes<'a> {
    const fn new(db: &'a Database, timeline: &'a Timeline, blocks_max: usize) -> Self {
        Self { db, timeline, cells: BTreeMap::new(), blocks: 0, blocks_max, lost: None }
    }

    /// Adds up the slots of whole streams, from a block on, until there are enough blocks or the day ends.
    /// Returns the earliest place of the next block. Damaged blocks are noted and left out.
    fn read(&mut self, first: BlockKey, streams: u32) -> Result<BlockKey> {
        let _reading = WithoutMerging::begin();
        let mut blocks = self.db.rows(Family::Blocks);
        let mut from = first;
        loop {
            blocks.seek(from.encode());
            let next = self.read_streams(&mut blocks, first.day, &mut from);
            if blocks.damage()?.is_none() {
                return Ok(next);
            }
            // Only some blocks may be unreadable: those of the stream are looked up one by one.
            self.look_up(from)?;
            from = after_stream(from);
            if from.stream.0 >= streams {
                return Ok(next_day(first.day));
            }
            if self.blocks >= self.blocks_max {
                return Ok(from);
            }
        }
    }

    /// Reads on until a stream begins after enough blocks. `from` becomes the place after the last block.
    fn read_streams(&mut self, blocks: &mut Rows, day: u32, from: &mut BlockKey) -> BlockKey {
        while let Some((bytes, block)) = blocks.item() {
            let Some(key) = BlockKey::decode(bytes).filter(|key| key.day == day) else { break };
            if key.stream != from.stream && self.blocks >= self.blocks_max {
                return BlockKey { block: 0, ..key };
            }
            *from = BlockKey { block: key.block.saturating_add(1), ..key };
            self.add(key, block);
            blocks.next();
        }
        next_day(day)
    }

    /// Adds the blocks of a stream and day from a block on, each read by its key.
    fn look_up(&mut self, from: BlockKey) -> Result<()> {
        for block in from.block..Resolution::Slot.blocks_per_day() as u8 {
            let key = BlockKey { block, ..from };
            match self.db.get_readable(Family::Blocks, &key.encode())? {
                Ok(None) => self.blocks += 1,
                Ok(Some(block)) => self.add(key, &block),
                Err(detail) => {
                    self.blocks += 1;
                    self.db.damage().note_file(Resolution::Slot, key, &detail);
                    self.lose(key);
                }
            }
        }
        Ok(())
    }

    /// Adds the slots of a block to their minutes.
    fn add(&mut self, key: BlockKey, block: &[u8]) {
        let width = self.timeline.slot_width();
        self.blocks += 1;
        let read = codec::decode(block, &mut |slot, value| {
            let minute = Resolution::Minute.cell_of(slot, width);
            self.cells
                .entry((key.stream, minute))
                .and_modify(|held| held.merge(value))
                .or_insert_with(|| value.clone());
        });
        if let Err(error) = read {
            self.db.damage().note_block(Resolution::Slot, key, &error.to_string());
            self.lose(key);
        }
    }

    /// Notes that the minutes of a block of slots are incomplete.
    fn lose(&mut self, key: BlockKey) {
        let slots_a_minute_block =
            Resolution::Slot.blocks_per_day() / Resolution::Minute.blocks_per_day();
        let key = BlockKey { block: key.block / slots_a_minute_block as u8, ..key };
        let (first, last) = self.lost.unwrap_or((key, key));
        self.lost = Some((first.min(key), last.max(key)));
    }

    /// Adds the minutes to their blocks, and a record of those that are lost: once the slots are deleted,
    /// nothing else shows that cells are missing.
    fn put(self, write: &mut WriteBatch) {
        let width = self.timeline.slot_width();
        if let Some(lost) = self.lost {
            self.db.keep_lost_blocks(Resolution::Minute, lost, write);
        }
        let key_of = |stream, minute| {
            let slot = Resolution::Minute.first_slot(minute, width);
            Resolution::Minute.block_of(stream, slot, width)
        };
        let mut blocks: BTreeMap<BlockKey, Vec<(Slot, SlotValue)>> = BTreeMap::new();
        for ((stream, minute), value) in self.cells {
            blocks.entry(key_of(stream, minute)).or_default().push((minute, value));
        }
        for (key, minutes) in blocks {
            write.merge(self.db, Family::Blocks1m, key.encode(), codec::encode_hot(&minutes));
        }
    }
}

const fn after_stream(key: BlockKey) -> BlockKey {
    BlockKey { day: key.day, stream: StreamId(key.stream.0.saturating_add(1)), block: 0 }
}

const fn next_day(day: u32) -> BlockKey {
    BlockKey { day: day.saturating_add(1), stream: StreamId(0), block: 0 }
}

#[cfg(test)]
mod tests;
