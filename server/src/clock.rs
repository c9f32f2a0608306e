//! The wall clock and the time since the start. Nothing else in the workspace reads the wall clock: time is
//! an argument everywhere.
//!
//! A debug build, and one with the feature `clock-file`, reads the time from the file that
//! `PLIMSOLL_CLOCK_FILE` names: the end-to-end tests move time instead of waiting for it.

use std::sync::LazyLock;
use std::time::{Instant, SystemTime, UNIX_EPOCH};

use plimsoll_storage::TimestampMs;

/// A smaller difference from the time that has passed is no step: clocks are slewed, and threads wait between
/// reading one clock and the other.
const STEP_MS_MIN: i64 = 1_000;

/// How much further the wall clock may move than the time that has passed since the start until it is not
/// trusted any more. It may be set by this much in all before old data is kept for longer.
const TRUSTED_AHEAD_MS: i64 = 3_600_000;

/// Now.
pub(crate) fn now() -> TimestampMs {
    reading().wall
}

/// The wall clock, and how much time has passed, at one moment.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Reading {
    pub(crate) wall: TimestampMs,
    /// Milliseconds since some moment. No step of the wall clock changes it.
    pub(crate) passed_ms: i64,
}

/// Both clocks.
pub(crate) fn reading() -> Reading {
    #[cfg(any(debug_assertions, feature = "clock-file"))]
    if let Some(reading) = file::reading() {
        return reading;
    }
    static START: LazyLock<Instant> = LazyLock::new(Instant::now);
    let passed_ms = i64::try_from(START.elapsed().as_millis()).unwrap_or(i64::MAX);
    Reading { wall: wall_time(), passed_ms }
}

/// The latest time that is trusted: data is deleted for good by it, and a clock can be set to any time. The
/// clock is trusted at the first call, which is part of the start.
pub(crate) fn trusted_until() -> TimestampMs {
    static FIRST: LazyLock<Reading> = LazyLock::new(reading);
    FIRST.trusted_until(reading().passed_ms)
}

impl Reading {
    /// The latest time that is trusted when so many ms have passed, if this reading was right.
    fn trusted_until(self, passed_ms: i64) -> TimestampMs {
        self.wall.plus_ms(passed_ms - self.passed_ms + TRUSTED_AHEAD_MS)
    }
}

#[expect(clippy::disallowed_methods, reason = "this is the one place that reads the clock")]
fn wall_time() -> TimestampMs {
    let since_1970 = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    TimestampMs(i64::try_from(since_1970.as_millis()).unwrap_or(i64::MAX))
}

/// Finds steps of the wall clock: it moves by another amount than the time that passes.
#[derive(Debug)]
pub(crate) struct StepDetector {
    last: Reading,
}

impl StepDetector {
    pub(crate) const fn new(first: Reading) -> Self {
        Self { last: first }
    }

    /// By how many ms the clock was set since the last reading; `None` when it was not.
    pub(crate) fn step_ms(&mut self, reading: Reading) -> Option<i64> {
        let Reading { wall, passed_ms } = std::mem::replace(&mut self.last, reading);
        let step_ms = reading.wall.since_ms(wall) - (reading.passed_ms - passed_ms);
        (step_ms.abs() >= STEP_MS_MIN).then_some(step_ms)
    }
}

/// A clock in a file: the wall clock in ms since 1970, and optionally the ms that have passed. Without the
/// second number, time passes as the first one grows.
#[cfg(any(debug_assertions, feature = "clock-file"))]
mod file {
    use std::path::PathBuf;
    use std::sync::LazyLock;

    use parking_lot::Mutex;
    use plimsoll_storage::TimestampMs;

    use crate::clock::Reading;

    static FILE: LazyLock<Option<PathBuf>> =
        LazyLock::new(|| std::env::var_os("PLIMSOLL_CLOCK_FILE").map(PathBuf::from));
    static LAST: Mutex<Option<Reading>> = Mutex::new(None);

    pub(super) fn reading() -> Option<Reading> {
        let path = FILE.as_ref()?;
        // Under the lock, so that no thread takes an older reading for a step back.
        let mut last = LAST.lock();
        let text = std::fs::read_to_string(path).ok()?;
        let next = parse(&text, last.as_ref())?;
        *last = Some(next);
        Some(next)
    }

    pub(super) fn parse(text: &str, last: Option<&Reading>) -> Option<Reading> {
        let mut numbers = text.split_whitespace().map(str::parse::<i64>);
        let wall = TimestampMs(numbers.next()?.ok()?);
        let passed_ms = match numbers.next() {
            Some(passed_ms) => passed_ms.ok()?,
            None => last.map_or(0, |last| last.passed_ms + wall.since_ms(last.wall).max(0)),
        };
        Some(Reading { wall, passed_ms })
    }
}

#[cfg(test)]
mod tests;
