//! The values of settings, read from text. `None` means that the text cannot be used.

use std::ffi::OsStr;
use std::path::PathBuf;
use std::str::FromStr;
use std::time::Duration;

use plimsoll_alerting::rule::Secret;
use plimsoll_alerting::{parse_duration_ms, parse_size_bytes};
use plimsoll_storage::limits::{MEMORY_BYTES_MIN, STREAMS_MAX, STREAMS_MAX_MIN};
use plimsoll_storage::{Durability, SlotWidth};

use crate::self_metrics::LogFormat;

/// Times that a client may take.
const TIMEOUT_MIN: Duration = Duration::from_millis(100);
const TIMEOUT_MAX: Duration = Duration::from_secs(3_600);

/// The shortest time that cells are kept.
const RETENTION_MIN: Duration = Duration::from_hours(1);
/// The smallest size that the database may be limited to, in bytes.
const RETENTION_SIZE_BYTES_MIN: u64 = 64 << 20;

/// Anything that the standard library reads from text.
pub(super) fn plain<T: FromStr>(given: &OsStr) -> Option<T> {
    given.to_str()?.parse().ok()
}

/// A whole number from 1.
pub(super) fn count(given: &OsStr) -> Option<u64> {
    plain(given).filter(|count| *count > 0)
}

/// A path.
pub(super) fn path(given: &OsStr) -> Option<PathBuf> {
    (!given.is_empty()).then(|| given.into())
}

/// A path, made absolute.
pub(super) fn absolute_path(given: &OsStr) -> Option<PathBuf> {
    std::path::absolute(given).ok()
}

/// An `http` or `https` address with a host and without user and query, as it is with the slashes at its end
/// taken off.
pub(super) fn base_url(given: &OsStr) -> Option<String> {
    let given = given.to_str()?;
    let url = http_url(given)?;
    let is_plain =
        url.username().is_empty() && url.password().is_none() && !given.contains(['?', '#']);
    is_plain.then(|| given.trim_end_matches('/').to_owned())
}

/// Names or addresses of hosts, with commas between them.
pub(super) fn hosts(given: &OsStr) -> Option<Vec<String>> {
    let host = |text: &str| {
        let text = text.trim();
        let is_host = http_url(&format!("http://{text}"))?.host_str()?.eq_ignore_ascii_case(text);
        (is_host && !text.contains('*')).then(|| text.to_owned())
    };
    given.to_str()?.split(',').map(host).collect()
}

/// An `http` or `https` address that is a secret.
pub(super) fn secret_url(given: &OsStr) -> Option<Secret> {
    let given = given.to_str()?;
    http_url(given).map(|_| Secret::new(given))
}

fn http_url(given: &str) -> Option<reqwest::Url> {
    let url = reqwest::Url::parse(given).ok()?;
    let has_host = matches!(url.scheme(), "http" | "https")
        && given.split_once("://").is_some_and(|(_, rest)| !rest.starts_with('/'));
    let is_one_word = !given.contains(|c: char| c.is_whitespace() || c.is_control());
    (has_host && is_one_word).then_some(url)
}

/// `true` or `false`, or another word that YAML has for them.
pub(super) fn switch(given: &OsStr) -> Option<bool> {
    match given.to_str()?.to_ascii_lowercase().as_str() {
        "true" | "yes" | "y" | "on" => Some(true),
        "false" | "no" | "n" | "off" => Some(false),
        _ => None,
    }
}

/// A duration such as `10s`.
pub(super) fn duration(given: &OsStr) -> Option<Duration> {
    let ms = parse_duration_ms(given.to_str()?).ok()?;
    u64::try_from(ms).ok().map(Duration::from_millis)
}

/// How long cells are kept: an hour at least.
pub(super) fn retention(given: &OsStr) -> Option<Duration> {
    duration(given).filter(|duration| *duration >= RETENTION_MIN)
}

/// The width of a slot, such as `10s`.
pub(crate) fn slot_width(given: &OsStr) -> Option<SlotWidth> {
    SlotWidth::from_ms(parse_duration_ms(given.to_str()?).ok()?)
}

/// A [`Durability`] by name.
pub(super) fn durability(given: &OsStr) -> Option<Durability> {
    match given.to_str()? {
        "fsync" => Some(Durability::Fsync),
        "wal" => Some(Durability::Wal),
        "memory" => Some(Durability::Memory),
        _ => None,
    }
}

/// A size such as `512MiB` or `50GiB`, in bytes.
pub(super) fn size(given: &OsStr) -> Option<u64> {
    parse_size_bytes(given.to_str()?).ok()
}

/// A size that a database can keep to, in bytes: even an empty one takes some of it.
pub(super) fn retention_size(given: &OsStr) -> Option<u64> {
    size(given).filter(|bytes| *bytes >= RETENTION_SIZE_BYTES_MIN)
}

/// A size that the newest cells can work with, in bytes.
pub(super) fn memory(given: &OsStr) -> Option<usize> {
    let bytes = usize::try_from(size(given)?).unwrap_or(usize::MAX);
    (bytes >= MEMORY_BYTES_MIN).then_some(bytes)
}

/// How many connections there may be.
pub(super) fn connection_count(given: &OsStr) -> Option<usize> {
    plain(given).filter(|count| (1..=1_000_000).contains(count))
}

/// How long a client may take.
pub(super) fn timeout(given: &OsStr) -> Option<Duration> {
    duration(given).filter(|timeout| (TIMEOUT_MIN..=TIMEOUT_MAX).contains(timeout))
}

/// How many queries may run at once: each takes a thread.
pub(super) fn query_count(given: &OsStr) -> Option<usize> {
    plain(given).filter(|count| (1..=256).contains(count))
}

/// How many streams there may be.
pub(super) fn stream_count(given: &OsStr) -> Option<usize> {
    plain(given).filter(|count| (STREAMS_MAX_MIN..=STREAMS_MAX).contains(count))
}

/// A filter of the log: a level for everything, and levels of modules such as `plimsoll=debug`. Without a
/// level for everything that is `info`, so that a module that does not exist cannot switch the log off.
pub(super) fn log_level(given: &OsStr) -> Option<String> {
    let mut directives = Vec::new();
    for directive in given.to_str()?.split(',') {
        directives.push(match directive.trim().rsplit_once('=') {
            Some((module, level)) if !module.is_empty() => {
                format!("{}={}", module.trim(), level_name(level)?)
            }
            Some(_) => return None,
            None => level_name(directive)?.to_owned(),
        });
    }
    if directives.iter().all(|directive| directive.contains('=')) {
        directives.insert(0, "info".to_owned());
    }
    Some(directives.join(","))
}

fn level_name(given: &str) -> Option<&'static str> {
    match given.trim().to_ascii_lowercase().as_str() {
        "error" => Some("error"),
        "warn" | "warning" => Some("warn"),
        "info" => Some("info"),
        "debug" => Some("debug"),
        "trace" => Some("trace"),
        "off" => Some("off"),
        _ => None,
    }
}

/// A [`LogFormat`] by name.
pub(super) fn log_format(given: &OsStr) -> Option<LogFormat> {
    match given.to_str()? {
        "text" => Some(LogFormat::Text),
        "json" => Some(LogFormat::Json),
        _ => None,
    }
}
