//! Google Chat, incoming webhooks: <https://developers.google.com/workspace/chat/quickstart/webhooks>. A
//! message is a card: <https://developers.google.com/workspace/chat/api/reference/rest/v1/cards>.
//!
//! A message has 32,000 bytes at most:
//! <https://developers.google.com/workspace/chat/api/reference/rest/v1/spaces.messages/create>. All messages
//! of an alert are in one thread, whose key is the id of the alert.

use plimsoll_storage::TimestampMs;
use serde_json::{Value, json};

use super::with_parameter;
use crate::deliver::exchange::http::{Request, json as json_text};
use crate::deliver::receivers::HttpReceiver;
use crate::deliver::receivers::parts::{self, PLAIN, Parts};
use crate::records::delivery::Delivery;
use crate::rule::{GoogleChatTarget, MessageTemplates};

/// Bytes of a message, with room for what Google adds to it.
pub(in crate::deliver::receivers) const GOOGLE_CHAT_BODY_BYTES_MAX: usize = 30_000;

/// A reply to the thread of the alert, or its first message.
const IN_THREAD: &str = "messageReplyOption=REPLY_MESSAGE_FALLBACK_TO_NEW_THREAD";

impl HttpReceiver for GoogleChatTarget {
    fn request(
        &self,
        delivery: &Delivery,
        templates: &MessageTemplates,
        now: TimestampMs,
    ) -> Request {
        let body = parts::fitting(
            delivery,
            |delivery| Parts::of(delivery, templates, now, &PLAIN),
            |parts| json_text(&message(delivery, parts)),
            |body| body.len() <= GOOGLE_CHAT_BODY_BYTES_MAX,
        );
        Request::post(with_parameter(self.url.expose(), IN_THREAD), body)
    }
}

fn message(delivery: &Delivery, parts: &Parts) -> Value {
    let card = json!({ "cardId": delivery.id, "card": card(parts) });
    json!({
        "fallbackText": format!("{} {}", parts.mark.emoji(), parts.summary),
        "thread": { "threadKey": delivery.alert.id },
        "cardsV2": [card],
    })
}

fn card(parts: &Parts) -> Value {
    let mut widgets = vec![paragraph(&format!("<b>{}</b>", escaped(&parts.summary)))];
    if let Some(text) = &parts.body {
        widgets.push(paragraph(&escaped(text)));
    } else {
        let fact = |(name, text): &(&str, String)| {
            let text = escaped(text);
            json!({ "decoratedText": { "topLabel": name, "text": text, "wrapText": true } })
        };
        widgets.extend(parts.facts.iter().map(fact));
        if !parts.steps.is_empty() {
            let steps = escaped(&parts.numbered_steps().join("\n"));
            widgets.push(paragraph(&format!("<b>Do first</b><br>{steps}")));
        }
    }
    if !parts.links.is_empty() {
        let button = |(name, url): &(&str, String)| json!({ "text": name, "onClick": { "openLink": { "url": url } } });
        let buttons: Vec<Value> = parts.links.iter().map(button).collect();
        widgets.push(json!({ "buttonList": { "buttons": buttons } }));
    }
    if !parts.small_print.is_empty() {
        let color = "#5a6275";
        let text = escaped(&parts.small_print);
        widgets.push(paragraph(&format!("<font color=\"{color}\">{text}</font>")));
    }
    let mut card = json!({ "sections": [{ "widgets": widgets }] });
    if !parts.title.is_empty() {
        card["header"] = json!({ "title": format!("{} {}", parts.mark.emoji(), parts.title) });
    }
    card
}

fn paragraph(html: &str) -> Value {
    json!({ "textParagraph": { "text": html } })
}

/// Text within the markup of cards, which is a part of HTML.
fn escaped(text: &str) -> String {
    let text = text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;");
    text.replace('\n', "<br>")
}

#[cfg(test)]
mod tests;
