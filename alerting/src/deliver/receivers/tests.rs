use super::chat::{GOOGLE_CHAT_BODY_BYTES_MAX, TEAMS_BODY_BYTES_MAX};
use super::email::EMAIL_BODY_BYTES_MAX;
use super::pagerduty::PAGERDUTY_BODY_BYTES_MAX;
use super::parts::length;
use super::webhook::WEBHOOK_BODY_BYTES_MAX;
use super::{HttpReceiver, email};
use crate::records::delivery::{Action, Delivery};
use crate::rule::{
    AlertmanagerTarget, DiscordTarget, GoogleChatTarget, MattermostTarget, MessageTemplates,
    OpsgenieTarget, PagerDutyTarget, Secret, SlackTarget, TeamsTarget, TelegramTarget,
    WebhookTarget,
};
use crate::testing::{alert, delivery_of};
use crate::text::content::{Links, Trend};

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

/// The same for the chats and Opsgenie, whose limits are mostly on one text of the message.
fn messages_of_chats(delivery: &Delivery) -> Vec<(&'static str, usize, usize, String)> {
    let (templates, at) = (MessageTemplates::default(), delivery.at);
    let url = || Secret::new("https://x.example");
    let body = |receiver: &dyn HttpReceiver| receiver.request(delivery, &templates, at).body;
    let text_of = |body: &str, pointer: &str| {
        let body: serde_json::Value = serde_json::from_str(body).unwrap();
        body.pointer(pointer).and_then(|text| text.as_str()).unwrap().to_owned()
    };
    let teams = body(&TeamsTarget { url: url() });
    let google_chat = body(&GoogleChatTarget { url: url() });
    let discord = body(&DiscordTarget { url: url() });
    let embed = text_of(&discord, "/embeds/0/description");
    let mattermost = body(&MattermostTarget { url: url() });
    let attachment = text_of(&mattermost, "/attachments/0/text");
    let base = || "https://x.example".to_owned();
    let telegram =
        body(&TelegramTarget { url: base(), token: Secret::new("1:a"), chat: "1".into() });
    // Markup does not count; these parts have little of it.
    let text = text_of(&telegram, "/text").replace("<b>", "").replace("</b>", "");
    let opsgenie = body(&OpsgenieTarget { url: base(), api_key: Secret::new("k") });
    let description = text_of(&opsgenie, "/description");
    vec![
        ("teams", TEAMS_BODY_BYTES_MAX, teams.len(), teams),
        ("google_chat", GOOGLE_CHAT_BODY_BYTES_MAX, google_chat.len(), google_chat),
        ("discord", 4_096, length(&embed), embed),
        ("mattermost", 16_383, length(&attachment), attachment),
        ("telegram", 4_096, length(&text), text),
        ("opsgenie", 15_000, length(&description), description),
    ]
}

/// A delivery whose names and texts hold markup, mentions and commands of every kind.
pub(super) fn hostile() -> Delivery {
    let evil =
        "<b>&\"'</b> *_x_* [a](http://e.example) @channel <@1> <!here> <users/all> \\ `|~#> 🦀";
    let mut alert = alert();
    alert.owner = evil.into();
    alert.symptom = evil.into();
    let mut delivery = delivery_of(Action::Trigger, alert.fired_at, alert);
    let content = &mut delivery.content;
    (content.headline, content.who) = (format!("dhl {evil}"), format!("dhl {evil}"));
    content.place = vec![format!("site {evil}"); 2];
    content.exemplars = vec![format!("order_id {evil}")];
    content.steps = vec![format!("Look at {evil}")];
    content.which = vec!["dhl".into(), evil.repeat(5)];
    content.contacts = vec!["dhl: noc@dhl.example".into()];
    content.links = Links {
        dashboard: "https://p.example/partners/d(h)l?a=1&b=\"2\"".into(),
        explain: "javascript:alert(1)".into(),
        runbook: Some("https://p.example/a b".into()),
        ..Links::default()
    };
    delivery
}

fn all_messages(delivery: &Delivery) -> Vec<(&'static str, usize, usize, String)> {
    [messages(delivery), messages_of_chats(delivery)].concat()
}

#[test]
fn a_message_within_the_limit_is_sent_whole() {
    let delivery = delivery([9; PARTS.len()]);
    for (kind, limit, length, text) in all_messages(&delivery) {
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
        for (kind, limit, length, text) in all_messages(&delivery(lengths)) {
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
    for (kind, limit, length, _) in all_messages(&delivery([600_000; PARTS.len()])) {
        assert!(length <= limit, "{kind}: {length}");
    }
    let delivery = delivery([600_000; PARTS.len()]);
    let target = AlertmanagerTarget { url: "http://am".into() };
    let request = target.request(&delivery, &MessageTemplates::default(), delivery.at);
    assert!(request.body.contains("summary"));
}

#[test]
fn a_text_of_a_template_beyond_every_limit_is_cut() {
    let delivery = delivery([9; PARTS.len()]);
    let body = "{% for n in range(400) %}🦀 & <b> {{ what }}\n{% endfor %}";
    let templates = MessageTemplates { summary: Some("x".repeat(9_000)), body: Some(body.into()) };
    let url = || Secret::new("https://x.example");
    let base = || "https://x.example".to_owned();
    let receivers: [(&dyn HttpReceiver, usize); 6] = [
        (&TeamsTarget { url: url() }, TEAMS_BODY_BYTES_MAX),
        (&GoogleChatTarget { url: url() }, GOOGLE_CHAT_BODY_BYTES_MAX),
        (&DiscordTarget { url: url() }, 30_000),
        (&MattermostTarget { url: url() }, 90_000),
        (&TelegramTarget { url: base(), token: Secret::new("1:a"), chat: "1".into() }, 30_000),
        (&OpsgenieTarget { url: base(), api_key: Secret::new("k") }, 90_000),
    ];
    for (receiver, bytes_max) in receivers {
        let body = receiver.request(&delivery, &templates, delivery.at).body;
        assert!(body.len() <= bytes_max, "{}: {}", body.len(), &body[..200]);
        assert!(body.contains("🦀") && body.contains('…'), "{}", &body[..200]);
    }
}
