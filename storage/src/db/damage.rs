//! What was found damaged: blocks that readers met, and journal records that could not be replayed.
//!
//! A reader goes on behind a damaged block, so that everything readable is answered; the block is
//! logged when it is first met, and whoever answers a question asks here what is missing from it.

use std::collections::BTreeMap;
use std::ops::RangeInclusive;
use std::sync::atomic::{AtomicU64, Ordering};

use parking_lot::Mutex;
use rocksdb::{IteratorMode, WriteBatch};

use crate::db::database::Database;
use crate::db::key;
use crate::db::schema::{Family, meta};
use crate::error::Result;
use crate::limits::DAMAGED_MAX;
use crate::model::resolution::{BlockKey, Resolution};
use crate::model::stream::StreamId;

/// Blocks that could not be read since the store was opened.
#[derive(Debug, Default)]
pub(crate) struct Damage {
    blocks: Mutex<BTreeMap<(Resolution, BlockKey), String>>,
    count: AtomicU64,
}

impl Damage {
    /// Notes that a block cannot be read; only the first time says so in the log.
    pub(crate) fn note(&self, resolution: Resolution, key: BlockKey, detail: &str) {
        let mut blocks = self.blocks.lock();
        if blocks.len() >= DAMAGED_MAX || blocks.contains_key(&(resolution, key)) {
            return;
        }
        let name = key.describe(resolution);
        tracing::error!(block = %name, detail, "a block is damaged: answers go without it");
        blocks.insert((resolution, key), name);
        self.count.fetch_add(1, Ordering::Relaxed);
    }

    /// How many blocks are known to be damaged, up to [`DAMAGED_MAX`].
    pub(crate) fn count(&self) -> u64 {
        self.count.load(Ordering::Relaxed)
    }

    /// The damaged blocks of some streams on some days, by name.
    pub(crate) fn of(&self, streams: &[StreamId], days: &RangeInclusive<u32>) -> Vec<String> {
        if self.count() == 0 {
            return Vec::new();
        }
        let blocks = self.blocks.lock();
        let asked = |key: &BlockKey| days.contains(&key.day) && streams.contains(&key.stream);
        let names = blocks.iter().filter(|((_, key), _)| asked(key));
        names.map(|(_, name)| name.clone()).collect()
    }
}

/// Takes a journal record that cannot be replayed out of the journal and keeps it beside it, so that
/// sealing does not delete it and the next start does not stumble over it.
pub(crate) fn set_aside(db: &Database, sequence: &[u8], record: &[u8]) -> Result<()> {
    let mut write = WriteBatch::default();
    let kept = [meta::DAMAGED_JOURNAL, sequence].concat();
    write.put_cf(db.family(Family::Meta), kept, record);
    write.delete_cf(db.family(Family::Journal), sequence);
    Ok(db.write(write)?)
}

/// The journal records that were set aside: sequence number and bytes.
pub(crate) fn records_aside(db: &Database) -> Result<Vec<(u64, usize)>> {
    let mut found = Vec::new();
    for entry in db.raw().iterator_cf(db.family(Family::Meta), IteratorMode::Start) {
        let (name, record) = entry?;
        let sequence = name.strip_prefix(meta::DAMAGED_JOURNAL).and_then(key::u64_of);
        found.extend(sequence.map(|sequence| (sequence, record.len())));
    }
    Ok(found)
}

#[cfg(test)]
mod tests;
