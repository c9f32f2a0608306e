use super::super::{alertmanager, pagerduty, slack, template, webhook};
use super::*;
use crate::deliver::pagerduty::PAGERDUTY_BODY_BYTES_MAX;
use crate::deliver::slack::SLACK_SECTION_CHARS_MAX;
use crate::deliver::template::EMAIL_BODY_BYTES_MAX;
use crate::deliver::webhook::WEBHOOK_BODY_BYTES_MAX;
use crate::page::Page;
use crate::records::delivery::Action;
use crate::rule::{MessageTemplates, Secret};
use crate::testing::{alert, delivery_of};

/// A delivery whose parts have these lengths, in the order in which they are left out.
fn delivery(lengths: [usize; PARTS.len()]) -> Delivery {
    let [contacts, steps, others, owner, examples, trend, symptom] =
        lengths.map(|length| "ü".repeat(length));
    let mut alert = alert();
    (alert.owner, alert.symptom) = (owner, symptom);
    let mut delivery = delivery_of(Action::Trigger, alert.fired_at, alert);
    delivery.page = Page {
        contacts: vec![format!("contact {contacts}")],
        steps: vec![format!("step {steps}")],
        which: vec!["dhl".into(), format!("other {others}")],
        examples: vec![format!("example {examples}")],
        trend: Trend { spark: "▁".into(), words: format!("trend {trend}") },
        ..Page::default()
    };
    delivery
}

/// What a receiver of each kind gets, and how long that may be and is.
fn sent(delivery: &Delivery) -> Vec<(&'static str, usize, usize, String)> {
    let (texts, at) = (MessageTemplates::default(), delivery.at);
    let url = "https://x.example";
    let pagerduty = pagerduty::request(url, &Secret::new("k"), delivery, &texts, at).body;
    let webhook = webhook::request(url, &[], delivery, &texts, at).body;
    let email = template::email(delivery, &texts, at);
    let slack: serde_json::Value =
        serde_json::from_str(&slack::request(url, delivery, &texts, at).body).unwrap();
    let slack = slack["blocks"][0]["text"]["text"].as_str().unwrap().to_owned();
    let (pagerduty_bytes, webhook_bytes, email_bytes, slack_chars) =
        (pagerduty.len(), webhook.len(), email.len(), slack.chars().count());
    vec![
        ("pagerduty", PAGERDUTY_BODY_BYTES_MAX, pagerduty_bytes, pagerduty),
        ("webhook", WEBHOOK_BODY_BYTES_MAX, webhook_bytes, webhook),
        ("email", EMAIL_BODY_BYTES_MAX, email_bytes, email),
        ("slack", SLACK_SECTION_CHARS_MAX, slack_chars, slack),
    ]
}

/// How each part shows in a message, in the order in which they are left out.
const SHOWN: [&str; PARTS.len()] = ["contact ", "step ", "other ", "", "example ", "trend ", ""];

#[test]
fn what_fits_is_sent_whole() {
    for (kind, limit, length, text) in sent(&delivery([9; PARTS.len()])) {
        assert!(length <= limit, "{kind}");
        for part in SHOWN {
            // A webhook's body has fields of the alert, and of the page only examples.
            let is_there = kind != "webhook" || part == "example ";
            assert!(text.contains(part) || !is_there, "{kind} {part}: {text}");
        }
    }
}

#[test]
fn of_what_does_not_fit_the_evidence_goes_last() {
    for (number, long) in SHOWN.into_iter().enumerate() {
        let mut lengths = [9; PARTS.len()];
        lengths[number] = 600_000;
        for (kind, limit, length, text) in sent(&delivery(lengths)) {
            assert!(length <= limit, "{kind} of {long:?}: {length}");
            assert!(text.contains("12.5%") || text.contains("0.125"), "{kind} of {long:?}");
            let after = SHOWN.get(number + 1..).unwrap_or_default();
            for part in after.iter().filter(|_| kind != "webhook") {
                assert!(text.contains(part), "{kind} of {long:?}: {part}");
            }
            if !long.is_empty() {
                assert!(!text.contains(long), "{kind}: {long}");
            }
        }
    }
}

#[test]
fn everything_too_long_at_once_still_fits() {
    for (kind, limit, length, _) in sent(&delivery([600_000; PARTS.len()])) {
        assert!(length <= limit, "{kind}: {length}");
    }
    let delivery = delivery([600_000; PARTS.len()]);
    let alertmanager = alertmanager::request("http://am", &delivery, &MessageTemplates::default());
    assert!(alertmanager.body.contains("summary"));
}
