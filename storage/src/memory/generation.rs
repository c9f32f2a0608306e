//! A generation: cells of many streams in memory that are sealed together.

use std::collections::HashMap;
use std::ops::Range;
use std::sync::atomic::{AtomicI64, AtomicUsize, Ordering};

use foldhash::fast::RandomState;
use parking_lot::{RwLock, RwLockReadGuard};

use crate::model::cell::SlotValue;
use crate::model::stream::StreamId;
use crate::model::time::{Slot, TimestampMs};

/// Cells of one stream, ascending by slot.
pub(crate) type Run = Vec<(Slot, SlotValue)>;

/// Shards of a generation. A reader of one only delays the writer for cells of that one.
const SHARDS: usize = 16;

/// The value of `first_append_ms` in an empty generation.
const NO_APPEND: i64 = i64::MAX;

/// A shard that is locked for reading.
pub(crate) type Shard<'a> = RwLockReadGuard<'a, HashMap<StreamId, Run, RandomState>>;

/// Cells of many streams that are sealed together.
#[derive(Debug)]
pub(crate) struct Generation {
    shards: [RwLock<HashMap<StreamId, Run, RandomState>>; SHARDS],
    size_bytes: AtomicUsize,
    journal_bytes: AtomicUsize,
    first_append_ms: AtomicI64,
}

impl Default for Generation {
    fn default() -> Self {
        Self {
            shards: Default::default(),
            size_bytes: AtomicUsize::new(0),
            journal_bytes: AtomicUsize::new(0),
            first_append_ms: AtomicI64::new(NO_APPEND),
        }
    }
}

impl Generation {
    fn shard(&self, stream: StreamId) -> &RwLock<HashMap<StreamId, Run, RandomState>> {
        // In bounds by the remainder.
        &self.shards[stream.0 as usize % SHARDS]
    }

    /// Notes that a journal record of `bytes`, received at `at`, is about to be added.
    pub(crate) fn note_append(&self, at: TimestampMs, bytes: usize) {
        self.journal_bytes.fetch_add(bytes, Ordering::Relaxed);
        self.first_append_ms.fetch_min(at.0, Ordering::Relaxed);
    }

    /// Adds a cell.
    pub(crate) fn add(&self, stream: StreamId, slot: Slot, mut value: SlotValue) {
        let mut shard = self.shard(stream).write();
        let run = shard.entry(stream).or_default();
        let added = match place_of(slot, run) {
            Ok(position) => {
                // In bounds: the search found it there.
                let held = &mut run[position].1;
                let before = held.memory_bytes();
                held.merge(&value);
                held.memory_bytes().saturating_sub(before)
            }
            Err(position) => {
                // Most cells are added once, and growing left as much room again as they need.
                value.shrink_to_fit();
                let bytes = value.memory_bytes() + size_of::<Slot>();
                run.insert(position, (slot, value));
                bytes
            }
        };
        drop(shard);
        self.size_bytes.fetch_add(added, Ordering::Relaxed);
    }

    /// Calls `visit` with each cell of a stream in `slots`, ascending.
    pub(crate) fn visit(
        &self,
        stream: StreamId,
        slots: &Range<Slot>,
        mut visit: impl FnMut(Slot, &SlotValue),
    ) {
        let shard = self.shard(stream).read();
        let Some(run) = shard.get(&stream) else { return };
        let first = run.partition_point(|(slot, _)| *slot < slots.start);
        for (slot, value) in run.iter().skip(first).take_while(|(slot, _)| *slot < slots.end) {
            visit(*slot, value);
        }
    }

    /// Every stream's run, shard by shard.
    pub(crate) fn shards(&self) -> impl Iterator<Item = Shard<'_>> {
        self.shards.iter().map(RwLock::read)
    }

    /// Whether nothing was added.
    pub(crate) fn is_empty(&self) -> bool {
        self.first_append_ms.load(Ordering::Relaxed) == NO_APPEND
    }

    /// Bytes in memory.
    pub(super) fn size_bytes(&self) -> usize {
        self.size_bytes.load(Ordering::Relaxed)
    }

    /// Bytes of its journal records.
    pub(super) fn journal_bytes(&self) -> usize {
        self.journal_bytes.load(Ordering::Relaxed)
    }

    /// When the oldest append was received.
    pub(super) fn first_append_at(&self) -> Option<TimestampMs> {
        let at = self.first_append_ms.load(Ordering::Relaxed);
        (at != NO_APPEND).then_some(TimestampMs(at))
    }
}

/// The position of a slot in a run, or where to insert it. Most slots are the newest: looking there first
/// spares a binary search, which waits for memory in every step.
fn place_of(slot: Slot, run: &Run) -> Result<usize, usize> {
    match run.last() {
        Some((newest, _)) if *newest >= slot => run.binary_search_by_key(&slot, |(held, _)| *held),
        _ => Err(run.len()),
    }
}
