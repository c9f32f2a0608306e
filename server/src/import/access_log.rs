//! One line of an nginx or Apache access log, in the common or the combined format.
//!
//! ```text
//! host ident user [time] "request" status bytes "referer" "user agent" rt=0.009 urt=0.009, 0.004 cid=c-1
//! ```
//!
//! The fields after the byte count are optional and in any order: `rt=`, `urt=` and `cid=` are read, quoted
//! fields are skipped. Lines are bytes, because a log holds whatever clients sent. Nothing is copied.

use super::log_time::parse_log_time;
use super::reason::UnreadableReason;

/// Length of `20/Nov/2026:19:18:30 +0000`.
const TIME_LEN: usize = 26;

/// The part of an access-log line that an import needs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct AccessLine<'a> {
    /// When the request was logged, in milliseconds since 1970 UTC.
    pub(crate) at_ms: i64,
    /// The request method; `-` when the client sent no request (408, 400).
    pub(crate) method: &'a str,
    /// The path without query string, still escaped; empty when there is none.
    pub(crate) path: &'a str,
    /// The HTTP status, 100 to 599.
    pub(crate) status: u16,
    /// `rt`, or else the sum of `urt`.
    pub(crate) request_time_us: Option<u64>,
    /// `cid`, unless it is empty or `-`.
    pub(crate) correlation_id: Option<&'a str>,
}

impl<'a> AccessLine<'a> {
    /// Parses one line without its line end.
    ///
    /// # Errors
    /// The part of the line that is wrong.
    pub(crate) fn parse(line: &'a [u8]) -> Result<Self, UnreadableReason> {
        let (time, rest) = split_at_time(line)?;
        let at_ms = parse_log_time(time).ok_or(UnreadableReason::BadTime)?;
        let (request, rest) = split_quoted(rest).ok_or(UnreadableReason::NotCombined)?;
        let (method, path) = parse_request(request)?;
        let (status, rest) = split_word(rest);
        let status = parse_status(status)?;
        let (bytes_sent, rest) = split_word(rest);
        if bytes_sent.is_empty() {
            return Err(UnreadableReason::NotCombined);
        }
        let extras = Extras::parse(rest);
        Ok(Self {
            at_ms,
            method,
            path,
            status,
            request_time_us: extras.request_time_us.or(extras.upstream_time_us),
            correlation_id: extras.correlation_id,
        })
    }
}

/// Finds `[time] "`. An IPv6 address or a user name may also have a `[`, so the whole shape must match.
fn split_at_time(line: &[u8]) -> Result<(&[u8], &[u8]), UnreadableReason> {
    let mut from = 0;
    while let Some(open) = position(line, from, b'[') {
        from = open + 1;
        if let Some((time, rest)) =
            line.get(from..).and_then(|inner| inner.split_at_checked(TIME_LEN))
            && let Some(rest) = rest.strip_prefix(b"] ")
            && rest.first() == Some(&b'"')
        {
            return Ok((time, rest));
        }
    }
    // Brackets in the right place with other content are a time in an unknown format.
    let opened = position(line, 0, b'[').and_then(|open| line.get(open..)).unwrap_or_default();
    let bracketed = opened.windows(3).any(|window| window == b"] \"");
    Err(if bracketed { UnreadableReason::BadTime } else { UnreadableReason::NotCombined })
}

fn position(bytes: &[u8], from: usize, wanted: u8) -> Option<usize> {
    let found = bytes.get(from..)?.iter().position(|&byte| byte == wanted)?;
    Some(from + found)
}

/// Splits `"…"` off the front; a backslash escapes the byte after it.
fn split_quoted(bytes: &[u8]) -> Option<(&[u8], &[u8])> {
    let inner = bytes.strip_prefix(b"\"")?;
    let mut at = 0;
    loop {
        let step = inner.get(at..)?.iter().position(|&byte| byte == b'"' || byte == b'\\')?;
        at += step;
        if inner.get(at) == Some(&b'"') {
            return Some((inner.get(..at)?, inner.get(at + 1..)?));
        }
        at += 2;
    }
}

/// Splits the next word off, without the spaces before it.
fn split_word(bytes: &[u8]) -> (&[u8], &[u8]) {
    let bytes = bytes.trim_ascii_start();
    let end = bytes.iter().position(|&byte| byte == b' ').unwrap_or(bytes.len());
    bytes.split_at(end)
}

/// Takes the method and the path from `GET /path?query HTTP/1.1`.
fn parse_request(request: &[u8]) -> Result<(&str, &str), UnreadableReason> {
    if request == b"-" || request.is_empty() {
        return Ok(("-", ""));
    }
    let space = position(request, 0, b' ').ok_or(UnreadableReason::BadRequest)?;
    let (method, target) = request.split_at(space);
    if !method.iter().all(|&byte| is_method_byte(byte)) {
        return Err(UnreadableReason::BadRequest);
    }
    let target = path_of(without_protocol(target.trim_ascii()));
    match (str::from_utf8(method), str::from_utf8(target)) {
        (Ok(method), Ok(target)) if !target.is_empty() => Ok((method, target)),
        (Ok(_), Ok(_)) => Err(UnreadableReason::BadRequest),
        _ => Err(UnreadableReason::NotUtf8),
    }
}

/// The token bytes of RFC 9110 that known methods use.
fn is_method_byte(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b'.' | b'!' | b'+')
}

/// HTTP/0.9 requests have no protocol; targets of broken clients may contain spaces.
fn without_protocol(target: &[u8]) -> &[u8] {
    match target.iter().rposition(|&byte| byte == b' ') {
        Some(space) if target.get(space + 1..).is_some_and(|word| word.starts_with(b"HTTP/")) => {
            target.get(..space).unwrap_or(target).trim_ascii_end()
        }
        _ => target,
    }
}

/// Cuts the query off, and the authority of an absolute target (`GET http://host/path`).
fn path_of(target: &[u8]) -> &[u8] {
    let end = target.iter().position(|&byte| matches!(byte, b'?' | b'#'));
    let path = target.get(..end.unwrap_or(target.len())).unwrap_or(target);
    if path.starts_with(b"/") {
        return path;
    }
    let Some(scheme) = path.windows(3).position(|window| window == b"://") else {
        return path;
    };
    position(path, scheme + 3, b'/').and_then(|slash| path.get(slash..)).unwrap_or(b"/")
}

fn parse_status(word: &[u8]) -> Result<u16, UnreadableReason> {
    match word {
        &[hundreds @ b'1'..=b'5', tens @ b'0'..=b'9', ones @ b'0'..=b'9'] => {
            Ok(u16::from(hundreds - b'0') * 100
                + u16::from(tens - b'0') * 10
                + u16::from(ones - b'0'))
        }
        _ => Err(UnreadableReason::BadStatus),
    }
}

/// The optional fields after the byte count.
#[derive(Default)]
struct Extras<'a> {
    request_time_us: Option<u64>,
    upstream_time_us: Option<u64>,
    correlation_id: Option<&'a str>,
}

impl<'a> Extras<'a> {
    /// A quote without an end ends the fields: servers cut long user agents, and the rest of the line is
    /// valid.
    fn parse(mut rest: &'a [u8]) -> Self {
        let mut extras = Self::default();
        loop {
            rest = rest.trim_ascii_start();
            if rest.is_empty() {
                return extras;
            }
            rest = match rest.first() {
                Some(b'"') => split_quoted(rest).map_or(&[], |(_, rest)| rest),
                _ => extras.read_field(rest),
            };
        }
    }

    /// Reads one `key=value` and returns the rest.
    fn read_field(&mut self, bytes: &'a [u8]) -> &'a [u8] {
        if let Some(value) = bytes.strip_prefix(b"rt=") {
            let (value, rest) = split_value(value);
            self.request_time_us = parse_seconds(value);
            return rest;
        }
        if let Some(value) = bytes.strip_prefix(b"urt=") {
            let (value, rest) = split_list(value);
            self.upstream_time_us = sum_of_seconds(value);
            return rest;
        }
        if let Some(value) = bytes.strip_prefix(b"cid=") {
            let (value, rest) = split_value(value);
            let id = str::from_utf8(value).ok();
            self.correlation_id = id.filter(|id| !id.is_empty() && *id != "-");
            return rest;
        }
        split_word(bytes).1
    }
}

/// A value is a word, or quoted.
fn split_value(bytes: &[u8]) -> (&[u8], &[u8]) {
    split_quoted(bytes).unwrap_or_else(|| {
        let end = position(bytes, 0, b' ').unwrap_or(bytes.len());
        bytes.split_at(end)
    })
}

/// nginx writes one time per upstream tried, `0.009, 0.004`, and ` : ` between groups of them.
fn split_list(bytes: &[u8]) -> (&[u8], &[u8]) {
    if let Some(quoted) = split_quoted(bytes) {
        return quoted;
    }
    let mut end = 0;
    loop {
        let item = bytes.get(end..).unwrap_or_default();
        end += item.iter().position(|byte| matches!(byte, b',' | b' ')).unwrap_or(item.len());
        end += match bytes.get(end..) {
            Some([b',', b' ', ..]) => 2,
            Some([b',', ..]) => 1,
            Some([b' ', b':', b' ', ..]) => 3,
            _ => return bytes.split_at(end),
        };
    }
}

/// The sum of the times of the upstreams; `-` is an upstream without a time.
fn sum_of_seconds(list: &[u8]) -> Option<u64> {
    list.split(|byte| matches!(byte, b',' | b':' | b' '))
        .filter_map(parse_seconds)
        .reduce(u64::saturating_add)
}

/// `12.345678` seconds as microseconds; further digits are dropped.
fn parse_seconds(word: &[u8]) -> Option<u64> {
    let dot = position(word, 0, b'.').unwrap_or(word.len());
    let (whole, fraction) = (word.get(..dot)?, word.get(dot + 1..).unwrap_or_default());
    if whole.is_empty() || whole.len() > 9 {
        return None;
    }
    let mut micros = whole.iter().try_fold(0, |sum, &byte| append_digit(sum, byte))?;
    for place in 0..6 {
        micros = append_digit(micros, fraction.get(place).copied().unwrap_or(b'0'))?;
    }
    fraction.iter().all(u8::is_ascii_digit).then_some(micros)
}

fn append_digit(number: u64, byte: u8) -> Option<u64> {
    byte.is_ascii_digit().then(|| number * 10 + u64::from(byte - b'0'))
}

#[cfg(test)]
mod tests;
