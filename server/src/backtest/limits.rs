//! Every bound of a replay, each with its reason.

use std::time::Duration;

/// Arrivals passed from the reading thread to the evaluating threads at a time: enough that passing them
/// costs nothing, few enough to stay in the CPU cache.
pub(crate) const CHUNK_ARRIVALS_MAX: usize = 1_024;

/// Chunks that may wait for an evaluating thread.
pub(crate) const CHUNKS_WAITING_MAX: usize = 8;

/// Arrivals of a recording that wait to be put in order: some 60 MB, and more lines than a busy server takes
/// while a connector sends what it could not send before.
pub(crate) const WAITING_ARRIVALS_MAX: usize = 100_000;

/// Batch ids that are remembered. A server remembers them for a day without such a limit; beyond it the
/// oldest are dropped first.
pub(crate) const BATCHES_MAX: usize = 4_000_000;

/// Broken lines that are shown; the others are counted.
pub(crate) const BROKEN_LINES_SHOWN_MAX: usize = 10;

/// Stored cells that are read at a time: an hour of 1,400 streams by slots of 10 s.
pub(crate) const CELLS_AT_ONCE_MAX: usize = 500_000;

/// Backtests that may wait while a server runs one.
pub(crate) const JOBS_WAITING_MAX: usize = 8;

/// Backtests that a server keeps; with their results that is at most some 100 MB.
pub(crate) const JOBS_KEPT_MAX: usize = 16;

/// Alerts in the result of a backtest: each takes about half a KiB.
pub(crate) const JOB_ALERTS_MAX: usize = 10_000;

/// How long a backtest may take on a server: enough for two years of forty partners.
pub(crate) const JOB_TIME_MAX: Duration = Duration::from_secs(600);

/// The longest pause of a backtest on a server between two chunks.
pub(crate) const JOB_REST: Duration = Duration::from_millis(50);

/// How long a request may wait for the end of a backtest.
pub(crate) const JOB_WAIT_MAX: Duration = Duration::from_secs(30);

/// Bytes of a request for a backtest: a rules file and a list of incidents.
pub(crate) const JOB_BODY_BYTES_MAX: usize = 2 << 20;

/// Variants of a rule that are evaluated together: each has its own windows in memory.
pub(crate) const VARIANTS_MAX: usize = 64;

/// Charts of an HTML report; further alerts are only in its table.
pub(crate) const CHARTS_MAX: usize = 60;

/// Points of a chart: about as many as it has pixels across.
pub(crate) const CHART_BUCKETS_MAX: u32 = 360;

/// How much of a signal is shown before an alert is pending and after it has resolved, in ms.
pub(crate) const CHART_MARGIN_MS: i64 = 45 * 60_000;

/// Alerts of a drill whose notifications are made.
pub(crate) const DRILL_ALERTS_MAX: usize = 10;
