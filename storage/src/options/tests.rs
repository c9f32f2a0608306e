use super::*;

#[test]
fn slots_as_wide_as_a_roll_up_are_kept_for_as_long() {
    let kept = |width_ms| {
        let width = SlotWidth::from_ms(width_ms).expect("a width");
        Retention::default().with_slots_of(width).slot_ms / DAY_MS
    };
    assert_eq!((kept(10_000), kept(60_000)), (8, 60));
}

#[test]
fn days_expire_when_their_end_is_past_the_retention() {
    let retention = Retention::default();
    let now = TimestampMs(100 * DAY_MS + 5);
    assert_eq!(retention.first_day(Resolution::Slot, now), 92);
    assert_eq!(retention.first_day(Resolution::Minute, now), 40);
    assert_eq!(retention.first_day(Resolution::Quarter, now), 0);
    assert_eq!(retention.oldest(now), TimestampMs(-630 * DAY_MS + 5));
}
