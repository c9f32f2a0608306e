use super::*;

#[test]
fn a_time_belongs_to_the_slot_that_starts_at_or_before_it() {
    let width = SlotWidth::DEFAULT;
    assert_eq!(width.slot_of(TimestampMs(0)), Slot(0));
    assert_eq!(width.slot_of(TimestampMs(9_999)), Slot(0));
    assert_eq!(width.slot_of(TimestampMs(10_000)), Slot(1));
    assert_eq!(width.slot_from(TimestampMs(10_000)), Slot(1));
    assert_eq!(width.slot_from(TimestampMs(10_001)), Slot(2));
    assert_eq!(width.start(Slot(1)), TimestampMs(10_000));
    assert_eq!(width.end(Slot(1)), TimestampMs(20_000));
}

#[test]
fn times_out_of_range_give_the_first_or_the_last_slot() {
    let width = SlotWidth::DEFAULT;
    assert_eq!(width.slot_of(TimestampMs(-1)), Slot(0));
    assert_eq!(width.slot_of(TimestampMs(i64::MAX)), Slot(u32::MAX));
}

#[test]
fn only_whole_seconds_that_divide_a_minute_are_widths() {
    for good in [1_000, 2_000, 5_000, 10_000, 15_000, 30_000, 60_000] {
        assert!(SlotWidth::from_ms(good).is_some(), "{good}");
    }
    for bad in [0, -1, 500, 1_500, 7_000, 61_000, 120_000] {
        assert!(SlotWidth::from_ms(bad).is_none(), "{bad}");
    }
}

#[test]
fn a_duration_takes_whole_slots() {
    let width = SlotWidth::DEFAULT;
    assert_eq!(width.slots_in(0), 1);
    assert_eq!(width.slots_in(10_000), 1);
    assert_eq!(width.slots_in(10_001), 2);
    assert_eq!(width.slots_in(300_000), 30);
}
