use super::*;
use crate::records::alerts::NOTICE_PREFIX;
use crate::testing::{alert, delivery_of};
use crate::text::content::{Content, Links, Trend};

const EMAIL: &str = include_str!("../../../templates/email.txt");
const HTML: &str = include_str!("../../../templates/email.html");

fn delivery(action: Action) -> Delivery {
    let mut delivery = delivery_of(action, alert().fired_at, alert());
    let links = Links {
        dashboard: "https://p.example/partners/dhl".into(),
        runbook: Some("https://runbooks.example/partner-5xx".into()),
        ..Links::default()
    };
    delivery.content = Content {
        place: vec!["site ams1: 31% (41 of 132); elsewhere 0.2% (1 of 600)".into()],
        which: vec!["dhl".into(), "ups".into()],
        which_more: 3,
        trend: Trend { spark: "▁▂▇".into(), text: "1% → 12.5% in 30m".into() },
        exemplars: vec!["order_id O-1: 5xx after 2s".into()],
        links,
        steps: vec!["Look at the dashboard.".into()],
        contacts: vec!["dhl: noc@dhl.example".into()],
        ..delivery.content
    };
    delivery
}

fn rendered(action: Action, late_ms: i64) -> RenderedMessage {
    let delivery = delivery(action);
    RenderedMessage::new(&delivery, &MessageTemplates::default(), delivery.at.plus_ms(late_ms))
}

#[test]
fn the_default_templates_have_all_parts() {
    let known = rendered(Action::Trigger, 0);
    for text in [known.body(EMAIL), known.body(HTML)] {
        for part in [
            "dhl: 5xx and timeouts on 12.5% of requests (320 items in 5m, limit 5%) since 20:00 UTC",
            "12.5% of 320 items in 5m, surely above 7%; critical from 5% on",
            "site ams1: 31% (41 of 132); elsewhere 0.2% (1 of 600)",
            "ups and 3 more",
            "1% → 12.5% in 30m",
            "order_id O-1: 5xx after 2s",
            "https://p.example/partners/dhl",
            "https://runbooks.example/partner-5xx",
            "Look at the dashboard.",
            "noc@dhl.example",
            "integrations",
        ] {
            assert!(text.contains(part), "{part}:\n{text}");
        }
        assert!(!text.contains("late"), "{text}");
    }
    assert!(rendered(Action::Trigger, 180_000).body(EMAIL).contains("3m late"));
}

#[test]
fn a_resolve_is_short() {
    let text = rendered(Action::Resolve, 0).body(EMAIL);
    assert!(text.contains("back to normal after 5m"), "{text}");
    assert!(!text.contains("surely"), "{text}");
}

#[test]
fn templates_of_the_receiver_are_used_unless_they_cannot_be_rendered() {
    let delivery = delivery(Action::Trigger);
    let texts = |summary: Option<&str>, body: Option<&str>| {
        let templates =
            MessageTemplates { summary: summary.map(str::to_owned), body: body.map(str::to_owned) };
        let message = RenderedMessage::new(&delivery, &templates, delivery.at);
        (message.summary().to_owned(), message.body(EMAIL))
    };
    let (summary, body) =
        texts(Some("{{ partner | upper }}:\n {{ value }}"), Some("{{ summary }}!"));
    assert_eq!((summary.as_str(), body.as_str()), ("DHL: 12.5%", "DHL: 12.5%!"));
    let (_, body) = texts(Some("Call {{ partner }}"), None);
    assert!(body.starts_with("Call dhl\n"), "the default text starts with the summary: {body}");
    let endless = "{% for a in range(9999) %}{% for b in range(9999) %}x{% endfor %}{% endfor %}";
    assert_eq!(texts(Some(endless), Some(endless)), texts(None, None));
    assert_eq!(texts(Some(" \n"), None), texts(None, None));
}

#[test]
fn a_notice_does_not_use_the_templates_of_the_receiver() {
    let mut delivery = delivery(Action::Trigger);
    delivery.alert.rule = format!("{NOTICE_PREFIX}receiver-test");
    let templates = MessageTemplates { summary: Some("Fire!".into()), body: Some("Fire!".into()) };
    let message = RenderedMessage::new(&delivery, &templates, delivery.at);
    assert!(!message.summary().contains("Fire") && message.custom_body().is_none());
}

#[test]
fn an_endless_template_results_in_the_summary() {
    let message = rendered(Action::Trigger, 0);
    let endless = "{% for a in range(9999) %}{% for b in range(9999) %}x{% endfor %}{% endfor %}";
    assert_eq!(message.body(endless), message.summary());
}
