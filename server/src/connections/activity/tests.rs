use super::*;

const SECOND: Duration = Duration::from_secs(1);

fn activity(now: Instant) -> Activity {
    let limits = ConnectionLimits {
        all_max: 1,
        per_address_max: 1,
        request_timeout: SECOND * 10,
        response_timeout: SECOND * 30,
        idle_timeout: SECOND * 75,
    };
    Activity::new(&limits, now)
}

#[test]
fn bytes_of_a_head_do_not_extend_its_time() {
    let now = Instant::now();
    let mut activity = activity(now);
    activity.read(1, now + SECOND * 9);
    assert_eq!(activity.deadline(), Some((now + SECOND * 10, ClosedBy::SlowRequest)));
    activity.request();
    assert_eq!(activity.deadline(), None, "a handler has its own bounds");
}

#[test]
fn an_answer_that_nobody_reads_has_a_deadline_until_bytes_move() {
    let now = Instant::now();
    let mut activity = activity(now);
    activity.request();
    activity.write_blocked(now);
    activity.write_blocked(now + SECOND);
    assert_eq!(activity.deadline(), Some((now + SECOND * 30, ClosedBy::SlowReader)));
    activity.wrote(1 << 20, now + SECOND * 2);
    assert_eq!(activity.deadline(), None);
}

#[test]
fn an_exchange_is_over_once_all_is_written_and_nothing_is_to_be_read() {
    let now = Instant::now();
    let mut activity = activity(now);
    activity.request();
    activity.read_blocked();
    activity.answered();
    activity.wrote(100, now);
    assert!(!activity.is_over());
    activity.flushed();
    assert!(activity.is_over() && activity.may_go_on());
    activity.read(1, now);
    assert!(!activity.is_over() && activity.awaits_head());
}

#[test]
fn no_request_follows_a_body_that_was_left_unread() {
    let mut activity = activity(Instant::now());
    activity.request();
    activity.left_body_unread();
    activity.read_blocked();
    activity.answered();
    activity.flushed();
    assert!(activity.is_over() && !activity.may_go_on());
}
