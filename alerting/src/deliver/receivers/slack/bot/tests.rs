use super::*;
use crate::rule::Secret;
use crate::testing::{alert, delivery_of};

fn target() -> SlackBotTarget {
    let (url, channel) = ("https://slack.com".to_owned(), "C0123456789".to_owned());
    SlackBotTarget { url, token: Secret::new("xoxb-1-a"), channel }
}

fn delivery(action: Action) -> Delivery {
    delivery_of(action, alert().fired_at, alert())
}

fn request_of(delivery: &Delivery) -> Request {
    target().request(delivery, &MessageTemplates::default(), delivery.at)
}

fn body_of(request: &Request) -> Value {
    serde_json::from_str(&request.body).unwrap()
}

#[test]
fn a_message_is_posted_with_the_token_in_a_header() {
    let request = request_of(&delivery(Action::Trigger));
    assert_eq!(request.url, "https://slack.com/api/chat.postMessage");
    assert_eq!(request.headers, [("authorization", "Bearer xoxb-1-a".to_owned())]);
    let body = body_of(&request);
    assert_eq!((&body["channel"], &body["unfurl_links"]), (&"C0123456789".into(), &false.into()));
    assert!(body["text"].as_str().unwrap().starts_with(":red_circle: dhl: "), "{body}");
    assert_eq!(body["blocks"][0]["type"], "header");
    assert!(body.get("thread_ts").is_none() && !request.body.contains("xoxb"), "{body}");
}

#[test]
fn what_follows_is_a_reply_and_worse_news_are_in_the_channel_too() {
    for (action, is_broadcast) in
        [(Action::Resolve, false), (Action::Update, false), (Action::Escalate, true)]
    {
        let delivery = delivery(action);
        let reply = target().reply(request_of(&delivery), &delivery, "1503435956.000247");
        let body = body_of(&reply);
        assert_eq!(body["thread_ts"], "1503435956.000247");
        assert_eq!(body["reply_broadcast"], is_broadcast, "{action:?}");
        assert!(body["blocks"].is_array() && reply.headers.len() == 1);
    }
}

#[test]
fn the_code_of_an_answer_decides() {
    let answer =
        |status, body: &str| Answer { status, retry_after_ms: Some(3_000), body: body.into() };
    let outcome = |status, body: &str| target().outcome(&answer(status, body));
    let posted = r#"{"ok":true,"channel":"C1","ts":"1503435956.000247","message":{"text":"x"}}"#;
    assert_eq!(outcome(200, posted), AttemptOutcome::Delivered);
    let id = target().message_id(&answer(200, posted));
    assert_eq!(id.as_deref(), Some("1503435956.000247"));
    for code in ["channel_not_found", "not_in_channel", "invalid_auth", "is_archived"] {
        let body = format!(r#"{{"ok":false,"error":"{code}"}}"#);
        let AttemptOutcome::Rejected { reason } = outcome(200, &body) else { panic!("{code}") };
        assert!(reason.contains(code), "{reason}");
        assert_eq!(target().message_id(&answer(200, &body)), None);
    }
    for (status, body) in [
        (200, r#"{"ok":false,"error":"ratelimited"}"#),
        (429, r#"{"ok":false,"error":"ratelimited"}"#),
    ] {
        let throttled = outcome(status, body);
        assert!(matches!(throttled, AttemptOutcome::Throttled { after_ms: Some(3_000), .. }));
    }
    for (status, body) in
        [(200, r#"{"ok":false,"error":"internal_error"}"#), (200, "<html>"), (503, "")]
    {
        assert!(matches!(outcome(status, body), AttemptOutcome::Failed { .. }), "{body}");
    }
}
