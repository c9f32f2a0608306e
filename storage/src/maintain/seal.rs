//! Sealing: frozen generations become blocks, and the journal lets go of their records, in one
//! write. Every cell is sealed exactly once: a crash before the write leaves the journal as it was,
//! a crash after it finds the low mark moved.

use std::{collections::BTreeMap, ops::RangeInclusive};

use rocksdb::WriteBatch;

use crate::codec;
use crate::db::schema::{Family, meta};
use crate::error::Result;
use crate::maintain::compact::spanning;
use crate::memory::cache::Resident;
use crate::memory::head::{Run, Shard};
use crate::model::cell::SlotValue;
use crate::model::resolution::Resolution;
use crate::model::stream::StreamId;
use crate::model::time::{Slot, SlotWidth};
use crate::store::Shared;

/// What a seal did.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Sealed {
    /// Cells written into blocks.
    pub cells: u64,
    /// Block parts written.
    pub parts: u64,
    /// Their bytes, before compression.
    pub bytes: u64,
    /// Cells that came too late for every resolution: they were let go.
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

/// Writes every frozen generation into blocks of every resolution.
pub(crate) fn seal_frozen(shared: &Shared) -> Result<Sealed> {
    let frozen = shared.head.frozen();
    let Some(last_sequence) = frozen.last().map(|newest| newest.last_sequence) else {
        return Ok(Sealed::default());
    };
    let mut seal = Seal::new(shared);
    // Nobody changes what is frozen, so the locks hold up no one.
    let shards: Vec<_> = frozen.iter().flat_map(|one| one.generation.shards()).collect();
    for (stream, runs) in runs_by_stream(&shards) {
        seal.add_stream(stream, &runs);
    }
    drop(shards);
    let Seal { mut write, sealed, newest, mut resident, days, .. } = seal;
    add_up(shared, &mut resident);
    let newest = newest.max(shared.sealed_slot());
    let meta_family = shared.db.family(Family::Meta);
    write.put_cf(meta_family, meta::SEALED_SEQ, last_sequence.to_be_bytes());
    write.put_cf(meta_family, meta::SEALED_SLOT, newest.0.to_be_bytes());
    let after = (last_sequence + 1).to_be_bytes();
    write.delete_range_cf(shared.db.family(Family::Journal), 0_u64.to_be_bytes(), after);
    shared.head.seal_after(frozen.len(), resident, shared.resident_bytes_max(), || {
        shared.db.write(write).inspect(|()| shared.set_sealed_slot(newest))
    })?;
    if let Some(days) = days {
        shared.untidy.note(sealed.bytes, days);
    }
    if sealed.expired > 0 {
        tracing::warn!(
            cells = sealed.expired,
            "cells were let go when they were sealed: they are past every retention by now"
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

struct Seal<'a> {
    shared: &'a Shared,
    write: WriteBatch,
    resident: Resident,
    sealed: Sealed,
    newest: Slot,
    /// The days of what was written.
    days: Option<RangeInclusive<u32>>,
    /// Below it nobody reads from memory, so nothing is kept there: what is older than the slots'
    /// retention is sealed into roll-ups only and is read from them.
    floor: Slot,
    /// The first day that each resolution keeps; cells that are older come too late for it.
    first_days: [u32; Resolution::ALL.len()],
}

impl<'a> Seal<'a> {
    fn new(shared: &'a Shared) -> Self {
        let mut write = WriteBatch::default();
        // Minutes are written of slots that are to age from here on.
        shared.age_before(
            shared.retention.first_day(Resolution::Slot, shared.data_now()),
            &mut write,
        );
        let first_days = Resolution::ALL.map(|one| shared.first_day(one));
        let first_kept =
            Slot(first_days[0].saturating_mul(24 * shared.slot_width.slots_per_hour()));
        let floor = shared.head.floor().max(first_kept);
        Self {
            shared,
            write,
            resident: Resident::new(floor),
            sealed: Sealed::default(),
            newest: Slot(0),
            days: None,
            floor,
            first_days,
        }
    }

    fn add_stream(&mut self, stream: StreamId, runs: &[&Run]) {
        let width = self.shared.slot_width;
        let day = |slot| Resolution::Slot.block_of(stream, slot, width).day;
        let first_day = self.first_days.into_iter().min().unwrap_or(0);
        for run in runs {
            self.sealed.expired += run.partition_point(|(slot, _)| day(*slot) < first_day) as u64;
            for resolution in Resolution::ALL.into_iter().filter(|one| one.is_kept(width)) {
                self.add_run(resolution, stream, run);
            }
        }
        if let Some(at) = self.shared.catalog.read().last_seen(stream) {
            let family = self.shared.db.family(Family::LastSeen);
            self.write.put_cf(family, stream.0.to_be_bytes(), at.0.to_be_bytes());
        }
    }

    /// Adds a run to the blocks of a resolution.
    fn add_run(&mut self, resolution: Resolution, stream: StreamId, run: &Run) {
        let block_of = |slot| resolution.block_of(stream, slot, self.shared.slot_width);
        for slots in run.chunk_by(|(a, _), (b, _)| block_of(*a) == block_of(*b)) {
            let (Some((first, _)), Some((last, _))) = (slots.first(), slots.last()) else {
                continue;
            };
            let key = block_of(*first);
            if key.day < self.first_days[resolution as usize] {
                continue;
            }
            let part = part_of(resolution, slots, self.shared.slot_width);
            if resolution == Resolution::Slot {
                self.sealed.cells += slots.len() as u64;
                self.newest = self.newest.max(*last);
            }
            if *first >= self.floor {
                self.resident.add(resolution, stream, (*first, *last), &part);
            } else if *last >= self.floor {
                self.keep_newer(resolution, stream, slots);
            }
            // As long as slots are kept, their minutes are made of them.
            if resolution == Resolution::Minute
                && key.day >= self.first_days[Resolution::Slot as usize]
            {
                continue;
            }
            self.days = Some(spanning(self.days.take(), key.day..=key.day));
            self.sealed.parts += 1;
            self.sealed.bytes += part.len() as u64;
            self.write.merge_cf(self.shared.db.family(Family::of(resolution)), key.encode(), part);
        }
    }

    /// Keeps what lies above the floor of a run that begins below it. The rest would be in memory twice when that is
    /// filled further back from blocks.
    fn keep_newer(&mut self, resolution: Resolution, stream: StreamId, run: &[(Slot, SlotValue)]) {
        let newer = run.partition_point(|(slot, _)| *slot < self.floor);
        let newer = run.get(newer..).unwrap_or_default();
        if let ([(first, _), ..], [.., (last, _)]) = (newer, newer) {
            let part = part_of(resolution, newer, self.shared.slot_width);
            self.resident.add(resolution, stream, (*first, *last), &part);
        }
    }
}

/// Adds up what is asked for together of all that a resident is to hold.
pub(crate) fn add_up(shared: &Shared, resident: &mut Resident) {
    let groups = shared.catalog.read().by_partner(&resident.streams());
    resident.aggregate(groups);
}

/// A block part of a resolution, of a run within one block.
pub(crate) fn part_of(
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
