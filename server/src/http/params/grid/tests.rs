use plimsoll_storage::Slot;

use super::*;

const CLOCK: SlotClock = SlotClock { now: TimestampMs(3_605_000), width: SlotWidth::DEFAULT };

fn covers(query: &str, minutes: bool) -> (i64, i64) {
    let mut params = Params::new(Some(query)).expect("few parameters");
    let grid = if minutes {
        params.grid_of_minutes(CLOCK.now)
    } else {
        params.grid(CLOCK, WINDOW_MS_DEFAULT)
    };
    let covers = grid.expect("valid").covers(CLOCK.width);
    let at = |slot: Slot| CLOCK.width.start(slot).0 / 1000;
    (at(covers.start), at(covers.end))
}

#[test]
fn a_grid_covers_what_its_parameters_say() {
    assert_eq!(covers("", false), (3_310, 3_610), "with the open slot");
    assert_eq!(covers("window=10s", false), (3_600, 3_610));
    assert_eq!(covers("end=600000", false), (300, 600));
    assert_eq!(covers("start=600000&end=700000", false), (600, 700));
    assert_eq!(covers("start=600000&end=700000&step=30s", false), (570, 690));
    assert_eq!(covers("start=600000&end=720000&window=1m", false), (540, 720));
}

#[test]
fn a_grid_of_minutes_is_rounded_down() {
    assert_eq!(covers("", true), (3_300, 3_600), "without the minute that is open");
    assert_eq!(covers("start=610000&end=730000", true), (600, 720));
    for query in ["window=90s", "start=0&step=10s"] {
        let mut params = Params::new(Some(query)).expect("few parameters");
        let error = params.grid_of_minutes(CLOCK.now).expect_err(query);
        assert!(format!("{error:?}").contains("whole minutes"), "{error:?}");
    }
}
