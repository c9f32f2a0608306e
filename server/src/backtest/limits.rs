//! Every bound of a replay, each with its reason.

use std::time::Duration;

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

/// Backtests that may wait for the one a server runs.
pub(crate) const JOBS_WAITING_MAX: usize = 8;

/// Backtests a server remembers; with their results that is some 100 MB at the most.
pub(crate) const JOBS_KEPT_MAX: usize = 16;

/// Alerts in the result of one: each takes about half a KiB.
pub(crate) const JOB_ALERTS_MAX: usize = 10_000;

/// How long one may take on a server. Two years of forty partners fit in.
pub(crate) const JOB_TIME_MAX: Duration = Duration::from_secs(600);

/// The longest rest of a backtest on a server between two chunks.
pub(crate) const JOB_REST: Duration = Duration::from_millis(50);

/// How long a request may wait for a backtest to be over.
pub(crate) const JOB_WAIT_MAX: Duration = Duration::from_secs(30);

/// Body of a request for a backtest: a rules file and a list of incidents.
pub(crate) const JOB_BODY_BYTES_MAX: usize = 2 << 20;

/// Variants of a rule that are judged side by side: each has windows of its own in memory.
pub(crate) const VARIANTS_MAX: usize = 64;

/// Charts of a report; further alerts are in its table only.
pub(crate) const CHARTS_MAX: usize = 60;

/// Points of a chart: about as many as it has pixels across.
pub(crate) const CHART_BUCKETS_MAX: u32 = 360;

/// How much of a signal is shown before an alert pends and after it has ended, in ms.
pub(crate) const CHART_MARGIN_MS: i64 = 45 * 60_000;
