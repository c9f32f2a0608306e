//! Stretches of time in which something holds: hours of the week, once, or both.

use jiff::tz::TimeZone;
use plimsoll_storage::TimestampMs;

use super::error::Problem;
use super::quantity::time_of_day;

/// The days of the week as they are written, Monday first.
const DAYS: [&str; 7] = ["mon", "tue", "wed", "thu", "fri", "sat", "sun"];

/// Hours of the week, in a time zone.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Schedule {
    /// Days of the week it is active on, Monday first.
    pub days: [bool; 7],
    /// First minute of the day.
    pub from_min: u16,
    /// First minute after it; below `from_min` the hours reach over midnight.
    pub to_min: u16,
    /// Where the clock hangs.
    pub time_zone: TimeZone,
}

impl Schedule {
    /// Reads hours as a rules file has them: days as `mon`, every day when there are none; times as
    /// `08:30`; the IANA name of a time zone.
    ///
    /// # Errors
    /// The first part that cannot be read.
    pub fn read(days: &[String], from: &str, to: &str, zone: &str) -> Result<Self, Problem> {
        let mut active = [days.is_empty(); 7];
        for day in days {
            let position = weekday(day)?;
            active.iter_mut().skip(position).take(1).for_each(|day| *day = true);
        }
        let (from_min, to_min) = (time_of_day(from)?, time_of_day(to)?);
        Ok(Self { days: active, from_min, to_min, time_zone: time_zone(zone)? })
    }

    /// Whether that moment lies in the hours. Hours over midnight belong to the day they begin.
    #[must_use]
    pub fn is_active(&self, at: TimestampMs) -> bool {
        let Ok(at) = jiff::Timestamp::from_millisecond(at.0) else { return true };
        let local = at.to_zoned(self.time_zone.clone());
        let minute = local.hour() as u16 * 60 + local.minute() as u16;
        let today = usize::try_from(local.weekday().to_monday_zero_offset()).unwrap_or(0);
        let on = |day: usize| self.days.get(day % 7).copied().unwrap_or(true);
        if self.from_min < self.to_min {
            return on(today) && (self.from_min..self.to_min).contains(&minute);
        }
        (on(today) && minute >= self.from_min) || (on(today + 6) && minute < self.to_min)
    }

    /// The days it is active on, as they are written.
    pub fn day_names(&self) -> impl Iterator<Item = &'static str> {
        DAYS.into_iter().zip(self.days).filter_map(|(name, active)| active.then_some(name))
    }
}

/// A stretch of time, or hours of the week within one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Period {
    /// First moment.
    pub start: TimestampMs,
    /// First moment after it.
    pub end: TimestampMs,
    /// Only in these hours; `None` for all of it.
    pub weekly: Option<Schedule>,
}

impl Period {
    /// Whether a moment lies in it.
    #[must_use]
    pub fn contains(&self, at: TimestampMs) -> bool {
        (self.start..self.end).contains(&at)
            && self.weekly.as_ref().is_none_or(|hours| hours.is_active(at))
    }
}

/// Position of a day in the week, Monday first.
pub(super) fn weekday(text: &str) -> Result<usize, Problem> {
    let position = DAYS.into_iter().position(|name| name == text);
    position.ok_or_else(|| Problem::Weekday(text.to_owned()))
}

/// The time zone of an IANA name.
pub(super) fn time_zone(name: &str) -> Result<TimeZone, Problem> {
    TimeZone::get(name).map_err(|_| Problem::TimeZone(name.to_owned()))
}

#[cfg(test)]
mod tests;
