use super::*;

const DAY_MS: i64 = 24 * 60 * 60 * 1000;
const DAY_SLOTS: u32 = 8_640;

fn timeline() -> Timeline {
    let clock = Arc::new(AtomicI64::new(NO_TIME));
    Timeline::new(SlotWidth::DEFAULT, Retention::default(), clock, Slot(100 * DAY_SLOTS - 1), 95)
}

#[test]
fn data_expires_by_the_newest_data_or_the_clock_whichever_is_earlier() {
    let timeline = timeline();
    assert_eq!(timeline.data_now(), TimestampMs(100 * DAY_MS), "before the clock was set");
    timeline.saw_time(TimestampMs(90 * DAY_MS));
    assert_eq!(timeline.data_now(), TimestampMs(90 * DAY_MS));
    timeline.saw_time(TimestampMs(i64::MAX));
    assert_eq!(timeline.data_now(), TimestampMs(100 * DAY_MS), "a clock that jumps ahead");
    timeline.saw_slot(Slot(101 * DAY_SLOTS - 1));
    timeline.saw_slot(Slot(3));
    assert_eq!(timeline.data_now(), TimestampMs(101 * DAY_MS));
}

#[test]
fn a_clock_that_is_not_trusted_expires_nothing_also_when_there_is_data_of_its_time() {
    let timeline = timeline();
    timeline.trust_until(TimestampMs(101 * DAY_MS));
    timeline.saw_time(timeline.trusted(TimestampMs(1_200 * DAY_MS)));
    timeline.saw_slot(Slot(1_200 * DAY_SLOTS - 1));
    assert_eq!(timeline.data_now(), TimestampMs(101 * DAY_MS));
    // It is set back: nothing remains of the time that it showed.
    timeline.saw_time(timeline.trusted(TimestampMs(100 * DAY_MS)));
    assert_eq!(timeline.data_now(), TimestampMs(101 * DAY_MS));
    timeline.trust_until(TimestampMs(103 * DAY_MS));
    timeline.saw_time(timeline.trusted(TimestampMs(102 * DAY_MS)));
    assert_eq!(timeline.data_now(), TimestampMs(102 * DAY_MS));
}

#[test]
fn the_first_day_of_slots_only_rises() {
    let timeline = timeline();
    assert_eq!(timeline.slots_from(), Slot(95 * DAY_SLOTS));
    assert_eq!([96, 90, 97].map(|day| timeline.raise_first_day(day)), [96, 96, 97]);
    assert_eq!(timeline.first_day(Resolution::Slot), 97);
    assert_eq!(timeline.first_day(Resolution::Minute), 40, "by the retention of minutes");
}

#[test]
fn days_begin_at_midnight() {
    let timeline = timeline();
    let midnight = Slot(7 * DAY_SLOTS);
    assert_eq!(timeline.day_start(7), midnight);
    assert_eq!([midnight.minus(1), midnight].map(|slot| timeline.day_of(slot)), [6, 7]);
}
