//! One JSON object a line: Caddy, Traefik, Envoy, nginx with `escape=json`, pino, the Elastic Common Schema,
//! and others with the usual field names. A name with dots is a path of nested keys or a key with dots.

use std::borrow::Cow;

use serde_json::Value;

use super::latency::{
    LatencyField, LatencyPlace, Unit, is_latency_name, parse_latency, unit_of_name,
};
use super::request::{parse_request, parse_status, parse_time, path_of};
use super::{Found, LogLine};
use crate::import::reason::UnreadableReason;

const TIMES: [&str; 11] = [
    "@timestamp",
    "StartUTC",
    "time_iso8601",
    "time_local",
    "start_time",
    "timestamp",
    "time",
    "ts",
    "msec",
    "datetime",
    "date",
];
const PATHS: [&str; 11] = [
    "request.uri",
    "RequestPath",
    "request_uri",
    "req.url",
    "url.path",
    "url.original",
    "uri",
    "path",
    "request_path",
    "url",
    "request",
];
const STATUSES: [&str; 9] = [
    "DownstreamStatus",
    "response_code",
    "res.statusCode",
    "http.response.status_code",
    "response.status",
    "status_code",
    "statusCode",
    "response_status",
    "status",
];
const IDS: [&str; 6] =
    ["correlation_id", "request_id", "req.id", "trace.id", "x_request_id", "cid"];
/// A latency, its unit, and another field that shows whose it is.
const LATENCIES: [(&str, Unit, &str); 9] = [
    ("Duration", Unit::Nanoseconds, "DownstreamStatus"),
    ("event.duration", Unit::Nanoseconds, "event.duration"),
    ("duration", Unit::Seconds, "request.uri"),
    ("duration", Unit::Milliseconds, "response_code"),
    ("responseTime", Unit::Milliseconds, "res.statusCode"),
    ("request_time", Unit::Seconds, "request_time"),
    ("rt", Unit::Seconds, "rt"),
    ("upstream_response_time", Unit::Seconds, "upstream_response_time"),
    ("urt", Unit::Seconds, "urt"),
];

/// Parses one line.
///
/// # Errors
/// The part of the line that is wrong.
pub(super) fn parse(
    line: &[u8],
    latency: &[LatencyField],
) -> Result<LogLine<'static>, UnreadableReason> {
    let body = object(line).ok_or(UnreadableReason::OtherLayout)?;
    let first = |names: &[&str]| names.iter().find_map(|name| get(&body, name));
    let status = first(&STATUSES).ok_or(UnreadableReason::BadStatus)?;
    let time = first(&TIMES).ok_or(UnreadableReason::BadTime)?;
    let text = PATHS.iter().find_map(|name| get(&body, name)?.as_str());
    let path = path(text.ok_or(UnreadableReason::BadRequest)?)?;
    let mut read = latency.iter().filter_map(|wanted| match &wanted.place {
        LatencyPlace::Name(name) => {
            parse_latency(scalar(get(&body, name)?)?.as_bytes(), wanted.unit)
        }
        LatencyPlace::Position(_) | LatencyPlace::Fixed(_) => None,
    });
    let id = first(&IDS).and_then(scalar).filter(|id| !id.is_empty() && *id != "-");
    Ok(LogLine {
        at_ms: at_ms(time).ok_or(UnreadableReason::BadTime)?,
        path: path.to_owned().into(),
        status: parse_status(scalar(status).unwrap_or_default().as_bytes())?,
        latency_us: read.next(),
        correlation_id: id.map(|id| id.into_owned().into()),
    })
}

fn object(line: &[u8]) -> Option<Value> {
    serde_json::from_slice(line).ok().filter(Value::is_object)
}

/// A value by its key, or by a path of keys.
fn get<'a>(body: &'a Value, name: &str) -> Option<&'a Value> {
    body.get(name).filter(|value| !value.is_null()).or_else(|| {
        let (first, rest) = name.split_once('.')?;
        get(body.get(first)?, rest)
    })
}

/// A number or a text.
fn scalar(value: &Value) -> Option<Cow<'_, str>> {
    match value {
        Value::String(text) => Some(text.as_str().into()),
        // In full digits: a number that is written with an exponent has other ones.
        Value::Number(number) => Some(match (number.as_u64(), number.as_f64()) {
            (None, Some(float)) => format!("{float:.9}").into(),
            _ => number.to_string().into(),
        }),
        _ => None,
    }
}

/// `/path?query`, or a whole request line.
fn path(text: &str) -> Result<&str, UnreadableReason> {
    if text.contains(' ') && !text.starts_with('/') {
        return parse_request(text.as_bytes());
    }
    str::from_utf8(path_of(text.as_bytes())).map_err(|_| UnreadableReason::NotUtf8)
}

/// Text as in other logs, or a number of seconds, ms, µs or ns since 1970, recognized by their size.
fn at_ms(value: &Value) -> Option<i64> {
    let text = scalar(value)?;
    if let Some(at_ms) = parse_time(text.as_bytes()) {
        return Some(at_ms);
    }
    let number: f64 = text.parse().ok()?;
    let scale = match number {
        _ if !(1e8..1e20).contains(&number) => return None,
        _ if number < 1e11 => 1e3,
        _ if number < 1e14 => 1.0,
        _ if number < 1e17 => 1e-3,
        _ => 1e-6,
    };
    Some((number * scale) as i64)
}

/// What the first lines show of their latencies.
pub(super) fn detect(samples: &[&[u8]]) -> Found {
    let bodies: Vec<Value> = samples.iter().filter_map(|line| object(line)).collect();
    let reads = |name: &str, unit| {
        let mut values = bodies.iter().filter_map(|body| scalar(get(body, name)?));
        values.any(|value| parse_latency(value.as_bytes(), unit).is_some())
    };
    let known = LATENCIES.iter().filter(|(name, unit, beside)| {
        bodies.iter().any(|body| get(body, beside).is_some()) && reads(name, *unit)
    });
    let known: Vec<LatencyField> =
        known.map(|(name, unit, _)| LatencyField::named(name, *unit)).collect();
    if !known.is_empty() {
        return Found::latency("JSON", known);
    }
    let names = || bodies.iter().filter_map(Value::as_object).flat_map(|body| body.keys());
    let of_name = |name: &String| {
        let unit = unit_of_name(name).or_else(|| is_latency_name(name).then_some(Unit::Written))?;
        reads(name, unit).then(|| LatencyField::named(name, unit))
    };
    if let Some(field) = names().find_map(of_name) {
        return Found::latency("JSON", vec![field]);
    }
    let without_unit = names().find(|name| is_latency_name(name) && reads(name, Unit::Seconds));
    let hint = without_unit.map(|name| format!("`{name}` states no unit: --latency {name}:ms"));
    Found::none("JSON", hint)
}
