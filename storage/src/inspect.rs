//! What a store holds, counted.

use std::ops::Range;
use std::sync::atomic::Ordering;
use std::time::Instant;

use crate::codec;
use crate::db::{Database, FORMAT_VERSION, Family, Loss, WalkDamage};
use crate::error::Result;
use crate::limits::NEARLY_FULL_PERCENT;
use crate::memory::{Head, Timeline};
use crate::model::resolution::{BlockKey, Resolution};
use crate::model::time::{Slot, SlotWidth, TimestampMs};
use crate::shared::Shared;
use crate::write::sequence_aside;

/// What an open store holds, for metrics.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Stats {
    /// Streams known.
    pub streams: u64,
    /// How many streams there are by their limits.
    pub usage: StreamUsage,
    /// Bytes of unsealed cells in memory.
    pub head_bytes: u64,
    /// Bytes of sealed cells in the cache.
    pub cache_bytes: u64,
    /// Bytes of the database's files, without the write-ahead log.
    pub disk_bytes: u64,
    /// Damaged places that readers met since the store was opened.
    pub damaged_blocks: u64,
    /// Acknowledged appends that damage has lost, as far as it is remembered.
    pub lost_appends: u64,
    /// Files that compaction could not read since the store was opened.
    pub damaged_files: u64,
    /// How often the store recovered from a failed write since it was opened.
    pub recoveries: u64,
    /// Appends waiting for the writer.
    pub append_queue: u64,
    /// Appends written to the journal since the store was opened.
    pub appends: u64,
    /// Writes of these appends, each with one fsync when the store is opened so.
    pub journal_writes: u64,
}

/// How many streams an open store has, and how many it may have.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct StreamUsage {
    /// Streams.
    pub streams: usize,
    /// How many there may be.
    pub streams_max: usize,
    /// Streams beyond those that are guaranteed to each partner.
    pub shared: usize,
    /// How many of these there may be.
    pub shared_max: usize,
    /// Partners that have streams.
    pub partners: usize,
    /// How many there may be before only those are taken that the rules file names.
    pub partners_max: usize,
    /// Whether a new partner was not taken within the last hour.
    pub are_partners_refused: bool,
    /// How many streams a partner may have now.
    pub partner_streams_max: usize,
    /// How many times a new stream was rejected since the store was opened.
    pub rejected: u64,
}

impl StreamUsage {
    /// The limits that are nearly reached, each in words with the number in use and the limit.
    pub fn nearly_full(&self) -> impl Iterator<Item = (&'static str, usize, usize)> + use<> {
        let limits = [
            ("streams", self.streams, self.streams_max),
            ("streams beyond those guaranteed to each partner", self.shared, self.shared_max),
            ("partners", self.partners, self.partners_max),
        ];
        limits.into_iter().filter(|(_, used, limit)| used * 100 >= limit * NEARLY_FULL_PERCENT)
    }
}

/// What a store holds on disk.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Inspection {
    /// Version of everything on disk.
    pub format_version: u32,
    /// Width of a slot, in ms.
    pub slot_ms: i64,
    /// Streams known.
    pub streams: u64,
    /// Begin of the oldest slot in any block.
    pub oldest: Option<TimestampMs>,
    /// End of the newest slot in any block.
    pub newest: Option<TimestampMs>,
    /// Sealed cells by resolution, finest first.
    pub resolutions: Vec<ResolutionCount>,
    /// Journal records that are not sealed yet.
    pub journal_records: u64,
    /// Their bytes.
    pub journal_bytes: u64,
    /// Every column family, with its bytes.
    pub families: Vec<FamilyBytes>,
    /// Names of what cannot be read, the first hundred.
    pub damaged: Vec<String>,
    /// How many places cannot be read: parts of files, blocks and journal records.
    pub damaged_count: u64,
    /// What damage has lost, the newest hundred losses.
    pub losses: Vec<Loss>,
}

/// What is kept at one resolution.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ResolutionCount {
    /// Width of its cells, in ms.
    pub cell_ms: i64,
    /// Blocks.
    pub blocks: u64,
    /// Cells in them.
    pub cells: u64,
    /// Bytes of the blocks before RocksDB compresses them.
    pub bytes: u64,
}

/// Bytes of a column family.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FamilyBytes {
    /// Its name on disk.
    pub name: &'static str,
    /// Bytes of its files.
    pub file_bytes: u64,
    /// Bytes that are only in memory and the write-ahead log so far.
    pub memory_bytes: u64,
}

/// What an open store holds, while so many appends wait for the writer.
pub(crate) fn stats(shared: &Shared, append_queue: usize) -> Stats {
    let Shared { db, head, counts, .. } = shared;
    let usage = stream_usage(shared);
    Stats {
        streams: usage.streams as u64,
        usage,
        head_bytes: head.size_bytes() as u64,
        disk_bytes: db.file_bytes(),
        cache_bytes: head.cache_bytes() as u64,
        append_queue: append_queue as u64,
        damaged_blocks: db.damage().count(),
        lost_appends: shared.losses.iter().map(|loss| loss.appends).sum(),
        damaged_files: db.damaged_files().len() as u64,
        recoveries: db.recoveries(),
        appends: counts.appends.load(Ordering::Relaxed),
        journal_writes: counts.writes.load(Ordering::Relaxed),
    }
}

/// How many streams an open store has, and how many it may have.
pub(crate) fn stream_usage(shared: &Shared) -> StreamUsage {
    let shares = shared.pending.shares();
    let catalog = shared.catalog.read();
    StreamUsage {
        streams: catalog.len(),
        streams_max: shares.streams_max,
        shared: catalog.shared(),
        shared_max: shares.shared_max(),
        partners: catalog.partners(),
        partners_max: shares.unnamed_partners_max(),
        are_partners_refused: shared.pending.are_partners_refused(Instant::now()),
        partner_streams_max: shares.partner_max(catalog.shared()),
        rejected: shared.pending.rejected(),
    }
}

/// Counts what a database with so many streams holds. Reads every row of every family.
///
/// # Errors
/// When the database cannot be read. Damage is no error but reported.
pub(crate) fn inspect(db: &Database, slot_width: SlotWidth, streams: usize) -> Result<Inspection> {
    let families = Family::ALL.map(|family| {
        let (file_bytes, memory_bytes) = db.family_bytes(family);
        FamilyBytes { name: family.name(), file_bytes, memory_bytes }
    });
    let mut found = Inspection {
        format_version: FORMAT_VERSION,
        slot_ms: slot_width.ms(),
        streams: streams as u64,
        families: families.into(),
        losses: db.losses()?,
        ..Inspection::default()
    };
    let mut damage = WalkDamage::default();
    for resolution in Resolution::ALL {
        count_blocks(db, slot_width, resolution, &mut found, &mut damage)?;
    }
    for family in Family::ALL.into_iter().filter(|family| !family.holds_blocks()) {
        db.walk(family, &mut damage, |key, value, damage| match family {
            Family::Journal => {
                found.journal_records += 1;
                found.journal_bytes += value.len() as u64;
            }
            Family::Meta => {
                if let Some(sequence) = sequence_aside(key) {
                    let bytes = value.len();
                    damage.add(|| format!("journal record {sequence}, {bytes} bytes, kept aside"));
                }
            }
            _ => {}
        })?;
    }
    (found.damaged, found.damaged_count) = (damage.names, damage.count);
    Ok(found)
}

/// See [`crate::Store::kept_slots`].
///
/// # Errors
/// When the database cannot be read.
pub(crate) fn kept_slots(
    db: &Database,
    head: &Head,
    timeline: &Timeline,
    resolution: Resolution,
) -> Result<Option<Range<Slot>>> {
    let mut first: Option<Slot> = None;
    let mut last = timeline.sealed_slot();
    let first_kept = timeline.first_day(resolution);
    // Minutes that are not stored are added up from slots.
    let families: &[Family] = match resolution {
        Resolution::Minute => &[Family::Blocks1m, Family::Blocks],
        _ => &[Family::of(resolution)],
    };
    for family in families {
        if let Some(key) = db.first_block(*family)? {
            let slot = timeline.day_start(key.day.max(first_kept));
            first = first.into_iter().chain([slot]).min();
        }
    }
    for generation in head.view(&(Slot(0)..Slot(u32::MAX)), |_| ()).generations {
        for shard in generation.shards() {
            for run in shard.values() {
                let (oldest, newest) = (run.first().map(|it| it.0), run.last().map(|it| it.0));
                first = first.into_iter().chain(oldest).min();
                last = last.max(newest.unwrap_or(last));
            }
        }
    }
    Ok(first.map(|first| first..last.plus(1)))
}

/// Counts the blocks of a resolution.
fn count_blocks(
    db: &Database,
    slot_width: SlotWidth,
    resolution: Resolution,
    found: &mut Inspection,
    damage: &mut WalkDamage,
) -> Result<()> {
    let cell_ms = i64::from(resolution.slots(slot_width)) * slot_width.ms();
    let mut count = ResolutionCount { cell_ms, blocks: 0, cells: 0, bytes: 0 };
    let mut slots: Option<(Slot, Slot)> = None;
    db.walk(Family::of(resolution), damage, |key, value, damage| {
        count.blocks += 1;
        count.bytes += value.len() as u64;
        let decoded = codec::decode(value, &mut |cell, _| {
            count.cells += 1;
            let slot = resolution.first_slot(cell, slot_width);
            let (oldest, newest) = slots.unwrap_or((slot, slot));
            slots = Some((oldest.min(slot), newest.max(slot)));
        });
        if let Err(error) = decoded {
            damage.add(|| {
                let name = BlockKey::decode(key)
                    .map_or_else(|| format!("block {key:x?}"), |key| key.describe(resolution));
                format!("{name}: {error}")
            });
        }
    })?;
    if let Some((oldest, newest)) = slots {
        let (oldest, newest) = (slot_width.start(oldest), slot_width.end(newest));
        found.oldest = Some(found.oldest.map_or(oldest, |held| held.min(oldest)));
        found.newest = found.newest.max(Some(newest));
    }
    found.resolutions.push(count);
    Ok(())
}
