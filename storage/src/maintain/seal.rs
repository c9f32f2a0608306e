//! Sealing: writes frozen generations into blocks and deletes their journal records, in one write. Every cell
//! is sealed exactly once: a crash before the write leaves the journal unchanged, and after a crash behind it
//! the journal is replayed from the new sequence number on.

use std::collections::BTreeMap;
use std::ops::RangeInclusive;

use super::compact::{Backlog, spanning};
use super::downsample::downsample_before;
use crate::codec;
use crate::db::{Family, WriteBatch, meta};
use crate::error::Result;
use crate::memory::{CachedParts, Run, Shard};
use crate::model::cell::SlotValue;
use crate::model::resolution::Resolution;
use crate::model::stream::StreamId;
use crate::model::time::{Slot, SlotWidth};
use crate::shared::Shared;

/// What a seal did.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Sealed {
    /// Cells written into blocks.
    pub cells: u64,
    /// Block parts written.
    pub parts: u64,
    /// Their bytes, before compression.
    pub bytes: u64,
    /// Cells that came too late for every resolution and were dropped.
    pub expired: u64,
}

impl std::ops::Add for Sealed {
    type Output = Self;

    fn add(self, other: Self) -> Self {
        Self {
            cells: self.cells + other.cells,
            parts: self.parts + other.parts,
            bytes: self.bytes + other.bytes,
            expired: self.expired + other.expired,
        }
    }
}

/// Writes every frozen generation into blocks of every resolution, and notes in `backlog` what can be
/// compacted.
///
/// # Errors
/// When the database cannot be written. Then the generations stay as they are.
pub(crate) fn seal_frozen(shared: &Shared, backlog: &Backlog) -> Result<Sealed> {
    let Shared { db, head, timeline, .. } = shared;
    let frozen = head.frozen();
    let Some(last_sequence) = frozen.last().map(|newest| newest.last_sequence) else {
        return Ok(Sealed::default());
    };
    let mut seal = Seal::new(shared);
    // Frozen generations never change, so the locks delay nobody.
    let shards: Vec<_> = frozen.iter().flat_map(|one| one.generation.shards()).collect();
    for (stream, runs) in runs_by_stream(&shards) {
        seal.add_stream(stream, &runs);
    }
    drop(shards);
    let Seal { mut write, sealed, newest, mut cached, days, .. } = seal;
    sum_partners(shared, &mut cached);
    let newest = newest.max(timeline.sealed_slot());
    write.put(db, Family::Meta, meta::SEALED_SEQ, last_sequence.to_be_bytes());
    write.put(db, Family::Meta, meta::SEALED_SLOT, newest.0.to_be_bytes());
    let after = (last_sequence + 1).to_be_bytes();
    write.delete_range(db, Family::Journal, 0_u64.to_be_bytes(), after);
    head.seal_after(frozen.len(), cached, shared.cache_bytes_max(), || {
        db.write(write).inspect(|()| timeline.set_sealed_slot(newest))
    })?;
    if let Some(days) = days {
        backlog.note(sealed.bytes, days);
    }
    if sealed.expired > 0 {
        tracing::warn!(
            cells = sealed.expired,
            "cells were dropped when they were sealed: they are older than every retention"
        );
    }
    Ok(sealed)
}

/// Each stream's runs, one a generation.
fn runs_by_stream<'a>(shards: &'a [Shard<'_>]) -> BTreeMap<StreamId, Vec<&'a Run>> {
    let mut streams: BTreeMap<StreamId, Vec<&Run>> = BTreeMap::new();
    for (stream, run) in shards.iter().flat_map(|shard| shard.iter()) {
        streams.entry(*stream).or_default().push(run);
    }
    streams
}

/// A seal while it is made.
struct Seal<'a> {
    shared: &'a Shared,
    write: WriteBatch,
    cached: CachedParts,
    sealed: Sealed,
    newest: Slot,
    /// The days that parts were written for.
    days: Option<RangeInclusive<u32>>,
    /// Cells before this slot are not cached: readers read them from blocks. Those older than the retention
    /// of slots are only sealed into roll-ups.
    cache_from: Slot,
    /// The first day that each resolution keeps. Older cells come too late for it.
    first_days: [u32; Resolution::ALL.len()],
}

impl<'a> Seal<'a> {
    fn new(shared: &'a Shared) -> Self {
        let Shared { db, head, timeline, .. } = shared;
        let mut write = WriteBatch::default();
        // Cells of days that are downsampled from now on are sealed as minutes instead of slots.
        let first_day = timeline.retention().first_day(Resolution::Slot, timeline.data_now());
        downsample_before(db, timeline, first_day, &mut write);
        let first_days = Resolution::ALL.map(|one| timeline.first_day(one));
        let cache_from = head.cached_from().max(timeline.day_start(first_days[0]));
        Self {
            shared,
            write,
            cached: CachedParts::new(cache_from),
            sealed: Sealed::default(),
            newest: Slot(0),
            days: None,
            cache_from,
            first_days,
        }
    }

    /// Adds the runs of a stream to its blocks.
    fn add_stream(&mut self, stream: StreamId, runs: &[&Run]) {
        let Shared { db, catalog, timeline, .. } = self.shared;
        let width = timeline.slot_width();
        let first_kept = timeline.day_start(self.first_days.into_iter().min().unwrap_or(0));
        for run in runs {
            self.sealed.expired += run.partition_point(|(slot, _)| *slot < first_kept) as u64;
            for resolution in Resolution::ALL.into_iter().filter(|one| one.is_kept(width)) {
                self.add_run(resolution, stream, run);
            }
        }
        if let Some(times) = catalog.read().sent_times(stream) {
            self.write.put(db, Family::LastSeen, stream.0.to_be_bytes(), times.encode());
        }
    }

    /// Adds a run to the blocks of a resolution.
    fn add_run(&mut self, resolution: Resolution, stream: StreamId, run: &Run) {
        let width = self.shared.timeline.slot_width();
        let block_of = |slot| resolution.block_of(stream, slot, width);
        for slots in run.chunk_by(|(a, _), (b, _)| block_of(*a) == block_of(*b)) {
            let (Some((first, _)), Some((last, _))) = (slots.first(), slots.last()) else {
                continue;
            };
            let key = block_of(*first);
            if key.day < self.first_days[resolution as usize] {
                continue;
            }
            let part = part_of(resolution, slots, width);
            if resolution == Resolution::Slot {
                self.sealed.cells += slots.len() as u64;
                self.newest = self.newest.max(*last);
            }
            if *first >= self.cache_from {
                self.cached.add(resolution, stream, (*first, *last), &part);
            } else if *last >= self.cache_from {
                self.cache_newer(resolution, stream, slots);
            }
            // As long as slots are kept, their minutes are not stored.
            if resolution == Resolution::Minute
                && key.day >= self.first_days[Resolution::Slot as usize]
            {
                continue;
            }
            self.days = Some(spanning(self.days.take(), key.day..=key.day));
            self.sealed.parts += 1;
            self.sealed.bytes += part.len() as u64;
            self.write.merge(&self.shared.db, Family::of(resolution), key.encode(), part);
        }
    }

    /// Caches the newer part of a run that begins before `cache_from`. The rest would be in the cache twice
    /// after older cells are preloaded from blocks.
    fn cache_newer(&mut self, resolution: Resolution, stream: StreamId, run: &[(Slot, SlotValue)]) {
        let newer = run.partition_point(|(slot, _)| *slot < self.cache_from);
        let newer = run.get(newer..).unwrap_or_default();
        if let ([(first, _), ..], [.., (last, _)]) = (newer, newer) {
            let part = part_of(resolution, newer, self.shared.timeline.slot_width());
            self.cached.add(resolution, stream, (*first, *last), &part);
        }
    }
}

/// Adds up the minutes of an entry of the cache by partner.
pub(super) fn sum_partners(shared: &Shared, entry: &mut CachedParts) {
    let groups = shared.catalog.read().by_partner(&entry.streams());
    entry.sum_groups(groups);
}

/// A block part of a resolution, made of a run within one block.
pub(super) fn part_of(
    resolution: Resolution,
    run: &[(Slot, SlotValue)],
    width: SlotWidth,
) -> Vec<u8> {
    match resolution {
        Resolution::Slot => codec::encode_hot(run),
        _ => codec::encode_hot(&roll_up(resolution, run, width)),
    }
}

/// The cells of a coarser resolution that a run adds up to.
fn roll_up(
    resolution: Resolution,
    run: &[(Slot, SlotValue)],
    width: SlotWidth,
) -> Vec<(Slot, SlotValue)> {
    let mut cells: Vec<(Slot, SlotValue)> = Vec::new();
    for (slot, value) in run {
        let cell = resolution.cell_of(*slot, width);
        match cells.last_mut() {
            Some((last, held)) if *last == cell => held.merge(value),
            _ => cells.push((cell, value.clone())),
        }
    }
    cells
}
