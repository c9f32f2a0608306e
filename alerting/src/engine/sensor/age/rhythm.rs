//! The rhythm of a stream: how long it is usually silent at each time of the day.
//!
//! At each minute the silence is the time since the newest report, as it was known then. The longest one of
//! each quarter of an hour is learned. A stream that reports long steps at once is silent in between.

use plimsoll_storage::TimestampMs;

use super::usual::usual_silence_min;
use crate::engine::calendar::{DayKind, LocalQuarter, PartnerDays, QUARTER_MIN};
use crate::engine::compact::NEVER;
use crate::engine::sensor::profile::Profile;
use crate::engine::time::MINUTE_MS;

/// The silence that is taken for usual before a day is known, in minutes; a longer one that was seen counts.
const UNKNOWN_MIN: u32 = 10;
/// On a holiday and near one silences are usual that are so many times as long: little more happens than a
/// sixteenth.
const HOLIDAY_TIMES: f64 = 16.0;
/// And at least so many minutes without an event; heartbeats go on.
const HOLIDAY_MIN: f64 = 720.0;
/// Minutes of which it is kept whether something was reported.
const HELD_MIN: i64 = u128::BITS as i64;
/// Minutes that are learned at once at most: a week.
const LEARNED_MIN_MAX: i64 = 7 * 24 * 60;

/// What is known of the silences of one group.
#[derive(Debug, Clone)]
pub(super) struct Rhythm {
    profile: Profile,
    /// Bit `n` says whether something was reported in the minute `newest - n`.
    reported: u128,
    newest: i64,
    /// The newest minute that was learned from.
    learned: i64,
    /// The newest minute with a report among those; [`NEVER`] at first.
    last: i64,
    /// The longest silence of the quarter that is being learned, in minutes.
    of_quarter: Option<u32>,
    /// Whether an alert was open in that quarter.
    has_alert: bool,
    /// The longest silence that has ended.
    longest: u32,
    /// How long the steps are that are reported at once.
    step_ms: i64,
}

impl Default for Rhythm {
    fn default() -> Self {
        Self {
            profile: Profile::default(),
            reported: 0,
            newest: NEVER,
            learned: NEVER,
            last: NEVER,
            of_quarter: None,
            has_alert: false,
            longest: 0,
            step_ms: 0,
        }
    }
}

impl Rhythm {
    /// Adds a report of a minute.
    pub(super) fn add(&mut self, minute: i64, step_ms: i64) {
        self.step_ms = self.step_ms.max(step_ms);
        if minute > self.newest {
            let by = minute - self.newest;
            self.reported = if by < HELD_MIN { self.reported << by } else { 0 };
            self.newest = minute;
        }
        let back = self.newest - minute;
        if back < HELD_MIN {
            self.reported |= 1 << back;
        }
        if minute <= self.learned {
            self.end_silence(minute);
        }
    }

    /// A silence ends with a report of a minute.
    fn end_silence(&mut self, minute: i64) {
        if self.last > NEVER {
            let silence = u32::try_from(minute - self.last).unwrap_or(0);
            self.longest = self.longest.max(silence);
        }
        self.last = self.last.max(minute);
    }

    /// Learns the minutes up to one, which is complete. A silence with an open alert is not usual, unless
    /// nothing else is known of that time of the day.
    pub(super) fn learn(&mut self, days: &PartnerDays, minute: i64, is_open: bool) {
        let first = (self.learned + 1).max(minute - LEARNED_MIN_MAX + 1);
        for minute in first..=minute {
            if self.was_reported(minute) {
                self.end_silence(minute);
            }
            if self.last > NEVER {
                let silence = u32::try_from(minute - self.last).unwrap_or(u32::MAX);
                self.of_quarter = self.of_quarter.max(Some(silence));
                self.has_alert |= is_open;
            }
            if (minute + 1).rem_euclid(QUARTER_MIN) == 0 {
                self.learn_quarter(days.quarter(TimestampMs(minute * MINUTE_MS)));
            }
        }
        self.learned = self.learned.max(minute);
    }

    fn learn_quarter(&mut self, at: LocalQuarter) {
        let (silence, has_alert) = (self.of_quarter.take(), std::mem::take(&mut self.has_alert));
        let Some(silence) = silence else { return };
        if !has_alert || self.profile.days(at.kind, at.quarter).is_none() {
            self.profile.learn(at, f64::from(silence));
        }
    }

    /// The silence that is usual at a time, in seconds. `of_reports` says that it is one of all reports, and
    /// not only of events.
    pub(super) fn usual_s(&self, days: &PartnerDays, at: TimestampMs, of_reports: bool) -> f64 {
        let mut at = days.quarter(at);
        let is_holiday = at.kind == DayKind::Holiday || at.near == Some(DayKind::Holiday);
        if at.kind == DayKind::Holiday {
            (at.kind, at.near) = (DayKind::WorkDay, None);
        }
        let usual_min = usual_silence_min(&self.profile, at);
        let usual_min = usual_min.unwrap_or_else(|| f64::from(self.longest.max(UNKNOWN_MIN)));
        let usual_min = match (is_holiday, of_reports) {
            (false, _) => usual_min,
            (true, true) => usual_min * HOLIDAY_TIMES,
            (true, false) => (usual_min * HOLIDAY_TIMES).max(HOLIDAY_MIN),
        };
        usual_min * 60.0 + self.step_ms as f64 / 1e3
    }

    fn was_reported(&self, minute: i64) -> bool {
        let back = self.newest - minute;
        (0..HELD_MIN).contains(&back) && self.reported >> back & 1 == 1
    }
}

#[cfg(test)]
mod tests;
