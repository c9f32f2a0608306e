//! Slack incoming webhooks: <https://api.slack.com/messaging/webhooks>.

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

/// Slack's limit on the text of a section, in characters.
/// <https://api.slack.com/reference/block-kit/blocks>
pub(super) const SLACK_SECTION_CHARS_MAX: usize = 3_000;
/// Characters of the text that Slack shows in notifications.
const SLACK_FALLBACK_CHARS_MAX: usize = 1_000;

/// The text of a message without a template of its own.
const BODY: &str = include_str!("../../../templates/slack.txt");

#[derive(Serialize)]
struct Message {
    /// Shown in notifications, and by clients without support for blocks.
    text: String,
    blocks: [Block; 1],
}

#[derive(Serialize)]
struct Block {
    r#type: &'static str,
    text: Text,
}

#[derive(Serialize)]
struct Text {
    r#type: &'static str,
    text: String,
}

impl HttpReceiver for SlackTarget {
    fn request(
        &self,
        delivery: &Delivery,
        templates: &MessageTemplates,
        now: TimestampMs,
    ) -> Request {
        let message =
            |delivery: &Delivery| RenderedMessage::escaped(delivery, templates, now, &escaped);
        let mark = match (delivery.action, delivery.alert.severity) {
            (Action::Resolve, _) => ":large_green_circle:",
            (_, Severity::Critical) => ":red_circle:",
            (_, Severity::Warning) => ":large_yellow_circle:",
        };
        let title = format!("{mark} {}", message(delivery).summary());
        let text = fit::fitting(
            delivery,
            |delivery| format!("{mark} {}", message(delivery).body(BODY)),
            |text| text.chars().count() <= SLACK_SECTION_CHARS_MAX,
        );
        let section = Text { r#type: "mrkdwn", text: cut(&text, SLACK_SECTION_CHARS_MAX) };
        let message = Message {
            text: cut(&title, SLACK_FALLBACK_CHARS_MAX),
            blocks: [Block { r#type: "section", text: section }],
        };
        Request {
            url: self.url.expose().to_owned(),
            headers: Vec::new(),
            body: http::json(&message),
        }
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

/// Slack reads `<…>` as links, mentions and commands: `<!channel>` would notify everyone.
fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;")
}

fn cut(text: &str, chars_max: usize) -> String {
    text.chars().take(chars_max).collect()
}

#[cfg(test)]
mod tests;
