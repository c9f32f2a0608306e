use super::*;

fn slots(grid: Grid) -> Vec<(i64, Range<u32>)> {
    grid.points(SlotWidth::DEFAULT).map(|(t, slots)| (t.0, slots.start.0..slots.end.0)).collect()
}

#[test]
fn a_point_covers_the_whole_slots_before_it() {
    let at = |t, window| slots(Grid::at(TimestampMs(t), window).expect("valid"));
    assert_eq!(at(60_000, 30_000), [(60_000, 3..6)]);
    assert_eq!(at(65_000, 30_000), [(65_000, 4..6)]);
    assert_eq!(at(65_000, 1_000), [(65_000, 7..7)], "no whole slot in it");
    assert_eq!(at(20_000, 60_000), [(20_000, 0..2)]);
}

#[test]
fn a_window_that_ends_now_includes_the_open_slot() {
    let grid = Grid::now(TimestampMs(63_000), 30_000, SlotWidth::DEFAULT).expect("valid");
    assert_eq!(slots(grid), [(70_000, 4..7)]);
}

#[test]
fn a_range_has_a_point_at_both_ends() {
    let grid = Grid::range(TimestampMs(60_000), TimestampMs(99_000), 15_000, 20_000);
    let grid = grid.expect("valid");
    let starts: Vec<i64> = slots(grid).iter().map(|(t, _)| *t).collect();
    assert_eq!(starts, [60_000, 75_000, 90_000]);
    assert_eq!(grid.last(), TimestampMs(90_000));
}

#[test]
fn the_grid_covers_the_slots_of_all_its_points() {
    let grid = Grid::range(TimestampMs(65_000), TimestampMs(125_000), 30_000, 25_000);
    let grid = grid.expect("valid");
    assert_eq!(grid.covers(SlotWidth::DEFAULT), Slot(4)..Slot(12));
    assert_eq!(slots(grid.as_one(SlotWidth::DEFAULT)), [(120_000, 4..12)]);
    assert_eq!(slots(grid.earlier(60_000))[2], (65_000, 4..6));
    let none = Grid::at(TimestampMs(65_000), 1_000).expect("valid");
    assert!(none.covers(SlotWidth::DEFAULT).is_empty());
}

#[test]
fn invalid_grids_are_rejected() {
    let range =
        |start, end, step, window| Grid::range(TimestampMs(start), TimestampMs(end), step, window);
    assert!(matches!(range(1, 0, 1, 1), Err(Error::EndBeforeStart)));
    assert!(matches!(range(0, 1, 0, 1), Err(Error::NotPositive { name: "step" })));
    assert!(matches!(range(0, 1, 1, 0), Err(Error::NotPositive { name: "window" })));
    assert!(matches!(range(0, i64::MAX, 1, 1), Err(Error::TooManyPoints { .. })));
}
