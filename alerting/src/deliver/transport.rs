//! One attempt: the kind of the receiver builds the request and reads the answer, this module sends it. It
//! is the only module of the core that uses [`receivers`].

use plimsoll_storage::TimestampMs;
use reqwest::Client;

use super::exchange::http::{self, Answer, Request};
use super::exchange::outcome::{AttemptOutcome, AttemptResult};
use super::exchange::redact::redact;
use super::receivers::{self, Channel, HttpReceiver};
use crate::error::Result;
use crate::records::delivery::Delivery;
use crate::rule::{MessageTemplates, Target};

/// Sends to receivers of every kind.
#[derive(Debug, Clone)]
pub(super) struct Transport {
    client: Client,
    /// Whether receivers may be at loopback and private addresses.
    allow_private: bool,
}

impl Transport {
    /// # Errors
    /// When the HTTP client cannot be set up.
    pub(super) fn new(allow_private: bool) -> Result<Self> {
        Ok(Self { client: http::client(allow_private)?, allow_private })
    }

    /// Sends a delivery to a target at `now`, with the receiver's templates, as a reply to the message
    /// `reply_to` if there is one. The result holds no secret.
    pub(super) async fn send(
        &self,
        target: &Target,
        delivery: &Delivery,
        templates: &MessageTemplates,
        now: TimestampMs,
        reply_to: Option<&str>,
    ) -> AttemptResult {
        let result = match receivers::channel(target) {
            Channel::Http(receiver) => {
                let first = receiver.request(delivery, templates, now);
                let first = match reply_to {
                    Some(message_id) => receiver.reply(first, delivery, message_id),
                    None => first,
                };
                let mut result = self.exchange(receiver, first, target, now).await;
                for request in receiver.follow_ups(delivery, templates, now) {
                    if result.outcome == AttemptOutcome::Delivered {
                        result = self.exchange(receiver, request, target, now).await;
                    }
                }
                result
            }
            Channel::Mail(target) => {
                receivers::send_mail(target, delivery, templates, now, self.allow_private).await
            }
        };
        let outcome = result.outcome.map_reason(|reason| redact(reason, target));
        AttemptResult { outcome, ..result }
    }

    /// Repeats open alerts to a target that needs it. The error holds no secret.
    pub(super) async fn repeat(
        &self,
        target: &Target,
        open: &[Delivery],
        templates: &MessageTemplates,
        now: TimestampMs,
    ) -> Result<(), String> {
        let Channel::Http(receiver) = receivers::channel(target) else { return Ok(()) };
        let Some(request) = receiver.repetition(open, templates, now) else { return Ok(()) };
        let result = self.exchange(receiver, request, target, now).await;
        let error = result.outcome.error().map(str::to_owned);
        error.map_or(Ok(()), |reason| Err(redact(reason, target)))
    }

    /// One request. Secrets leave the answer before it is cut to an excerpt, which could hold half of one.
    async fn exchange(
        &self,
        receiver: &dyn HttpReceiver,
        request: Request,
        target: &Target,
        now: TimestampMs,
    ) -> AttemptResult {
        match http::exchange(&self.client, request, now).await {
            Ok(answer) => {
                let answer = Answer { body: redact(answer.body, target), ..answer };
                let message_id = receiver.message_id(&answer);
                let (outcome, status) = (receiver.outcome(&answer), Some(answer.status));
                AttemptResult { outcome, status, message_id }
            }
            Err(reason) => AttemptResult::new(AttemptOutcome::failed(reason), None),
        }
    }
}
