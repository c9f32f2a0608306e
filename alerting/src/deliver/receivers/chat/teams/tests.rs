use super::*;
use crate::deliver::receivers::tests::hostile;
use crate::records::delivery::Action;
use crate::rule::Secret;
use crate::testing::{alert, delivery_of};

fn body_of(delivery: &Delivery, templates: &MessageTemplates) -> Value {
    let target = TeamsTarget { url: Secret::new("https://x.logic.azure.com/w?sig=s") };
    let request = target.request(delivery, templates, delivery.at);
    assert_eq!(request.url, "https://x.logic.azure.com/w?sig=s");
    serde_json::from_str(&request.body).unwrap()
}

fn card_of(body: &Value) -> &Value {
    let attachment = &body["attachments"][0];
    assert_eq!(body["type"], "message");
    assert_eq!(attachment["contentType"], "application/vnd.microsoft.card.adaptive");
    let card = &attachment["content"];
    assert_eq!((&card["type"], &card["version"]), (&json!("AdaptiveCard"), &json!("1.4")));
    card
}

/// The lines of a card; each run has text and no element but plain runs is used.
fn lines(card: &Value) -> Vec<String> {
    let line = |block: &Value| {
        assert_eq!(block["type"], "RichTextBlock");
        let runs = block["inlines"].as_array().unwrap();
        assert!(!runs.is_empty() && runs.iter().all(|run| run["type"] == "TextRun"), "{block}");
        runs.iter().map(|run| run["text"].as_str().unwrap()).collect()
    };
    card["body"].as_array().unwrap().iter().map(line).collect()
}

#[test]
fn a_card_has_the_title_the_summary_the_facts_and_buttons() {
    let mut delivery = delivery_of(Action::Trigger, alert().fired_at, alert());
    delivery.content.place = vec!["site ams1: all of it".into(), "release 2: all of it".into()];
    delivery.content.steps = vec!["Look.".into()];
    delivery.content.links.dashboard = "https://p.example/partners/dhl".into();
    let body = body_of(&delivery, &MessageTemplates::default());
    let card = card_of(&body);
    let lines = lines(card);
    assert_eq!(lines[0], "🔴 dhl");
    assert!(lines[1].starts_with("dhl: 5xx and timeouts on 12.5% of requests"), "{lines:?}");
    for line in ["Since: 2026-11-20T20:00:00Z", "Where: site ams1: all of it", "1. Look."] {
        assert!(lines.iter().any(|found| found == line), "{line}: {lines:?}");
    }
    let action = json!(
        { "type": "Action.OpenUrl", "title": "Partner", "url": "https://p.example/partners/dhl" }
    );
    assert_eq!(card["actions"], json!([action]));
    let resolve = delivery_of(Action::Resolve, alert().fired_at, alert());
    let body = body_of(&resolve, &MessageTemplates::default());
    let found = self::lines(card_of(&body));
    assert!(found[0].starts_with("🟢") && found.len() == 3, "{found:?}");
}

#[test]
fn text_from_outside_is_only_text_and_only_web_addresses_are_buttons() {
    let delivery = hostile();
    let body = body_of(&delivery, &MessageTemplates::default());
    let card = card_of(&body);
    assert!(lines(card).iter().any(|line| line.contains("[a](http://e.example)")));
    assert!(body.to_string().len() <= TEAMS_BODY_BYTES_MAX);
    let actions = card["actions"].as_array().unwrap();
    assert_eq!(actions.len(), 1, "{actions:?}");
    assert!(card["msteams"].get("entities").is_none(), "nobody is mentioned");
}

#[test]
fn a_notice_and_a_template_are_cards_too() {
    let notice =
        crate::records::alerts::Alert::notice("notice:n".into(), "Test".into(), alert().fired_at);
    let delivery = delivery_of(Action::Trigger, notice.fired_at, notice);
    let body = body_of(&delivery, &MessageTemplates::default());
    assert_eq!(lines(card_of(&body)), ["Test"]);
    let delivery = delivery_of(Action::Trigger, alert().fired_at, alert());
    let templates = MessageTemplates { body: Some("a\n\n{{ value }}".into()), summary: None };
    let lines = lines(card_of(&body_of(&delivery, &templates)));
    assert!(lines.contains(&"12.5%".to_owned()) && !lines.iter().any(|it| it.contains("Since")));
}
