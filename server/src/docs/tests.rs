//! `docs/notifications.md`: what each kind of receiver gets for each cause.

use std::path::Path;

use plimsoll_alerting::{Cause, Receiver, RuleSet, ShownMessage, sample, show};
use plimsoll_storage::TimestampMs;
use serde_json::Value;

use super::check_generated;

/// 2026-11-20T17:56:00Z
const AT: TimestampMs = TimestampMs(1_795_197_360_000);
const BASE_URL: &str = "https://plimsoll.example";
/// Characters that a phone or a list of messages shows.
const SHOWN_CHARS: usize = 200;
/// One receiver of each kind.
const RECEIVERS: &str = r#"
rules: []
receivers:
  - { name: pagerduty, pagerduty: { routing_key: 0123456789abcdef0123456789abcdef } }
  - { name: webhook, webhook: { url: "https://hub.example/alerts", secret: "whsec_MTIzNDU2Nzg5MDEyMzQ1Njc4OTAxMjM0" } }
  - { name: slack, slack: { url: "https://hooks.slack.com/services/T/B/x" } }
  - { name: alertmanager, alertmanager: { url: "http://alertmanager.example:9093" } }
  - { name: email, email: { host: smtp.example, from: plimsoll@example.org, to: [ops@example.org] } }
  - { name: teams, teams: { url: "https://x.logic.azure.com/workflows/a/triggers/manual/paths/invoke?sig=s" } }
  - { name: opsgenie, opsgenie: { api_key: eb243592-faa2-4ba2-a551-1afdf565c889 } }
  - { name: google_chat, google_chat: { url: "https://chat.googleapis.com/v1/spaces/A/messages?key=k&token=t" } }
  - { name: discord, discord: { url: "https://discord.com/api/webhooks/1/t" } }
  - { name: mattermost, mattermost: { url: "https://chat.example/hooks/abcdefghijklmnopqrstuvwxyz" } }
  - { name: telegram, telegram: { token: "123456789:AAabcdefghijklmnopqrstuvwxyz_-01234", chat: "-1001234567890" } }
"#;
/// Where the line is that a receiver shows first, in the body of one of its kinds.
const FIRST_LINES: [&str; 9] = [
    "/payload/summary",
    "/data/alert/summary",
    "/0/annotations/summary",
    // Opsgenie shows the first 130 characters of it as the message.
    "/description",
    "/note",
    "/text",
    "/content",
    "/fallbackText",
    "/summary",
];

fn receivers() -> Vec<Receiver> {
    let rules = RuleSet::parse(RECEIVERS, &|_| None, Path::new("")).expect("valid receivers");
    rules.receivers
}

fn shown(cause: Cause, receiver: &Receiver) -> ShownMessage {
    show(receiver, &sample(cause, receiver, BASE_URL, AT), AT)
}

/// The line that a receiver shows first; `None` for the end of an incident at PagerDuty, which has no text.
fn first_line(message: &ShownMessage) -> Option<String> {
    let (media_type, body) = message.bodies.first().expect("a body");
    if *media_type == "text/plain" {
        return body.lines().next().map(str::to_owned);
    }
    let body: Value = serde_json::from_str(body).expect("JSON");
    let mut texts = FIRST_LINES.iter().filter_map(|pointer| body.pointer(pointer)?.as_str());
    texts.next().and_then(|text| text.lines().next()).map(without_markup)
}

/// A line as it is displayed.
fn without_markup(line: &str) -> String {
    let shown = [
        (":red_circle:", "🔴"),
        (":large_yellow_circle:", "🟡"),
        (":large_green_circle:", "🟢"),
        ("<b>", ""),
        ("</b>", ""),
        ("**", ""),
        ("\\", ""),
    ];
    let line = shown.iter().fold(line.to_owned(), |line, (mark, sign)| line.replace(mark, sign));
    line.trim_matches('*').to_owned()
}

#[test]
fn the_page_of_notifications_has_every_cause_in_every_receiver() {
    let receivers = receivers();
    let mut page = String::new();
    for cause in Cause::ALL {
        page += &format!("\n### {}\n\n{}\n\n", cause.as_str(), cause.about());
        page += "| receiver | what it shows first |\n|---|---|\n";
        let mut lines: Vec<(String, Vec<&str>)> = Vec::new();
        for receiver in &receivers {
            let line = first_line(&shown(cause, receiver));
            let line = line.unwrap_or_else(|| "the end of the incident, without text".to_owned());
            match lines.iter_mut().find(|(known, _)| *known == line) {
                Some((_, kinds)) => kinds.push(receiver.target.kind()),
                None => lines.push((line, vec![receiver.target.kind()])),
            }
        }
        for (line, kinds) in lines {
            page += &format!("| {} | {} |\n", kinds.join(", "), line.replace('|', "\\|"));
        }
    }
    check_generated("notifications.md", "every cause", &format!("{page}\n"));
}

#[test]
fn the_first_200_characters_say_all_that_a_person_needs() {
    for cause in Cause::ALL {
        for receiver in receivers() {
            let delivery = sample(cause, &receiver, BASE_URL, AT);
            let kind = receiver.target.kind();
            let Some(line) = first_line(&show(&receiver, &delivery, AT)) else { continue };
            if delivery.content.who.is_empty() || !delivery.alert.is_open() {
                continue;
            }
            let seen: String = line.chars().take(SHOWN_CHARS).collect();
            let step = line.find(". First: ").expect("a first step");
            assert_eq!(seen, line, "{kind}, {}: it is cut", cause.as_str());
            assert!(line.contains(&delivery.content.who), "{kind}: {line}");
            assert!(line.find("since ").is_some_and(|since| since < step), "{kind}: {line}");
        }
    }
}
