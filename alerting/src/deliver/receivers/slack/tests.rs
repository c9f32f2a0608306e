use serde_json::Value;

use super::*;
use crate::rule::Secret;
use crate::testing::{alert, delivery_of};

fn target() -> SlackTarget {
    SlackTarget { url: Secret::new("https://hooks.slack.com/services/T/B/x") }
}

fn body(action: Action, symptom: &str) -> Value {
    let mut alert = alert();
    alert.symptom = symptom.to_owned();
    let at = alert.fired_at;
    let delivery = delivery_of(action, at, alert);
    let request = target().request(&delivery, &MessageTemplates::default(), at);
    serde_json::from_str(&request.body).unwrap()
}

#[test]
fn a_message_has_a_fallback_and_is_escaped() {
    let body = body(Action::Trigger, "5xx & <!channel> share");
    let (fallback, section) = (body["text"].as_str().unwrap(), &body["blocks"][0]["text"]);
    assert!(
        fallback.starts_with(":red_circle: dhl: 5xx &amp; &lt;!channel&gt; share 12.5%"),
        "{fallback}"
    );
    assert_eq!(section["type"], "mrkdwn");
    let text = section["text"].as_str().unwrap();
    assert!(!text.contains('<'), "{text}");
}

#[test]
fn texts_are_cut_at_their_limits() {
    let body = body(Action::Resolve, &"ü".repeat(9_000));
    let chars = |text: &Value| text.as_str().unwrap().chars().count();
    assert!(chars(&body["blocks"][0]["text"]["text"]) <= SLACK_SECTION_CHARS_MAX);
    assert_eq!(chars(&body["text"]), SLACK_FALLBACK_CHARS_MAX);
}

#[test]
fn its_error_codes_are_final() {
    let outcome = |status, body: &str| {
        target().outcome(&Answer { status, retry_after_ms: Some(1_000), body: body.into() })
    };
    assert_eq!(outcome(200, "ok"), AttemptOutcome::Delivered);
    for (status, word) in
        [(400, "invalid_payload"), (403, "action_prohibited"), (404, "no_service")]
    {
        assert_eq!(
            outcome(status, word),
            AttemptOutcome::Rejected { reason: format!("answered {status}: {word}") }
        );
    }
    assert!(matches!(outcome(410, "channel_is_archived"), AttemptOutcome::Gone { .. }));
    assert!(matches!(outcome(429, ""), AttemptOutcome::Throttled { after_ms: Some(1_000), .. }));
}
