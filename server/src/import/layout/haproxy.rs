//! HAProxy's HTTP log, with or without a syslog header:
//!
//! ```text
//! haproxy[14]: 10.0.1.2:33317 [06/Feb/2009:12:14:14.655] http-in static/srv1 10/0/30/69/109 200 2750 - -
//!     ---- 1/1/1/1/0 0/0 {1wt.eu} {} "GET /index.html HTTP/1.1"
//! ```
//!
//! The last timer is the whole time of the request in ms; `+` before it means that the log line was written
//! before the end. The time has no zone and is taken as UTC.

use super::LogLine;
use super::latency::{LatencyField, Unit, parse_latency};
use super::request::{parse_request, parse_status, position, split_quoted, split_word};
use crate::import::log_time::parse_log_time;
use crate::import::reason::UnreadableReason;

/// Length of `06/Feb/2009:12:14:14.655`.
const TIME_LEN: usize = 24;

pub(super) fn latency() -> LatencyField {
    LatencyField::fixed("the last timer (Ta)", Unit::Milliseconds)
}

/// Parses one line.
///
/// # Errors
/// The part of the line that is wrong.
pub(super) fn parse(line: &[u8]) -> Result<LogLine<'_>, UnreadableReason> {
    let (time, rest) = split_at_time(line).ok_or(UnreadableReason::OtherLayout)?;
    let (_frontend, rest) = split_word(rest);
    let (_backend, rest) = split_word(rest);
    let (timers, rest) = split_word(rest);
    let (status, rest) = split_word(rest);
    let total = timers.rsplit(|byte| *byte == b'/').next().unwrap_or_default();
    if timers.iter().filter(|byte| **byte == b'/').count() != 4 {
        return Err(UnreadableReason::OtherLayout);
    }
    let at_ms = parse_time(time).ok_or(UnreadableReason::BadTime)?;
    let status = parse_status(status)?;
    let quote = position(rest, 0, b'"').ok_or(UnreadableReason::BadRequest)?;
    let rest = rest.get(quote..).unwrap_or_default();
    // A long request is cut, with its closing quote.
    let request =
        split_quoted(rest).map_or(rest.get(1..).unwrap_or_default(), |(request, _)| request);
    Ok(LogLine {
        at_ms,
        path: parse_request(request)?.into(),
        status,
        latency_us: parse_latency(total.strip_prefix(b"+").unwrap_or(total), Unit::Milliseconds),
        correlation_id: None,
    })
}

/// Finds `[time] `.
fn split_at_time(line: &[u8]) -> Option<(&[u8], &[u8])> {
    let mut from = 0;
    loop {
        from = position(line, from, b'[')? + 1;
        let (time, rest) = line.get(from..)?.split_at_checked(TIME_LEN)?;
        if let Some(rest) = rest.strip_prefix(b"] ")
            && time.get(2) == Some(&b'/')
        {
            return Some((time, rest));
        }
    }
}

fn parse_time(time: &[u8]) -> Option<i64> {
    let (seconds, fraction) = time.split_at_checked(TIME_LEN - 4)?;
    let mut whole = [b' '; 26];
    whole[..seconds.len()].copy_from_slice(seconds);
    whole[seconds.len()..].copy_from_slice(b" +0000");
    let ms: i64 = str::from_utf8(fraction.strip_prefix(b".")?).ok()?.parse().ok()?;
    Some(parse_log_time(&whole)? + ms)
}
