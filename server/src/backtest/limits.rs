//! Every bound of a replay, each with its reason.

/// Arrivals that cross from the reading to the judging thread at a time: enough that handing over
/// costs nothing, few enough to stay in the cache.
pub(crate) const CHUNK_ARRIVALS_MAX: usize = 1_024;

/// Chunks that may wait for the judging thread.
pub(crate) const CHUNKS_WAITING_MAX: usize = 8;

/// Batch ids that are remembered. A server remembers them for a day without such a bound; past it
/// the oldest are forgotten first.
pub(crate) const BATCHES_MAX: usize = 4_000_000;

/// Broken lines that are shown; the rest is counted.
pub(crate) const BROKEN_LINES_SHOWN_MAX: usize = 10;

/// Stored cells that are read at a time: an hour of 1,400 streams by slots of 10 s.
pub(crate) const CELLS_AT_ONCE_MAX: usize = 500_000;
