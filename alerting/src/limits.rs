//! The bounds that several rooms of this crate share, each with its reason. A bound with one user is
//! declared beside it.

/// Cells of future slots that the engine keeps until those slots are evaluated; further ones are dropped.
/// A clock that is ahead sends some, and a broken clock must not fill the memory.
pub const AHEAD_CELLS_MAX: usize = 1_000_000;

/// Groups of one rule that are evaluated. More groups mean a label with runaway values, and evaluating
/// all of them would starve every other rule.
pub const GROUPS_PER_RULE_MAX: usize = 10_000;

/// Sends under way at once to one receiver, each for another alert.
pub const SENDS_IN_FLIGHT_MAX: usize = 8;

/// One send, from connect to the last byte of the answer, in milliseconds.
pub const SEND_TIMEOUT_MS: u64 = 10_000;

/// Longest `Retry-After` that is honoured, in milliseconds. A receiver that asks for more is tried
/// hourly, because a page must not be lost to a wrong header.
pub const RETRY_AFTER_MS_MAX: i64 = 3_600_000;

/// Waits between attempts, in milliseconds; the last one repeats.
pub const BACKOFF_MS: [i64; 8] = [1_000, 5_000, 15_000, 30_000, 60_000, 120_000, 240_000, 300_000];

/// Failures in a row after which a receiver is only probed.
pub const BREAKER_FAILURES: u32 = 5;

/// Wait before the first probe, in milliseconds; it doubles with each that fails.
pub const BREAKER_WAIT_MS: i64 = 15_000;

/// Deliveries whose outcomes are recorded in one commit at most.
pub const SETTLED_PER_COMMIT_MAX: usize = 500;

/// A delivery lane looks at the outbox at least this often, in milliseconds, even when nothing woke it.
pub const LANE_POLL_MS: i64 = 1_000;

/// A page that leaves later than this after its alert fired says by how much.
pub const LATE_PAGE_MS: i64 = 120_000;

/// Rows that one listing call returns at most.
pub const LIST_ROWS_MAX: usize = 10_000;

/// Bytes that a template of messages may write.
pub const MESSAGE_BYTES_MAX: usize = 64 << 10;

const _: () = assert!(SENDS_IN_FLIGHT_MAX > 0);
