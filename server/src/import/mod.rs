//! Import of access logs: lines in, observations out, in chunks.
//!
//! This part knows neither the store nor HTTP: [`import_lines`] hands what it reads to a function.
//! [`access_log`] reads a line, [`route`] and [`mapping`] say whose request it was, [`input`] opens the
//! file, [`progress`] and [`summary`] tell the person who waits.

mod access_log;
mod input;
mod log_time;
mod mapping;
mod progress;
mod reason;
mod route;
mod summary;

use std::io;

pub(crate) use input::{Input, Line};
pub(crate) use progress::Progress;
pub(crate) use route::{LabelSource, LabelSources, Routes};
pub(crate) use summary::Summary;

use access_log::AccessLine;
use reason::Reason;

/// Observations handed on at a time: big enough to share one fsync, small enough to hold in memory.
pub(crate) const CHUNK_LEN: usize = 5_000;

/// One request that a log tells of.
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
    /// How long it took, if the log says.
    pub(crate) latency_us: Option<u64>,
    /// Its correlation id, if the log says.
    pub(crate) correlation_id: Option<String>,
}

impl Observation {
    /// Reads a line and finds where it belongs.
    ///
    /// # Errors
    /// The line cannot be read, or names no partner.
    pub(crate) fn from_line(line: &[u8], routes: &Routes) -> Result<Self, Reason> {
        let line = AccessLine::parse(line)?;
        let place = routes.place(line.path)?;
        Ok(Self {
            partner: place.partner.into_owned(),
            operation: place.operation.map(Into::into),
            environment: place.environment.map(Into::into),
            site: place.site.map(Into::into),
            at_ms: line.at_ms,
            status: line.status,
            latency_us: line.request_time_us,
            correlation_id: line.correlation_id.map(Into::into),
        })
    }
}

/// Why an import stopped. What was handed on before stays imported.
#[derive(Debug, thiserror::Error)]
pub(crate) enum ImportError<E> {
    /// The log could not be read on.
    #[error("the log could not be read after line {line_number}: {source}")]
    Read {
        /// The last line that was read, from 1.
        line_number: u64,
        /// What the system says.
        source: io::Error,
    },
    /// A chunk was not taken.
    #[error("{0}")]
    Take(E),
}

/// Reads a log to its end and hands its observations to `take`, [`CHUNK_LEN`] at a time.
///
/// # Errors
/// The log cannot be read on, or `take` refuses a chunk. An unreadable line is no error: it is counted.
pub(crate) fn import_lines<E>(
    mut input: Input,
    routes: &Routes,
    progress: &Progress,
    mut take: impl FnMut(&[Observation]) -> Result<(), E>,
) -> Result<Summary, ImportError<E>> {
    let mut summary = Summary::default();
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
            take(&chunk).map_err(ImportError::Take)?;
            chunk.clear();
            progress.update(input.bytes_read(), summary.lines);
        }
    }
    if !chunk.is_empty() {
        take(&chunk).map_err(ImportError::Take)?;
    }
    progress.finish();
    summary.bytes = input.bytes_read();
    Ok(summary)
}

/// Nothing for an empty line: editors and log rotation leave them behind.
fn read_line(line: &Line<'_>, routes: &Routes) -> Option<Result<Observation, Reason>> {
    match line {
        Line::TooLong => Some(Err(Reason::TooLong)),
        Line::Whole(bytes) if bytes.trim_ascii().is_empty() => None,
        Line::Whole(bytes) => Some(Observation::from_line(bytes, routes)),
    }
}

#[cfg(test)]
mod tests;
