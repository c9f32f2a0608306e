use super::*;
use crate::deliver::receivers::tests::hostile;
use crate::records::delivery::Action;
use crate::rule::Secret;
use crate::testing::{alert, delivery_of};

const URL: &str = "https://chat.googleapis.com/v1/spaces/A/messages?key=k&token=t";

fn body_of(delivery: &Delivery) -> Value {
    let target = GoogleChatTarget { url: Secret::new(URL) };
    let request = target.request(delivery, &MessageTemplates::default(), delivery.at);
    assert_eq!(request.url, format!("{URL}&{IN_THREAD}"));
    assert!(request.body.len() <= 32_000);
    serde_json::from_str(&request.body).unwrap()
}

#[test]
fn all_messages_of_an_alert_are_in_its_thread() {
    let key = |action| {
        let body = body_of(&delivery_of(action, alert().fired_at, alert()));
        body["thread"]["threadKey"].as_str().unwrap().to_owned()
    };
    assert_eq!(key(Action::Trigger), alert().id);
    assert_eq!(key(Action::Update), key(Action::Trigger));
    assert_eq!(key(Action::Resolve), key(Action::Trigger));
}

#[test]
fn a_card_has_a_header_facts_and_buttons() {
    let mut delivery = delivery_of(Action::Trigger, alert().fired_at, alert());
    delivery.content.links.dashboard = "https://p.example/partners/dhl".into();
    let body = body_of(&delivery);
    let card = &body["cardsV2"][0]["card"];
    assert_eq!(card["header"]["title"], "🔴 dhl");
    let widgets = card["sections"][0]["widgets"].as_array().unwrap();
    let first = widgets[0]["textParagraph"]["text"].as_str().unwrap();
    assert!(first.starts_with("<b>dhl: 5xx and timeouts on 12.5%"), "{first}");
    assert_eq!(widgets[1]["decoratedText"]["topLabel"], "Since");
    let buttons = widgets.iter().find(|widget| widget.get("buttonList").is_some()).unwrap();
    let url = buttons.pointer("/buttonList/buttons/0/onClick/openLink/url").unwrap();
    assert_eq!(url, "https://p.example/partners/dhl");
    assert!(body["fallbackText"].as_str().unwrap().starts_with("🔴 dhl: "), "{body}");
    // `text` would be read as commands such as <users/all>.
    assert!(body.get("text").is_none());
}

#[test]
fn text_from_outside_is_no_markup() {
    let body = body_of(&hostile());
    let widgets = body.pointer("/cardsV2/0/card/sections/0/widgets").unwrap();
    for tag in ["<b>&", "<users/all>", "<@1>", "<a href"] {
        assert!(!widgets.to_string().contains(tag), "{tag}: {widgets}");
    }
    assert!(widgets.to_string().contains("&lt;users/all&gt;"), "{widgets}");
    assert!(!widgets.to_string().contains("javascript:"), "{widgets}");
}
