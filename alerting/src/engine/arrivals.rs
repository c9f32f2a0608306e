//! What arrived of late, and what was expected of it: minutes for as long as the longest window, and
//! quarters of an hour for the hours before it.
//!
//! A minute counts once it is known: a report vouches for the few minutes since the one before it.

use super::calendar::QUARTER_MIN;
use super::compact::Code;
use super::ring::{NEVER, Ring};
use crate::rule::ScanSettings;

/// The hours before a window that say how today compares with other days, in minutes.
const BEFORE_MIN: i64 = 360;
/// Minutes that are held: the longest window, and what is open.
pub(super) const MINUTES: i64 = ScanSettings::WINDOW_MIN_MAX as i64 + QUARTER_MIN;
/// Quarters that are held: the longest window, the hours before it, and a part at either end.
pub(super) const QUARTERS_HELD: i64 =
    (ScanSettings::WINDOW_MIN_MAX as i64 + BEFORE_MIN) / QUARTER_MIN + 2;
const HELD: usize = QUARTERS_HELD as usize;
/// Heartbeats come at least this often, in minutes: a report vouches for the minutes before it.
const HEARTBEAT_MIN: i64 = 5;

/// A stretch of minutes against what was expected of those that are known.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Volume {
    pub(super) count: f64,
    pub(super) expected: f64,
    /// Minutes that are known.
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
    /// By minute, one more than what arrived; 0 while nothing was reported.
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
    /// What is expected of a minute.
    expected: Code,
}

const EMPTY: Quarter = Quarter { count: 0, known: 0, expected: Code::UNKNOWN };

impl Default for Arrivals {
    fn default() -> Self {
        let minutes = Ring::new(MINUTES as u16);
        Self { minutes, newest_quarter: NEVER, quarters: [EMPTY; HELD] }
    }
}

impl Arrivals {
    /// Adds a report of a minute. What is older than the minutes held is let go.
    pub(super) fn add(&mut self, minute: i64, count: u32) {
        self.reach(minute);
        if minute <= self.minutes.newest() - MINUTES {
            return;
        }
        let is_first = self.get(minute).is_none();
        self.note(minute, count);
        if is_first {
            self.vouch(minute);
        }
    }

    /// What arrived in a minute; `None` while nothing was reported of it.
    pub(super) fn get(&self, minute: i64) -> Option<u32> {
        self.minutes.count(minute, 0).checked_sub(1)
    }

    /// Makes a minute one of those that are held.
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

    /// Notes what is expected of a minute of a quarter; `None` when nothing is known of other days.
    pub(super) fn expect(&mut self, quarter: i64, rate: Option<f64>) {
        if self.holds(quarter) {
            self.quarters[position(quarter)].expected = rate.map_or(Code::UNKNOWN, Code::new);
        }
    }

    /// The known minutes of those that are `from..to` minutes old; `None` when nothing is known of
    /// other days for one of them.
    pub(super) fn newest(&self, minute: i64, from: u32, to: u32) -> Option<Volume> {
        self.sum(minute - i64::from(to) + 1..minute - i64::from(from) + 1)
    }

    /// The hours up to and with a minute. They begin with a whole quarter. `None` as above.
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

    /// The known minutes of a stretch; `None` as above.
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

    /// Takes the unreported minutes between neighbouring reports for minutes without arrivals.
    fn vouch(&mut self, minute: i64) {
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
