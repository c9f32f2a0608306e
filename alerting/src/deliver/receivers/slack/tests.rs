use serde_json::Value;

use super::*;
use crate::message::samples::{Cause, sample};
use crate::records::delivery::Action;
use crate::rule::{Receiver, Secret, Target};
use crate::testing::{alert, delivery_of};

fn target() -> SlackTarget {
    SlackTarget { url: Secret::new("https://hooks.slack.com/services/T/B/x") }
}

fn body_of(delivery: &Delivery) -> Value {
    let request = target().request(delivery, &MessageTemplates::default(), delivery.at);
    serde_json::from_str(&request.body).unwrap()
}

fn delivery(action: Action) -> Delivery {
    delivery_of(action, alert().fired_at, alert())
}

/// The text objects of a message that are not on buttons, with the limits of Slack.
fn texts(body: &Value) -> Vec<(String, usize)> {
    let text = |value: &Value| value["text"].as_str().unwrap().to_owned();
    let mut texts = Vec::new();
    for block in body["blocks"].as_array().unwrap() {
        let list = |name: &str| block[name].as_array().cloned().unwrap_or_default();
        match block["type"].as_str().unwrap() {
            "header" => texts.push((text(&block["text"]), 150)),
            "section" => {
                texts.extend(block.get("text").map(|it| (text(it), 3_000)));
                texts.extend(list("fields").iter().map(|it| (text(it), 2_000)));
                assert!(list("fields").len() <= 10);
            }
            "context" => {
                texts.extend(list("elements").iter().map(|it| (text(it), 2_000)));
                assert!((1..=10).contains(&list("elements").len()));
            }
            "actions" => {
                assert!((1..=25).contains(&list("elements").len()));
                for button in list("elements") {
                    assert_eq!(button["text"]["type"], "plain_text");
                    assert!(text(&button["text"]).chars().count() <= 75);
                    assert!(button["url"].as_str().unwrap().starts_with("https://"));
                }
            }
            other => panic!("{other}"),
        }
    }
    texts
}

#[test]
fn a_message_has_a_header_the_facts_first_steps_and_buttons() {
    let mut delivery = delivery(Action::Trigger);
    let content = &mut delivery.content;
    content.place = vec!["site ams1: 31% (41 of 132); elsewhere 0.2% (1 of 600)".into()];
    content.steps = vec!["Look at the site.".into(), "Call.".into()];
    content.links.dashboard = "https://p.example/partners/dhl".into();
    content.links.runbook = Some("https://p.example/runbooks/partner-5xx".into());
    let body = body_of(&delivery);
    let kinds: Vec<_> = body["blocks"].as_array().unwrap().iter().map(|it| &it["type"]).collect();
    assert_eq!(kinds, ["header", "section", "section", "section", "context", "actions"]);
    let texts = texts(&body);
    let all: Vec<&str> = texts.iter().map(|(text, _)| text.as_str()).collect();
    assert_eq!(all[0], ":red_circle: dhl");
    assert!(all[1].starts_with("*dhl: 5xx and timeouts on 12.5% of requests"), "{all:?}");
    for part in
        ["*Since*\n2026-11-20T20:00:00Z", "*Where*\nsite ams1", "1. Look at the site.\n2. Call."]
    {
        assert!(all.iter().any(|text| text.contains(part)), "{part}: {all:?}");
    }
    let buttons = body["blocks"][5]["elements"].as_array().unwrap();
    assert_eq!(buttons.len(), 2);
}

#[test]
fn a_message_has_a_fallback_and_is_escaped() {
    let mut delivery = delivery(Action::Trigger);
    delivery.content.headline = "5xx & <!channel> share".into();
    delivery.content.exemplars = vec!["order_id <https://evil.example|O-1>".into()];
    let body = body_of(&delivery);
    let fallback = body["text"].as_str().unwrap();
    assert_eq!(fallback, ":red_circle: 5xx &amp; &lt;!channel&gt; share");
    assert!(texts(&body).iter().all(|(text, _)| !text.contains('<')), "{body}");
}

#[test]
fn a_resolve_is_short() {
    let body = body_of(&delivery(Action::Resolve));
    assert!(body["text"].as_str().unwrap().starts_with(":large_green_circle: dhl: "), "{body}");
    let kinds: Vec<_> = body["blocks"].as_array().unwrap().iter().map(|it| &it["type"]).collect();
    assert_eq!(kinds, ["header", "section", "context"]);
}

#[test]
fn texts_are_cut_at_their_limits() {
    let mut delivery = delivery(Action::Trigger);
    let long = "ü".repeat(9_000);
    let content = &mut delivery.content;
    (content.headline, content.who, content.how_bad) = (long.clone(), long.clone(), long.clone());
    (content.place, content.steps) = (vec![long.clone()], vec![long.clone()]);
    (content.exemplars, content.contacts) = (vec![long.clone()], vec![long]);
    let body = body_of(&delivery);
    assert!(body["text"].as_str().unwrap().chars().count() <= FALLBACK_CHARS_MAX);
    for (text, chars_max) in texts(&body) {
        assert!(text.chars().count() <= chars_max, "{text}");
    }
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

/// The limits of <https://api.slack.com/reference/block-kit/blocks>.
#[test]
fn every_cause_is_valid_block_kit() {
    let receiver = Receiver::new("team".into(), Target::Slack(target()));
    for cause in Cause::ALL {
        let body = body_of(&sample(cause, &receiver, "https://p.example", alert().fired_at));
        let count = |value: &Value| value.as_array().map_or(0, Vec::len);
        assert!((1..=50).contains(&count(&body["blocks"])), "{cause:?}: {body}");
        assert!(!body["text"].as_str().unwrap().is_empty(), "{cause:?}");
        for (text, chars_max) in texts(&body) {
            assert!((1..=chars_max).contains(&text.chars().count()), "{cause:?}: {text}");
        }
        for block in body["blocks"].as_array().unwrap() {
            assert!(count(&block["fields"]) <= 10, "{cause:?}: {block}");
            let elements_max = if block["type"] == "context" { 10 } else { 25 };
            assert!(count(&block["elements"]) <= elements_max, "{cause:?}: {block}");
            for button in block["elements"].as_array().into_iter().flatten() {
                let Some(url) = button["url"].as_str() else { continue };
                let label = button["text"]["text"].as_str().unwrap();
                assert!(url.starts_with("https://") && url.len() <= 3_000, "{cause:?}: {url}");
                assert!((1..=75).contains(&label.chars().count()), "{cause:?}: {label}");
            }
        }
    }
}
