use super::*;

fn verdict(status: u16) -> Verdict {
    of_answer(&Answer { status, retry_after_ms: Some(7), body: "no\nway".into() })
}

#[test]
fn the_status_decides() {
    for status in [200, 202, 204] {
        assert_eq!(verdict(status), Verdict::Delivered);
    }
    for status in [408, 500, 502, 503, 504] {
        let reason = format!("answered {status}: no way");
        assert_eq!(verdict(status), Verdict::Failed { after_ms: Some(7), reason });
    }
    assert!(matches!(verdict(429), Verdict::Throttled { after_ms: Some(7), .. }));
    for status in [301, 307, 400, 401, 404, 410, 413] {
        assert!(matches!(verdict(status), Verdict::Refused { .. }), "{status}");
    }
}
