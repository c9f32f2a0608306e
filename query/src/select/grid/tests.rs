use super::*;

const WIDTH: SlotWidth = SlotWidth::DEFAULT;

fn slots(grid: Grid) -> Vec<(i64, Range<u32>)> {
    grid.points(WIDTH).map(|(t, slots)| (t.0, slots.start.0..slots.end.0)).collect()
}

fn at(t: i64, window_ms: i64) -> Grid {
    Grid::at(TimestampMs(t), window_ms, WIDTH).expect("valid")
}

fn range(start: i64, end: i64, step_ms: i64, window_ms: i64) -> Result<Grid> {
    Grid::range((TimestampMs(start), TimestampMs(end)), step_ms, window_ms, WIDTH)
}

#[test]
fn a_point_covers_the_slots_before_it_and_a_time_inside_a_slot_stands_for_its_end() {
    assert_eq!(slots(at(60_000, 30_000)), [(60_000, 3..6)]);
    assert_eq!(slots(at(60_001, 30_000)), [(70_000, 4..7)]);
    assert_eq!(slots(at(65_000, 10_000)), [(70_000, 6..7)]);
    assert_eq!(slots(at(20_000, 60_000)), [(20_000, 0..2)]);
    assert_eq!((at(60_000, 30_000).is_rounded(), at(60_001, 30_000).is_rounded()), (false, true));
}

#[test]
fn a_window_that_ends_now_includes_the_open_slot() {
    let grid = Grid::now(TimestampMs(63_000), 30_000, WIDTH).expect("valid");
    assert_eq!(slots(grid), [(70_000, 4..7)]);
    assert_eq!(slots(at(63_000, 30_000)), slots(grid), "also when now is given as a time");
}

#[test]
fn a_range_has_a_point_at_both_ends() {
    let starts = |grid: Grid| slots(grid).iter().map(|(t, _)| *t).collect::<Vec<_>>();
    let grid = range(60_000, 99_000, 20_000, 20_000).expect("valid");
    assert_eq!(starts(grid), [60_000, 80_000, 100_000]);
    assert_eq!(grid.last(), TimestampMs(100_000));
    let grid = range(55_000, 80_000, 20_000, 20_000).expect("valid");
    assert_eq!(slots(grid), [(60_000, 4..6), (80_000, 6..8)]);
    assert!(grid.is_rounded());
}

#[test]
fn a_span_holds_every_slot_that_it_touches() {
    let span =
        |start, end| Grid::span((TimestampMs(start), TimestampMs(end)), WIDTH).expect("valid");
    assert_eq!(slots(span(65_000, 125_000)), [(130_000, 6..13)]);
    assert_eq!(slots(span(60_000, 120_000)), [(120_000, 6..12)]);
    assert_eq!(slots(span(60_000, 60_000)), [(70_000, 6..7)]);
    assert_eq!(slots(span(63_000, 64_000)), [(70_000, 6..7)]);
    assert!(!span(60_000, 120_000).is_rounded() && span(60_000, 125_000).is_rounded());
    let reversed = Grid::span((TimestampMs(1), TimestampMs(0)), WIDTH);
    assert!(matches!(reversed, Err(Error::EndBeforeStart)));
}

#[test]
fn the_grid_covers_the_slots_of_all_its_points() {
    let grid = range(60_000, 125_000, 30_000, 20_000).expect("valid");
    assert_eq!(grid.covers(WIDTH), Slot(4)..Slot(12));
    assert_eq!(grid.gap_ms(), 10_000, "between its windows");
    assert_eq!(slots(grid.as_one(WIDTH)), [(120_000, 4..12)]);
    assert_eq!(slots(grid.earlier(60_000))[2], (60_000, 4..6));
    assert_eq!(slots(grid.with_window_min(60_000))[0], (60_000, 0..6));
    assert_eq!(range(60_000, 60_000, 30_000, 20_000).expect("valid").gap_ms(), 0, "one window");
}

#[test]
fn invalid_grids_are_rejected() {
    assert!(matches!(range(1, 0, 10_000, 10_000), Err(Error::EndBeforeStart)));
    assert!(matches!(range(0, 1, 0, 10_000), Err(Error::NotPositive { name: "step" })));
    assert!(matches!(range(0, 1, 10_000, 0), Err(Error::NotPositive { name: "window" })));
    assert!(matches!(range(0, i64::MAX / 2, 10_000, 10_000), Err(Error::TooManyPoints { .. })));
    for (step_ms, window_ms, text) in [
        (15_000, 10_000, "step is 15s, which is not a multiple of 10s"),
        (10_000, 64_999, "window is 64999ms, which is not a multiple of 10s"),
        (10_000, 9_000, "counted by itself; use 10s"),
        (15_000, 10_000, "counted by itself; use 10s or 20s"),
    ] {
        let error = range(0, 60_000, step_ms, window_ms).expect_err(text).to_string();
        assert!(error.contains(text), "{error}");
    }
}
