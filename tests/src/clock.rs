//! The time: the wall clock, which a connector and these tests read, and a clock that a test moves.

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::{SystemTime, UNIX_EPOCH};

/// A clock that stands still until a test moves it. Servers that are started with it have no other time.
#[derive(Debug, Clone)]
pub struct ManualClock {
    file: PathBuf,
    now_ms: Arc<AtomicI64>,
    /// How much time has passed; a step changes only the time of the clock.
    passed_ms: Arc<AtomicI64>,
}

impl ManualClock {
    /// A clock in a directory, which begins at the current second of the wall clock.
    ///
    /// # Panics
    /// The directory cannot be written.
    #[must_use]
    pub fn new(dir: &Path) -> Self {
        let clock =
            Self { file: dir.join("clock"), now_ms: Arc::default(), passed_ms: Arc::default() };
        clock.set_ms(aligned_ms(0, 1_000));
        clock
    }

    /// Its time, in milliseconds since 1970 UTC.
    #[must_use]
    pub fn now_ms(&self) -> i64 {
        self.now_ms.load(Ordering::Relaxed)
    }

    /// Moves it to a time. Only [`Server::move_to`](crate::Server::move_to) waits for what that causes.
    ///
    /// # Panics
    /// Its directory cannot be written.
    pub fn set_ms(&self, at_ms: i64) {
        let passed_ms = (at_ms - self.now_ms()).max(0);
        self.passed_ms.fetch_add(passed_ms, Ordering::Relaxed);
        self.step_to_ms(at_ms);
    }

    /// Sets it to a time, as an administrator or NTP does: no time passes.
    ///
    /// # Panics
    /// Its directory cannot be written.
    pub fn step_to_ms(&self, at_ms: i64) {
        self.now_ms.store(at_ms, Ordering::Relaxed);
        let text = format!("{at_ms} {}", self.passed_ms.load(Ordering::Relaxed));
        // A server reads the file at any moment: it is replaced as a whole.
        let new = self.file.with_extension("new");
        fs::write(&new, text).expect("a folder for temporary files");
        fs::rename(&new, &self.file).expect("a folder for temporary files");
    }

    /// The variable with which a process reads this clock.
    ///
    /// # Panics
    /// The directory has no plain name.
    #[must_use]
    pub fn env(&self) -> (&str, &str) {
        ("PLIMSOLL_CLOCK_FILE", self.file.to_str().expect("temporary folders have plain names"))
    }
}

/// Now, in milliseconds since 1970 UTC.
///
/// # Panics
/// The clock is before 1970.
#[must_use]
#[expect(clippy::disallowed_methods, reason = "a test acts as the connector, which has a clock")]
pub fn now_ms() -> i64 {
    let since_epoch = SystemTime::now().duration_since(UNIX_EPOCH).expect("a clock after 1970");
    i64::try_from(since_epoch.as_millis()).expect("a clock before the year 292 million")
}

/// The newest multiple of `step_ms` that is at least `age_ms` ago.
#[must_use]
pub fn aligned_ms(age_ms: i64, step_ms: i64) -> i64 {
    floor_ms(now_ms() - age_ms, step_ms)
}

/// The start of the step that a time lies in.
#[must_use]
pub const fn floor_ms(at_ms: i64, step_ms: i64) -> i64 {
    at_ms.div_euclid(step_ms) * step_ms
}

/// Reads an RFC 3339 time of an answer.
///
/// # Panics
/// The text is no such time.
#[must_use]
pub fn parse_ms(text: &str) -> i64 {
    let time: jiff::Timestamp = text.parse().expect("answers hold RFC 3339 times");
    time.as_millisecond()
}

/// A time as RFC 3339 in UTC.
///
/// # Panics
/// The time is beyond the calendar.
#[must_use]
pub fn format(at_ms: i64) -> String {
    jiff::Timestamp::from_millisecond(at_ms).expect("a time of this era").to_string()
}
