//! The log of the process, on stderr.
//!
//! A thread of its own writes the lines. Nobody waits for it: a pipe that nobody reads, a full disk or a
//! closed terminal costs lines of the log, which are counted, and never the work that is logged.

use std::io::{self, Write};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::mpsc::{Receiver, SyncSender, TrySendError, sync_channel};
use std::sync::{Arc, OnceLock};
use std::thread;
use std::time::{Duration, Instant};

use tracing_subscriber::fmt::MakeWriter;

/// Lines that wait to be written; more are dropped.
const LINES_MAX: usize = 4_096;
/// How long the end of the process waits for lines to be written.
const FLUSH_WAIT: Duration = Duration::from_millis(500);
/// How often a full queue is tried while the process ends.
const TRY_EVERY: Duration = Duration::from_millis(10);

/// The format of the log.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum LogFormat {
    /// One line for people.
    Text,
    /// One JSON object a line.
    Json,
}

/// Starts logging to stderr. `level` is a level or a filter such as `info,plimsoll=debug`.
///
/// # Errors
/// `level` is neither, logging has started already, or its thread cannot be started.
pub(crate) fn start_logs(format: LogFormat, level: &str) -> Result<LogGuard, String> {
    let filter = tracing_subscriber::EnvFilter::try_new(level)
        .map_err(|error| format!("log_level {level:?} is no level or filter: {error}"))?;
    let lines =
        LogLines::start(io::stderr()).map_err(|error| format!("logging cannot start: {error}"))?;
    let logs = tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_writer(lines.clone())
        .with_ansi(io::IsTerminal::is_terminal(&io::stderr()));
    match format {
        LogFormat::Text => logs.try_init(),
        LogFormat::Json => logs.json().flatten_event(true).try_init(),
    }
    .map_err(|error| format!("logging cannot start: {error}"))?;
    Ok(LogGuard(LINES.get_or_init(|| lines)))
}

/// How many lines of the log were lost since the start.
pub(crate) fn lost_lines() -> u64 {
    LINES.get().map_or(0, |lines| lines.lost.load(Ordering::Relaxed))
}

/// The lines of this process.
static LINES: OnceLock<LogLines> = OnceLock::new();

/// Waits for the lines that are still to be written, when it is dropped.
#[derive(Debug)]
pub(crate) struct LogGuard(&'static LogLines);

impl Drop for LogGuard {
    fn drop(&mut self) {
        LogLines::flush(self.0);
    }
}

enum Message {
    Line(Vec<u8>),
    /// Everything before it has been written when the sender is dropped.
    Flush(SyncSender<()>),
}

/// The lines of the log on their way to the thread that writes them.
#[derive(Debug, Clone)]
pub(crate) struct LogLines {
    queue: SyncSender<Message>,
    /// Lines that were dropped or could not be written.
    lost: Arc<AtomicU64>,
}

impl LogLines {
    /// Starts the thread that writes to `target`.
    fn start(target: impl Write + Send + 'static) -> io::Result<Self> {
        let (queue, lines) = sync_channel(LINES_MAX);
        let lost = Arc::new(AtomicU64::new(0));
        let counted = Arc::clone(&lost);
        thread::Builder::new()
            .name("log".to_owned())
            .spawn(move || write_lines(&lines, target, &counted))?;
        Ok(Self { queue, lost })
    }

    /// Waits until the lines are written, but not for long.
    fn flush(&self) {
        let until = Instant::now() + FLUSH_WAIT;
        let (done, written) = sync_channel(1);
        let mut message = Message::Flush(done);
        while let Err(TrySendError::Full(unsent)) = self.queue.try_send(message) {
            if Instant::now() >= until {
                return;
            }
            message = unsent;
            thread::sleep(TRY_EVERY);
        }
        // Either the lines are written or the time is over.
        let _ = written.recv_timeout(until.saturating_duration_since(Instant::now()));
    }
}

fn write_lines(lines: &Receiver<Message>, mut target: impl Write, lost: &AtomicU64) {
    let mut said = 0;
    while let Ok(message) = lines.recv() {
        let line = match message {
            Message::Line(line) => line,
            Message::Flush(done) => {
                drop(done);
                continue;
            }
        };
        let missing = lost.load(Ordering::Relaxed);
        if missing > said {
            let note = format!("{} lines of the log are missing here\n", missing - said);
            if target.write_all(note.as_bytes()).is_ok() {
                said = missing;
            }
        }
        if target.write_all(&line).and_then(|()| target.flush()).is_err() {
            lost.fetch_add(1, Ordering::Relaxed);
        }
    }
}

/// Writes one event as one line.
impl Write for LogLines {
    fn write(&mut self, line: &[u8]) -> io::Result<usize> {
        if self.queue.try_send(Message::Line(line.to_vec())).is_err() {
            self.lost.fetch_add(1, Ordering::Relaxed);
        }
        // An error would be written to stderr, which panics when that fails.
        Ok(line.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl<'w> MakeWriter<'w> for LogLines {
    type Writer = Self;

    fn make_writer(&'w self) -> Self {
        self.clone()
    }
}

#[cfg(test)]
mod tests;
