//! When a heartbeat is due.

use super::LastHeartbeat;

#[test]
fn a_heartbeat_is_due_at_once_and_a_minute_after_the_last() {
    let mut last = LastHeartbeat::default();
    assert!(last.is_due(5));
    last.sent_at_ms = Some(5);
    assert!(!last.is_due(60_004));
    assert!(last.is_due(60_005));
}
