//! The common and the combined format of nginx and Apache, with further fields at the end.
//!
//! ```text
//! host ident user [time] "request" status bytes "referer" "user agent" rt=0.009 urt=0.009, 0.004 cid=c-1
//! ```
//!
//! The fields after the byte count are optional: quoted text, `[…]`, `name=value` or words. Traefik and
//! ingress-nginx write such lines as well. Lines are bytes, because a log holds whatever clients sent.
//! Nothing is copied.

use super::latency::{
    LatencyField, LatencyPlace, Unit, is_latency_name, parse_latency, unit_of_name,
};
use super::request::{
    parse_id, parse_request, parse_status, parse_time, position, split_quoted, split_word,
};
use super::{Found, LogLine};
use crate::import::reason::UnreadableReason;

/// Names of latencies, the preferred first: nginx in seconds, Apache's `%D` in µs and `%T` in seconds.
const NAMES: [(&str, Unit); 8] = [
    ("rt", Unit::Seconds),
    ("request_time", Unit::Seconds),
    ("urt", Unit::Seconds),
    ("upstream_response_time", Unit::Seconds),
    ("D", Unit::Microseconds),
    ("us", Unit::Microseconds),
    ("ms", Unit::Milliseconds),
    ("T", Unit::Seconds),
];
/// Names of correlation ids.
const IDS: [&[u8]; 3] = [b"cid", b"correlation_id", b"request_id"];
/// Whole numbers without a unit are microseconds when half of them are at least this: the unit of Apache's
/// `%D`. Smaller ones may as well be milliseconds or seconds.
const MICROSECONDS_MEDIAN_MIN: u64 = 1_000;

/// Parses one line without its line end.
///
/// # Errors
/// The part of the line that is wrong.
pub(super) fn parse<'a>(
    line: &'a [u8],
    latency: &[LatencyField],
) -> Result<LogLine<'a>, UnreadableReason> {
    let (head, rest) = parse_head(line)?;
    let fields = || Fields { rest };
    let count = || fields().count() as isize;
    let mut read = latency.iter().filter_map(|wanted| {
        let found = match &wanted.place {
            LatencyPlace::Name(name) => fields().find(|it| it.name == Some(name.as_bytes())),
            LatencyPlace::Position(at) if *at < 0 => {
                fields().nth(usize::try_from(count() + at).ok()?)
            }
            LatencyPlace::Position(at) => fields().nth(usize::try_from(at - 1).ok()?),
            LatencyPlace::Fixed(_) => None,
        };
        parse_latency(found?.value, wanted.unit)
    });
    let id = fields().find(|it| it.name.is_some_and(|name| IDS.contains(&name)));
    Ok(LogLine {
        latency_us: read.next(),
        correlation_id: id.and_then(|it| parse_id(it.value)).map(Into::into),
        ..head
    })
}

/// Time, path and status, and what follows the byte count.
fn parse_head(line: &[u8]) -> Result<(LogLine<'_>, &[u8]), UnreadableReason> {
    let (time, rest) = split_at_time(line)?;
    let at_ms = parse_time(time).ok_or(UnreadableReason::BadTime)?;
    let (request, rest) = split_quoted(rest).ok_or(UnreadableReason::OtherLayout)?;
    let path = parse_request(request)?;
    let (status, rest) = split_word(rest);
    let status = parse_status(status)?;
    let (bytes_sent, rest) = split_word(rest);
    if bytes_sent.is_empty() {
        return Err(UnreadableReason::OtherLayout);
    }
    let path = path.into();
    Ok((LogLine { at_ms, path, status, latency_us: None, correlation_id: None }, rest))
}

/// Finds `[time] "`. An IPv6 address or a user name may also have a `[`, so what is within must be a time.
fn split_at_time(line: &[u8]) -> Result<(&[u8], &[u8]), UnreadableReason> {
    let (mut from, mut other) = (0, None);
    while let Some(open) = position(line, from, b'[') {
        from = open + 1;
        let close = position(line, from, b']').unwrap_or(line.len());
        if let (Some(time), Some(rest)) = (line.get(from..close), line.get(close..))
            && let Some(rest) = rest.strip_prefix(b"] ")
            && rest.first() == Some(&b'"')
        {
            if parse_time(time).is_some() {
                return Ok((time, rest));
            }
            other = other.or(Some((time, rest)));
        }
    }
    // Brackets in the right place with other content are a time in another format.
    other.ok_or(UnreadableReason::OtherLayout)
}

/// A field after the byte count.
struct Field<'a> {
    name: Option<&'a [u8]>,
    value: &'a [u8],
    is_bracketed: bool,
}

/// The fields after the byte count. A quote without an end ends them: servers cut long user agents, and the
/// rest of the line is valid.
struct Fields<'a> {
    rest: &'a [u8],
}

impl<'a> Iterator for Fields<'a> {
    type Item = Field<'a>;

    fn next(&mut self) -> Option<Field<'a>> {
        let rest = self.rest.trim_ascii_start();
        let first = *rest.first()?;
        let plain = |value| Field { name: None, value, is_bracketed: false };
        let (field, rest) = match first {
            b'"' => match split_quoted(rest) {
                Some((value, rest)) => (plain(value), rest),
                None => (plain(&[]), &[][..]),
            },
            b'[' => {
                let end = position(rest, 0, b']').map_or(rest.len(), |end| end + 1);
                let (value, rest) = rest.split_at(end);
                (Field { name: None, value, is_bracketed: true }, rest)
            }
            _ => match split_name(rest) {
                Some((name, value)) => {
                    let (value, rest) = split_list(value);
                    (Field { name: Some(name), value, is_bracketed: false }, rest)
                }
                None => {
                    let (value, rest) = split_list(rest);
                    (plain(value), rest)
                }
            },
        };
        self.rest = rest;
        Some(field)
    }
}

/// Splits `name=` off the front.
fn split_name(bytes: &[u8]) -> Option<(&[u8], &[u8])> {
    let is_name = |byte: &u8| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-' | b'.');
    let end = bytes.iter().position(|byte| !is_name(byte)).filter(|end| *end > 0)?;
    let value = bytes.get(end..)?.strip_prefix(b"=")?;
    Some((bytes.get(..end)?, value))
}

/// Splits a word, quoted text, or a list with `, ` or ` : ` between its items off the front.
fn split_list(bytes: &[u8]) -> (&[u8], &[u8]) {
    if let Some(quoted) = split_quoted(bytes) {
        return quoted;
    }
    let mut end = 0;
    loop {
        let item = bytes.get(end..).unwrap_or_default();
        end += item.iter().position(|byte| *byte == b' ').unwrap_or(item.len());
        let is_list = end > 0 && bytes.get(end - 1) == Some(&b',');
        match bytes.get(end..) {
            Some([b' ', b':', b' ', ..]) => end += 3,
            Some([b' ', ..]) if is_list => end += 1,
            _ => return bytes.split_at(end),
        }
    }
}

/// What the first lines show of their latencies.
pub(super) fn detect(samples: &[&[u8]]) -> Found {
    let rows: Vec<Vec<Field<'_>>> = samples
        .iter()
        .filter_map(|line| parse_head(line).ok())
        .map(|(_, rest)| Fields { rest }.collect())
        .collect();
    let named = named(&rows);
    if !named.is_empty() {
        return Found::latency(kind(&rows), named);
    }
    match without_unit(&rows) {
        Some(name) => {
            Found::none(kind(&rows), Some(format!("`{name}` states no unit: --latency {name}:s")))
        }
        None => by_position(&rows),
    }
}

fn kind(rows: &[Vec<Field<'_>>]) -> &'static str {
    let is_combined = rows.iter().any(|row| row.len() > 1);
    if is_combined { "combined format" } else { "common format" }
}

/// Latencies by their names. A name that states a unit comes after the well-known ones.
fn named(rows: &[Vec<Field<'_>>]) -> Vec<LatencyField> {
    let fields = || rows.iter().flatten().filter_map(|field| Some((field.name?, field.value)));
    let has = |name: &str, unit| {
        let mut values = fields().filter(|(held, _)| *held == name.as_bytes());
        values.any(|(_, value)| parse_latency(value, unit).is_some())
    };
    let known = NAMES.into_iter().filter(|(name, unit)| has(name, *unit));
    let mut found: Vec<LatencyField> =
        known.map(|(name, unit)| LatencyField::named(name, unit)).collect();
    if found.is_empty() {
        let by_unit = fields().find_map(|(name, value)| {
            let name = str::from_utf8(name).ok()?;
            let written = is_latency_name(name).then_some(Unit::Written);
            let unit = unit_of_name(name).or(written)?;
            parse_latency(value, unit).map(|_| LatencyField::named(name, unit))
        });
        found.extend(by_unit);
    }
    found
}

/// The name of a latency whose unit is not known.
fn without_unit(rows: &[Vec<Field<'_>>]) -> Option<String> {
    let names = rows.iter().flatten().filter_map(|field| {
        let name = str::from_utf8(field.name?).ok()?;
        parse_latency(field.value, Unit::Seconds).map(|_| name)
    });
    names.into_iter().find(|name| is_latency_name(name)).map(str::to_owned)
}

/// Latencies by their position.
fn by_position(rows: &[Vec<Field<'_>>]) -> Found {
    let width = rows.iter().map(Vec::len).max().unwrap_or(0);
    let half = rows.len().div_ceil(2).max(1);
    let values = |at: usize| {
        let fields = rows.iter().filter_map(move |row| row.get(at));
        fields.filter(|field| field.name.is_none()).map(|field| field.value)
    };
    let most =
        |at: usize, is: fn(&[u8]) -> bool| values(at).filter(|value| is(value)).count() >= half;
    let position = |at: usize| at as isize + 1;
    let brackets =
        |at: usize| rows.iter().filter(|row| row.get(at).is_some_and(|it| it.is_bracketed)).count();
    if let Some(at) = (0..width).rev().find(|at| most(*at, is_written)) {
        return Found::latency(
            "Traefik's format",
            vec![LatencyField::at(position(at), Unit::Written)],
        );
    }
    if let Some(at) = (0..width).find(|at| most(*at, is_decimal)) {
        let is_ingress = brackets(at + 1) >= half;
        let layout = if is_ingress { "ingress-nginx's format" } else { "combined format" };
        return Found::latency(layout, vec![LatencyField::at(position(at), Unit::Seconds)]);
    }
    let whole: Vec<usize> = (0..width).filter(|at| most(*at, is_whole)).collect();
    let Some(&at) = whole.last() else { return Found::none(kind(rows), None) };
    let mut numbers: Vec<u64> =
        values(at).filter_map(|value| parse_latency(value, Unit::Microseconds)).collect();
    numbers.sort_unstable();
    let median = numbers.get(numbers.len() / 2).copied().unwrap_or(0);
    if median >= MICROSECONDS_MEDIAN_MIN && whole.len() == 1 {
        return Found::latency(
            kind(rows),
            vec![LatencyField::at(position(at), Unit::Microseconds)],
        );
    }
    let hint = format!(
        "field {at} after the byte count has whole numbers; if they are latencies, name their unit: --latency \
         {at}:ms",
        at = position(at)
    );
    Found::none(kind(rows), Some(hint))
}

/// `881ms`.
fn is_written(value: &[u8]) -> bool {
    value.first().is_some_and(u8::is_ascii_digit) && parse_latency(value, Unit::Written).is_some()
}

/// `0.132`, or a list of such.
fn is_decimal(value: &[u8]) -> bool {
    let is_number = |byte: &u8| matches!(byte, b'0'..=b'9' | b'.' | b',' | b' ' | b':' | b'-');
    value.iter().all(is_number)
        && value.iter().any(|byte| matches!(byte, b'.' | b','))
        && parse_latency(value, Unit::Seconds).is_some()
}

fn is_whole(value: &[u8]) -> bool {
    !value.is_empty() && value.len() <= 12 && value.iter().all(u8::is_ascii_digit)
}

#[cfg(test)]
mod tests;
