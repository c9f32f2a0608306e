use super::email::EMAIL_BODY_BYTES_MAX;
use super::pagerduty::PAGERDUTY_BODY_BYTES_MAX;
use super::webhook::WEBHOOK_BODY_BYTES_MAX;
use super::{HttpReceiver, email};
use crate::records::delivery::{Action, Delivery};
use crate::rule::{
    AlertmanagerTarget, MessageTemplates, PagerDutyTarget, Secret, SlackTarget, WebhookTarget,
};
use crate::testing::{alert, delivery_of};
use crate::text::content::Trend;

/// How each part that can be left out shows in a message, in the order of leaving out.
const PARTS: [&str; 7] = ["contact ", "step ", "other ", "", "exemplar ", "trend ", ""];

/// A delivery whose parts have these lengths, in the order of [`PARTS`].
fn delivery(lengths: [usize; PARTS.len()]) -> Delivery {
    let [contacts, steps, others, owner, exemplars, trend, symptom] =
        lengths.map(|length| "ü".repeat(length));
    let mut alert = alert();
    alert.owner = owner;
    let mut delivery = delivery_of(Action::Trigger, alert.fired_at, alert);
    let content = &mut delivery.content;
    content.headline += &symptom;
    content.contacts = vec![format!("contact {contacts}")];
    content.steps = vec![format!("step {steps}")];
    content.which = vec!["dhl".into(), format!("other {others}")];
    content.exemplars = vec![format!("exemplar {exemplars}")];
    content.trend = Trend { spark: "▁".into(), text: format!("trend {trend}") };
    delivery
}

/// The message for each kind of receiver: the kind, its limit, the length and the text.
fn messages(delivery: &Delivery) -> Vec<(&'static str, usize, usize, String)> {
    let (templates, at) = (MessageTemplates::default(), delivery.at);
    let url = || "https://x.example".to_owned();
    let body = |receiver: &dyn HttpReceiver| receiver.request(delivery, &templates, at).body;
    let pagerduty = body(&PagerDutyTarget { url: url(), routing_key: Secret::new("k") });
    let webhook = body(&WebhookTarget { url: url(), secrets: Vec::new() });
    let email = email::body(delivery, &templates, at);
    let slack = body(&SlackTarget { url: Secret::new(url()) });
    let (pagerduty_bytes, webhook_bytes, email_bytes) =
        (pagerduty.len(), webhook.len(), email.len());
    vec![
        ("pagerduty", PAGERDUTY_BODY_BYTES_MAX, pagerduty_bytes, pagerduty),
        ("webhook", WEBHOOK_BODY_BYTES_MAX, webhook_bytes, webhook),
        ("email", EMAIL_BODY_BYTES_MAX, email_bytes, email),
        // Its texts have limits of their own.
        ("slack", 100_000, slack.len(), slack),
    ]
}

#[test]
fn a_message_within_the_limit_is_sent_whole() {
    for (kind, limit, length, text) in messages(&delivery([9; PARTS.len()])) {
        assert!(length <= limit, "{kind}");
        for part in PARTS {
            assert!(text.contains(part), "{kind} {part}: {text}");
        }
    }
}

#[test]
fn of_a_message_above_the_limit_evidence_is_left_out_last() {
    for (number, long) in PARTS.into_iter().enumerate() {
        let mut lengths = [9; PARTS.len()];
        lengths[number] = 600_000;
        for (kind, limit, length, text) in messages(&delivery(lengths)) {
            assert!(length <= limit, "{kind} of {long:?}: {length}");
            assert!(text.contains("12.5%") || text.contains("0.125"), "{kind} of {long:?}");
            let after = PARTS.get(number + 1..).unwrap_or_default();
            for part in after {
                assert!(text.contains(part), "{kind} of {long:?}: {part}");
            }
            if !long.is_empty() {
                assert!(!text.contains(long), "{kind}: {long}");
            }
        }
    }
}

#[test]
fn a_message_with_every_part_too_long_fits() {
    for (kind, limit, length, _) in messages(&delivery([600_000; PARTS.len()])) {
        assert!(length <= limit, "{kind}: {length}");
    }
    let delivery = delivery([600_000; PARTS.len()]);
    let target = AlertmanagerTarget { url: "http://am".into() };
    let request = target.request(&delivery, &MessageTemplates::default(), delivery.at);
    assert!(request.body.contains("summary"));
}
