use serde_json::Value;

use super::*;
use crate::deliver::receivers::tests::hostile;
use crate::records::delivery::Action;
use crate::rule::Secret;
use crate::testing::{alert, delivery_of};

fn body_of(delivery: &Delivery) -> Value {
    let target = MattermostTarget { url: Secret::new("https://m.example/hooks/x") };
    let request = target.request(delivery, &MessageTemplates::default(), delivery.at);
    assert_eq!(request.url, "https://m.example/hooks/x");
    serde_json::from_str(&request.body).unwrap()
}

#[test]
fn a_post_has_the_summary_and_an_attachment_with_the_facts() {
    let body = body_of(&delivery_of(Action::Trigger, alert().fired_at, alert()));
    let text = body["text"].as_str().unwrap();
    assert!(text.starts_with("🔴 **dhl: 5xx and timeouts on 12.5% of requests"), "{text}");
    let attachment = &body["attachments"][0];
    assert_eq!(
        (attachment["title"].as_str(), attachment["color"].as_str()),
        (Some("dhl"), Some("#c62828"))
    );
    assert!(attachment["fallback"].as_str().unwrap().starts_with("dhl: "), "{attachment}");
    let facts = attachment["text"].as_str().unwrap();
    assert!(facts.contains("**Since** 2026-11-20T20:00:00Z\n**How bad** 12.5%"), "{facts}");
    let body = body_of(&delivery_of(Action::Resolve, alert().fired_at, alert()));
    assert!(body["text"].as_str().unwrap().starts_with("🟢 **dhl: "), "{body}");
    assert_eq!(body["attachments"][0]["color"], "#2e7d32");
}

#[test]
fn nobody_is_mentioned_by_text_from_outside() {
    let body = body_of(&hostile()).to_string();
    for markup in ["@channel", "[a](http", "<@1>", "javascript:"] {
        assert!(!body.contains(markup), "{markup}: {body}");
    }
    assert!(body.contains("noc@dhl.example"), "{body}");
}
