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
mod tests {
    use super::*;

    fn at(text: &str) -> TimestampMs {
        TimestampMs(text.parse::<jiff::Timestamp>().unwrap().as_millisecond())
    }

    fn hours(days: &[&str], from: &str, to: &str) -> Schedule {
        let days: Vec<String> = days.iter().map(|day| (*day).to_owned()).collect();
        Schedule::read(&days, from, to, "Europe/Berlin").unwrap()
    }

    #[test]
    fn hours_are_read_in_their_own_time_zone() {
        let work = hours(&["mon", "tue", "wed", "thu", "fri"], "08:00", "18:00");
        let night = hours(&["mon", "tue", "wed", "thu", "fri"], "22:00", "06:00");
        // 2026-11-20 is a Friday; Berlin is an hour ahead of UTC.
        let table = [
            (&work, "2026-11-20T07:00:00Z", true),
            (&work, "2026-11-20T06:59:00Z", false),
            (&work, "2026-11-20T17:00:00Z", false),
            (&work, "2026-11-21T09:00:00Z", false),
            // The night that began on Friday.
            (&night, "2026-11-21T01:00:00Z", true),
            (&night, "2026-11-22T01:00:00Z", false),
        ];
        for (hours, moment, is_active) in table {
            assert_eq!(hours.is_active(at(moment)), is_active, "{moment}");
        }
        assert_eq!(work.day_names().collect::<Vec<_>>(), ["mon", "tue", "wed", "thu", "fri"]);
        assert_eq!(hours(&[], "00:00", "24:00").day_names().count(), 7);
    }

    #[test]
    fn a_period_repeats_within_its_bounds_and_follows_the_clock_over_summer_time() {
        let period = Period {
            start: at("2026-10-01T00:00:00Z"),
            end: at("2026-11-30T00:00:00Z"),
            weekly: Some(hours(&["sun"], "02:00", "04:00")),
        };
        let table = [
            // Two hours ahead of UTC in summer, one in winter.
            ("2026-10-18T00:00:00Z", true),
            ("2026-10-18T02:00:00Z", false),
            ("2026-11-01T00:30:00Z", false),
            ("2026-11-01T01:00:00Z", true),
            ("2026-11-02T01:00:00Z", false),
            ("2026-09-27T00:00:00Z", false),
            ("2026-12-06T01:00:00Z", false),
        ];
        for (moment, contains) in table {
            assert_eq!(period.contains(at(moment)), contains, "{moment}");
        }
    }

    #[test]
    fn what_cannot_be_read_is_named() {
        let read = |day: &str, from, zone| {
            Schedule::read(&[day.to_owned()], from, "18:00", zone).unwrap_err().to_string()
        };
        assert!(read("someday", "08:00", "UTC").contains("someday"));
        assert!(read("mon", "25:00", "UTC").contains("25:00"));
        assert!(read("mon", "08:00", "Mars/Base").contains("Mars/Base"));
    }
}
