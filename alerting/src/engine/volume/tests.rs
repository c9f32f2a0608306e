use plimsoll_storage::{Cell, Slot, SlotValue, SlotWidth};

use super::*;
use crate::engine::calendar::Calendar;
use crate::rule::{RuleSet, Signal};

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

    /// Judges minute after minute; answers those at whose end a drop is proven.
    fn run(
        &mut self,
        minutes: std::ops::Range<i64>,
        count: impl Fn(i64) -> Option<u64>,
    ) -> Vec<i64> {
        let rule = self.rules.rule("partner-drop").unwrap();
        let Signal::Drop { on_holiday, .. } = rule.signal else { panic!("no drop") };
        let scan = rule.scan.as_ref().unwrap();
        let days = self.calendar.of(None);
        let width = SlotWidth::DEFAULT;
        let mut found = Vec::new();
        for minute in minutes {
            if let Some(count) = count(minute) {
                let slot = Slot(u32::try_from(minute * 6 + 5).unwrap());
                let value = &SlotValue::Activity(Cell::default());
                let incoming = Incoming { slot, width, value, judged_minute: minute - 1 };
                self.sensor.add(&incoming, count);
            }
            let (ended, has_heartbeats) = (NEVER, true);
            let against = Against { rule, scan, on_holiday, days, minute, ended, has_heartbeats };
            let (reading, _) = self.sensor.judge(&against, None);
            if reading.reached().is_some() {
                found.push(minute);
            }
        }
        found
    }
}

/// Thirty a minute at day, none at night, with bursts.
fn usual(minute: i64) -> u64 {
    let hour = minute.rem_euclid(DAY_MIN) / 60;
    if (8..20).contains(&hour) { [10, 55, 25, 30][minute.rem_euclid(4) as usize] } else { 0 }
}

#[test]
fn silence_is_found_in_minutes_and_an_ordinary_day_is_quiet() {
    let mut world = World::new();
    let quiet = world.run(MONDAY..MONDAY + 2 * DAY_MIN, |minute| Some(usual(minute)));
    assert_eq!(quiet, Vec::<i64>::new());
    let noon = MONDAY + 2 * DAY_MIN + 12 * 60;
    let silent = |minute| Some(if minute >= noon { 0 } else { usual(minute) });
    let found = world.run(MONDAY + 2 * DAY_MIN..noon + 30, silent);
    assert!((noon + 2..noon + 10).contains(&found[0]), "{}", found[0] - noon);
}

#[test]
fn what_is_not_reported_is_no_drop_and_a_heartbeat_vouches_for_the_minutes_before_it() {
    let noon = MONDAY + 2 * DAY_MIN + 12 * 60;
    let mut world = World::new();
    world.run(MONDAY..noon, |minute| Some(usual(minute)));
    assert_eq!(world.run(noon..noon + 60, |_| None), Vec::<i64>::new());
    let mut world = World::new();
    world.run(MONDAY..noon, |minute| Some(usual(minute)));
    let beats = |minute: i64| (minute % 5 == 0).then_some(0);
    assert!(!world.run(noon..noon + 30, beats).is_empty());
}

#[test]
fn evidence_grows_with_what_is_missing_and_shrinks_with_bursts() {
    assert!(evidence(0.0, 30.0, 1e6) > 29.9);
    assert!(evidence(10.0, 30.0, 1e6) > evidence(20.0, 30.0, 1e6));
    assert!(evidence(10.0, 30.0, 2.0) < evidence(10.0, 30.0, 1e6) / 2.0);
    assert!(evidence(30.0, 30.0, 5.0).abs() < 1e-9);
}
