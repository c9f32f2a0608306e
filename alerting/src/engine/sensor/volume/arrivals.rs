//! Recent arrivals, and how many were expected: by minute for the longest window, and by quarter of an hour
//! for the hours before it.
//!
//! A minute counts once it is known: a report also covers the few minutes since the report before it.

use crate::engine::calendar::QUARTER_MIN;
use crate::engine::compact::{LogCode, NEVER, Ring};
use crate::rule::ScanSettings;

/// The hours before a window, in minutes: they show how today compares with other days.
const BEFORE_MIN: i64 = 360;
/// Minutes that are kept: the longest window, and those that are not complete.
pub(super) const MINUTES: i64 = ScanSettings::WINDOW_MIN_MAX as i64 + QUARTER_MIN;
/// Quarters that are kept: the longest window, the hours before it, and a part at either end.
pub(super) const QUARTERS_HELD: i64 =
    (ScanSettings::WINDOW_MIN_MAX as i64 + BEFORE_MIN) / QUARTER_MIN + 2;
const HELD: usize = QUARTERS_HELD as usize;
/// Heartbeats come at least this often, in minutes: a report covers as many minutes before it.
const HEARTBEAT_MIN: i64 = 5;

/// Arrivals of some minutes, and how many were expected in those that are known.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Volume {
    pub(super) count: f64,
    pub(super) expected: f64,
    /// How many minutes are known.
    pub(super) known: u32,
}

impl Volume {
    pub(super) fn add(&mut self, other: Self) {
        self.count += other.count;
        self.expected += other.expected;
        self.known += other.known;
    }
}

/// Arrivals of one group.
#[derive(Debug, Clone)]
pub(super) struct Arrivals {
    /// By minute, the arrivals plus one; 0 while nothing was reported.
    minutes: Ring<1>,
    /// Number of the newest quarter, since 1970.
    newest_quarter: i64,
    quarters: [Quarter; HELD],
}

/// A quarter of an hour.
#[derive(Debug, Clone, Copy)]
struct Quarter {
    count: u32,
    /// Minutes that are known.
    known: u8,
    /// How many are expected in a minute.
    expected: LogCode,
}

const EMPTY: Quarter = Quarter { count: 0, known: 0, expected: LogCode::UNKNOWN };

impl Default for Arrivals {
    fn default() -> Self {
        let minutes = Ring::new(MINUTES as u16);
        Self { minutes, newest_quarter: NEVER, quarters: [EMPTY; HELD] }
    }
}

impl Arrivals {
    /// Adds a report of a minute. Minutes older than those kept are ignored.
    pub(super) fn add(&mut self, minute: i64, count: u32) {
        self.reach(minute);
        if minute <= self.minutes.newest() - MINUTES {
            return;
        }
        let is_first = self.get(minute).is_none();
        self.note(minute, count);
        if is_first {
            self.cover_gap(minute);
        }
    }

    /// The arrivals of a minute; `None` while it is not known.
    pub(super) fn get(&self, minute: i64) -> Option<u32> {
        self.minutes.count(minute, 0).checked_sub(1)
    }

    /// Moves forward so that a minute is kept.
    pub(super) fn reach(&mut self, minute: i64) {
        self.minutes.reach(minute);
        let quarter = minute.div_euclid(QUARTER_MIN);
        if quarter > self.newest_quarter {
            let fresh = (quarter - self.newest_quarter).min(QUARTERS_HELD);
            for emptied in quarter - fresh + 1..=quarter {
                self.quarters[position(emptied)] = EMPTY;
            }
            self.newest_quarter = quarter;
        }
    }

    /// Sets how many are expected in a minute of a quarter; `None` when no other day is known.
    pub(super) fn expect(&mut self, quarter: i64, rate: Option<f64>) {
        if self.holds(quarter) {
            self.quarters[position(quarter)].expected = rate.map_or(LogCode::UNKNOWN, LogCode::new);
        }
    }

    /// The known minutes of those that are `from..to` minutes old; `None` when no other day is known for one
    /// of them.
    pub(super) fn newest(&self, minute: i64, from: u32, to: u32) -> Option<Volume> {
        self.sum(minute - i64::from(to) + 1..minute - i64::from(from) + 1)
    }

    /// The hours up to a minute, which is included. They begin with a whole quarter. `None` as for `newest`.
    pub(super) fn hours_before(&self, minute: i64) -> Option<Volume> {
        let first = (minute + 1 - BEFORE_MIN).div_euclid(QUARTER_MIN);
        let last = (minute + 1).div_euclid(QUARTER_MIN);
        let mut sum = self.sum(last * QUARTER_MIN..minute + 1)?;
        for quarter in (first..last).filter(|quarter| self.holds(*quarter)) {
            let held = self.quarters[position(quarter)];
            if held.known > 0 {
                let (count, known) = (f64::from(held.count), u32::from(held.known));
                let expected = held.expected.value()? * f64::from(held.known);
                sum.add(Volume { count, expected, known });
            }
        }
        Some(sum)
    }

    /// The known minutes of a range; `None` as for `newest`.
    fn sum(&self, minutes: std::ops::Range<i64>) -> Option<Volume> {
        let mut sum = Volume::default();
        let mut rate = (NEVER, None);
        for minute in minutes {
            let Some(count) = self.get(minute) else { continue };
            let quarter = minute.div_euclid(QUARTER_MIN);
            if quarter != rate.0 {
                rate = (quarter, self.quarters[position(quarter)].expected.value());
            }
            sum.add(Volume { count: f64::from(count), expected: rate.1?, known: 1 });
        }
        Some(sum)
    }

    /// Counts the unreported minutes between neighbouring reports as minutes without arrivals.
    fn cover_gap(&mut self, minute: i64) {
        let reported = |it: &i64| self.get(*it).is_some();
        let before = (minute - HEARTBEAT_MIN..minute).rev().find(reported);
        let after = (minute + 1..=minute + HEARTBEAT_MIN).find(reported);
        for between in before.map_or(minute, |it| it + 1)..after.unwrap_or(minute + 1) {
            if self.get(between).is_none() {
                self.note(between, 0);
            }
        }
    }

    fn note(&mut self, minute: i64, count: u32) {
        let is_first = self.get(minute).is_none();
        self.minutes.add(minute, [count.saturating_add(u32::from(is_first))]);
        let quarter = &mut self.quarters[position(minute.div_euclid(QUARTER_MIN))];
        quarter.count = quarter.count.saturating_add(count);
        quarter.known += u8::from(is_first);
    }

    const fn holds(&self, quarter: i64) -> bool {
        quarter <= self.newest_quarter && quarter > self.newest_quarter - QUARTERS_HELD
    }
}

fn position(quarter: i64) -> usize {
    quarter.rem_euclid(QUARTERS_HELD) as usize
}

#[cfg(test)]
mod tests;
