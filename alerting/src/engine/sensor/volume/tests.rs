use plimsoll_storage::{Cell, Slot, SlotValue, SlotWidth};

use super::*;
use crate::engine::calendar::Calendar;
use crate::engine::sensor::context::SensorContext;
use crate::engine::sensor::volume::dispersion::evidence;
use crate::engine::time::SlotEnd;
use crate::rule::RuleSet;

const DAY_MIN: i64 = 1_440;
/// 2026-03-02, a Monday, in minutes since 1970.
const MONDAY: i64 = 20_514 * DAY_MIN;

struct World {
    rules: RuleSet,
    calendar: Calendar,
    sensor: VolumeSensor,
}

impl World {
    fn new() -> Self {
        let rules = RuleSet::default_pack().unwrap();
        let calendar = Calendar::new(&rules);
        Self { rules, calendar, sensor: VolumeSensor::default() }
    }

    /// Evaluates minute after minute; returns those at whose end a drop is detected.
    fn run(
        &mut self,
        minutes: std::ops::Range<i64>,
        count: impl Fn(i64) -> Option<u64>,
    ) -> Vec<i64> {
        let rule = self.rules.rule("partner-drop").unwrap();
        let days = self.calendar.of(None);
        let width = SlotWidth::DEFAULT;
        let mut found = Vec::new();
        for minute in minutes {
            if let Some(count) = count(minute) {
                let slot = Slot(u32::try_from(minute * 6 + 5).unwrap());
                let value = &SlotValue::Activity(Cell::default());
                let evaluated_minute = minute - 1;
                let incoming =
                    IncomingCell { slot, width, value, step_ms: width.ms(), evaluated_minute };
                self.sensor.add(&incoming, count);
            }
            let end = SlotEnd::new(Slot(u32::try_from(minute * 6 + 5).unwrap()), width);
            assert_eq!(end.last_minute(), minute);
            let context = SensorContext {
                rule,
                days,
                end,
                open: None,
                resolved_minute: NEVER,
                has_heartbeats: true,
                at_rest: true,
                baseline: None,
            };
            let expectation = Expectation::of(&context).unwrap();
            let (reading, _) = self.sensor.evaluate(&expectation, None);
            if reading.reached().is_some() {
                found.push(minute);
            }
        }
        found
    }
}

/// Thirty a minute at day, none at night, with bursts.
fn normal(minute: i64) -> u64 {
    let hour = minute.rem_euclid(DAY_MIN) / 60;
    if (8..20).contains(&hour) { [10, 55, 25, 30][minute.rem_euclid(4) as usize] } else { 0 }
}

#[test]
fn silence_is_detected_in_minutes_and_a_normal_day_is_quiet() {
    let mut world = World::new();
    let quiet = world.run(MONDAY..MONDAY + 2 * DAY_MIN, |minute| Some(normal(minute)));
    assert_eq!(quiet, Vec::<i64>::new());
    let noon = MONDAY + 2 * DAY_MIN + 12 * 60;
    let silent = |minute| Some(if minute >= noon { 0 } else { normal(minute) });
    let found = world.run(MONDAY + 2 * DAY_MIN..noon + 30, silent);
    assert!((noon + 2..noon + 10).contains(&found[0]), "{}", found[0] - noon);
}

#[test]
fn missing_reports_are_no_drop_and_a_heartbeat_covers_the_minutes_before_it() {
    let noon = MONDAY + 2 * DAY_MIN + 12 * 60;
    let mut world = World::new();
    world.run(MONDAY..noon, |minute| Some(normal(minute)));
    assert_eq!(world.run(noon..noon + 60, |_| None), Vec::<i64>::new());
    let mut world = World::new();
    world.run(MONDAY..noon, |minute| Some(normal(minute)));
    let beats = |minute: i64| (minute % 5 == 0).then_some(0);
    assert!(!world.run(noon..noon + 30, beats).is_empty());
}

#[test]
fn evidence_grows_with_missing_arrivals_and_shrinks_with_bursts() {
    assert!(evidence(0.0, 30.0, 1e6) > 29.9);
    assert!(evidence(10.0, 30.0, 1e6) > evidence(20.0, 30.0, 1e6));
    assert!(evidence(10.0, 30.0, 2.0) < evidence(10.0, 30.0, 1e6) / 2.0);
    assert!(evidence(30.0, 30.0, 5.0).abs() < 1e-9);
}
