use super::*;
use crate::page::{Links, Page};
use crate::records::alerts::NOTICE_PREFIX;
use crate::testing::{alert, delivery_of};
use crate::trend::Trend;

fn delivery(action: Action) -> Delivery {
    let mut delivery = delivery_of(action, alert().fired_at, alert());
    delivery.page = Page {
        which: vec!["dhl".into(), "ups".into()],
        which_more: 3,
        trend: Trend { spark: "▁▂▇".into(), words: "1% → 12.5% in 30m".into() },
        examples: vec!["order_id O-1: 5xx after 2s".into()],
        links: Links { dashboard: "https://p.example/partners/dhl".into(), ..Links::default() },
        steps: vec!["Look at the dashboard.".into()],
        contacts: vec!["dhl: noc@dhl.example".into()],
        ..Page::default()
    };
    delivery
}

fn usual(action: Action, late_ms: i64) -> Saying {
    let delivery = delivery(action);
    Saying::new(&delivery, &MessageTemplates::default(), delivery.at.plus_ms(late_ms))
}

#[test]
fn texts_say_what_is_known_of_the_alert() {
    let known = usual(Action::Trigger, 0);
    for text in [known.body(EMAIL), known.body(SLACK)] {
        for part in [
            "dhl: 5xx+timeout share of requests 12.5% > 5% (320 items in 5m)",
            "12.5%, surely above 7% and below 20%",
            "ups and 3 more",
            "▁▂▇",
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
    assert!(usual(Action::Trigger, 180_000).body(EMAIL).contains("3m late"));
}

#[test]
fn an_end_is_short() {
    let text = usual(Action::Resolve, 0).body(EMAIL);
    assert!(text.contains("is back to normal after 5m"), "{text}");
    assert!(!text.contains("surely"), "{text}");
}

#[test]
fn own_texts_take_the_place_of_the_usual_ones_unless_they_cannot_be_filled_in() {
    let delivery = delivery(Action::Trigger);
    let said = |summary: Option<&str>, body: Option<&str>| {
        let texts =
            MessageTemplates { summary: summary.map(str::to_owned), body: body.map(str::to_owned) };
        let said = Saying::new(&delivery, &texts, delivery.at);
        (said.summary().to_owned(), said.body(EMAIL))
    };
    let (summary, body) =
        said(Some("{{ partner | upper }}:\n {{ value }}"), Some("{{ summary }}!"));
    assert_eq!((summary.as_str(), body.as_str()), ("DHL: 12.5%", "DHL: 12.5%!"));
    let (_, body) = said(Some("Call {{ partner }}"), None);
    assert!(body.starts_with("Call dhl\n"), "the usual text begins with the summary: {body}");
    let endless = "{% for a in range(9999) %}{% for b in range(9999) %}x{% endfor %}{% endfor %}";
    assert_eq!(said(Some(endless), Some(endless)), said(None, None));
    assert_eq!(said(Some(" \n"), None), said(None, None));
}

#[test]
fn a_notice_says_what_it_is() {
    let mut delivery = delivery(Action::Trigger);
    delivery.alert.rule = format!("{NOTICE_PREFIX}receiver-test");
    let texts = MessageTemplates { summary: Some("Fire!".into()), body: Some("Fire!".into()) };
    let said = Saying::new(&delivery, &texts, delivery.at);
    assert!(!said.summary().contains("Fire") && said.own_body().is_none());
}

#[test]
fn a_template_that_never_ends_leaves_the_summary() {
    let said = usual(Action::Trigger, 0);
    let endless = "{% for a in range(9999) %}{% for b in range(9999) %}x{% endfor %}{% endfor %}";
    assert_eq!(said.body(endless), said.summary());
}
