//! Parts that the lines of several layouts have in common: quoted text, words, request line, status, time.

use jiff::Timestamp;

use crate::import::log_time::parse_log_time;
use crate::import::reason::UnreadableReason;

/// Length of `20/Nov/2026:19:18:30 +0000`.
const LOG_TIME_LEN: usize = 26;

pub(super) fn position(bytes: &[u8], from: usize, wanted: u8) -> Option<usize> {
    let found = bytes.get(from..)?.iter().position(|&byte| byte == wanted)?;
    Some(from + found)
}

/// Splits `"…"` off the front; a backslash escapes the byte after it.
pub(super) fn split_quoted(bytes: &[u8]) -> Option<(&[u8], &[u8])> {
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
pub(super) fn split_word(bytes: &[u8]) -> (&[u8], &[u8]) {
    let bytes = bytes.trim_ascii_start();
    let end = bytes.iter().position(|&byte| byte == b' ').unwrap_or(bytes.len());
    bytes.split_at(end)
}

/// The path of `GET /path?query HTTP/1.1`, still escaped; empty when the client sent no request.
pub(super) fn parse_request(request: &[u8]) -> Result<&str, UnreadableReason> {
    if request == b"-" || request.is_empty() {
        return Ok("");
    }
    let space = position(request, 0, b' ').ok_or(UnreadableReason::BadRequest)?;
    let (method, target) = request.split_at(space);
    if !method.iter().all(|&byte| is_method_byte(byte)) {
        return Err(UnreadableReason::BadRequest);
    }
    let target = path_of(without_protocol(target.trim_ascii()));
    match str::from_utf8(target) {
        Ok("") => Err(UnreadableReason::BadRequest),
        Ok(target) => Ok(target),
        Err(_) => Err(UnreadableReason::NotUtf8),
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
        // What an absent protocol is logged as.
        Some(space) if target.get(space + 1..) == Some(b"-") => {
            target.get(..space).unwrap_or(target)
        }
        _ => target,
    }
}

/// Cuts the query off, and the authority of an absolute target (`GET http://host/path`).
pub(super) fn path_of(target: &[u8]) -> &[u8] {
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

pub(super) fn parse_status(word: &[u8]) -> Result<u16, UnreadableReason> {
    match word {
        &[hundreds @ b'1'..=b'5', tens @ b'0'..=b'9', ones @ b'0'..=b'9'] => {
            Ok(u16::from(hundreds - b'0') * 100
                + u16::from(tens - b'0') * 10
                + u16::from(ones - b'0'))
        }
        _ => Err(UnreadableReason::BadStatus),
    }
}

/// Milliseconds since 1970 of `20/Nov/2026:19:18:30 +0000` or RFC 3339.
pub(super) fn parse_time(text: &[u8]) -> Option<i64> {
    if text.len() == LOG_TIME_LEN
        && let Some(at_ms) = parse_log_time(text)
    {
        return Some(at_ms);
    }
    let timestamp: Timestamp = str::from_utf8(text).ok()?.parse().ok()?;
    Some(timestamp.as_millisecond())
}

/// An id, unless it is empty or `-`.
pub(super) fn parse_id(value: &[u8]) -> Option<&str> {
    str::from_utf8(value).ok().filter(|id| !id.is_empty() && *id != "-")
}
