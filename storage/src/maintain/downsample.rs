//! Ageing: of days past the retention of slots, the minutes stay. While slots are kept their minutes are not:
//! whoever asks for minutes adds slots up ([`crate::read::scan`]), so nothing is stored twice.
//!
//! A day ages stream by stream, some blocks at a time: one write puts the minutes of some streams into their blocks
//! and deletes their slots, so every cell is in one of the two at any moment, also after a crash. When all of a day
//! has moved, its files are let go; a reader that began before is waited for, because files go without regard for
//! what it still sees.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::Ordering;

use parking_lot::Mutex;
use rocksdb::{DBRawIterator, ErrorKind, ReadOptions, Snapshot, WriteBatch};

use crate::codec;
use crate::db::key::day_start;
use crate::db::merge::Reading;
use crate::db::schema::{Family, meta};
use crate::error::Result;
use crate::model::cell::SlotValue;
use crate::model::resolution::{BlockKey, Resolution};
use crate::model::stream::StreamId;
use crate::model::time::Slot;
use crate::store::Shared;

/// What readers and ageing know of each other.
#[derive(Debug, Default)]
pub(crate) struct Epochs {
    /// Held by every reader that began since a day last aged.
    current: Mutex<Arc<()>>,
    /// Days before this one have moved; their files go when nobody holds the epoch any more.
    moved: Mutex<Option<(u32, Arc<()>)>>,
}

/// What lies in blocks at one moment.
pub(crate) struct Moment<'a> {
    snapshot: Snapshot<'a>,
    _epoch: Arc<()>,
}

impl<'a> Moment<'a> {
    pub(crate) fn now(shared: &'a Shared) -> Self {
        // The epoch first: a day that ages in between is then waited for without need, never missed.
        let epoch = Arc::clone(&shared.epochs.current.lock());
        Self { snapshot: shared.db.raw().snapshot(), _epoch: epoch }
    }

    pub(crate) const fn snapshot(&self) -> &Snapshot<'a> {
        &self.snapshot
    }

    /// The first slot of the oldest day that has not moved, or `aged` when that is earlier.
    pub(crate) fn oldest_slot(&self, shared: &Shared, aged: Slot) -> Slot {
        let mut options = ReadOptions::default();
        options.set_snapshot(&self.snapshot);
        let family = shared.db.family(Family::Blocks);
        let _reading = Reading::begin();
        let mut blocks = shared.db.raw().raw_iterator_cf_opt(family, options);
        blocks.seek_to_first();
        // What cannot be read will be said by who reads it.
        blocks
            .key()
            .and_then(BlockKey::decode)
            .map_or(aged, |key| first_slot(shared, key.day).min(aged))
    }
}

/// The first slot of a day.
fn first_slot(shared: &Shared, day: u32) -> Slot {
    Slot(day.saturating_mul(24 * shared.slot_width.slots_per_hour()))
}

impl Shared {
    /// The first day of which a resolution still keeps something. That of slots only ever rises.
    pub(crate) fn first_day(&self, resolution: Resolution) -> u32 {
        match resolution {
            Resolution::Slot => self.slots_from.load(Ordering::Acquire),
            _ => self.retention.first_day(resolution, self.data_now()),
        }
    }

    /// The slot before which all have aged, or are about to.
    pub(crate) fn aged(&self) -> Slot {
        first_slot(self, self.first_day(Resolution::Slot))
    }

    /// Lets slots of days before `day` age, and has `write` remember it. The caller holds off other writers of
    /// blocks. Readers look for minutes from now on, which is right before the write as well.
    pub(crate) fn age_before(&self, day: u32, write: &mut WriteBatch) {
        let first_day = self.slots_from.fetch_max(day, Ordering::AcqRel).max(day);
        write.put_cf(self.db.family(Family::Meta), meta::SLOTS_FROM, first_day.to_be_bytes());
    }
}

/// How far ageing has come.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Aged {
    /// No slots are left to age.
    All,
    /// Some blocks have moved; there may be more.
    Some,
    /// All slots of a day have moved, and its files have gone.
    Day,
    /// A day has moved, but a reader needs its files.
    InUse,
}

/// Moves slots that are to age into minutes, of about `blocks_max` blocks. The caller holds off other writers of
/// blocks.
pub(crate) fn age(shared: &Shared, blocks_max: usize) -> Result<Aged> {
    if let Some(end) = let_files_go(shared)? {
        return Ok(end);
    }
    let end = shared.first_day(Resolution::Slot);
    let Some(first) = oldest_block(shared, Family::Blocks)?.filter(|first| first.day < end) else {
        return Ok(Aged::All);
    };
    let mut write = WriteBatch::default();
    shared.age_before(end, &mut write);
    let keeps_minutes = Resolution::Minute.is_kept(shared.slot_width);
    let after = if keeps_minutes && first.day >= shared.first_day(Resolution::Minute) {
        let mut moving = Moving::default();
        let after = moving.read(shared, first, blocks_max)?;
        moving.put_minutes(shared, &mut write);
        after
    } else {
        next_day(first.day)
    };
    let is_whole_day = after.day > first.day;
    write.delete_range_cf(shared.db.family(Family::Blocks), first.encode(), after.encode());
    shared.db.write(write)?;
    if is_whole_day {
        let before = std::mem::take(&mut *shared.epochs.current.lock());
        *shared.epochs.moved.lock() = Some((after.day, before));
        return Ok(let_files_go(shared)?.unwrap_or(Aged::Some));
    }
    Ok(Aged::Some)
}

/// Lets the files of days go that have moved; `None` when there are none.
fn let_files_go(shared: &Shared) -> Result<Option<Aged>> {
    let mut moved = shared.epochs.moved.lock();
    let Some((end, epoch)) = moved.as_ref() else { return Ok(None) };
    if Arc::strong_count(epoch) > 1 {
        return Ok(Some(Aged::InUse));
    }
    let end = *end;
    let (from, to) = (day_start(0), day_start(end));
    *moved = None;
    shared.db.drop_range(Family::Blocks, &from, &to)?;
    tracing::info!(end, "slots have aged into minutes");
    Ok(Some(Aged::Day))
}

/// The first block of a family.
pub(crate) fn oldest_block(shared: &Shared, family: Family) -> Result<Option<BlockKey>> {
    let _reading = Reading::begin();
    let mut blocks = shared.db.raw().raw_iterator_cf(shared.db.family(family));
    blocks.seek_to_first();
    blocks.status()?;
    Ok(blocks.key().and_then(BlockKey::decode))
}

/// Minutes of streams whose slots are about to go.
#[derive(Default)]
struct Moving {
    /// By stream and minute.
    minutes: BTreeMap<(StreamId, Slot), SlotValue>,
    blocks: usize,
}

impl Moving {
    /// Adds the slots of whole streams up, from a block on, until there are enough blocks or the day ends. Returns
    /// where the next block lies at the earliest. What is damaged is noted and left out.
    fn read(&mut self, shared: &Shared, first: BlockKey, blocks_max: usize) -> Result<BlockKey> {
        let _reading = Reading::begin();
        let family = shared.db.family(Family::Blocks);
        let mut blocks = shared.db.raw().raw_iterator_cf(family);
        let streams = shared.catalog.read().len() as u32;
        let mut from = first;
        loop {
            blocks.seek(from.encode());
            let stopped = self.read_streams(shared, &mut blocks, first.day, &mut from, blocks_max);
            match blocks.status() {
                // A file is damaged: the next stream may lie in another.
                Err(error) if error.kind() == ErrorKind::Corruption => {
                    shared.damage.note(Resolution::Slot, from, error.as_ref());
                    from = after_stream(from);
                    if from.stream.0 >= streams {
                        return Ok(next_day(first.day));
                    }
                }
                status => {
                    status?;
                    return Ok(stopped);
                }
            }
        }
    }

    /// Reads on until a stream begins that is not to be read any more; `from` is the place of the last block.
    fn read_streams(
        &mut self,
        shared: &Shared,
        blocks: &mut DBRawIterator<'_>,
        day: u32,
        from: &mut BlockKey,
        blocks_max: usize,
    ) -> BlockKey {
        while let Some((bytes, block)) = blocks.item() {
            let Some(key) = BlockKey::decode(bytes).filter(|key| key.day == day) else { break };
            if key.stream != from.stream && self.blocks >= blocks_max {
                return BlockKey { block: 0, ..key };
            }
            *from = key;
            self.blocks += 1;
            let read = codec::decode(block, &mut |slot, value| {
                let minute = Resolution::Minute.cell_of(slot, shared.slot_width);
                self.minutes
                    .entry((key.stream, minute))
                    .and_modify(|held| held.merge(value))
                    .or_insert_with(|| value.clone());
            });
            if let Err(error) = read {
                shared.damage.note(Resolution::Slot, key, &error.to_string());
            }
            blocks.next();
        }
        next_day(day)
    }

    /// Adds the minutes to their blocks.
    fn put_minutes(self, shared: &Shared, write: &mut WriteBatch) {
        let width = shared.slot_width;
        let key_of = |stream, minute| {
            let slot = Resolution::Minute.first_slot(minute, width);
            Resolution::Minute.block_of(stream, slot, width)
        };
        let mut blocks: BTreeMap<BlockKey, Vec<(Slot, SlotValue)>> = BTreeMap::new();
        for ((stream, minute), value) in self.minutes {
            blocks.entry(key_of(stream, minute)).or_default().push((minute, value));
        }
        let family = shared.db.family(Family::Blocks1m);
        for (key, minutes) in blocks {
            write.merge_cf(family, key.encode(), codec::encode_hot(&minutes));
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
