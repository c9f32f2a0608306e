//! Steps are not confused with time that passes.

use plimsoll_storage::TimestampMs;

use super::{Reading, StepDetector, file};

const fn at(wall_ms: i64, passed_ms: i64) -> Reading {
    Reading { wall: TimestampMs(wall_ms), passed_ms }
}

#[test]
fn a_step_is_what_the_clock_moves_beside_the_time_that_passes() {
    let mut detector = StepDetector::new(at(10_000, 0));
    let readings = [
        (at(10_200, 200), None),
        (at(70_200, 60_200), None),
        // Slewed, or a thread that waited.
        (at(71_500, 60_900), None),
        (at(11_700, 61_100), Some(-60_000)),
        (at(11_900, 61_300), None),
        (at(3_611_900, 61_300), Some(3_600_000)),
        (at(3_610_900, 61_300), Some(-1_000)),
    ];
    for (reading, step_ms) in readings {
        assert_eq!(detector.step_ms(reading), step_ms, "{reading:?}");
    }
}

#[test]
fn the_clock_is_trusted_as_far_as_time_has_passed_and_an_hour_more() {
    let first = at(10_000, 500);
    assert_eq!(first.trusted_until(500), TimestampMs(3_610_000));
    assert_eq!(first.trusted_until(86_400_500), TimestampMs(90_010_000));
}

#[test]
fn a_clock_file_that_moves_forward_is_time_that_passes() {
    let first = file::parse("1000", None);
    assert_eq!(first, Some(at(1_000, 0)));
    let forward = file::parse("5000\n", first.as_ref());
    assert_eq!(forward, Some(at(5_000, 4_000)));
    assert_eq!(file::parse("2000", forward.as_ref()), Some(at(2_000, 4_000)));
    assert_eq!(file::parse("2000 7000", forward.as_ref()), Some(at(2_000, 7_000)));
    assert_eq!(file::parse("soon", None), None);
}
