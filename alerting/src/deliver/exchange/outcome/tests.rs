use super::*;

fn outcome(status: u16) -> AttemptOutcome {
    AttemptOutcome::of(&Answer { status, retry_after_ms: Some(7), body: "no\nway".into() })
}

#[test]
fn the_status_decides() {
    for status in [200, 202, 204] {
        assert_eq!(outcome(status), AttemptOutcome::Delivered);
    }
    for status in [408, 500, 502, 503, 504] {
        let reason = format!("answered {status}: no way");
        assert_eq!(outcome(status), AttemptOutcome::Failed { after_ms: Some(7), reason });
    }
    assert!(matches!(outcome(429), AttemptOutcome::Throttled { after_ms: Some(7), .. }));
    for status in [301, 307, 400, 401, 404, 410, 413] {
        assert!(matches!(outcome(status), AttemptOutcome::Rejected { .. }), "{status}");
    }
}
