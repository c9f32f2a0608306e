use serde_json::Value;

use super::*;
use crate::testing::{alert, delivery_of};

fn target(secrets: &[&str]) -> WebhookTarget {
    let secrets = secrets.iter().map(|secret| Secret::new(*secret)).collect();
    WebhookTarget { url: "https://hub.example/a".into(), secrets }
}

#[test]
fn the_signature_is_that_of_the_published_example() {
    // From the Standard Webhooks specification.
    let secret = Secret::new("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw");
    let (id, timestamp) = ("msg_p5jXN8AQM9LWM0D4loKWxJek", "1614265330");
    let signed = signature(&secret, id, timestamp, r#"{"test": 2432232314}"#);
    assert_eq!(signed.as_deref(), Some("v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="));
}

#[test]
fn the_id_stays_over_attempts_and_the_timestamp_changes() {
    let at = alert().fired_at;
    let delivery = delivery_of(Action::Trigger, at, alert());
    let first = target(&[]).request(&delivery, &MessageTemplates::default(), at);
    let later = at.plus_ms(5_000);
    let second = target(&[]).request(&delivery, &MessageTemplates::default(), later);
    assert_eq!(first.headers[0], second.headers[0]);
    assert_eq!(second.headers[1].1, (at.0 / 1_000 + 5).to_string());
    assert_eq!(first.headers.len(), 2);
}

#[test]
fn only_errors_that_cannot_be_fixed_are_final() {
    let outcome =
        |status| target(&[]).outcome(&Answer { status, retry_after_ms: None, body: String::new() });
    for status in [401, 403, 404, 408, 500, 502, 504] {
        assert!(matches!(outcome(status), AttemptOutcome::Failed { .. }), "{status}");
    }
    for status in [301, 400, 405, 413, 415, 422] {
        assert!(matches!(outcome(status), AttemptOutcome::Rejected { .. }), "{status}");
    }
    assert!(matches!(outcome(410), AttemptOutcome::Gone { .. }));
    assert!(matches!(outcome(429), AttemptOutcome::Throttled { .. }));
    assert_eq!(outcome(204), AttemptOutcome::Delivered);
}

#[test]
fn the_body_has_the_event_type_and_the_alert() {
    let at = alert().fired_at;
    for (action, kind) in [
        (Action::Trigger, "alert.triggered"),
        (Action::Escalate, "alert.escalated"),
        (Action::Resolve, "alert.resolved"),
    ] {
        let delivery = delivery_of(action, at, alert());
        let request = target(&["s", "t"]).request(&delivery, &MessageTemplates::default(), at);
        let body: Value = serde_json::from_str(&request.body).unwrap();
        assert_eq!(body["type"], kind);
        assert_eq!(body["timestamp"], "2026-11-20T20:05:00Z");
        assert_eq!(body["data"]["alert"]["labels"]["partner"], "dhl");
        assert_eq!(body["data"]["alert"]["evidence"]["count"], 320);
        // One signature for each secret, so that the receiver can go from one to the other.
        assert_eq!(request.headers[2].1.matches("v1,").count(), 2);
    }
}
