use super::*;

/// Which of the lines (batch id, arrival, line) count.
fn counted(lines: &[(&str, i64, &str)]) -> Vec<bool> {
    let mut batches = Batches::default();
    let counts = lines.iter().map(|(batch, at, line)| {
        let at = TimestampMs(*at);
        !batches.is_repeated(batch, line.as_bytes(), Some(at), at)
    });
    counts.collect()
}

#[test]
fn a_repeated_batch_is_dropped() {
    let lines = [("3-0", 5, "a"), ("3-0/1", 5, "b"), ("3-0", 7, "a"), ("3-0/1", 7, "b")];
    assert_eq!(counted(&lines), [true, true, false, false]);
}

#[test]
fn an_arrival_of_several_lines_is_one_batch() {
    let once = [("k", 5, "a"), ("k", 5, "b"), ("k", 5, "b")];
    assert_eq!(counted(&once), [true, true, true], "two equal lines of one arrival both count");
    let later = [once.as_slice(), &[("other", 6, "x"), ("k", 9, "a"), ("k", 9, "b")]].concat();
    assert_eq!(counted(&later), [true, true, true, true, false, false]);
}

#[test]
fn a_batch_sent_again_at_once_is_dropped() {
    assert_eq!(counted(&[("k", 5, "a"), ("k", 5, "a")]), [true, false]);
    let lines = [("k", 5, "a"), ("k", 5, "b"), ("k", 5, "a"), ("k", 5, "b")];
    assert_eq!(counted(&lines), [true, true, false, false]);
    assert_eq!(counted(&[("k", 5, "a"), ("k", 6, "a")]), [true, false], "another arrival");
}

#[test]
fn ids_expire_after_a_day_as_on_a_server() {
    let day = IDEMPOTENCY_KEPT_MS;
    let lines = [("k", 0, "a"), ("x", 1, "x"), ("k", day - 1, "a"), ("y", day - 1, "y")];
    assert_eq!(counted(&lines), [true, true, false, true]);
    assert_eq!(counted(&[("k", 0, "a"), ("x", 1, "x"), ("k", day, "a")]), [true, true, true]);
}

#[test]
fn a_batch_with_other_lines_is_a_conflict() {
    let line = |at: i64, item: &str| format!(r#"{{"received_at":{at},"batch":"k","item":{item}}}"#);
    let conflicting = |lines: &[(i64, &str)]| {
        let mut batches = Batches::default();
        for (at, item) in lines {
            let at_ms = TimestampMs(*at);
            batches.is_repeated("k", line(*at, item).as_bytes(), Some(at_ms), at_ms);
        }
        batches.conflicting()
    };
    assert_eq!(conflicting(&[(5, "1"), (5, "2"), (9, "1"), (9, "2")]), 0, "it was sent again");
    assert_eq!(conflicting(&[(5, "1"), (5, "2"), (9, "1"), (9, "3")]), 2);
    assert_eq!(conflicting(&[(5, "1"), (5, "2"), (9, "1")]), 1, "a part of it is another body");
    assert_eq!(conflicting(&[(5, "1"), (9, "2")]), 1);
}
