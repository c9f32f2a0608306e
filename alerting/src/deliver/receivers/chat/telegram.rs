//! Telegram bots: <https://core.telegram.org/bots/api#sendmessage>.
//!
//! A message has 4,096 characters at most, not counting its markup, which is HTML:
//! <https://core.telegram.org/bots/api#html-style>. Telegram rejects a message with markup that is not valid,
//! so every text is escaped, that of a template too. It rejects buttons that lead to names it does not know,
//! such as `localhost`; of a link in the text it only shows the text. The token of the bot is a part of the
//! address.

use plimsoll_storage::TimestampMs;
use serde::Deserialize;
use serde_json::json;

use super::without_mentions;
use crate::deliver::exchange::http::{Answer, Request, json as json_text};
use crate::deliver::exchange::outcome::AttemptOutcome;
use crate::deliver::receivers::HttpReceiver;
use crate::deliver::receivers::parts::{self, Markup, PLAIN, Parts, length};
use crate::records::delivery::Delivery;
use crate::rule::{MessageTemplates, TelegramTarget};

/// Characters of a message that people see.
const TEXT_CHARS_MAX: usize = 4_096;

/// The markup of messages.
const HTML: Markup = Markup {
    escape: escaped,
    bold: |text| format!("<b>{}</b>", escaped(text)),
    link: |text, url| format!("<a href=\"{}\">{}</a>", escaped(url), escaped(text)),
    in_templates: false,
};

/// What people see of it.
const VISIBLE: Markup = Markup {
    escape: without_mentions,
    bold: without_mentions,
    link: |text, _| text.to_owned(),
    ..PLAIN
};

/// What an answer says about a message that was not sent.
#[derive(Deserialize)]
struct Failure {
    #[serde(default)]
    parameters: Parameters,
}

#[derive(Default, Deserialize)]
struct Parameters {
    /// Seconds to wait.
    retry_after: Option<u32>,
    /// The group has become a supergroup, with this id.
    migrate_to_chat_id: Option<i64>,
}

impl HttpReceiver for TelegramTarget {
    fn request(
        &self,
        delivery: &Delivery,
        templates: &MessageTemplates,
        now: TimestampMs,
    ) -> Request {
        let (text, _) = parts::fitting(
            delivery,
            |delivery| Parts::of(delivery, templates, now, &HTML),
            |parts| (text(parts, &HTML), text(parts, &VISIBLE)),
            |(_, visible)| length(visible) <= TEXT_CHARS_MAX,
        );
        let body = json!({
            "chat_id": self.chat,
            "text": text,
            "parse_mode": "HTML",
            "link_preview_options": { "is_disabled": true },
        });
        let url = format!("{}/bot{}/sendMessage", self.url, self.token.expose());
        Request::post(url, json_text(&body))
    }

    /// Classifies the answer. The time to wait is in its body.
    fn outcome(&self, answer: &Answer) -> AttemptOutcome {
        let failure = serde_json::from_str::<Failure>(&answer.body).ok();
        let parameters = failure.map(|failure| failure.parameters).unwrap_or_default();
        match (AttemptOutcome::of(answer), parameters) {
            (
                AttemptOutcome::Throttled { reason, .. },
                Parameters { retry_after: Some(wait_s), .. },
            ) => AttemptOutcome::Throttled { after_ms: Some(i64::from(wait_s) * 1_000), reason },
            (
                AttemptOutcome::Rejected { reason },
                Parameters { migrate_to_chat_id: Some(chat), .. },
            ) => AttemptOutcome::Rejected {
                reason: format!(
                    "the group has become a supergroup; write `chat: \"{chat}\"`; {reason}"
                ),
            },
            (outcome, _) => outcome,
        }
    }
}

fn text(parts: &Parts, markup: &Markup) -> String {
    let summary = (markup.bold)(&parts.summary);
    let text = format!("{} {summary}\n\n{}", parts.mark.emoji(), parts.details(markup));
    text.trim_end().to_owned()
}

/// Text of which nothing is markup, within an attribute too.
fn escaped(text: &str) -> String {
    let text =
        without_mentions(text).replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;");
    text.replace('"', "&quot;")
}

#[cfg(test)]
mod tests;
