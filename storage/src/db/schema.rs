//! What RocksDB holds: every column family with its keys and values, and how each is tuned.
//!
//! Names on disk are never renamed and numbers never reused. `docs/format.md` shows the bytes.

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};

use rocksdb::compaction_filter::Decision;
use rocksdb::{
    BlockBasedOptions, Cache, ColumnFamilyDescriptor, DBCompressionType, LogLevel, Options,
    WriteBufferManager,
};

use super::merge;
use crate::limits;
use crate::model::resolution::Resolution;
use crate::options::Durability;

/// Version of everything on disk. A database of any other version is not opened.
pub(crate) const FORMAT_VERSION: u32 = 3;

/// A column family.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Family {
    /// Facts about the database: see [`meta`]. RocksDB requires the name of this family.
    Meta,
    /// Appended batches that are not sealed yet. Key: sequence number (u64). Value: a journal record.
    Journal,
    /// Stream definitions. Key: stream id (u32). Value: bincode of a `StreamKey`, or nothing for a forgotten
    /// stream.
    Streams,
    /// Which times each stream has sent data of, as of the last seal. Key: stream id (u32). Value: newest
    /// event time (i64), oldest and newest slot (u32).
    LastSeen,
    /// Sealed cells, by the slot. Key: day, stream, block ([`crate::model::resolution::BlockKey`]). Value:
    /// one or more block parts. Merge operator: one part.
    Blocks,
    /// Cells of days whose slots have been downsampled, by the minute.
    Blocks1m,
    /// All cells by the quarter of an hour.
    Blocks15m,
    /// Idempotency keys. Key: the key's bytes. Value: expiry in ms (i64), items accepted (u64).
    /// A compaction filter drops expired keys.
    Idempotency,
    /// Exemplars. Key: kind (u8), day (u32), stream (u32), slot (u32). Value: see [`crate::codec`].
    /// Merge operator: the best few are kept.
    Exemplars,
    /// Records whose meaning only the crates above know. Key: table number (u8), then the table's own
    /// key. Value: the table's own.
    Tables,
}

/// Keys of [`Family::Meta`].
pub(crate) mod meta {
    /// u32: [`super::FORMAT_VERSION`].
    pub(crate) const FORMAT: &[u8] = b"format";
    /// u32: slot width in ms.
    pub(crate) const SLOT_MS: &[u8] = b"slot_ms";
    /// u64: every journal record up to and including this sequence number is sealed.
    pub(crate) const SEALED_SEQ: &[u8] = b"sealed_seq";
    /// Followed by a sequence number (u64): a journal record that could not be replayed, unchanged.
    pub(crate) const DAMAGED_JOURNAL: &[u8] = b"damaged_journal/";
    /// Followed by a number (u64): what damage has lost. Appends (u64), changes (u64), the cause as text.
    pub(crate) const LOST: &[u8] = b"lost/";
    /// Followed by a resolution (u8: 0 slots, 1 minutes, 2 quarters of an hour) and the first of some blocks:
    /// the last of them. They lack cells that were damaged when they were moved or repaired.
    pub(crate) const LOST_BLOCKS: &[u8] = b"lost_blocks/";
    /// u32: the newest slot that was ever sealed.
    pub(crate) const SEALED_SLOT: &[u8] = b"sealed_slot";
    /// u32: the first day whose slots are kept; those of earlier days are downsampled.
    pub(crate) const SLOTS_FROM: &[u8] = b"slots_from";
}

impl Family {
    pub(crate) const ALL: [Self; 10] = [
        Self::Meta,
        Self::Journal,
        Self::Streams,
        Self::LastSeen,
        Self::Blocks,
        Self::Blocks1m,
        Self::Blocks15m,
        Self::Idempotency,
        Self::Exemplars,
        Self::Tables,
    ];

    /// Its name on disk.
    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::Meta => "default",
            Self::Journal => "journal",
            Self::Streams => "streams",
            Self::LastSeen => "last_seen",
            Self::Blocks => "blocks",
            Self::Blocks1m => "blocks_1m",
            Self::Blocks15m => "blocks_15m",
            Self::Idempotency => "idempotency",
            Self::Exemplars => "exemplars",
            Self::Tables => "tables",
        }
    }

    /// Whether its rows are blocks of cells.
    pub(crate) fn holds_blocks(self) -> bool {
        Resolution::ALL.into_iter().any(|resolution| Self::of(resolution) == self)
    }

    /// The family of the blocks of a resolution.
    pub(crate) const fn of(resolution: Resolution) -> Self {
        match resolution {
            Resolution::Slot => Self::Blocks,
            Resolution::Minute => Self::Blocks1m,
            Resolution::Quarter => Self::Blocks15m,
        }
    }

    fn options(self, cache: &Cache, clock: &Arc<AtomicI64>) -> Options {
        let mut table = BlockBasedOptions::default();
        table.set_block_cache(cache);
        table.set_cache_index_and_filter_blocks(true);
        table.set_block_size(16 << 10);
        table.set_format_version(5);
        let mut options = Options::default();
        match self {
            Self::Journal => {
                options.set_write_buffer_size(16 << 20);
                // Records live for minutes, and a start waits for their compression.
                options.set_compression_type(DBCompressionType::None);
            }
            Self::Blocks | Self::Blocks1m | Self::Blocks15m => {
                options.set_write_buffer_size(16 << 20);
                // New parts are soon compacted, and a start waits for their compression.
                options.set_compression_type(DBCompressionType::Lz4);
                options.set_bottommost_compression_type(DBCompressionType::Zstd);
                options.set_level_zero_file_num_compaction_trigger(limits::UNCOMPACTED_FILES);
                options.set_level_zero_slowdown_writes_trigger(limits::UNCOMPACTED_FILES_SLOW);
                options.set_level_zero_stop_writes_trigger(limits::UNCOMPACTED_FILES_MAX);
                if self == Self::Blocks {
                    options.set_merge_operator("plimsoll.blocks", merge::slots, merge::concat);
                } else {
                    options.set_merge_operator("plimsoll.blocks", merge::roll_ups, merge::concat);
                }
            }
            Self::Exemplars => {
                options.set_write_buffer_size(8 << 20);
                options.set_compression_type(DBCompressionType::Zstd);
                options.set_merge_operator_associative("plimsoll.exemplars", merge::exemplars);
            }
            Self::Idempotency => {
                table.set_bloom_filter(10.0, false);
                options.set_write_buffer_size(16 << 20);
                options.set_compression_type(DBCompressionType::Lz4);
                drop_expired(&mut options, Arc::clone(clock));
            }
            Self::Meta | Self::Streams | Self::LastSeen | Self::Tables => {
                options.set_write_buffer_size(8 << 20);
                options.set_compression_type(DBCompressionType::Zstd);
            }
        }
        options.set_block_based_table_factory(&table);
        options
    }
}

/// How RocksDB is set up.
pub(crate) struct Setup {
    /// The database as a whole.
    pub(crate) database: Options,
    /// Every family.
    pub(crate) families: Vec<ColumnFamilyDescriptor>,
}

impl Setup {
    /// `clock` is the newest time the store has seen, in ms: idempotency keys expire by it. RocksDB does not
    /// compact the families of `not_compacted`.
    pub(crate) fn new(
        durability: Durability,
        clock: &Arc<AtomicI64>,
        not_compacted: &[Family],
    ) -> Self {
        // What is written and not flushed counts as used cache, so one limit holds for both.
        let cache = Cache::new_lru_cache(limits::BLOCK_CACHE_BYTES_MAX);
        let buffers = WriteBufferManager::new_write_buffer_manager_with_cache(
            limits::WRITE_BUFFER_BYTES_MAX,
            false,
            cache.clone(),
        );
        let mut database = database_options(durability);
        database.set_write_buffer_manager(&buffers);
        let families = Family::ALL.map(|family| {
            let mut options = family.options(&cache, clock);
            options.set_disable_auto_compactions(not_compacted.contains(&family));
            ColumnFamilyDescriptor::new(family.name(), options)
        });
        Self { database, families: families.into() }
    }
}

fn database_options(durability: Durability) -> Options {
    let mut options = Options::default();
    options.create_if_missing(true);
    options.create_missing_column_families(true);
    options.set_max_total_wal_size(limits::WAL_BYTES_MAX);
    options.set_max_background_jobs(2);
    options.set_max_open_files(512);
    options.set_keep_log_file_num(4);
    options.set_max_log_file_size(4 << 20);
    // A log of every flush and compaction is larger than a small database.
    options.set_log_level(LogLevel::Warn);
    // Without a write-ahead log, a crash between the flushes of two families would keep half of a batch.
    options.set_atomic_flush(durability == Durability::Memory);
    options
}

/// Lets compaction drop idempotency keys once they have expired.
fn drop_expired(options: &mut Options, clock: Arc<AtomicI64>) {
    options.set_periodic_compaction_seconds(24 * 60 * 60);
    options.set_compaction_filter("plimsoll.idempotency", move |_level, _key, value: &[u8]| {
        let expires_at = value.first_chunk().map_or(i64::MAX, |bytes| i64::from_be_bytes(*bytes));
        if expires_at < clock.load(Ordering::Relaxed) { Decision::Remove } else { Decision::Keep }
    });
}
