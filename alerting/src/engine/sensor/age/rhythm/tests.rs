use super::*;
use crate::engine::calendar::Calendar;
use crate::rule::RuleSet;

const DAY_MIN: i64 = 1_440;
/// 2026-03-02, a Monday, in minutes since 1970.
const MONDAY: i64 = 20_514 * DAY_MIN;

struct World {
    calendar: Calendar,
    rhythm: Rhythm,
}

impl World {
    fn new() -> Self {
        let rules = "partners: [{ name: dhl, country: DE, time_zone: UTC }]\n\
                     holidays: [{ country: DE, date: 2026-03-05 }]\nrules: []";
        let rules = RuleSet::parse_for_replay(rules).unwrap();
        Self { calendar: Calendar::new(&rules), rhythm: Rhythm::default() }
    }

    /// Learns minute after minute, of which some have a report.
    fn run(&mut self, minutes: std::ops::Range<i64>, is_open: bool, reports: impl Fn(i64) -> bool) {
        for minute in minutes {
            if reports(minute) {
                self.rhythm.add(minute, 10_000);
            }
            self.rhythm.learn(self.calendar.of(Some("dhl")), minute, is_open);
        }
    }

    fn usual_min(&self, minute: i64, of_reports: bool) -> f64 {
        let days = self.calendar.of(Some("dhl"));
        self.rhythm.usual_s(days, TimestampMs(minute * MINUTE_MS), of_reports) / 60.0
    }
}

/// A report every five minutes by day, none from ten in the evening until six.
fn by_day(minute: i64) -> bool {
    (360..1_320).contains(&minute.rem_euclid(DAY_MIN)) && minute % 5 == 0
}

#[test]
fn ten_minutes_are_usual_on_the_first_day_and_later_the_silences_of_the_hour() {
    let mut world = World::new();
    world.run(MONDAY + 480..MONDAY + 600, false, by_day);
    assert!((10.0..11.0).contains(&world.usual_min(MONDAY + 600, false)));
    world.run(MONDAY + 600..MONDAY + 3 * DAY_MIN, false, by_day);
    let tuesday = MONDAY + 2 * DAY_MIN;
    let noon = world.usual_min(tuesday + 720, false);
    assert!((4.0..7.0).contains(&noon), "{noon}");
    let night = world.usual_min(tuesday + 240, false);
    assert!(night > 200.0, "{night}");
    let holiday = world.usual_min(MONDAY + 3 * DAY_MIN + 720, false);
    assert!(holiday >= 720.0, "{holiday}");
    let of_reports = world.usual_min(MONDAY + 3 * DAY_MIN + 720, true);
    assert!((60.0..120.0).contains(&of_reports), "{of_reports}");
}

#[test]
fn a_silence_with_an_open_alert_is_not_learned_once_a_day_is_known() {
    let mut world = World::new();
    world.run(MONDAY..MONDAY + 2 * DAY_MIN + 600, false, by_day);
    world.run(MONDAY + 2 * DAY_MIN + 600..MONDAY + 2 * DAY_MIN + 1_200, true, |_| false);
    world.run(MONDAY + 2 * DAY_MIN + 1_200..MONDAY + 3 * DAY_MIN + 700, false, by_day);
    let usual = world.usual_min(MONDAY + 4 * DAY_MIN + 720, false);
    assert!(usual < 7.0, "{usual}");
}

#[test]
fn a_long_step_and_late_reports_are_part_of_the_rhythm() {
    let mut world = World::new();
    let hourly = |minute: i64| minute % 60 == 59;
    for minute in MONDAY..MONDAY + 2 * DAY_MIN {
        if hourly(minute) {
            (minute - 59..=minute).for_each(|at| world.rhythm.add(at, 3_600_000));
        }
        world.rhythm.learn(world.calendar.of(Some("dhl")), minute, false);
    }
    let usual = world.usual_min(MONDAY + DAY_MIN + 720, false);
    assert!((90.0..240.0).contains(&usual), "{usual}");
}
