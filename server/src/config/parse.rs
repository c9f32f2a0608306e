//! The values of settings, read from text. `None` means that the text cannot be used.

use std::ffi::OsStr;
use std::path::PathBuf;
use std::str::FromStr;
use std::time::Duration;

use plimsoll_storage::limits::MEMORY_BYTES_MIN;
use plimsoll_storage::{Durability, SlotWidth};

use crate::self_metrics::LogFormat;
use crate::wire::time;

/// Anything that the standard library reads from text.
pub(super) fn plain<T: FromStr>(given: &OsStr) -> Option<T> {
    given.to_str()?.parse().ok()
}

/// A path.
pub(super) fn path(given: &OsStr) -> Option<PathBuf> {
    Some(given.into())
}

/// A path, made absolute.
pub(super) fn absolute_path(given: &OsStr) -> Option<PathBuf> {
    std::path::absolute(given).ok()
}

/// An `http` or `https` address without query, as it is with the slashes at its end taken off.
pub(super) fn base_url(given: &OsStr) -> Option<String> {
    let given = given.to_str()?;
    let rest = given.strip_prefix("https://").or_else(|| given.strip_prefix("http://"))?;
    let is_plain = !rest.is_empty() && !rest.contains(char::is_whitespace);
    (is_plain && !rest.contains(['?', '#'])).then(|| given.trim_end_matches('/').to_owned())
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
    let ms = time::parse_duration_ms(given.to_str()?)?;
    u64::try_from(ms).ok().map(Duration::from_millis)
}

/// The width of a slot, such as `10s`.
pub(crate) fn slot_width(given: &OsStr) -> Option<SlotWidth> {
    SlotWidth::from_ms(time::parse_duration_ms(given.to_str()?)?)
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
    let given = given.to_str()?;
    let digits = given.find(|c: char| !c.is_ascii_digit()).unwrap_or(given.len());
    let (number, unit) = given.split_at_checked(digits)?;
    let shift = match unit {
        "" | "B" => 0,
        "KiB" => 10,
        "MiB" => 20,
        "GiB" => 30,
        "TiB" => 40,
        _ => return None,
    };
    number.parse::<u64>().ok()?.checked_mul(1 << shift)
}

/// A size that the newest cells can work with, in bytes.
pub(super) fn memory(given: &OsStr) -> Option<usize> {
    let bytes = usize::try_from(size(given)?).unwrap_or(usize::MAX);
    (bytes >= MEMORY_BYTES_MIN).then_some(bytes)
}

/// How many queries may run at once: each takes a thread.
pub(super) fn query_count(given: &OsStr) -> Option<usize> {
    plain(given).filter(|count| (1..=256).contains(count))
}

/// A [`LogFormat`] by name.
pub(super) fn log_format(given: &OsStr) -> Option<LogFormat> {
    match given.to_str()? {
        "text" => Some(LogFormat::Text),
        "json" => Some(LogFormat::Json),
        _ => None,
    }
}
