use super::*;

#[test]
fn rejected_streams_are_logged_at_once_and_then_every_ten_minutes() {
    let mut log = RejectedLog::default();
    let start = Instant::now();
    let after = |seconds| start + Duration::from_secs(seconds);
    assert_eq!(log.due(0, start), None);
    assert_eq!(log.due(7, start), Some(7));
    assert_eq!(log.due(1_000, after(599)), None);
    assert_eq!(log.due(1_007, after(600)), Some(1_000));
    assert_eq!(log.due(1_007, after(6_000)), None, "nothing new");
}
