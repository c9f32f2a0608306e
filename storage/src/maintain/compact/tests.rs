use super::*;

fn after(seconds: i64) -> TimestampMs {
    TimestampMs(seconds * 1000)
}

#[test]
fn it_is_time_when_little_comes_in_and_much_is_unfolded() {
    let untidy = Untidy::default();
    untidy.note(TIDY_BYTES_MIN, 3..=4);
    let busy = QUIET_BYTES_PER_S * 10;
    assert!(!untidy.is_due(after(0), 0, 0, 0), "nothing to compare with");
    assert!(!untidy.is_due(after(5), busy, 0, 0), "under load");
    assert!(!untidy.is_due(after(5), busy, 0, 0), "no time has passed");
    assert!(!untidy.is_due(after(10), busy, 0, TIDY_BYTES_MIN * 100), "a small share");
    assert!(untidy.is_due(after(15), busy + 100, 0, TIDY_BYTES_MIN * 2));
    assert!(!untidy.is_due(after(14), busy + 100, 0, 0), "a clock that went back");
    untidy.note(1, 1..=3);
    assert_eq!(untidy.take(), Some(1..=4));
    assert!(!untidy.is_due(after(30), busy + 100, 0, 0), "all is tidy");
    assert!(untidy.is_due(after(40), busy + 100, TIDY_BYTES_MIN, 0), "the journal counts");
}
