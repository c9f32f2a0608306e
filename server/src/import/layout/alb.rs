//! AWS load balancers: the application load balancer and, without its first field, the classic one:
//!
//! ```text
//! https 2018-07-02T22:23:00.186641Z app/lb/50dc6c495c0c9188 192.168.131.39:2817 10.0.0.1:80 0.086 0.048
//!     0.037 200 200 0 57 "GET https://www.example.com:443/ HTTP/1.1" "curl/7.46.0" …
//! ```
//!
//! The latency is the sum of the three processing times. One that is -1 is not known, so the sum is not known
//! either.

use super::LogLine;
use super::latency::{LatencyField, Unit, parse_latency};
use super::request::{parse_request, parse_status, parse_time, position, split_quoted, split_word};
use crate::import::reason::UnreadableReason;

pub(super) fn latency() -> LatencyField {
    LatencyField::fixed("the sum of the three processing times", Unit::Seconds)
}

/// Parses one line.
///
/// # Errors
/// The part of the line that is wrong.
pub(super) fn parse(line: &[u8]) -> Result<LogLine<'_>, UnreadableReason> {
    let other = UnreadableReason::OtherLayout;
    let quote = position(line, 0, b'"').ok_or(other)?;
    let (head, rest) = line.split_at(quote);
    let mut words = head.split(|byte| *byte == b' ').filter(|word| !word.is_empty());
    let first = words.next().ok_or(other)?;
    let time = if first.first().is_some_and(u8::is_ascii_digit) {
        first
    } else {
        words.next().ok_or(other)?
    };
    let rest_of_head: Vec<&[u8]> = words.collect();
    let &[_name, _client, _target, request_time, target_time, response_time, status, ..] =
        rest_of_head.as_slice()
    else {
        return Err(other);
    };
    // Three times and five further fields: nothing else has as many.
    if rest_of_head.len() < 10 {
        return Err(other);
    }
    let (request, rest) = split_quoted(rest).ok_or(other)?;
    let times = [request_time, target_time, response_time];
    let latency_us = times
        .into_iter()
        .try_fold(0_u64, |sum, time| Some(sum.saturating_add(parse_latency(time, Unit::Seconds)?)));
    let at_ms = parse_time(time).ok_or(UnreadableReason::BadTime)?;
    let trace =
        rest.windows(6).position(|window| window == b"\"Root=").and_then(|at| rest.get(at..));
    let id = trace.and_then(split_quoted).and_then(|(id, _)| str::from_utf8(id).ok());
    Ok(LogLine {
        at_ms,
        path: parse_request(request)?.into(),
        status: parse_status(split_word(status).0)?,
        latency_us,
        correlation_id: id.map(Into::into),
    })
}
