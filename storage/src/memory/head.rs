//! The head: cells that are not sealed into blocks yet, in memory.
//!
//! The head is a list of *generations*. One is active and takes appends; sealing freezes it, puts an
//! empty one in its place, writes the frozen one into blocks and then forgets it. A reader takes the
//! list and a snapshot of the database in one step, so that it sees every cell once: either in a
//! generation or in a block.
//!
//! The newest sealed cells stay in memory as well, encoded as they were written ([`crate::memory::cache`]). From
//! the *floor* on, residents hold every sealed cell, and questions about recent time need no block:
//! when a resident is evicted, the floor rises above its newest slot. After a start it is lowered as
//! memory is filled again ([`crate::maintain::preload`]).

use std::collections::{HashMap, VecDeque};
use std::ops::Range;
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, AtomicUsize, Ordering};

use foldhash::fast::RandomState;
use parking_lot::{RwLock, RwLockReadGuard};

use crate::memory::cache::Resident;
use crate::model::cell::SlotValue;
use crate::model::stream::StreamId;
use crate::model::time::{Slot, TimestampMs};

/// Cells of one stream, ascending by slot.
pub(crate) type Run = Vec<(Slot, SlotValue)>;

/// Shards of a generation: readers of one hold up the writer only for cells of that one.
const SHARDS: usize = 16;

/// What `first_append_ms` holds in an empty generation.
const NO_APPEND: i64 = i64::MAX;

/// Some streams of a generation while they are read.
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
                // Most cells come once; what they grew by while they were read is as large again.
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

    fn size_bytes(&self) -> usize {
        self.size_bytes.load(Ordering::Relaxed)
    }

    fn first_append_at(&self) -> Option<TimestampMs> {
        let at = self.first_append_ms.load(Ordering::Relaxed);
        (at != NO_APPEND).then_some(TimestampMs(at))
    }
}

/// Where a slot is in a run, or belongs. Most are the newest, and looking elsewhere costs a wait for memory each time.
fn place_of(slot: Slot, run: &Run) -> Result<usize, usize> {
    match run.last() {
        Some((newest, _)) if *newest >= slot => run.binary_search_by_key(&slot, |(held, _)| *held),
        _ => Err(run.len()),
    }
}

/// A generation that takes no more appends, with the sequence number of the last one it holds.
#[derive(Debug, Clone)]
pub(crate) struct Frozen {
    pub(crate) generation: Arc<Generation>,
    pub(crate) last_sequence: u64,
}

#[derive(Debug, Default)]
struct Generations {
    active: Arc<Generation>,
    frozen: Vec<Frozen>,
    /// Oldest first.
    residents: VecDeque<Arc<Resident>>,
    floor: Slot,
    /// How often the residents have changed.
    changes: u64,
}

impl Generations {
    fn cache_bytes(&self) -> usize {
        self.residents.iter().map(|one| one.size_bytes()).sum()
    }

    /// Keeps what was sealed, and lets go of the oldest beyond a budget.
    fn keep(&mut self, mut resident: Resident, bytes_max: usize) {
        resident.shrink();
        self.changes += 1;
        self.floor = self.floor.max(resident.floor);
        self.residents.push_back(Arc::new(resident));
        let mut bytes = self.cache_bytes();
        while bytes > bytes_max {
            let Some(evicted) = self.residents.pop_front() else { break };
            bytes -= evicted.size_bytes();
            self.floor = self.floor.max(evicted.end);
        }
    }
}

/// How far back memory holds every sealed cell, at one moment.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Reach {
    /// Below it sealed cells are found in blocks only.
    pub(crate) floor: Slot,
    /// Bytes of older cells that may be kept as well.
    pub(crate) room_bytes: usize,
    changes: u64,
}

/// What a reader sees: taken at one moment.
#[derive(Debug, Clone)]
pub(crate) struct View<T> {
    /// Cells that are not sealed.
    pub(crate) generations: Vec<Arc<Generation>>,
    /// Sealed cells: all of those from `floor` on.
    pub(crate) residents: Vec<Arc<Resident>>,
    /// Below it sealed cells are found in blocks only.
    pub(crate) floor: Slot,
    /// What the reader asked to be taken at the same moment.
    pub(crate) snapshot: T,
}

/// Every generation that is not sealed, and what was sealed last.
#[derive(Debug)]
pub(crate) struct Head {
    generations: RwLock<Generations>,
}

impl Head {
    /// An empty head over blocks whose cells all lie below `floor`.
    pub(crate) fn new(floor: Slot) -> Self {
        Self { generations: RwLock::new(Generations { floor, ..Generations::default() }) }
    }

    /// Below it sealed cells are found in blocks only.
    pub(crate) fn floor(&self) -> Slot {
        self.generations.read().floor
    }

    /// The generation that takes appends. Only the writer adds to it.
    pub(crate) fn active(&self) -> Arc<Generation> {
        Arc::clone(&self.generations.read().active)
    }

    /// Freezes the active generation and returns the new one. Only the writer calls this, between
    /// two groups, so `last_sequence` is exactly the last append in the frozen one.
    pub(crate) fn freeze(&self, last_sequence: u64) -> Arc<Generation> {
        let mut generations = self.generations.write();
        let generation = std::mem::take(&mut generations.active);
        if !generation.is_empty() {
            generations.frozen.push(Frozen { generation, last_sequence });
        }
        Arc::clone(&generations.active)
    }

    /// The frozen generations, oldest first.
    pub(crate) fn frozen(&self) -> Vec<Frozen> {
        self.generations.read().frozen.clone()
    }

    /// Runs `write`, which puts the `count` oldest frozen generations into blocks; when it succeeds,
    /// keeps `sealed` in their place, and of all that was sealed as many bytes as may be. No reader can begin
    /// in between.
    pub(crate) fn seal_after<E>(
        &self,
        count: usize,
        sealed: Resident,
        resident_bytes_max: usize,
        write: impl FnOnce() -> Result<(), E>,
    ) -> Result<(), E> {
        let mut generations = self.generations.write();
        write()?;
        generations.frozen.drain(..count);
        generations.keep(sealed, resident_bytes_max);
        Ok(())
    }

    /// How far back memory reaches, when so many bytes of sealed cells may be kept. There is no room for
    /// more when residents hold some of what lies below the floor: others with the rest have been evicted.
    pub(crate) fn reach(&self, resident_bytes_max: usize) -> Reach {
        let generations = self.generations.read();
        let Generations { residents, floor, changes, .. } = &*generations;
        let is_whole = residents.iter().all(|one| one.start.is_none_or(|start| start >= *floor));
        let bytes = generations.cache_bytes();
        let room_bytes = if is_whole { resident_bytes_max.saturating_sub(bytes) } else { 0 };
        Reach { floor: *floor, room_bytes, changes: *changes }
    }

    /// Whether something was sealed, and kept, since.
    pub(crate) fn has_changed_since(&self, reach: &Reach) -> bool {
        self.generations.read().changes != reach.changes
    }

    /// Keeps `older`, newest first, which hold every cell from the floor of the last up to that of `reach` that was
    /// sealed by then, and lowers the floor. Returns whether it did: not when anything was sealed since. The caller
    /// holds off sealing, because a seal under way keeps what lies above the floor that it began with.
    pub(crate) fn extend(&self, reach: &Reach, mut older: Vec<Resident>) -> bool {
        older.iter_mut().for_each(Resident::shrink);
        let bytes: usize = older.iter().map(Resident::size_bytes).sum();
        let mut generations = self.generations.write();
        if generations.changes != reach.changes || bytes > reach.room_bytes {
            return false;
        }
        generations.changes += 1;
        for one in older {
            generations.floor = one.floor;
            generations.residents.push_front(Arc::new(one));
        }
        true
    }

    /// What there is to read about `slots`, and what `snapshot` returns when told the floor, taken
    /// at one moment.
    pub(crate) fn view<T>(&self, slots: &Range<Slot>, snapshot: impl FnOnce(Slot) -> T) -> View<T> {
        let state = self.generations.read();
        let frozen = state.frozen.iter().map(|frozen| Arc::clone(&frozen.generation));
        let residents = state.residents.iter().filter(|resident| resident.overlaps(slots));
        View {
            generations: frozen.chain([Arc::clone(&state.active)]).collect(),
            residents: residents.cloned().collect(),
            floor: state.floor,
            snapshot: snapshot(state.floor),
        }
    }

    /// What there is to read besides the active generation, and what `snapshot` returns, taken at
    /// one moment.
    pub(crate) fn past<T>(&self, snapshot: impl FnOnce() -> T) -> View<T> {
        let state = self.generations.read();
        let frozen = state.frozen.iter().map(|frozen| Arc::clone(&frozen.generation));
        View {
            generations: frozen.collect(),
            residents: state.residents.iter().cloned().collect(),
            floor: state.floor,
            snapshot: snapshot(),
        }
    }

    /// Bytes of sealed cells kept for reading.
    pub(crate) fn cache_bytes(&self) -> usize {
        self.generations.read().cache_bytes()
    }

    /// Bytes in memory, of all generations.
    pub(crate) fn size_bytes(&self) -> usize {
        let generations = self.generations.read();
        let frozen = generations.frozen.iter().map(|frozen| frozen.generation.size_bytes());
        frozen.sum::<usize>() + generations.active.size_bytes()
    }

    /// Bytes of journal records that are not sealed.
    pub(crate) fn journal_bytes(&self) -> usize {
        let generations = self.generations.read();
        let bytes = |generation: &Generation| generation.journal_bytes.load(Ordering::Relaxed);
        let frozen = generations.frozen.iter().map(|frozen| bytes(&frozen.generation));
        frozen.sum::<usize>() + bytes(&generations.active)
    }

    /// When the oldest unsealed append was received.
    pub(crate) fn first_append_at(&self) -> Option<TimestampMs> {
        let generations = self.generations.read();
        let oldest = generations.frozen.first().map(|frozen| &frozen.generation);
        oldest.unwrap_or(&generations.active).first_append_at()
    }
}

#[cfg(test)]
mod tests;
