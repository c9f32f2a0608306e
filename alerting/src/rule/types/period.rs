//! Periods in which something holds: hours of the week, a period with start and end, or both.

use jiff::tz::TimeZone;
use plimsoll_storage::TimestampMs;

use crate::rule::error::RuleProblem;
use crate::rule::types::notation::time_of_day;
use crate::text::nearest::nearest;

/// The names of the days of the week in the rules file, Monday first.
const DAYS: [&str; 7] = ["mon", "tue", "wed", "thu", "fri", "sat", "sun"];

/// Why hours are none.
pub(in crate::rule) const NO_HOURS: &str =
    "begins and ends at the same time; write from 00:00 to 24:00 for the whole day";

/// Hours of the week, in a time zone.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Schedule {
    /// The days of the week with such hours, Monday first.
    pub days: [bool; 7],
    /// The first minute of the day, from 0.
    pub from_min: u16,
    /// The minute after the last one; when it is not above `from_min`, the hours continue past midnight.
    pub to_min: u16,
    /// The time zone of the hours.
    pub time_zone: TimeZone,
}

impl Schedule {
    /// Reads hours as the rules file has them: days such as `mon`, or none for every day; times such as
    /// `08:30`; the IANA name of a time zone.
    ///
    /// # Errors
    /// The first part that is not valid.
    pub fn read(days: &[String], from: &str, to: &str, zone: &str) -> Result<Self, RuleProblem> {
        let mut active = [days.is_empty(); 7];
        for day in days {
            let position = weekday(day)?;
            active.iter_mut().skip(position).take(1).for_each(|day| *day = true);
        }
        let (from_min, to_min) = (time_of_day(from)?, time_of_day(to)?);
        if from_min == to_min {
            return Err(RuleProblem::Hours(NO_HOURS.into()));
        }
        Ok(Self { days: active, from_min, to_min, time_zone: time_zone(zone)? })
    }

    /// How long the hours of a day last, in ms.
    pub(crate) fn length_ms(&self) -> i64 {
        let minutes = i64::from(self.to_min) - i64::from(self.from_min);
        let minutes = if minutes > 0 { minutes } else { minutes + 24 * 60 };
        minutes * 60_000
    }

    /// Whether a time lies in the hours. Hours that continue past midnight belong to the day they begin on.
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

    /// The names of the days with such hours.
    pub fn day_names(&self) -> impl Iterator<Item = &'static str> {
        DAYS.into_iter().zip(self.days).filter_map(|(name, active)| active.then_some(name))
    }
}

/// A period, or hours of the week within one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Period {
    /// The first millisecond.
    pub start: TimestampMs,
    /// The first millisecond after the period.
    pub end: TimestampMs,
    /// Only these hours of it; `None` for the whole period.
    pub weekly: Option<Schedule>,
}

impl Period {
    /// Whether a time lies in the period.
    #[must_use]
    pub fn contains(&self, at: TimestampMs) -> bool {
        (self.start..self.end).contains(&at)
            && self.weekly.as_ref().is_none_or(|hours| hours.is_active(at))
    }
}

/// Position of a day in the week, Monday first.
pub(in crate::rule) fn weekday(text: &str) -> Result<usize, RuleProblem> {
    let position = DAYS.into_iter().position(|name| name == text);
    position.ok_or_else(|| RuleProblem::Weekday(text.to_owned()))
}

/// The time zone of an IANA name.
pub(in crate::rule) fn time_zone(name: &str) -> Result<TimeZone, RuleProblem> {
    TimeZone::get(name).map_err(|_| {
        let zones: Vec<String> = jiff::tz::db().available().map(|it| it.to_string()).collect();
        // `Berlin` names the city of a zone.
        let city = zones.iter().map(String::as_str).find(|zone| {
            zone.rsplit('/').next().is_some_and(|city| city.eq_ignore_ascii_case(name.trim()))
        });
        let near = city.or_else(|| nearest(name, zones.iter().map(String::as_str)));
        let remedy = near.map_or_else(
            || "write its IANA name, such as Europe/Berlin".to_owned(),
            |near| format!("did you mean `{near}`?"),
        );
        RuleProblem::TimeZone(name.to_owned(), remedy)
    })
}

#[cfg(test)]
mod tests;
