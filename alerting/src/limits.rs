//! The bounds that several rooms of this crate share, each with its reason. A bound with one user is
//! declared beside it.

/// Cells of future slots that the engine keeps until those slots are evaluated; further ones are dropped.
/// A clock that is ahead sends some, and a broken clock must not fill the memory.
pub const AHEAD_CELLS_MAX: usize = 1_000_000;

/// Groups of one rule that are evaluated. More groups mean a label with runaway values, and evaluating
/// all of them would starve every other rule.
pub const GROUPS_PER_RULE_MAX: usize = 10_000;

/// Groups beyond that limit that are remembered by rule, so that they can be named: some 2 MB.
pub const GROUPS_LEFT_OUT_MAX: usize = 100_000;

/// Concurrent sends to one receiver, each for another alert.
pub const SENDS_IN_FLIGHT_MAX: usize = 8;

/// One send, from connect to the last byte of the answer, in milliseconds.
pub const SEND_TIMEOUT_MS: u64 = 10_000;

/// Longest `Retry-After` that is honoured, in milliseconds. A receiver that asks for more is tried hourly,
/// because a wrong header must not lose a notification.
pub const RETRY_AFTER_MS_MAX: i64 = 3_600_000;

/// Waits between attempts, in milliseconds; the last one repeats.
pub const BACKOFF_MS: [i64; 8] = [1_000, 5_000, 15_000, 30_000, 60_000, 120_000, 240_000, 300_000];

/// Failures in a row after which a receiver is only probed.
pub const BREAKER_FAILURES: u32 = 5;

/// Wait before the first probe, in milliseconds; it doubles with each that fails.
pub const BREAKER_WAIT_MS: i64 = 15_000;

/// Most deliveries whose outcomes are recorded in one commit.
pub const OUTCOMES_PER_COMMIT_MAX: usize = 500;

/// A delivery lane reads the outbox at least this often, in milliseconds, even when it is not woken.
pub const LANE_POLL_MS: i64 = 1_000;

/// How often open alerts are repeated to receivers that end or forget them otherwise, in milliseconds; as
/// Prometheus does.
pub const REPEAT_MS: i64 = 60_000;

/// A notification that is sent later than this after its alert fired shows the delay, in milliseconds.
pub const LATE_PAGE_MS: i64 = 120_000;

/// Most rows that one listing call returns.
pub const LIST_ROWS_MAX: usize = 10_000;

/// Most bytes that a message template may write.
pub const MESSAGE_BYTES_MAX: usize = 64 << 10;

const _: () = assert!(SENDS_IN_FLIGHT_MAX > 0);
