use super::*;
use crate::records::delivery::Action;
use crate::rule::{
    AlertmanagerTarget, EmailTarget, PagerDutyTarget, SlackTarget, Target, WebhookTarget,
};
use crate::testing::{alert, delivery_of};

/// A secret that JSON and URLs escape.
const SECRET: &str = "s3\"cret/é";

fn shown(target: Target) -> ShownMessage {
    let at = alert().fired_at;
    let receiver = Receiver::new("oncall".into(), target);
    show(&receiver, &delivery_of(Action::Trigger, at, alert()), at)
}

#[test]
fn a_shown_message_is_the_request_without_its_secrets() {
    let secret = || Secret::new(SECRET);
    let url = || "https://x.example".to_owned();
    let messages = [
        shown(Target::PagerDuty(PagerDutyTarget { url: url(), routing_key: secret() })),
        shown(Target::Webhook(WebhookTarget { url: url(), secrets: vec![secret()] })),
        shown(Target::Slack(SlackTarget { url: secret() })),
        shown(Target::Alertmanager(AlertmanagerTarget { url: url() })),
    ];
    for message in &messages {
        let text = format!("{message:?}");
        assert!(!text.contains("s3") && !text.contains("cret"), "{text}");
        let [(media_type, body)] = message.bodies.as_slice() else { panic!("{message:?}") };
        assert_eq!(*media_type, "application/json");
        assert!(body.contains("5xx and timeouts on 12.5% of requests"), "{body}");
    }
    let [pagerduty, webhook, slack, _] = &messages;
    assert_eq!(pagerduty.to, "https://x.example/v2/enqueue");
    assert_eq!(slack.to, "***");
    let header = |name: &str| webhook.headers.iter().find(|(it, _)| *it == name).unwrap().1.clone();
    assert_eq!(header("webhook-signature"), "***");
    assert_eq!(header("webhook-timestamp"), (alert().fired_at.0 / 1_000).to_string());
}

#[test]
fn a_shown_mail_has_its_headers_and_both_forms() {
    let target = EmailTarget {
        host: "smtp.example".into(),
        port: 587,
        login: Some(("plimsoll".into(), Secret::new(SECRET))),
        from: "plimsoll@example.org".into(),
        to: vec!["ops@example.org".into(), "lead@example.org".into()],
        ..EmailTarget::default()
    };
    let mail = shown(Target::Email(target));
    assert_eq!(mail.to, "smtp://smtp.example:587");
    assert!(mail.headers.contains(&("To", "ops@example.org, lead@example.org".into())));
    let subject = &mail.headers.iter().find(|(name, _)| *name == "Subject").unwrap().1;
    assert!(subject.starts_with("[critical] dhl: 5xx and timeouts on 12.5%"), "{subject}");
    let kinds: Vec<&str> = mail.bodies.iter().map(|(kind, _)| *kind).collect();
    assert_eq!(kinds, ["text/plain", "text/html"]);
    assert!(!format!("{mail:?}").contains("cret"));
}

#[test]
fn the_paths_of_a_message_are_its_links_to_the_server() {
    let body = r#"{"a":"https://p.example/alerts/1?x=1&amp;y=2","b":"see https://p.example/a, <https://p.example/b|B>"}"#;
    let bodies = vec![(JSON, body.to_owned()), (HTML, "https://p.example/c".to_owned())];
    let message = ShownMessage { bodies, ..ShownMessage::default() };
    let paths: Vec<String> = message.paths("https://p.example").into_iter().collect();
    assert_eq!(paths, ["/a,", "/alerts/1?x=1&y=2", "/b"]);
}

#[test]
fn json_is_shown_on_lines_with_its_fields_in_order() {
    let json = r#"{"z":1,"a":[{"t":"a \"{,: b"},[]],"e":{},"\\":"\\"}"#;
    let expected = r#"{
  "z": 1,
  "a": [
    {
      "t": "a \"{,: b"
    },
    []
  ],
  "e": {},
  "\\": "\\"
}"#;
    assert_eq!(indented(json), expected);
    let message = ShownMessage {
        to: "https://x.example".into(),
        headers: vec![("webhook-id", "1".into())],
        bodies: vec![("text/plain", "One.\n".into()), (JSON, "{}".into())],
    };
    let expected = "to: https://x.example\nwebhook-id: 1\ncontent-type: text/plain\n\nOne.\n\
                    content-type: application/json\n\n{}\n";
    assert_eq!(message.to_string(), expected);
}
