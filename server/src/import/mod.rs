//! Import of access logs: reads lines and returns observations in chunks.
//!
//! [`import_lines`] passes them to a function, and knows neither the store nor HTTP. [`access_log`] parses a
//! line, [`route`] and [`mapping`] find its labels, [`input`] opens the file, [`progress`] and [`summary`]
//! report to the user.

mod access_log;
mod input;
mod log_time;
mod mapping;
mod progress;
mod reason;
mod route;
mod summary;

use std::io;

pub(crate) use input::{Input, InputLine};
pub(crate) use progress::Progress;
pub(crate) use route::{LabelSource, LabelSources, Routes};
pub(crate) use summary::ImportSummary;

use access_log::AccessLine;
use reason::UnreadableReason;

/// Observations in a chunk: enough to share one fsync, few enough to hold in memory.
pub(crate) const CHUNK_LEN: usize = 5_000;

/// One request of a log.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Observation {
    /// The partner.
    pub(crate) partner: String,
    /// The operation, if the route names one.
    pub(crate) operation: Option<String>,
    /// The environment, if the route names one.
    pub(crate) environment: Option<String>,
    /// The site, if the route names one.
    pub(crate) site: Option<String>,
    /// When it was logged, in milliseconds since 1970 UTC.
    pub(crate) at_ms: i64,
    /// The HTTP status, 100 to 599.
    pub(crate) status: u16,
    /// How long it took, if the log has it.
    pub(crate) latency_us: Option<u64>,
    /// Its correlation id, if the log has it.
    pub(crate) correlation_id: Option<String>,
}

impl Observation {
    /// Parses a line and finds its labels.
    ///
    /// # Errors
    /// The line cannot be parsed, or has no partner.
    pub(crate) fn from_line(line: &[u8], routes: &Routes) -> Result<Self, UnreadableReason> {
        let line = AccessLine::parse(line)?;
        let labels = routes.labels(line.path)?;
        Ok(Self {
            partner: labels.partner.into_owned(),
            operation: labels.operation.map(Into::into),
            environment: labels.environment.map(Into::into),
            site: labels.site.map(Into::into),
            at_ms: line.at_ms,
            status: line.status,
            latency_us: line.request_time_us,
            correlation_id: line.correlation_id.map(Into::into),
        })
    }
}

/// Why an import stopped. Earlier chunks stay imported.
#[derive(Debug, thiserror::Error)]
pub(crate) enum ImportError<E> {
    /// The log could not be read to its end.
    #[error("the log could not be read after line {line_number}: {source}")]
    Read {
        /// The last line that was read, from 1.
        line_number: u64,
        /// The system's error.
        source: io::Error,
    },
    /// A chunk was not written.
    #[error("{0}")]
    Write(E),
}

/// Reads a log to its end and passes its observations to `write`, [`CHUNK_LEN`] at a time.
///
/// # Errors
/// The log cannot be read to its end, or `write` fails. An unreadable line is not an error: it is counted.
pub(crate) fn import_lines<E>(
    mut input: Input,
    routes: &Routes,
    progress: &Progress,
    mut write: impl FnMut(&[Observation]) -> Result<(), E>,
) -> Result<ImportSummary, ImportError<E>> {
    let mut summary = ImportSummary::default();
    let mut chunk = Vec::with_capacity(CHUNK_LEN);
    let mut line_number = 0;
    loop {
        let line = input.next_line().map_err(|source| ImportError::Read { line_number, source });
        let Some(line) = line? else { break };
        line_number += 1;
        match read_line(&line, routes) {
            None => continue,
            Some(Ok(observation)) => {
                summary.count_imported(observation.at_ms);
                chunk.push(observation);
            }
            Some(Err(reason)) => summary.count_unreadable(reason, line_number),
        }
        summary.lines += 1;
        if chunk.len() == CHUNK_LEN {
            write(&chunk).map_err(ImportError::Write)?;
            chunk.clear();
            progress.update(input.bytes_read(), summary.lines);
        }
    }
    if !chunk.is_empty() {
        write(&chunk).map_err(ImportError::Write)?;
    }
    progress.finish();
    summary.bytes = input.bytes_read();
    Ok(summary)
}

/// `None` for an empty line: editors and log rotation leave them.
fn read_line(
    line: &InputLine<'_>,
    routes: &Routes,
) -> Option<Result<Observation, UnreadableReason>> {
    match line {
        InputLine::TooLong => Some(Err(UnreadableReason::TooLong)),
        InputLine::Whole(bytes) if bytes.trim_ascii().is_empty() => None,
        InputLine::Whole(bytes) => Some(Observation::from_line(bytes, routes)),
    }
}

#[cfg(test)]
mod tests;
