//! Every limit of the storage engine in one place, each with its reason.

/// Bytes of a label value or stream name. Long enough for any partner or operation name, short
/// enough that a million streams stay in memory.
pub const LABEL_BYTES_MAX: usize = 128;

/// Bytes of a pattern for label values, before it is compiled.
pub const PATTERN_BYTES_MAX: usize = 1_024;

/// Bytes of a compiled pattern: a query must not exhaust the memory of the server.
pub const PATTERN_PROGRAM_BYTES_MAX: usize = 256 << 10;

/// Damaged blocks that are remembered by name. With more of them, a backup should be restored.
pub const DAMAGED_MAX: usize = 100;

/// Damaged files that one repair sets aside. With more of them, a backup should be restored.
pub const REPAIR_FILES_MAX: usize = 1_000;

/// Bytes of rows that a repair writes at a time.
pub const REPAIR_WRITE_BYTES: usize = 4 << 20;

/// Losses of data that are remembered: one for each damaged place, and a start finds a few at most.
pub const LOSSES_MAX: usize = 100;

/// Backups below the directory of backups. A backup shares files with the database until they are compacted,
/// after which it takes as much space again.
pub const BACKUPS_MAX: usize = 100;

/// Folders in one another below the directory of backups, with that of the backup.
pub(crate) const BACKUP_DEPTH_MAX: usize = 5;

/// Folders below the directory of backups in which backups are looked for: more than [`BACKUPS_MAX`] backups
/// need at [`BACKUP_DEPTH_MAX`].
pub(crate) const BACKUP_FOLDERS_MAX: usize = 10_000;

/// Bytes that a restore copies at a time.
pub const COPY_BYTES: usize = 1 << 20;

/// Streams in one database. The catalog and its index live in memory.
pub const STREAMS_MAX: usize = 1_000_000;

/// The least number of streams that a database can be limited to: with fewer there would be room for a few
/// partners only.
pub const STREAMS_MAX_MIN: usize = 1_000;

/// Streams that every partner may have, whatever others do: ten operations in five combinations of site,
/// release and environment. Half of [`STREAMS_MAX`] is enough for 10,000 partners, as many as a rule
/// evaluates.
pub const GUARANTEED_STREAMS: usize = 50;

/// Ids of streams after which no stream is forgotten any more, so that no more ids are given than these and
/// [`STREAMS_MAX`]. The definition of a forgotten stream stays on disk with some bytes.
pub const STREAM_IDS_MAX: u32 = 64_000_000;

/// Streams that are forgotten in one write. Appends wait for it.
pub const FORGOTTEN_AT_ONCE: usize = 10_000;

/// The share of a limit of streams, in percent, above which the database counts as nearly full.
pub const NEARLY_FULL_PERCENT: usize = 80;

/// Bytes of an idempotency key, as sent in a header.
pub const IDEMPOTENCY_KEY_BYTES_MAX: usize = 255;

/// How long an idempotency key is kept, in ms. A connector that retries for longer than a day has lost
/// its queue anyway.
pub const IDEMPOTENCY_KEPT_MS: i64 = 24 * 60 * 60 * 1000;

/// Requests that may wait for the journal. Further pushes get an error and may be sent again.
pub const APPEND_QUEUE_MAX: usize = 4_096;

/// Requests that share one journal write, so that one group cannot delay the next for long.
pub const GROUP_REQUESTS_MAX: usize = 1_024;

/// Encoded bytes that share one journal write, for the same reason.
pub const GROUP_BYTES_MAX: usize = 16 << 20;

/// Bytes of one journal record. A larger batch is an error before anything is written.
pub const RECORD_BYTES_MAX: usize = 256 << 20;

/// Memory for cells by default, in bytes. It is divided by [`head_bytes_seal`] and
/// [`head_bytes_max`]; the cache of sealed cells takes a quarter.
pub const MEMORY_BYTES_DEFAULT: usize = 256 << 20;

/// The least memory for cells, in bytes: with less, the head would be sealed all the time.
pub const MEMORY_BYTES_MIN: usize = 32 << 20;

/// Bytes of the head above which it is sealed early, given the memory for cells.
#[must_use]
pub const fn head_bytes_seal(memory_bytes: usize) -> usize {
    memory_bytes / 4
}

/// Bytes of the head above which a stop does not seal it: that would take seconds, and the journal has it.
pub const STOP_SEAL_BYTES_MAX: usize = 16 << 20;

/// Bytes of the head above which appends get an error until sealing has caught up, given the memory for
/// cells.
#[must_use]
pub const fn head_bytes_max(memory_bytes: usize) -> usize {
    memory_bytes / 4 * 3
}

/// Bytes of the cache of sealed cells that a stream needs for the newest hour and a half: 4,000 streams fill
/// a quarter of the default memory, at some 30 bytes a cell.
pub const CACHE_BYTES_PER_STREAM: usize = 16 << 10;

/// How much of the newest sealed data is preloaded into the cache after a start, in ms, if it has room for
/// that: what dashboards show.
pub const PRELOAD_MS: i64 = 60 * 60 * 1000;

/// Time that a preloaded chunk covers at most, in ms: a chunk is evicted as a whole.
pub const PRELOAD_CHUNK_MS: i64 = 10 * 60 * 1000;

/// Cells of a preloaded chunk, unless a minute has more: some 16 MB.
pub const PRELOAD_CHUNK_CELLS: u32 = 480_000;

/// How often preloading is tried. After something was sealed meanwhile, half of the time is read at once:
/// 40,000 streams take 13 seconds for an hour, and are sealed every minute.
pub const PRELOAD_TRIES_MAX: u32 = 32;

/// Bytes of unsealed journal records above which the head of so many streams is sealed early: what the
/// streams send until it is sealed for its age, 30 cells of some 50 bytes each. Fewer bytes would make parts
/// that are costly to compact. More bytes take memory, and replaying them is most of the time of a start
/// after a crash.
#[must_use]
pub const fn journal_bytes_seal(streams: usize) -> usize {
    let bytes = streams.saturating_mul(1_500);
    if bytes < JOURNAL_BYTES_SEAL_MIN {
        JOURNAL_BYTES_SEAL_MIN
    } else if bytes > JOURNAL_BYTES_SEAL_MAX {
        JOURNAL_BYTES_SEAL_MAX
    } else {
        bytes
    }
}

/// The least of [`journal_bytes_seal`]: a few streams with many small pushes.
const JOURNAL_BYTES_SEAL_MIN: usize = 4 << 20;

/// The most of [`journal_bytes_seal`]: some 240,000 cells, replayed in a fifth of a second.
const JOURNAL_BYTES_SEAL_MAX: usize = 12 << 20;

/// Age of the oldest unsealed append at which the head is sealed, in ms, even if it is small.
pub const HEAD_AGE_SEAL_MS: i64 = 5 * 60 * 1000;

/// Blocks of slots that are downsampled in one write: some 70 ms of work and 2 MB of minutes. Sealing waits
/// for it.
pub const DOWNSAMPLE_BLOCKS: usize = 1_000;

/// Bytes of RocksDB's write-ahead log above which column families are flushed so that it can be deleted.
pub const WAL_BYTES_MAX: u64 = 32 << 20;

/// Bytes appended a second up to which the store is idle enough to compact: five times what 4,000 streams
/// send.
pub const IDLE_BYTES_PER_S: u64 = 100 << 10;

/// Uncompacted bytes above which compaction of an idle store is worthwhile.
pub const COMPACT_BYTES_MIN: u64 = 256 << 10;

/// Compaction of an idle store waits until one in so many bytes of the files is uncompacted, so that no
/// byte is rewritten more often than that.
pub const COMPACT_SHARE: u64 = 8;

/// Files of parts as they were sealed, some 9 MB each, from which RocksDB compacts them under load. Every
/// compaction encodes all data of the current hour again. An hour of 40,000 streams fills 24 files and takes
/// 98 CPU-seconds with this limit, 120 with 12 and 132 with the default of 4.
pub const UNCOMPACTED_FILES: i32 = 24;

/// Such files from which writes are slowed down, because compaction does not keep up.
pub const UNCOMPACTED_FILES_SLOW: i32 = 2 * UNCOMPACTED_FILES;

/// Such files from which writes wait for compaction.
pub const UNCOMPACTED_FILES_MAX: i32 = 3 * UNCOMPACTED_FILES;

/// Bytes that RocksDB keeps in memory: blocks of files with their indexes and filters, and what is
/// written but not flushed yet.
pub const BLOCK_CACHE_BYTES_MAX: usize = 40 << 20;

/// Bytes of them that are written but not flushed yet, over all column families.
pub const WRITE_BUFFER_BYTES_MAX: usize = 24 << 20;

/// Bytes of appends that may wait for the reader of a feed: seconds of the heaviest load. A reader that is
/// further behind is faster when it subscribes again and reads what is stored.
pub const FEED_BYTES_MAX: usize = 64 << 20;

/// Exemplars of a slot that are kept of each failure class, and of slow events: as many as a notification
/// shows.
pub const EXEMPLARS_PER_SLOT_MAX: usize = 3;

/// Bytes of an id of an exemplar. A longer one is left out; a UUID has 36.
pub const EXEMPLAR_ID_BYTES_MAX: usize = LABEL_BYTES_MAX;

/// Bytes of the exemplars of a slot when decoded: all of them, each with its ids and a few numbers.
pub const EXEMPLARS_BYTES_MAX: usize = 4 << 10;

/// How long exemplars of slow events are kept, in ms; those of failed events are kept as long as slots. Every
/// slot of a healthy partner that sends ids has slow ones, at some 15 times the bytes of its cell.
pub const EXEMPLAR_SLOW_KEPT_MS: i64 = 24 * 60 * 60 * 1000;

/// Slots whose exemplars one query reads: a fifth of a second.
pub const EXEMPLAR_ROWS_MAX: usize = 100_000;

/// Exemplars that one query may return.
pub const EXEMPLARS_LIMIT_MAX: usize = 100;

/// How far ahead of the clock an item may be, in ms: connectors' clocks differ.
pub const AHEAD_MS_MAX: i64 = 5 * 60 * 1000;

/// Longest step of a summary, in ms.
pub const STEP_MS_MAX: i64 = 60 * 60 * 1000;

/// Most slots of a step: an hour of the shortest slots.
pub(crate) const STEP_SLOTS_MAX: u32 = 3_600;

/// Largest count of one item: of an outcome class, or of a bucket. A million million in an hour is a
/// mistake, and sums of smaller counts stay far below 64 bits.
pub const COUNT_MAX: u64 = 1 << 40;

/// Longest duration a histogram takes, in seconds (34 years): a longer one is a unit mistake.
pub const DURATION_S_MAX: f64 = (1_u64 << 30) as f64;

const _: () = assert!(
    head_bytes_seal(MEMORY_BYTES_MIN) < head_bytes_max(MEMORY_BYTES_MIN),
    "sealing must start before appends get errors"
);
const _: () = assert!(WRITE_BUFFER_BYTES_MAX < BLOCK_CACHE_BYTES_MAX, "blocks need room too");
const _: () = assert!(
    EXEMPLARS_PER_SLOT_MAX * (3 * EXEMPLAR_ID_BYTES_MAX + 32) < EXEMPLARS_BYTES_MAX,
    "the exemplars of a slot must be readable"
);
const _: () = assert!(GROUP_BYTES_MAX <= RECORD_BYTES_MAX, "one record must fit a group");

/// Bytes that are written to find out whether the disk works again: about what opening a database writes.
pub(crate) const PROBE_BYTES: usize = 1 << 20;

/// Files that are opened at once for the same purpose.
pub(crate) const PROBE_FILES: usize = 64;
