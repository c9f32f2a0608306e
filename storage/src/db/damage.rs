//! Damaged blocks that readers met.
//!
//! A reader continues after a damaged block, so that everything readable is answered. The block is logged
//! when it is first met, and every query asks here what is missing from its answer.

use std::collections::BTreeMap;
use std::ops::RangeInclusive;
use std::sync::atomic::{AtomicU64, Ordering};

use parking_lot::Mutex;

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
    /// Notes that a block cannot be read. It is logged the first time only.
    pub(crate) fn note(&self, resolution: Resolution, key: BlockKey, detail: &str) {
        let mut blocks = self.blocks.lock();
        if blocks.len() >= DAMAGED_MAX || blocks.contains_key(&(resolution, key)) {
            return;
        }
        let name = key.describe(resolution);
        tracing::error!(block = %name, detail, "a block is damaged and missing from answers");
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
        let is_read = |key: &BlockKey| days.contains(&key.day) && streams.contains(&key.stream);
        let names = blocks.iter().filter(|((_, key), _)| is_read(key));
        names.map(|(_, name)| name.clone()).collect()
    }
}
