use super::*;

#[test]
fn cells_of_a_day_lie_in_the_blocks_of_that_day() {
    for width in [1_000, 10_000, 60_000].map(|ms| SlotWidth::from_ms(ms).expect("a width")) {
        let day_slots = width.slots_per_hour() * 24;
        for resolution in Resolution::ALL {
            let key = |slot| resolution.block_of(StreamId(3), Slot(slot), width);
            let per_day = resolution.blocks_per_day();
            assert_eq!((key(0).day, key(0).block), (0, 0));
            let last = key(5 * day_slots - 1);
            assert_eq!(resolution.block_end(last, width), Slot(5 * day_slots));
            assert_eq!((last.day, u32::from(last.block)), (4, per_day - 1));
            assert_eq!(day_slots % per_day, 0);
            let cells = day_slots / per_day / resolution.slots(width);
            assert!((24..=3_600).contains(&cells), "{resolution:?} {cells}");
        }
    }
}

#[test]
fn a_cell_covers_its_slots() {
    let width = SlotWidth::DEFAULT;
    assert_eq!(Resolution::ALL.map(|resolution| resolution.slots(width)), [1, 6, 90]);
    let cell = Resolution::Minute.cell_of(Slot(17), width);
    assert_eq!((cell, Resolution::Minute.first_slot(cell, width)), (Slot(2), Slot(12)));
    assert_eq!(Resolution::Minute.cells_of(&(Slot(12)..Slot(19)), width), Slot(2)..Slot(4));
    assert_eq!(Resolution::Minute.cells_of(&(Slot(13)..Slot(18)), width), Slot(3)..Slot(3));
    let minutes = SlotWidth::from_ms(60_000).expect("a width");
    assert!(!Resolution::Minute.is_kept(minutes) && Resolution::Quarter.is_kept(minutes));
}
