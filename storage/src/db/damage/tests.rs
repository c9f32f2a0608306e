use super::*;

const WIDTH: SlotWidth = SlotWidth::DEFAULT;
const DAY_SLOTS: u32 = 8_640;

const fn block(day: u32, stream: u32, block: u8) -> BlockKey {
    BlockKey { day, stream: StreamId(stream), block }
}

fn file(number: u32) -> String {
    format!("Corruption: block checksum mismatch in /data/{number:06}.sst offset 4096 size 9")
}

fn hours(day: u32, hours: Range<u32>) -> Range<Slot> {
    Slot(day * DAY_SLOTS + hours.start * 360)..Slot(day * DAY_SLOTS + hours.end * 360)
}

#[test]
fn blocks_of_one_place_are_one_entry_from_the_first_to_the_last() {
    let damage = Damage::default();
    for key in [block(7, 20, 3), block(7, 3, 23), block(7, 20, 5)] {
        damage.note_file(Resolution::Slot, key, &file(12));
    }
    assert_eq!(damage.count(), 1);
    let names = |stream, slots| damage.of(&[StreamId(stream)], &slots, WIDTH);
    assert_eq!(
        names(10, hours(7, 0..1)),
        ["the block of stream 3 on day 7 hour 23 to the block of stream 20 on day 7 hour 5 \
          in 000012.sst at byte 4096"]
    );
    assert!(names(3, hours(7, 0..23)).is_empty() && names(20, hours(7, 6..24)).is_empty());
    assert!(names(10, hours(6, 0..24)).is_empty() && names(10, hours(8, 0..24)).is_empty());
    assert!(!names(3, hours(6, 0..48)).is_empty() && !names(20, hours(7, 5..6)).is_empty());
}

#[test]
fn a_stretch_of_days_holds_every_stream_between_its_ends() {
    let damage = Damage::default();
    damage.note_file(Resolution::Slot, block(5, 100, 0), &file(1));
    damage.note_file(Resolution::Slot, block(9, 2, 0), &file(1));
    let is_held =
        |stream, day| !damage.of(&[StreamId(stream)], &hours(day, 0..24), WIDTH).is_empty();
    assert!(is_held(100, 5) && is_held(1, 6) && is_held(500, 8) && is_held(2, 9));
    assert!(!is_held(99, 5) && !is_held(3, 9) && !is_held(1, 4) && !is_held(1, 10));
    assert!(!damage.of(&[StreamId(3)], &(Slot(0)..Slot(20 * DAY_SLOTS)), WIDTH).is_empty());
}

#[test]
fn damage_beyond_the_bound_of_the_list_still_marks_its_answers() {
    let damage = Damage::default();
    for number in 0..2 * DAMAGED_MAX as u32 {
        damage.note_block(Resolution::Quarter, block(number, 1, 0), "a checksum");
    }
    assert_eq!(damage.count(), DAMAGED_MAX as u64 + 1);
    for day in 0..2 * DAMAGED_MAX as u32 {
        let names = damage.of(&[StreamId(1)], &hours(day, 0..24), WIDTH);
        assert_eq!(names.len(), 1, "day {day}: {names:?}");
    }
}
