//! Slack incoming webhooks: <https://api.slack.com/messaging/webhooks>, with the blocks of
//! <https://api.slack.com/reference/block-kit/blocks>.

mod bot;

use plimsoll_storage::TimestampMs;
use serde::Serialize;

use super::HttpReceiver;
use super::parts::{Mark, Parts};
use crate::deliver::exchange::http::{self, Answer, Request};
use crate::deliver::exchange::outcome::{self, AttemptOutcome};
use crate::message::fit;
use crate::message::render::RenderedMessage;
use crate::records::delivery::Delivery;
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
        let message = message(delivery, templates, now);
        Request::post(self.url.expose().to_owned(), http::json(&message))
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

/// The message for a delivery, within the limits of Slack.
fn message(delivery: &Delivery, templates: &MessageTemplates, now: TimestampMs) -> Message {
    let built = |delivery: &Delivery| {
        let message = RenderedMessage::escaped(delivery, templates, now, &escaped);
        message_of(delivery, &message)
    };
    fit::fitting(delivery, built, Message::fits).cut()
}

fn message_of(delivery: &Delivery, message: &RenderedMessage) -> Message {
    let parts = Parts::of_message(delivery, message);
    let mark = match parts.mark {
        Mark::Critical => ":red_circle:",
        Mark::Warning => ":large_yellow_circle:",
        Mark::Resolved => ":large_green_circle:",
    };
    let text = format!("{mark} {}", parts.summary);
    if delivery.alert.is_notice() {
        return Message { blocks: vec![section(&text)], text };
    }
    let mut blocks = Vec::new();
    if let Some(body) = &parts.body {
        blocks.push(section(&format!("{mark} {body}")));
    } else {
        blocks.push(Block::Header { text: plain(format!("{mark} {}", parts.title)) });
        blocks.push(section(&format!("*{}*", parts.summary)));
        let facts = parts.facts.iter().take(FIELDS_MAX);
        let fields: Vec<Text> =
            facts.map(|(name, text)| mrkdwn(format!("*{name}*\n{text}"))).collect();
        if !fields.is_empty() {
            blocks.push(Block::Section { text: None, fields });
        }
        let steps = parts.numbered_steps();
        if !steps.is_empty() {
            blocks.push(section(&format!("*Do first*\n{}", steps.join("\n"))));
        }
        blocks.push(Block::Context { elements: vec![mrkdwn(parts.small_print)] });
    }
    let links = parts.links.into_iter().filter(|(_, url)| url.chars().count() <= URL_CHARS_MAX);
    let buttons: Vec<Button> = links
        .map(|(name, url)| Button { r#type: "button", text: plain(name.to_owned()), url })
        .collect();
    if !buttons.is_empty() {
        blocks.push(Block::Actions { elements: buttons });
    }
    Message { text, blocks }
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
