//! Import of access logs: reads lines and returns observations.
//!
//! [`survey()`] reads the first lines for the [`layout`], and the whole log for the [`partners`] that its
//! paths name. [`import_lines`] reads it again and passes its observations to a function; it knows neither
//! the store nor HTTP. [`route`] and [`mapping`] find the labels of a line, [`input`] opens the file,
//! [`progress`] and [`summary`] report to the user.

mod input;
mod layout;
mod log_time;
mod mapping;
mod partners;
mod progress;
mod reason;
mod route;
mod summary;

use std::io;

pub(crate) use input::{Input, InputLine};
pub(crate) use layout::{LatencyField, Layout};
pub(crate) use partners::{ListedPartners, PathPartners};
pub(crate) use progress::Progress;
pub(crate) use route::{LabelSource, LabelSources, Routes};
pub(crate) use summary::ImportSummary;

use layout::{LogLine, SAMPLE_LINES};
use partners::Survey;
use reason::UnreadableReason;

/// How often the progress is shown, in lines.
const PROGRESS_LINES: u64 = 5_000;

/// One request of a log.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Observation {
    /// The number of its line, from 1.
    pub(crate) line_number: u64,
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

/// How a log is read.
#[derive(Debug, Clone)]
pub(crate) struct Reading<'a> {
    /// How its lines are written.
    pub(crate) layout: &'a Layout,
    /// Where the labels of a line come from.
    pub(crate) routes: &'a Routes,
    /// Which names in paths are partners.
    pub(crate) partners: &'a PathPartners,
}

impl Reading<'_> {
    /// Parses a line and finds its labels. `other_name` is called with a name that is no partner.
    ///
    /// # Errors
    /// The line cannot be parsed, or has no partner.
    pub(crate) fn observe(
        &self,
        line_number: u64,
        line: &[u8],
        mut other_name: impl FnMut(&str),
    ) -> Result<Observation, UnreadableReason> {
        let line = self.layout.parse(line)?;
        let labels = self.routes.labels(&line.path)?;
        if labels.is_of_path && !self.partners.has(&labels.partner) {
            other_name(&labels.partner);
            return Err(UnreadableReason::NotAPartner);
        }
        Ok(Observation {
            line_number,
            partner: labels.partner.into_owned(),
            operation: labels.operation.map(Into::into),
            environment: labels.environment.map(Into::into),
            site: labels.site.map(Into::into),
            at_ms: line.at_ms,
            status: line.status,
            latency_us: line.latency_us,
            correlation_id: line.correlation_id.map(Into::into),
        })
    }
}

/// Reads the first lines for the layout; `latency` is the field that the user named.
///
/// # Errors
/// The layout has its latency at a fixed place, or no line of the log has that field.
pub(crate) fn detect_layout(
    mut input: Input,
    latency: Option<&LatencyField>,
) -> Result<Layout, String> {
    let mut samples: Vec<Vec<u8>> = Vec::new();
    // What follows a cut is reported by the import.
    while samples.len() < SAMPLE_LINES
        && let Ok(Some(line)) = input.next_line()
    {
        if let InputLine::Whole(bytes) | InputLine::NoEnd(bytes) = line
            && !bytes.trim_ascii().is_empty()
        {
            samples.push(bytes.to_vec());
        }
    }
    let samples: Vec<&[u8]> = samples.iter().map(Vec::as_slice).collect();
    let layout = Layout::detect(&samples, latency)?;
    let parsed: Vec<LogLine<'_>> =
        samples.iter().filter_map(|line| layout.parse(line).ok()).collect();
    let has_latency = parsed.iter().any(|line| line.latency_us.is_some());
    match latency {
        Some(field) if !parsed.is_empty() && !has_latency && !any_latency(input, &layout) => {
            Err(format!("--latency: no line of this log has a latency there: {field}"))
        }
        _ => Ok(layout),
    }
}

/// Whether one of the lines that follow has a latency.
fn any_latency(mut input: Input, layout: &Layout) -> bool {
    while let Ok(Some(line)) = input.next_line() {
        if let InputLine::Whole(bytes) | InputLine::NoEnd(bytes) = line
            && layout.parse(bytes).is_ok_and(|line| line.latency_us.is_some())
        {
            return true;
        }
    }
    false
}

/// Reads the whole log for the partners that its paths name.
///
/// # Errors
/// The paths name too many.
pub(crate) fn survey(
    mut input: Input,
    layout: &Layout,
    routes: &Routes,
) -> Result<PathPartners, String> {
    let mut survey = Survey::default();
    while let Ok(Some(line)) = input.next_line() {
        let (InputLine::Whole(bytes) | InputLine::NoEnd(bytes)) = line else { continue };
        let Ok(line) = layout.parse(bytes) else { continue };
        if let Ok(labels) = routes.labels(&line.path)
            && labels.is_of_path
        {
            survey.note(&labels.partner, line.status)?;
        }
    }
    Ok(survey.partners())
}

/// Reads a log to its end and passes each observation with its line to `write`. A log that cannot be read to
/// its end is read as far as possible; the summary says so.
///
/// # Errors
/// `write` fails. An unreadable line is not an error: it is counted.
pub(crate) fn import_lines<E>(
    mut input: Input,
    reading: &Reading<'_>,
    progress: &Progress,
    mut write: impl FnMut(Observation, &[u8]) -> Result<(), E>,
) -> Result<ImportSummary, E> {
    let mut summary = ImportSummary::default();
    let mut line_number = 0;
    loop {
        let line = match input.next_line() {
            Ok(Some(line)) => line,
            Ok(None) => break,
            Err(error) => {
                summary.cut = Some(cut(line_number, &error));
                break;
            }
        };
        line_number += 1;
        let bytes = match line {
            InputLine::Whole(bytes) | InputLine::NoEnd(bytes) if bytes.trim_ascii().is_empty() => {
                continue;
            }
            InputLine::Whole(bytes) => Ok(bytes),
            InputLine::NoEnd(bytes) if reading.layout.is_whole(bytes) => Ok(bytes),
            InputLine::NoEnd(bytes) => Err((UnreadableReason::NoLineEnd, bytes)),
            InputLine::TooLong => Err((UnreadableReason::TooLong, &[][..])),
        };
        summary.lines += 1;
        let observed = bytes.and_then(|bytes| {
            let observed =
                reading.observe(line_number, bytes, |name| summary.other_names.count(name));
            observed.map(|it| (it, bytes)).map_err(|reason| (reason, bytes))
        });
        match observed {
            Ok((observation, bytes)) => {
                summary.count_imported(&observation);
                write(observation, bytes)?;
            }
            Err((reason, bytes)) => summary.count_unreadable(reason, line_number, bytes),
        }
        if summary.lines.is_multiple_of(PROGRESS_LINES) {
            progress.update(input.bytes_read(), summary.lines);
        }
    }
    progress.finish();
    summary.bytes = input.bytes_read();
    Ok(summary)
}

/// Why a log could not be read to its end.
fn cut(line_number: u64, error: &io::Error) -> String {
    let why = if error.kind() == io::ErrorKind::UnexpectedEof {
        "the compressed file is cut".to_owned()
    } else {
        error.to_string()
    };
    format!("the log could not be read after line {line_number}: {why}")
}

#[cfg(test)]
mod tests;
