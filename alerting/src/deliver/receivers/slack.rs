//! Slack incoming webhooks: <https://api.slack.com/messaging/webhooks>, with the blocks of
//! <https://api.slack.com/reference/block-kit/blocks>.

use plimsoll_storage::TimestampMs;
use serde::Serialize;

use super::HttpReceiver;
use crate::deliver::exchange::http::{self, Answer, Request};
use crate::deliver::exchange::outcome::{self, AttemptOutcome};
use crate::message::fit;
use crate::message::render::RenderedMessage;
use crate::records::delivery::{Action, Delivery};
use crate::rule::Severity;
use crate::rule::{MessageTemplates, SlackTarget};

/// Slack's limit on the text of a header, in characters.
const HEADER_CHARS_MAX: usize = 150;
/// Slack's limit on the text of a section, in characters.
pub(super) const SECTION_CHARS_MAX: usize = 3_000;
/// Slack's limit on a field of a section, in characters.
const FIELD_CHARS_MAX: usize = 2_000;
/// Slack's limit on the fields of a section.
const FIELDS_MAX: usize = 10;
/// Slack's limit on the address of a button, in characters.
const URL_CHARS_MAX: usize = 3_000;
/// Characters of the text that Slack shows in notifications.
const FALLBACK_CHARS_MAX: usize = 1_000;

#[derive(Serialize)]
struct Message {
    /// Shown in notifications, and by clients without support for blocks.
    text: String,
    blocks: Vec<Block>,
}

#[derive(Serialize)]
#[serde(tag = "type", rename_all = "snake_case")]
enum Block {
    Header {
        text: Text,
    },
    Section {
        #[serde(skip_serializing_if = "Option::is_none")]
        text: Option<Text>,
        #[serde(skip_serializing_if = "Vec::is_empty")]
        fields: Vec<Text>,
    },
    Context {
        elements: Vec<Text>,
    },
    Actions {
        elements: Vec<Button>,
    },
}

#[derive(Serialize)]
struct Text {
    r#type: &'static str,
    text: String,
}

#[derive(Serialize)]
struct Button {
    r#type: &'static str,
    text: Text,
    url: String,
}

impl HttpReceiver for SlackTarget {
    fn request(
        &self,
        delivery: &Delivery,
        templates: &MessageTemplates,
        now: TimestampMs,
    ) -> Request {
        let built = |delivery: &Delivery| {
            let message = RenderedMessage::escaped(delivery, templates, now, &escaped);
            message_of(delivery, &message)
        };
        let message = fit::fitting(delivery, built, Message::fits).cut();
        let (url, headers) = (self.url.expose().to_owned(), Vec::new());
        Request { url, headers, body: http::json(&message) }
    }

    /// Classifies the answer. A 4xx has a code such as `invalid_payload` or `no_service` and is final; 410
    /// means that the channel is archived.
    fn outcome(&self, answer: &Answer) -> AttemptOutcome {
        match answer.status {
            410 => AttemptOutcome::Gone { reason: outcome::answer_text(answer) },
            _ => AttemptOutcome::of(answer),
        }
    }
}

fn message_of(delivery: &Delivery, message: &RenderedMessage) -> Message {
    let mark = match (delivery.action, delivery.alert.severity) {
        (Action::Resolve, _) => ":large_green_circle:",
        (_, Severity::Critical) => ":red_circle:",
        (_, Severity::Warning) => ":large_yellow_circle:",
    };
    let text = format!("{mark} {}", message.summary());
    if delivery.alert.is_notice() {
        return Message { blocks: vec![section(&text)], text };
    }
    let mut blocks = Vec::new();
    if let Some(body) = message.custom_body() {
        blocks.push(section(&format!("{mark} {body}")));
    } else {
        let who = &delivery.content.who;
        blocks.push(Block::Header { text: plain(format!("{mark} {who}")) });
        blocks.push(section(&format!("*{}*", message.summary())));
        let fields = if delivery.action == Action::Resolve { Vec::new() } else { fields(message) };
        if !fields.is_empty() {
            blocks.push(Block::Section { text: None, fields });
        }
        let steps = message.phrases().steps.iter().enumerate();
        let steps: Vec<String> = steps.map(|(n, step)| format!("{}. {step}", n + 1)).collect();
        if !steps.is_empty() && delivery.action != Action::Resolve {
            blocks.push(section(&format!("*Do first*\n{}", steps.join("\n"))));
        }
        blocks.push(Block::Context { elements: vec![mrkdwn(context(message))] });
    }
    let buttons = buttons(delivery);
    if !buttons.is_empty() {
        blocks.push(Block::Actions { elements: buttons });
    }
    Message { text, blocks }
}

/// The facts of an open alert, each with its name.
fn fields(message: &RenderedMessage) -> Vec<Text> {
    let phrases = message.phrases();
    let trend = if phrases.spark.is_empty() {
        String::new()
    } else {
        format!("`{}` {}", phrases.spark, phrases.trend)
    };
    let mut also = phrases.others.join(", ");
    if phrases.others_more > 0 {
        also += &format!(" and {} more", phrases.others_more);
    }
    let facts = [
        ("Since", phrases.since.clone()),
        ("How bad", phrases.how_bad.clone()),
        ("Where", phrases.place.join("\n")),
        ("Trend", trend),
        ("Examples", phrases.examples.join("\n")),
        ("Also", also),
        ("Contacts", phrases.contacts.join("\n")),
        ("Late", message.late().unwrap_or_default()),
    ];
    let known = facts.into_iter().filter(|(_, text)| !text.is_empty());
    known.map(|(name, text)| mrkdwn(format!("*{name}*\n{text}"))).take(FIELDS_MAX).collect()
}

/// Small print: rule, owner, who was notified, the id of the alert.
fn context(message: &RenderedMessage) -> String {
    let phrases = message.phrases();
    let mut parts = vec![format!("rule {}, owned by {}", phrases.rule, phrases.owner)];
    if !phrases.notified.is_empty() {
        parts.push(format!("notified: {}", phrases.notified.join(", ")));
    }
    parts.push(format!("alert {}", phrases.alert_id));
    parts.join(" | ")
}

fn buttons(delivery: &Delivery) -> Vec<Button> {
    let links = &delivery.content.links;
    let named = [
        ("Partner", Some(links.dashboard.as_str())),
        ("Why it fired", Some(links.explain.as_str())),
        ("Runbook", links.runbook.as_deref()),
    ];
    let fits = |url: &&str| url.starts_with("http") && url.chars().count() <= URL_CHARS_MAX;
    let button = |(name, url): (&str, Option<&str>)| {
        let url = url.filter(fits)?.to_owned();
        Some(Button { r#type: "button", text: plain(name.to_owned()), url })
    };
    named.into_iter().filter_map(button).collect()
}

impl Message {
    fn fits(&self) -> bool {
        self.blocks.iter().all(Block::fits)
    }

    /// The message with every text cut to its limit.
    fn cut(mut self) -> Self {
        cut(&mut self.text, FALLBACK_CHARS_MAX);
        for block in &mut self.blocks {
            block.texts().into_iter().for_each(|(text, chars_max)| cut(text, chars_max));
        }
        self
    }
}

impl Block {
    fn fits(&self) -> bool {
        let within = |text: &Text, chars_max: usize| text.text.chars().count() <= chars_max;
        match self {
            // A header repeats the section below it.
            Self::Header { .. } | Self::Actions { .. } => true,
            Self::Section { text, fields } => {
                text.iter().all(|text| within(text, SECTION_CHARS_MAX))
                    && fields.iter().all(|field| within(field, FIELD_CHARS_MAX))
            }
            Self::Context { elements } => elements.iter().all(|one| within(one, FIELD_CHARS_MAX)),
        }
    }

    /// Its texts with their limits.
    fn texts(&mut self) -> Vec<(&mut String, usize)> {
        match self {
            Self::Header { text } => vec![(&mut text.text, HEADER_CHARS_MAX)],
            Self::Section { text, fields } => {
                let text = text.iter_mut().map(|text| (&mut text.text, SECTION_CHARS_MAX));
                let fields = fields.iter_mut().map(|field| (&mut field.text, FIELD_CHARS_MAX));
                text.chain(fields).collect()
            }
            Self::Context { elements } => {
                elements.iter_mut().map(|one| (&mut one.text, FIELD_CHARS_MAX)).collect()
            }
            Self::Actions { .. } => Vec::new(),
        }
    }
}

fn section(text: &str) -> Block {
    Block::Section { text: Some(mrkdwn(text.to_owned())), fields: Vec::new() }
}

const fn mrkdwn(text: String) -> Text {
    Text { r#type: "mrkdwn", text }
}

const fn plain(text: String) -> Text {
    Text { r#type: "plain_text", text }
}

/// Slack reads `<…>` as links, mentions and commands: `<!channel>` would notify everyone.
fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;")
}

fn cut(text: &mut String, chars_max: usize) {
    if let Some((end, _)) = text.char_indices().nth(chars_max) {
        text.truncate(end);
    }
}

#[cfg(test)]
mod tests;
