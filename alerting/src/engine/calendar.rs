//! A partner's own day: its local time, and whether it is a work day, a weekend or a holiday.

use std::collections::{BTreeMap, BTreeSet};

use jiff::civil::Date;
use jiff::tz::TimeZone;
use plimsoll_storage::TimestampMs;

use crate::rule::{Partner, RuleSet};

/// Quarters of an hour in a day.
pub(super) const QUARTERS: usize = 96;
/// A quarter of an hour, in minutes.
pub(super) const QUARTER_MIN: i64 = 15;
/// Quarters before and after midnight in which a day may be like its neighbour: habits do not change at
/// midnight, and not all customers live in the partner's time zone.
const EVE_QUARTERS: usize = 3 * 4;
const MORNING_QUARTERS: usize = 6 * 4;

/// The kind of a day; days of a kind are alike.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) enum DayKind {
    #[default]
    WorkDay,
    Weekend,
    Holiday,
}

/// A quarter of an hour as the partner sees it.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct LocalQuarter {
    pub(super) kind: DayKind,
    /// The kind of the day before or after, when midnight is near and the kind differs.
    pub(super) near: Option<DayKind>,
    /// 0 to 95 (DST changes leave it in range).
    pub(super) quarter: usize,
    /// By how many quarters the clocks were put forward within the last week, 0 to 95. Some activity of a
    /// partner follows the clock and some does not.
    pub(super) put_forward: usize,
}

/// Time zone and holidays of a partner.
#[derive(Debug, Clone)]
pub(super) struct PartnerDays {
    zone: TimeZone,
    holidays: BTreeSet<Date>,
}

impl PartnerDays {
    /// The quarter that a time lies in.
    pub(super) fn quarter(&self, at: TimestampMs) -> LocalQuarter {
        let Ok(at) = jiff::Timestamp::from_millisecond(at.0) else {
            return LocalQuarter::default();
        };
        let offset_s = |at| self.zone.to_offset(at).seconds();
        let week_ago = at.checked_sub(jiff::SignedDuration::from_hours(7 * 24));
        let forward_s = week_ago.map_or(0, |week_ago| offset_s(at) - offset_s(week_ago));
        let put_forward = forward_s.div_euclid(15 * 60).rem_euclid(QUARTERS as i32) as usize;
        let local = at.to_zoned(self.zone.clone());
        let minute = i64::from(local.hour()) * 60 + i64::from(local.minute());
        let quarter = (minute / QUARTER_MIN) as usize % QUARTERS;
        let kind = self.kind(local.date());
        let neighbour = if quarter < MORNING_QUARTERS {
            local.date().yesterday().ok()
        } else if quarter >= QUARTERS - EVE_QUARTERS {
            local.date().tomorrow().ok()
        } else {
            None
        };
        let near = neighbour.map(|date| self.kind(date)).filter(|near| *near != kind);
        LocalQuarter { kind, near, quarter, put_forward }
    }

    fn kind(&self, date: Date) -> DayKind {
        if self.holidays.contains(&date) {
            DayKind::Holiday
        } else if date.weekday().to_monday_zero_offset() >= 5 {
            DayKind::Weekend
        } else {
            DayKind::WorkDay
        }
    }
}

/// The days of every partner in the rules file; other partners are in UTC without holidays.
#[derive(Debug, Clone)]
pub(super) struct Calendar {
    partners: BTreeMap<String, PartnerDays>,
    other: PartnerDays,
}

impl Calendar {
    pub(super) fn new(rules: &RuleSet) -> Self {
        let days = |partner: &Partner| {
            let country = partner.country.as_deref();
            let zone = partner.zone().unwrap_or(TimeZone::UTC);
            let own = rules.holidays.iter().filter(|day| Some(day.country.as_str()) == country);
            PartnerDays { zone, holidays: own.map(|day| day.date).collect() }
        };
        let partners = rules.partners.iter().map(|it| (it.name.clone(), days(it))).collect();
        Self { partners, other: PartnerDays { zone: TimeZone::UTC, holidays: BTreeSet::new() } }
    }

    /// The days of a partner.
    pub(super) fn of(&self, partner: Option<&str>) -> &PartnerDays {
        partner.and_then(|partner| self.partners.get(partner)).unwrap_or(&self.other)
    }
}

#[cfg(test)]
mod tests;
