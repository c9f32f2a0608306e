//! Every bound of the storage engine, in one place, each with its reason.

/// Bytes of a label value or stream name. Long enough for any partner or operation name, short
/// enough that a million streams stay in memory.
pub const LABEL_BYTES_MAX: usize = 128;

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

/// Bytes of one block part when decoded: an hour of 1 s slots with full histograms fits tenfold.
pub const BLOCK_BYTES_MAX: usize = 64 << 20;

/// Memory of the head above which it is sealed early, in bytes.
pub const HEAD_BYTES_SEAL: usize = 96 << 20;

/// Memory of the head above which appends are refused until sealing has caught up, in bytes.
pub const HEAD_BYTES_MAX: usize = 384 << 20;

/// Bytes of unsealed journal records above which the head is sealed early. Replaying them is most of
/// the time to start again after a crash: about half a second for this many.
pub const JOURNAL_BYTES_SEAL: usize = 32 << 20;

/// Memory of sealed cells that stay readable without a block, in bytes, encoded. An hour of 4,000
/// streams fits.
pub const RESIDENT_BYTES_MAX: usize = 64 << 20;

/// Age of the oldest unsealed append at which the head is sealed, in ms, however little there is.
pub const HEAD_AGE_SEAL_MS: i64 = 5 * 60 * 1000;

/// Bytes of RocksDB write-ahead log kept before column families are flushed to let it go.
pub const WAL_BYTES_MAX: u64 = 64 << 20;

/// Longest step of a summary, in ms.
pub const STEP_MS_MAX: i64 = 60 * 60 * 1000;

/// Longest duration a histogram takes, in seconds (34 years): beyond it is a unit mistake.
pub const DURATION_S_MAX: f64 = (1_u64 << 30) as f64;

const _: () = assert!(HEAD_BYTES_SEAL < HEAD_BYTES_MAX, "sealing must start before refusing");
const _: () = assert!(GROUP_BYTES_MAX <= RECORD_BYTES_MAX, "one record must fit a group");
