//! Mattermost, incoming webhooks: <https://developers.mattermost.com/integrate/webhooks/incoming/>, with
//! attachments: <https://developers.mattermost.com/integrate/reference/message-attachments/>.
//!
//! A text has 16,383 characters at most (`PostMessageMaxRunesV2` of
//! <https://github.com/mattermost/mattermost/blob/master/server/public/model/post.go>). All attachments of a
//! post may have 800,000, but nobody reads that.

use plimsoll_storage::TimestampMs;
use serde::Serialize;

use super::markdown::MARKDOWN;
use crate::deliver::exchange::http::{self, Request};
use crate::deliver::receivers::HttpReceiver;
use crate::deliver::receivers::parts::{self, Parts, length};
use crate::records::delivery::Delivery;
use crate::rule::{MattermostTarget, MessageTemplates};

/// Characters of a text.
const TEXT_CHARS_MAX: usize = 16_383;

#[derive(Serialize)]
struct Post {
    /// Shown in notifications too.
    text: String,
    attachments: [Attachment; 1],
}

#[derive(Serialize)]
struct Attachment {
    fallback: String,
    color: String,
    #[serde(skip_serializing_if = "String::is_empty")]
    title: String,
    text: String,
}

impl HttpReceiver for MattermostTarget {
    fn request(
        &self,
        delivery: &Delivery,
        templates: &MessageTemplates,
        now: TimestampMs,
    ) -> Request {
        let fits = |post: &Post| {
            length(&post.text) <= TEXT_CHARS_MAX
                && length(&post.attachments[0].text) <= TEXT_CHARS_MAX
        };
        let parts = |delivery: &Delivery| Parts::of(delivery, templates, now, &MARKDOWN);
        let post = parts::fitting(delivery, parts, post, fits);
        Request::post(self.url.expose().to_owned(), http::json(&post))
    }
}

fn post(parts: &Parts) -> Post {
    let escape = MARKDOWN.escape;
    let attachment = Attachment {
        fallback: escape(&parts.summary),
        color: format!("#{:06x}", parts.mark.color()),
        title: escape(&parts.title),
        text: parts.details(&MARKDOWN),
    };
    let summary = (MARKDOWN.bold)(&parts.summary);
    Post { text: format!("{} {summary}", parts.mark.emoji()), attachments: [attachment] }
}

#[cfg(test)]
mod tests;
