//! The head: cells that are not sealed into blocks yet, and the newest sealed cells.
//!
//! The head is a list of *generations*. One is active and takes appends. Sealing freezes it, starts an empty
//! one, writes the frozen one into blocks and removes it from the list. A reader takes the list and a
//! snapshot of the database in one step, so that it sees every cell once: either in a generation or in a
//! block.
//!
//! The newest sealed cells stay in memory as well, encoded as they were written ([`CachedParts`]). They are
//! the *cache*. It holds every sealed cell from the slot `cached_from` on, so queries about recent time read
//! no block. When the oldest entry is evicted, `cached_from` rises above its newest slot. Preloading after a
//! start lowers it again.

use std::collections::{HashSet, VecDeque};
use std::ops::Range;
use std::sync::Arc;

use parking_lot::RwLock;

use super::cache::CachedParts;
use super::generation::Generation;
use crate::model::stream::StreamId;
use crate::model::time::{Slot, TimestampMs};

/// A generation that takes no more appends, with the sequence number of its last one.
#[derive(Debug, Clone)]
pub(crate) struct Frozen {
    pub(crate) generation: Arc<Generation>,
    pub(crate) last_sequence: u64,
}

#[derive(Debug, Default)]
struct Generations {
    active: Arc<Generation>,
    frozen: Vec<Frozen>,
    /// The cache, oldest entry first.
    cached: VecDeque<Arc<CachedParts>>,
    cached_from: Slot,
    /// How often the cache has changed.
    changes: u64,
}

impl Generations {
    fn cache_bytes(&self) -> usize {
        self.cached.iter().map(|one| one.size_bytes()).sum()
    }

    /// Adds what was sealed to the cache, and evicts the oldest entries beyond `bytes_max`.
    fn cache(&mut self, mut sealed: CachedParts, bytes_max: usize) {
        sealed.shrink();
        self.changes += 1;
        self.cached_from = self.cached_from.max(sealed.from);
        self.cached.push_back(Arc::new(sealed));
        let mut bytes = self.cache_bytes();
        while bytes > bytes_max {
            let Some(evicted) = self.cached.pop_front() else { break };
            bytes -= evicted.size_bytes();
            self.cached_from = self.cached_from.max(evicted.end);
        }
    }
}

/// How far back the cache reaches at one time.
#[derive(Debug, Clone, Copy)]
pub(crate) struct CacheState {
    /// The cache holds every sealed cell from this slot on.
    pub(crate) cached_from: Slot,
    /// Bytes of older cells that still fit.
    pub(crate) room_bytes: usize,
    changes: u64,
}

/// What a reader sees, all of it as of one time.
#[derive(Debug, Clone)]
pub(crate) struct View<T> {
    /// Cells that are not sealed.
    pub(crate) generations: Vec<Arc<Generation>>,
    /// Sealed cells: all of those from `cached_from` on.
    pub(crate) cached: Vec<Arc<CachedParts>>,
    /// Older sealed cells are found in blocks only.
    pub(crate) cached_from: Slot,
    /// What the reader's function returned at the same time.
    pub(crate) snapshot: T,
}

/// Every generation that is not sealed, and the cache.
#[derive(Debug)]
pub(crate) struct Head {
    generations: RwLock<Generations>,
}

impl Head {
    /// An empty head over blocks whose cells are all older than `cached_from`.
    pub(crate) fn new(cached_from: Slot) -> Self {
        Self { generations: RwLock::new(Generations { cached_from, ..Generations::default() }) }
    }

    /// The cache holds every sealed cell from this slot on.
    pub(crate) fn cached_from(&self) -> Slot {
        self.generations.read().cached_from
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
            let before = generations.frozen.last().map(|frozen| frozen.last_sequence);
            debug_assert!(before < Some(last_sequence), "sequence numbers ascend");
            generations.frozen.push(Frozen { generation, last_sequence });
        }
        Arc::clone(&generations.active)
    }

    /// The frozen generations, oldest first.
    pub(crate) fn frozen(&self) -> Vec<Frozen> {
        self.generations.read().frozen.clone()
    }

    /// Runs `write`, which writes the `count` oldest frozen generations into blocks. When it succeeds,
    /// replaces them by `sealed`, which is added to a cache of at most `cache_bytes_max`. No reader can begin
    /// in between.
    pub(crate) fn seal_after<E>(
        &self,
        count: usize,
        sealed: CachedParts,
        cache_bytes_max: usize,
        write: impl FnOnce() -> Result<(), E>,
    ) -> Result<(), E> {
        let mut generations = self.generations.write();
        write()?;
        generations.frozen.drain(..count);
        generations.cache(sealed, cache_bytes_max);
        Ok(())
    }

    /// How far back the cache reaches when it may take `cache_bytes_max`. It has no room for older cells when
    /// it holds some cells before `cached_from`: entries with the others have been evicted.
    pub(crate) fn cache_state(&self, cache_bytes_max: usize) -> CacheState {
        let generations = self.generations.read();
        let Generations { cached, cached_from, changes, .. } = &*generations;
        let is_whole = cached.iter().all(|one| one.start.is_none_or(|start| start >= *cached_from));
        let bytes = generations.cache_bytes();
        let room_bytes = if is_whole { cache_bytes_max.saturating_sub(bytes) } else { 0 };
        CacheState { cached_from: *cached_from, room_bytes, changes: *changes }
    }

    /// Whether the cache has changed since.
    pub(crate) fn has_changed_since(&self, state: &CacheState) -> bool {
        self.generations.read().changes != state.changes
    }

    /// Adds `older` to the cache, newest first, and lowers `cached_from` to that of the last. Together they
    /// hold every cell from there up to the `cached_from` of `state` that was sealed by then. Returns whether
    /// it did: not when something was sealed since. The caller must prevent seals meanwhile, because a seal
    /// only caches what lies after the `cached_from` that it began with.
    pub(crate) fn extend_cache(&self, state: &CacheState, mut older: Vec<CachedParts>) -> bool {
        older.iter_mut().for_each(CachedParts::shrink);
        let bytes: usize = older.iter().map(CachedParts::size_bytes).sum();
        let mut generations = self.generations.write();
        if generations.changes != state.changes || bytes > state.room_bytes {
            return false;
        }
        generations.changes += 1;
        for one in older {
            debug_assert!(one.from <= generations.cached_from, "the cache only grows backwards");
            generations.cached_from = one.from;
            generations.cached.push_front(Arc::new(one));
        }
        true
    }

    /// What there is to read about `slots`, and what `snapshot` returns for `cached_from`, as of one time.
    pub(crate) fn view<T>(&self, slots: &Range<Slot>, snapshot: impl FnOnce(Slot) -> T) -> View<T> {
        let state = self.generations.read();
        let frozen = state.frozen.iter().map(|frozen| Arc::clone(&frozen.generation));
        let cached = state.cached.iter().filter(|one| one.overlaps(slots));
        View {
            generations: frozen.chain([Arc::clone(&state.active)]).collect(),
            cached: cached.cloned().collect(),
            cached_from: state.cached_from,
            snapshot: snapshot(state.cached_from),
        }
    }

    /// What there is to read besides the active generation, and what `snapshot` returns, as of one time.
    pub(crate) fn past<T>(&self, snapshot: impl FnOnce() -> T) -> View<T> {
        let state = self.generations.read();
        let frozen = state.frozen.iter().map(|frozen| Arc::clone(&frozen.generation));
        View {
            generations: frozen.collect(),
            cached: state.cached.iter().cloned().collect(),
            cached_from: state.cached_from,
            snapshot: snapshot(),
        }
    }

    /// The streams that have a cell in any generation.
    pub(crate) fn streams(&self) -> HashSet<StreamId> {
        let state = self.generations.read();
        let frozen = state.frozen.iter().map(|frozen| &frozen.generation);
        let shards = frozen.chain([&state.active]).flat_map(|generation| generation.shards());
        shards.flat_map(|shard| shard.keys().copied().collect::<Vec<_>>()).collect()
    }

    /// Bytes of the cache.
    pub(crate) fn cache_bytes(&self) -> usize {
        self.generations.read().cache_bytes()
    }

    /// Bytes of all generations in memory.
    pub(crate) fn size_bytes(&self) -> usize {
        let generations = self.generations.read();
        let frozen = generations.frozen.iter().map(|frozen| frozen.generation.size_bytes());
        frozen.sum::<usize>() + generations.active.size_bytes()
    }

    /// Bytes of journal records that are not sealed.
    pub(crate) fn journal_bytes(&self) -> usize {
        let generations = self.generations.read();
        let frozen = generations.frozen.iter().map(|frozen| frozen.generation.journal_bytes());
        frozen.sum::<usize>() + generations.active.journal_bytes()
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
