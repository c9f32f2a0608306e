//! Slack with the token of a bot: <https://docs.slack.dev/reference/methods/chat.postMessage>. What follows
//! the first message of an alert is a reply in its thread. Slack answers 200 to what it rejects, with a code.

use plimsoll_storage::TimestampMs;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::Message;
use crate::deliver::exchange::http::{self, Answer, Request};
use crate::deliver::exchange::outcome::{self, AttemptOutcome};
use crate::deliver::receivers::HttpReceiver;
use crate::records::delivery::{Action, Delivery};
use crate::rule::{MessageTemplates, SlackBotTarget};

/// Codes of failures that pass.
const PASSING: [&str; 4] =
    ["fatal_error", "internal_error", "request_timeout", "service_unavailable"];

#[derive(Serialize)]
struct Post<'a> {
    channel: &'a str,
    unfurl_links: bool,
    #[serde(flatten)]
    message: Message,
}

#[derive(Deserialize)]
struct Posted {
    ok: bool,
    error: Option<String>,
    /// Names the message within its channel.
    ts: Option<String>,
}

impl HttpReceiver for SlackBotTarget {
    fn request(
        &self,
        delivery: &Delivery,
        templates: &MessageTemplates,
        now: TimestampMs,
    ) -> Request {
        let message = super::message(delivery, templates, now);
        let post = Post { channel: &self.channel, unfurl_links: false, message };
        let authorization = format!("Bearer {}", self.token.expose());
        let request =
            Request::post(format!("{}/api/chat.postMessage", self.url), http::json(&post));
        Request { headers: vec![("authorization", authorization)], ..request }
    }

    /// The same in a thread. An alert that became critical is shown in the channel too.
    fn reply(&self, request: Request, delivery: &Delivery, message_id: &str) -> Request {
        let mut post: Value = serde_json::from_str(&request.body).unwrap_or_default();
        post["thread_ts"] = message_id.into();
        post["reply_broadcast"] = (delivery.action == Action::Escalate).into();
        Request { body: http::json(&post), ..request }
    }

    fn message_id(&self, answer: &Answer) -> Option<String> {
        serde_json::from_str::<Posted>(&answer.body).ok()?.ts
    }

    fn outcome(&self, answer: &Answer) -> AttemptOutcome {
        let (reason, after_ms) = (outcome::answer_text(answer), answer.retry_after_ms);
        let posted = serde_json::from_str::<Posted>(&answer.body).ok();
        let error = posted.as_ref().and_then(|posted| posted.error.as_deref()).unwrap_or_default();
        match AttemptOutcome::of(answer) {
            AttemptOutcome::Delivered => match posted {
                Some(Posted { ok: true, .. }) => AttemptOutcome::Delivered,
                Some(_) if matches!(error, "ratelimited" | "rate_limited") => {
                    AttemptOutcome::Throttled { after_ms, reason }
                }
                Some(_) if !PASSING.contains(&error) => AttemptOutcome::Rejected { reason },
                _ => AttemptOutcome::Failed { after_ms, reason },
            },
            outcome => outcome,
        }
    }
}

#[cfg(test)]
mod tests;
