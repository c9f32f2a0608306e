//! One attempt: the kind of the receiver builds the request and reads the answer; this module sends it.
//! It is the only module outside [`receivers`](super::receivers) that knows the kinds.

use plimsoll_storage::TimestampMs;
use reqwest::Client;

use super::exchange::http::{self, Answer, Request};
use super::exchange::outcome::{AttemptOutcome, AttemptResult};
use super::receivers::{alertmanager, email, pagerduty, slack, webhook};
use crate::error::Result;
use crate::records::delivery::Delivery;
use crate::rule::{MessageTemplates, Secret, Target};

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

    /// Sends a delivery to a target at `now`, with the receiver's templates. The result holds no secret.
    pub(super) async fn send(
        &self,
        target: &Target,
        delivery: &Delivery,
        templates: &MessageTemplates,
        now: TimestampMs,
    ) -> AttemptResult {
        let result = match target {
            Target::PagerDuty { url, routing_key } => {
                let request = pagerduty::request(url, routing_key, delivery, templates, now);
                self.exchange(request, pagerduty::classify, now).await
            }
            Target::Webhook { url, secrets } => {
                let request = webhook::request(url, secrets, delivery, templates, now);
                self.exchange(request, webhook::classify, now).await
            }
            Target::Slack { url } => {
                let request = slack::request(url.expose(), delivery, templates, now);
                self.exchange(request, slack::classify, now).await
            }
            Target::Alertmanager { url } => {
                let request = alertmanager::request(url, delivery, templates);
                self.exchange(request, AttemptOutcome::of, now).await
            }
            Target::Email(mailbox) => {
                email::send(mailbox, delivery, templates, now, self.allow_private).await
            }
        };
        let outcome = result.outcome.map_reason(|reason| redact(reason, target));
        AttemptResult { outcome, ..result }
    }

    async fn exchange(
        &self,
        request: Request,
        classify: fn(&Answer) -> AttemptOutcome,
        now: TimestampMs,
    ) -> AttemptResult {
        match http::exchange(&self.client, request, now).await {
            Ok(answer) => AttemptResult { outcome: classify(&answer), status: Some(answer.status) },
            Err(reason) => AttemptResult { outcome: AttemptOutcome::failed(reason), status: None },
        }
    }
}

/// Removes the target's secrets from a text. A receiver may repeat them in its answer; they must not
/// get into logs and stored rows.
fn redact(text: String, target: &Target) -> String {
    let hide = |text: String, secret: &Secret| text.replace(secret.expose(), "***");
    target.secrets().into_iter().fold(text, hide)
}
