use super::*;
use crate::deliver::receivers::tests::hostile;
use crate::records::delivery::Action;
use crate::rule::Secret;
use crate::testing::{alert, delivery_of};

fn body_of(delivery: &Delivery, templates: &MessageTemplates) -> Value {
    let target = DiscordTarget { url: Secret::new("https://discord.com/api/webhooks/1/t") };
    let request = target.request(delivery, templates, delivery.at);
    assert_eq!(request.url, "https://discord.com/api/webhooks/1/t?wait=true");
    let body: Value = serde_json::from_str(&request.body).unwrap();
    let text = |pointer: &str| length(body.pointer(pointer).and_then(Value::as_str).unwrap_or(""));
    let (title, description) = (text("/embeds/0/title"), text("/embeds/0/description"));
    assert!(text("/content") <= 2_000 && title <= 256 && description <= 4_096, "{body}");
    assert!(title + description <= 6_000, "{body}");
    assert_eq!(body["allowed_mentions"], json!({ "parse": [] }));
    body
}

#[test]
fn a_message_has_the_summary_and_an_embed_with_the_facts() {
    let mut delivery = delivery_of(Action::Trigger, alert().fired_at, alert());
    delivery.content.links.dashboard = "https://p.example/partners/dhl".into();
    let body = body_of(&delivery, &MessageTemplates::default());
    let content = body["content"].as_str().unwrap();
    assert!(content.starts_with("🔴 **dhl: 5xx and timeouts on 12.5% of requests"), "{content}");
    let embed = &body["embeds"][0];
    assert_eq!((&embed["title"], &embed["color"]), (&json!("dhl"), &json!(0x00c6_2828)));
    let description = embed["description"].as_str().unwrap();
    for part in ["**Since** 2026-11-20T20:00:00Z", "[Partner](https://p.example/partners/dhl)"] {
        assert!(description.contains(part), "{part}: {description}");
    }
    assert!(embed.get("url").is_none(), "an address that Discord rejects would lose the message");
}

#[test]
fn text_from_outside_is_no_markup() {
    let body = body_of(&hostile(), &MessageTemplates::default());
    let text = format!("{} {}", body["content"], body["embeds"][0]["description"]);
    for markup in ["[a](http", "<@1>", " *_x_*", "@channel", "javascript:"] {
        assert!(!text.contains(markup), "{markup}: {text}");
    }
    assert!(text.contains("noc@dhl.example") && text.contains("d%28h%29l"), "{text}");
}

#[test]
fn a_template_may_have_markup_and_its_values_are_escaped() {
    let mut delivery = delivery_of(Action::Trigger, alert().fired_at, alert());
    delivery.content.who = "x".repeat(5_000);
    delivery.content.steps = vec!["*a*".into()];
    let templates = MessageTemplates { body: Some("**b** {{ steps[0] }}".into()), summary: None };
    let body = body_of(&delivery, &templates);
    let description = body.pointer("/embeds/0/description").and_then(Value::as_str).unwrap();
    assert!(description.starts_with("**b** \\*a\\*"), "{description}");
}

#[test]
fn a_notice_has_no_empty_embed() {
    let notice =
        crate::records::alerts::Alert::notice("notice:n".into(), "Test".into(), alert().fired_at);
    let body = body_of(
        &delivery_of(Action::Trigger, notice.fired_at, notice),
        &MessageTemplates::default(),
    );
    assert_eq!((body["content"].as_str(), &body["embeds"]), (Some("🟡 **Test**"), &json!([])));
}
