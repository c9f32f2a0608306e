//! Latencies in log lines: which field has it, in which unit, and how it is read.

use std::fmt;
use std::str::FromStr;

/// The unit of a latency.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Unit {
    Seconds,
    Milliseconds,
    Microseconds,
    Nanoseconds,
    /// The value names its own unit: `881ms`.
    Written,
}

impl Unit {
    /// The unit with this name.
    pub(super) fn of(name: &str) -> Option<Self> {
        match name {
            "s" | "sec" | "seconds" => Some(Self::Seconds),
            "ms" | "millis" | "milliseconds" => Some(Self::Milliseconds),
            "us" | "µs" | "μs" | "micros" | "microseconds" => Some(Self::Microseconds),
            "ns" | "nanos" | "nanoseconds" => Some(Self::Nanoseconds),
            _ => None,
        }
    }

    /// Nanoseconds of one; of a written unit nothing is known.
    const fn nanos(self) -> u64 {
        match self {
            Self::Seconds => 1_000_000_000,
            Self::Milliseconds => 1_000_000,
            Self::Microseconds => 1_000,
            Self::Nanoseconds => 1,
            Self::Written => 0,
        }
    }
}

impl fmt::Display for Unit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Seconds => "in seconds",
            Self::Milliseconds => "in milliseconds",
            Self::Microseconds => "in microseconds",
            Self::Nanoseconds => "in nanoseconds",
            Self::Written => "in the unit written beside it",
        })
    }
}

/// Where a line has a latency.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum LatencyPlace {
    /// The field with this name: `name=value`, or a key of JSON, with dots between nested keys.
    Name(String),
    /// The n-th field after the byte count, from 1; -1 is the last one.
    Position(isize),
    /// Where the layout has it.
    Fixed(&'static str),
}

/// A field that is read as the latency.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct LatencyField {
    pub(crate) place: LatencyPlace,
    pub(crate) unit: Unit,
}

impl LatencyField {
    pub(super) fn named(name: &str, unit: Unit) -> Self {
        Self { place: LatencyPlace::Name(name.to_owned()), unit }
    }

    pub(super) const fn at(position: isize, unit: Unit) -> Self {
        Self { place: LatencyPlace::Position(position), unit }
    }

    pub(super) const fn fixed(what: &'static str, unit: Unit) -> Self {
        Self { place: LatencyPlace::Fixed(what), unit }
    }
}

impl fmt::Display for LatencyField {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let unit = self.unit;
        match &self.place {
            LatencyPlace::Name(name) => write!(f, "`{name}` {unit}"),
            LatencyPlace::Position(-1) => write!(f, "the last field {unit}"),
            LatencyPlace::Position(position) => {
                write!(f, "field {position} after the byte count {unit}")
            }
            LatencyPlace::Fixed(what) => write!(f, "{what} {unit}"),
        }
    }
}

impl FromStr for LatencyField {
    type Err = String;

    /// `NAME:UNIT` or `POSITION:UNIT`.
    fn from_str(text: &str) -> Result<Self, String> {
        let error = || {
            "use NAME:UNIT or POSITION:UNIT with a unit of s, ms, us or ns, such as rt:s, duration_ms:ms \
             or -1:us for the last field"
                .to_owned()
        };
        let (place, unit) = text.rsplit_once(':').ok_or_else(error)?;
        let unit = Unit::of(unit).ok_or_else(error)?;
        if let Ok(position) = place.parse::<isize>() {
            return if position == 0 { Err(error()) } else { Ok(Self::at(position, unit)) };
        }
        if place.is_empty() { Err(error()) } else { Ok(Self::named(place, unit)) }
    }
}

/// Reads a value in microseconds: a number, or the sum of a list of them. nginx writes one time for each
/// upstream that was tried, `0.009, 0.004`, and ` : ` between groups. A list with `-`, an upstream without a
/// time, is no latency: its sum would be too small.
pub(super) fn parse_latency(value: &[u8], unit: Unit) -> Option<u64> {
    let spaced = value.split(|byte| matches!(byte, b' ' | b':')).filter(|item| !item.is_empty());
    let mut items = spaced
        .flat_map(|item| {
            let item = item.strip_suffix(b",").unwrap_or(item);
            // A comma beside a point separates; alone it is the decimal sign of some locales.
            let separates =
                item.contains(&b'.') || item.iter().filter(|it| **it == b',').count() > 1;
            item.split(move |byte| separates && *byte == b',')
        })
        .map(|item| parse_number(item, unit));
    let first = items.next()??;
    items.try_fold(first, |sum, item| Some(sum.saturating_add(item?)))
}

/// One number, in microseconds; further digits are dropped.
fn parse_number(item: &[u8], unit: Unit) -> Option<u64> {
    let digits = item.iter().position(|byte| !matches!(byte, b'0'..=b'9' | b'.' | b','));
    let (number, suffix) = item.split_at(digits.unwrap_or(item.len()));
    let written = str::from_utf8(suffix).ok().and_then(Unit::of);
    let unit = match (unit, written) {
        (_, Some(written)) => written,
        (Unit::Written, None) => return None,
        (unit, None) if suffix.is_empty() => unit,
        _ => return None,
    };
    let point = number.iter().position(|byte| matches!(byte, b'.' | b','));
    let point = point.unwrap_or(number.len());
    let (whole, fraction) = (number.get(..point)?, number.get(point + 1..).unwrap_or_default());
    if whole.is_empty() || whole.len() > 15 || !fraction.iter().all(u8::is_ascii_digit) {
        return None;
    }
    let whole = whole.iter().try_fold(0, |sum, &byte| append_digit(sum, byte))?;
    let billionths = (0..9).try_fold(0, |sum, place| {
        append_digit(sum, fraction.get(place).copied().unwrap_or(b'0'))
    })?;
    let nanos = u128::from(unit.nanos());
    let total = u128::from(whole) * nanos + u128::from(billionths) * nanos / 1_000_000_000;
    u64::try_from(total / 1_000).ok()
}

fn append_digit(number: u64, byte: u8) -> Option<u64> {
    byte.is_ascii_digit().then(|| number * 10 + u64::from(byte - b'0'))
}

/// The unit that the name of a field states, of fields that are latencies by their name.
pub(super) fn unit_of_name(name: &str) -> Option<Unit> {
    let name = name.to_ascii_lowercase().replace('-', "_");
    let (stem, unit) = name.rsplit_once('_').unwrap_or((&name, ""));
    let is_latency = LATENCY_WORDS.iter().any(|word| stem.contains(word));
    Unit::of(unit).filter(|_| is_latency)
}

/// Whether a field is a latency by its name, though the name states no unit.
pub(super) fn is_latency_name(name: &str) -> bool {
    let name = name.to_ascii_lowercase();
    LATENCY_WORDS[..4].iter().any(|word| name.contains(word))
}

/// Parts of the names of latencies; the first four are no part of other names.
const LATENCY_WORDS: [&str; 7] =
    ["latency", "duration", "elapsed", "response_time", "request_time", "time_taken", "took"];

#[cfg(test)]
mod tests;
