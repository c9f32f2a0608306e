//! Every bound of the storage engine, in one place, each with its reason.

/// Bytes of a label value or stream name. Long enough for any partner or operation name, short
/// enough that a million streams stay in memory.
pub const LABEL_BYTES_MAX: usize = 128;

/// Bytes of a pattern for label values, as given.
pub const PATTERN_BYTES_MAX: usize = 1_024;

/// Bytes of a compiled pattern: a question must not take the server's memory.
pub const PATTERN_PROGRAM_BYTES_MAX: usize = 256 << 10;

/// Damaged blocks that are remembered by name. With more of them a backup is the better answer.
pub const DAMAGED_MAX: usize = 100;

/// Bytes that a restore copies at a time.
pub const COPY_BYTES: usize = 1 << 20;

/// Streams in one database. The catalog and its index live in memory.
pub const STREAMS_MAX: usize = 1_000_000;

/// Bytes of an idempotency key, as sent in a header.
pub const IDEMPOTENCY_KEY_BYTES_MAX: usize = 255;

/// How long an idempotency key is remembered, in ms. A connector that retries for longer than a
/// day has lost its queue anyway.
pub const IDEMPOTENCY_KEPT_MS: i64 = 24 * 60 * 60 * 1000;

/// Requests that may wait for the journal. Past it a push is told to come back.
pub const APPEND_QUEUE_MAX: usize = 4_096;

/// Requests that share one journal write, so that one group cannot delay the next without bound.
pub const GROUP_REQUESTS_MAX: usize = 1_024;

/// Encoded bytes that share one journal write, for the same reason.
pub const GROUP_BYTES_MAX: usize = 16 << 20;

/// Bytes of one journal record; a larger batch is refused before it is written.
pub const RECORD_BYTES_MAX: usize = 256 << 20;

/// Memory for cells unless the options say otherwise, in bytes. Divided by [`head_bytes_seal`],
/// [`head_bytes_max`] and [`resident_bytes_max`].
pub const MEMORY_BYTES_DEFAULT: usize = 256 << 20;

/// The least memory for cells, in bytes: below it the head would be sealed all the time.
pub const MEMORY_BYTES_MIN: usize = 32 << 20;

/// Memory of the head above which it is sealed early, in bytes, of a budget.
#[must_use]
pub const fn head_bytes_seal(memory_bytes: usize) -> usize {
    memory_bytes / 4
}

/// Memory of the head above which appends are refused until sealing has caught up, in bytes, of a
/// budget.
#[must_use]
pub const fn head_bytes_max(memory_bytes: usize) -> usize {
    memory_bytes / 4 * 3
}

/// Memory of sealed cells that stay readable without a block, in bytes, encoded: a quarter of a budget, or
/// what so many streams need for the newest hour and a half, up to `cache_growth_bytes_max`.
#[must_use]
pub fn resident_bytes_max(
    memory_bytes: usize,
    streams: usize,
    cache_growth_bytes_max: usize,
) -> usize {
    let needed = streams.saturating_mul(RESIDENT_BYTES_PER_STREAM);
    (memory_bytes / 4).max(needed.min(cache_growth_bytes_max))
}

/// So that 4,000 streams fill a quarter of the default budget, at some 30 bytes a cell.
const RESIDENT_BYTES_PER_STREAM: usize = 16 << 10;

/// How far back from the newest sealed data memory is filled after a start, in ms, when it has room for
/// so much: what dashboards look at.
pub const WARM_MS: i64 = 60 * 60 * 1000;

/// Time that a chunk of it covers at the most, in ms: a chunk is evicted at once.
pub const WARM_CHUNK_MS: i64 = 10 * 60 * 1000;

/// Cells of a chunk, unless a minute has more: some 16 MB.
pub const WARM_CHUNK_CELLS: u32 = 480_000;

/// How often filling is tried, each time after something was sealed meanwhile with half of the time at once: 40,000
/// streams take 13 seconds for an hour, and are sealed every minute.
pub const WARM_TRIES_MAX: u32 = 32;

/// Bytes of unsealed journal records above which the head of so many streams is sealed early: what the
/// streams bring until it is sealed for its age, 30 cells of some 50 bytes each. Fewer would make parts
/// that are costly to fold; more take memory, and replaying them is most of the time to start again
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

/// The most of [`journal_bytes_seal`]: some 240,000 cells are replayed in a fifth of a second.
const JOURNAL_BYTES_SEAL_MAX: usize = 12 << 20;

/// Age of the oldest unsealed append at which the head is sealed, in ms, however little there is.
pub const HEAD_AGE_SEAL_MS: i64 = 5 * 60 * 1000;

/// Blocks of slots that age in one write: some 70 ms of work and 2 MB of minutes. Sealing waits for it.
pub const AGEING_BLOCKS: usize = 1_000;

/// Bytes of RocksDB write-ahead log kept before column families are flushed to let it go.
pub const WAL_BYTES_MAX: u64 = 32 << 20;

/// Bytes appended a second up to which the store has time to tidy up: five times what 4,000 streams
/// bring.
pub const QUIET_BYTES_PER_S: u64 = 100 << 10;

/// Bytes that are not folded from which tidying up pays.
pub const TIDY_BYTES_MIN: u64 = 256 << 10;

/// Tidying up waits until what is not folded is this share of the files, so that nothing is written
/// more than so many times for it.
pub const TIDY_SHARE: u64 = 8;

/// Files of parts as they were sealed, some 9 MB each, from which RocksDB folds them under load. Every time, all of
/// an hour that has come by then is encoded anew: an hour of 40,000 streams fills 24 of them, and takes 98
/// CPU-seconds then, 120 with 12 and 132 with the default of 4.
pub const UNFOLDED_FILES: i32 = 24;

/// Such files from which writes are slowed down, because folding does not keep up.
pub const UNFOLDED_FILES_SLOW: i32 = 2 * UNFOLDED_FILES;

/// Such files from which writes wait for folding.
pub const UNFOLDED_FILES_MAX: i32 = 3 * UNFOLDED_FILES;

/// Bytes that RocksDB keeps in memory: blocks of files with their indexes and filters, and what is
/// written but not flushed yet.
pub const CACHE_BYTES_MAX: usize = 40 << 20;

/// Bytes of them that are written but not flushed yet, over all column families.
pub const WRITE_BUFFER_BYTES_MAX: usize = 24 << 20;

/// Bytes of appends that may wait for the reader of a feed. Seconds of the heaviest load; whoever is
/// further behind is faster when it starts over from what is stored.
pub const FEED_BYTES_MAX: usize = 64 << 20;

/// Events of a slot that are kept of each failure class, and for being slow: as many as a page shows.
pub const EXEMPLARS_PER_SLOT_MAX: usize = 3;

/// Bytes of an id that an event is kept with. A longer one is left out; a UUID has 36.
pub const EXEMPLAR_ID_BYTES_MAX: usize = LABEL_BYTES_MAX;

/// Bytes of the exemplars of a slot when decoded: as many as fit, each with its ids and a few numbers.
pub const EXEMPLARS_BYTES_MAX: usize = 4 << 10;

/// How long slow events are kept, in ms; failed ones stay as long as slots do. Of a healthy partner that
/// sends ids, every slot has slow ones, at some 15 times what its cell takes.
pub const EXEMPLAR_SLOW_KEPT_MS: i64 = 24 * 60 * 60 * 1000;

/// Slots whose exemplars one question looks at: a fifth of a second.
pub const EXEMPLAR_ROWS_MAX: usize = 100_000;

/// Exemplars that one question may ask for.
pub const EXEMPLARS_LIMIT_MAX: usize = 100;

/// Longest step of a summary, in ms.
pub const STEP_MS_MAX: i64 = 60 * 60 * 1000;

/// Largest count of one item: of an outcome class, or of a bucket. A million million in an hour is a
/// mistake, and sums of what is below do not come near the end of 64 bits.
pub const COUNT_MAX: u64 = 1 << 40;

/// Longest duration a histogram takes, in seconds (34 years): beyond it is a unit mistake.
pub const DURATION_S_MAX: f64 = (1_u64 << 30) as f64;

const _: () = assert!(
    head_bytes_seal(MEMORY_BYTES_MIN) < head_bytes_max(MEMORY_BYTES_MIN),
    "sealing must start before refusing"
);
const _: () = assert!(WRITE_BUFFER_BYTES_MAX < CACHE_BYTES_MAX, "blocks need a place too");
const _: () = assert!(
    EXEMPLARS_PER_SLOT_MAX * (3 * EXEMPLAR_ID_BYTES_MAX + 32) < EXEMPLARS_BYTES_MAX,
    "what is kept of a slot must be readable"
);
const _: () = assert!(GROUP_BYTES_MAX <= RECORD_BYTES_MAX, "one record must fit a group");

#[cfg(test)]
mod tests;
