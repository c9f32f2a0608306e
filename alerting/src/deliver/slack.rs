//! Slack incoming webhooks: <https://api.slack.com/messaging/webhooks>.

use plimsoll_storage::TimestampMs;
use serde::Serialize;

use super::fit;
use super::http::{Answer, Request};
use super::template::{SLACK, Saying};
use super::verdict::{self, Verdict};
use crate::records::delivery::{Action, Delivery};
use crate::rule::{MessageTemplates, Severity};

/// Slack's bound on the text of a section, in characters.
/// <https://api.slack.com/reference/block-kit/blocks>
pub(super) const SLACK_SECTION_CHARS_MAX: usize = 3_000;
/// Characters of the text that Slack shows in notifications; longer ones are of no use there.
const SLACK_FALLBACK_CHARS_MAX: usize = 1_000;

#[derive(Serialize)]
struct Message {
    /// What notifications show, and clients that know no blocks.
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

/// The request for a delivery that is sent at `now`.
pub(super) fn request(
    url: &str,
    delivery: &Delivery,
    texts: &MessageTemplates,
    now: TimestampMs,
) -> Request {
    let saying = |delivery: &Delivery| Saying::escaped(delivery, texts, now, &escaped);
    let mark = match (delivery.action, delivery.alert.severity) {
        (Action::Resolve, _) => ":large_green_circle:",
        (_, Severity::Critical) => ":red_circle:",
        (_, Severity::Warning) => ":large_yellow_circle:",
    };
    let title = format!("{mark} {}", saying(delivery).summary());
    let text = fit::fitting(
        delivery,
        |delivery| format!("{mark} {}", saying(delivery).body(SLACK)),
        |text| text.chars().count() <= SLACK_SECTION_CHARS_MAX,
    );
    let section = Text { r#type: "mrkdwn", text: cut(&text, SLACK_SECTION_CHARS_MAX) };
    let message = Message {
        text: cut(&title, SLACK_FALLBACK_CHARS_MAX),
        blocks: [Block { r#type: "section", text: section }],
    };
    Request { url: url.to_owned(), headers: Vec::new(), body: super::json(&message) }
}

/// Slack reads `<…>` as links, mentions and commands: `<!channel>` would wake everyone.
fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;")
}

fn cut(text: &str, chars_max: usize) -> String {
    text.chars().take(chars_max).collect()
}

/// What the answer means. A 4xx is a word such as `invalid_payload` or `no_service`, and final; 410
/// says that the channel is archived.
pub(super) fn classify(answer: &Answer) -> Verdict {
    match answer.status {
        410 => Verdict::Gone { reason: verdict::reason(answer) },
        _ => verdict::of_answer(answer),
    }
}

#[cfg(test)]
mod tests;
