//! Envoy's default access log, and Istio's, which has three more fields after the flags:
//!
//! ```text
//! [2026-04-15T20:17:00.310Z] "POST /api/v1/locations HTTP/2" 204 - 154 0 226 100 "10.0.35.28" "nsq2http"
//!     "cc21d9b0-cf5c-432b-8c7e-98aeb7988cd2" "locations" "tcp://10.0.2.1:80"
//! ```
//!
//! The numbers are bytes received, bytes sent, the duration in ms, and the time of the upstream.

use super::LogLine;
use super::latency::{LatencyField, Unit, parse_latency};
use super::request::{
    parse_id, parse_request, parse_status, parse_time, position, split_quoted, split_word,
};
use crate::import::reason::UnreadableReason;

/// Fields between the status and the numbers, at most.
const FIELDS_BEFORE_MAX: usize = 6;

pub(super) fn latency() -> LatencyField {
    LatencyField::fixed("the duration", Unit::Milliseconds)
}

/// Parses one line.
///
/// # Errors
/// The part of the line that is wrong.
pub(super) fn parse(line: &[u8]) -> Result<LogLine<'_>, UnreadableReason> {
    let other = UnreadableReason::OtherLayout;
    let rest = line.strip_prefix(b"[").ok_or(other)?;
    let close = position(rest, 0, b']').ok_or(other)?;
    let (time, rest) = rest.split_at(close);
    let rest = rest.strip_prefix(b"] ").ok_or(other)?;
    let (request, rest) = split_quoted(rest).ok_or(other)?;
    let (status, rest) = split_word(rest);
    let (duration, rest) = duration(rest).ok_or(other)?;
    let (_upstream, mut rest) = split_word(rest);
    let mut quoted = std::iter::from_fn(|| {
        let (text, after) = split_quoted(rest.trim_ascii_start())?;
        rest = after;
        Some(text)
    });
    let at_ms = parse_time(time).ok_or(UnreadableReason::BadTime)?;
    Ok(LogLine {
        at_ms,
        path: parse_request(request)?.into(),
        status: parse_status(status)?,
        latency_us: parse_latency(duration, Unit::Milliseconds),
        correlation_id: quoted.nth(2).and_then(parse_id).map(Into::into),
    })
}

/// The third of three whole numbers, and what follows it.
fn duration(mut rest: &[u8]) -> Option<(&[u8], &[u8])> {
    let mut in_row = 0;
    for _ in 0..FIELDS_BEFORE_MAX + 3 {
        rest = rest.trim_ascii_start();
        let (field, after) =
            split_quoted(rest).map_or_else(|| split_word(rest), |(_, after)| (&[][..], after));
        in_row =
            if !field.is_empty() && field.iter().all(u8::is_ascii_digit) { in_row + 1 } else { 0 };
        if in_row == 3 {
            return Some((field, after));
        }
        rest = after;
    }
    None
}
