use super::*;

fn after(seconds: i64) -> TimestampMs {
    TimestampMs(seconds * 1000)
}

#[test]
fn compaction_is_due_when_little_is_appended_and_much_is_uncompacted() {
    let backlog = Backlog::default();
    backlog.note(COMPACT_BYTES_MIN, 3..=4);
    let busy = IDLE_BYTES_PER_S * 10;
    assert!(!backlog.is_due(after(0), 0, 0, 0), "nothing to compare with");
    assert!(!backlog.is_due(after(5), busy, 0, 0), "under load");
    assert!(!backlog.is_due(after(5), busy, 0, 0), "no time has passed");
    assert!(!backlog.is_due(after(10), busy, 0, COMPACT_BYTES_MIN * 100), "a small share");
    assert!(backlog.is_due(after(15), busy + 100, 0, COMPACT_BYTES_MIN * 2));
    assert!(!backlog.is_due(after(14), busy + 100, 0, 0), "a clock that went back");
    backlog.note(1, 1..=3);
    assert_eq!(backlog.take(), Some(1..=4));
    assert!(!backlog.is_due(after(30), busy + 100, 0, 0), "everything is compacted");
    assert!(backlog.is_due(after(40), busy + 100, COMPACT_BYTES_MIN, 0), "the journal counts");
}
