use serde_json::Value;

use super::*;
use crate::deliver::receivers::tests::hostile;
use crate::records::delivery::Action;
use crate::rule::Secret;
use crate::testing::{alert, delivery_of};

const TOKEN: &str = "123456789:AAabcdefghijklmnopqrstuvwxyz_-01234";

fn target() -> TelegramTarget {
    let (url, chat) = ("https://api.telegram.org".to_owned(), "-1001234567890".to_owned());
    TelegramTarget { url, token: Secret::new(TOKEN), chat }
}

fn text_of(delivery: &Delivery, templates: &MessageTemplates) -> String {
    let request = target().request(delivery, templates, delivery.at);
    assert_eq!(request.url, format!("https://api.telegram.org/bot{TOKEN}/sendMessage"));
    assert!(!request.body.contains(TOKEN));
    let body: Value = serde_json::from_str(&request.body).unwrap();
    assert_eq!(
        (body["chat_id"].as_str(), body["parse_mode"].as_str()),
        (Some("-1001234567890"), Some("HTML"))
    );
    body["text"].as_str().unwrap().to_owned()
}

/// Checks that a text is HTML as Telegram reads it, and returns what people see of it.
fn visible(html: &str) -> String {
    let (mut seen, mut open, mut rest) = (String::new(), Vec::new(), html);
    while let Some(letter) = rest.chars().next() {
        if let Some(tag) = rest.strip_prefix('<') {
            let (tag, after) = tag.split_once('>').expect("a tag that ends");
            match tag.strip_prefix('/') {
                Some(name) => assert_eq!(open.pop(), Some(name), "{html}"),
                None => open.push(tag.split(' ').next().unwrap()),
            }
            rest = after;
        } else if letter == '&' {
            let known = [("&amp;", "&"), ("&lt;", "<"), ("&gt;", ">"), ("&quot;", "\"")];
            let (entity, text) = known.iter().find(|(entity, _)| rest.starts_with(entity)).unwrap();
            seen += text;
            rest = &rest[entity.len()..];
        } else {
            seen.push(letter);
            rest = &rest[letter.len_utf8()..];
        }
    }
    assert!(open.is_empty(), "{html}");
    seen
}

#[test]
fn a_message_has_the_summary_the_facts_and_links() {
    let mut delivery = delivery_of(Action::Trigger, alert().fired_at, alert());
    delivery.content.links.dashboard = "http://localhost:8080/partners/dhl?a=1&b=2".into();
    let text = text_of(&delivery, &MessageTemplates::default());
    assert!(text.starts_with("🔴 <b>dhl: 5xx and timeouts on 12.5% of requests"), "{text}");
    let link = "<a href=\"http://localhost:8080/partners/dhl?a=1&amp;b=2\">Partner</a>";
    for part in ["<b>Since</b> 2026-11-20T20:00:00Z", link] {
        assert!(text.contains(part), "{part}: {text}");
    }
}

#[test]
fn every_message_is_html_within_the_limit() {
    let mut long = hostile();
    let evil = "<b>&\"🦀</b> @all ".repeat(400);
    let content = &mut long.content;
    (content.headline, content.who, content.how_bad) = (evil.clone(), evil.clone(), evil.clone());
    content.place = vec![evil.clone(); 30];
    content.steps = vec![evil; 30];
    let body = Some(format!("<i>{{{{ summary }}}} <br> {}", "&<".repeat(4_000)));
    let templates = MessageTemplates { summary: Some("<u> {{ place }}".into()), body };
    let mut mentions = hostile();
    mentions.content.exemplars = vec!["@a ".repeat(1_100)];
    for delivery in [hostile(), long, mentions] {
        for templates in [&MessageTemplates::default(), &templates] {
            let seen = visible(&text_of(&delivery, templates));
            assert!((1..=TEXT_CHARS_MAX).contains(&length(&seen)), "{}", length(&seen));
            assert!(!seen.contains("@all") && !seen.contains("@channel"), "{seen}");
        }
    }
}

#[test]
fn answers_say_how_long_to_wait_and_where_a_group_went() {
    let outcome = |status, body: &str| {
        target().outcome(&Answer { status, retry_after_ms: None, body: body.into() })
    };
    let throttled = r#"{"ok":false,"error_code":429,"description":"Too Many Requests: retry after 7","parameters":{"retry_after":7}}"#;
    assert!(matches!(
        outcome(429, throttled),
        AttemptOutcome::Throttled { after_ms: Some(7_000), .. }
    ));
    let moved = r#"{"ok":false,"error_code":400,"description":"Bad Request: group chat was upgraded to a supergroup chat","parameters":{"migrate_to_chat_id":-100123}}"#;
    let AttemptOutcome::Rejected { reason } = outcome(400, moved) else { panic!("not rejected") };
    assert!(reason.contains("write `chat: \"-100123\"`"), "{reason}");
    assert!(matches!(outcome(403, r#"{"ok":false}"#), AttemptOutcome::Rejected { .. }));
    assert!(matches!(outcome(502, "<html>"), AttemptOutcome::Failed { .. }));
    assert_eq!(outcome(200, r#"{"ok":true,"result":{}}"#), AttemptOutcome::Delivered);
}
