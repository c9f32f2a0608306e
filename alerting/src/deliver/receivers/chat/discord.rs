//! Discord webhooks: <https://discord.com/developers/docs/resources/webhook#execute-webhook>.
//!
//! A message has 2,000 characters at most. Its embed has 256 in the title, 4,096 in the description, 2,048 in
//! the footer and 6,000 in all:
//! <https://discord.com/developers/docs/resources/message#embed-object-embed-limits>. With `wait` the answer
//! says whether the message was posted. Links are in the description, because a message whose embed has an
//! address that Discord does not like is rejected.

use plimsoll_storage::TimestampMs;
use serde::Serialize;
use serde_json::{Value, json};

use super::markdown::MARKDOWN;
use super::with_parameter;
use crate::deliver::exchange::http::{self, Request};
use crate::deliver::receivers::HttpReceiver;
use crate::deliver::receivers::parts::{self, Parts, length};
use crate::message::units::rfc3339;
use crate::records::delivery::Delivery;
use crate::rule::{DiscordTarget, MessageTemplates};

const CONTENT_CHARS_MAX: usize = 2_000;
const TITLE_CHARS_MAX: usize = 256;
const DESCRIPTION_CHARS_MAX: usize = 4_096;
const EMBED_CHARS_MAX: usize = 6_000;

#[derive(Serialize)]
struct Message {
    content: String,
    /// One, or none when it would be empty.
    embeds: Vec<Embed>,
    /// Nobody is mentioned, whatever the texts hold.
    allowed_mentions: Value,
}

#[derive(Serialize)]
struct Embed {
    #[serde(skip_serializing_if = "String::is_empty")]
    title: String,
    #[serde(skip_serializing_if = "String::is_empty")]
    description: String,
    color: u32,
    timestamp: String,
}

impl HttpReceiver for DiscordTarget {
    fn request(
        &self,
        delivery: &Delivery,
        templates: &MessageTemplates,
        now: TimestampMs,
    ) -> Request {
        let message = parts::fitting(
            delivery,
            |delivery| Parts::of(delivery, templates, now, &MARKDOWN),
            |parts| message(delivery, parts),
            Message::fits,
        );
        Request::post(with_parameter(self.url.expose(), "wait=true"), http::json(&message))
    }
}

fn message(delivery: &Delivery, parts: &Parts) -> Message {
    let embed = Embed {
        title: (MARKDOWN.escape)(&parts.title),
        description: parts.details(&MARKDOWN),
        color: parts.mark.color(),
        timestamp: rfc3339(delivery.at),
    };
    Message {
        content: format!("{} {}", parts.mark.emoji(), (MARKDOWN.bold)(&parts.summary)),
        embeds: Some(embed).filter(|embed| !embed.is_empty()).into_iter().collect(),
        allowed_mentions: json!({ "parse": [] }),
    }
}

impl Message {
    fn fits(&self) -> bool {
        length(&self.content) <= CONTENT_CHARS_MAX && self.embeds.iter().all(Embed::fits)
    }
}

impl Embed {
    const fn is_empty(&self) -> bool {
        self.title.is_empty() && self.description.is_empty()
    }

    fn fits(&self) -> bool {
        let (title, description) = (length(&self.title), length(&self.description));
        title <= TITLE_CHARS_MAX
            && description <= DESCRIPTION_CHARS_MAX
            && title + description <= EMBED_CHARS_MAX
    }
}

#[cfg(test)]
mod tests;
