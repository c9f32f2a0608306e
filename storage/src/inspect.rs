//! What lies in a store, counted.

use rocksdb::{DBRawIterator, ErrorKind, IteratorMode, properties};

use crate::codec;
use crate::db::damage;
use crate::db::schema::{FORMAT_VERSION, Family};
use crate::error::Result;
use crate::limits::DAMAGED_MAX;
use crate::maintain::downsample::oldest_block;
use crate::model::resolution::{BlockKey, Resolution};
use crate::model::time::{Slot, TimestampMs};
use crate::store::{Shared, Store};

/// What lies in a store.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Inspection {
    /// Version of everything on disk.
    pub format_version: u32,
    /// Width of a slot, in ms.
    pub slot_ms: i64,
    /// Streams known.
    pub streams: u64,
    /// Begin of the oldest slot that a block holds.
    pub oldest: Option<TimestampMs>,
    /// End of the newest slot that a block holds.
    pub newest: Option<TimestampMs>,
    /// Sealed cells by resolution, finest first.
    pub resolutions: Vec<ResolutionCount>,
    /// Journal records that are not sealed yet.
    pub journal_records: u64,
    /// Their bytes.
    pub journal_bytes: u64,
    /// Every column family, with its bytes.
    pub families: Vec<FamilyBytes>,
    /// What cannot be read, the first hundred by name.
    pub damaged: Vec<String>,
    /// How many blocks and journal records cannot be read.
    pub damaged_count: u64,
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

impl Store {
    /// Counts what lies in the store. Reads every block: it takes a while on a large one.
    ///
    /// # Errors
    /// When the database cannot be read; a damaged block is no error but reported.
    pub fn inspect(&self) -> Result<Inspection> {
        let shared = self.shared();
        let mut found = Inspection {
            format_version: FORMAT_VERSION,
            slot_ms: shared.slot_width.ms(),
            streams: shared.catalog.read().len() as u64,
            families: Family::ALL.iter().map(|family| bytes_of(shared, *family)).collect(),
            ..Inspection::default()
        };
        for resolution in Resolution::ALL {
            count_blocks(shared, resolution, &mut found)?;
        }
        let journal = shared.db.family(Family::Journal);
        for entry in shared.db.raw().iterator_cf(journal, IteratorMode::Start) {
            let (_, record) = entry?;
            found.journal_records += 1;
            found.journal_bytes += record.len() as u64;
        }
        for (sequence, bytes) in damage::records_aside(&shared.db)? {
            found.damaged_count += 1;
            found.damaged.push(format!("journal record {sequence}, {bytes} bytes, kept aside"));
        }
        Ok(found)
    }
}

impl Store {
    /// The slots of which cells of a resolution may be held: from the day of its oldest block that has
    /// not expired, or the oldest cell that is not sealed, to the newest event. `None` when there is
    /// nothing.
    ///
    /// # Errors
    /// When the database cannot be read.
    pub fn kept_slots(&self, resolution: Resolution) -> Result<Option<std::ops::Range<Slot>>> {
        let shared = self.shared();
        let mut first: Option<Slot> = None;
        let mut last = shared.sealed_slot();
        let first_kept = shared.first_day(resolution);
        // Minutes that have not aged lie with slots.
        let families: &[Family] = match resolution {
            Resolution::Minute => &[Family::Blocks1m, Family::Blocks],
            _ => &[Family::of(resolution)],
        };
        for family in families {
            if let Some(key) = oldest_block(shared, *family)? {
                let day = key.day.max(first_kept);
                let slot = Slot(day.saturating_mul(24 * shared.slot_width.slots_per_hour()));
                first = first.into_iter().chain([slot]).min();
            }
        }
        for generation in shared.head.view(&(Slot(0)..Slot(u32::MAX)), |_| ()).generations {
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
}

fn bytes_of(shared: &Shared, family: Family) -> FamilyBytes {
    // A property that RocksDB does not know counts as nothing.
    let property = |name| {
        let value = shared.db.raw().property_int_value_cf(shared.db.family(family), name);
        value.ok().flatten().unwrap_or(0)
    };
    FamilyBytes {
        name: family.name(),
        file_bytes: property(properties::LIVE_SST_FILES_SIZE),
        memory_bytes: property(properties::CUR_SIZE_ALL_MEM_TABLES),
    }
}

fn count_blocks(shared: &Shared, resolution: Resolution, found: &mut Inspection) -> Result<()> {
    let family = shared.db.family(Family::of(resolution));
    let mut blocks: DBRawIterator<'_> = shared.db.raw().raw_iterator_cf(family);
    let cell_ms = i64::from(resolution.slots(shared.slot_width)) * shared.slot_width.ms();
    let mut count = ResolutionCount { cell_ms, blocks: 0, cells: 0, bytes: 0 };
    let mut slots: Option<(Slot, Slot)> = None;
    blocks.seek_to_first();
    while let Some((key, value)) = blocks.item() {
        count.blocks += 1;
        count.bytes += value.len() as u64;
        let decoded = codec::decode(value, &mut |cell, _| {
            count.cells += 1;
            let slot = resolution.first_slot(cell, shared.slot_width);
            let (oldest, newest) = slots.unwrap_or((slot, slot));
            slots = Some((oldest.min(slot), newest.max(slot)));
        });
        if let Err(error) = decoded {
            found.damaged_count += 1;
            if found.damaged.len() < DAMAGED_MAX {
                let name = BlockKey::decode(key)
                    .map_or_else(|| format!("block {key:x?}"), |key| key.describe(resolution));
                found.damaged.push(format!("{name}: {error}"));
            }
        }
        blocks.next();
    }
    match blocks.status() {
        // What lies behind the damage cannot be counted.
        Err(error) if error.kind() == ErrorKind::Corruption => {
            found.damaged_count += 1;
            found.damaged.push(format!("family {}: {error}", Family::of(resolution).name()));
        }
        status => status?,
    }
    if let Some((oldest, newest)) = slots {
        let (oldest, newest) = (shared.slot_width.start(oldest), shared.slot_width.end(newest));
        found.oldest = Some(found.oldest.map_or(oldest, |held| held.min(oldest)));
        found.newest = found.newest.max(Some(newest));
    }
    found.resolutions.push(count);
    Ok(())
}
