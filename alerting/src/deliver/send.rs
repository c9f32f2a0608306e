//! One attempt. A receiver's module builds the request and reads the answer; what lies between is
//! the same for all.

use plimsoll_storage::TimestampMs;
use reqwest::Client;

use super::http::{self, Answer, Request};
use super::verdict::Verdict;
use super::{alertmanager, email, pagerduty, slack, webhook};
use crate::error::Result;
use crate::records::delivery::Delivery;
use crate::rule::{MessageTemplates, Target};

/// What is needed to send to anyone.
#[derive(Debug, Clone)]
pub(super) struct Sender {
    client: Client,
    /// Receivers may be at loopback and private addresses.
    allow_private: bool,
}

/// What came of an attempt.
#[derive(Debug)]
pub(super) struct Sent {
    pub(super) verdict: Verdict,
    /// The HTTP or SMTP status of the answer, if there was one.
    pub(super) status: Option<u16>,
}

impl Sender {
    /// # Errors
    /// When the HTTP client cannot be set up.
    pub(super) fn new(allow_private: bool) -> Result<Self> {
        Ok(Self { client: http::client(allow_private)?, allow_private })
    }

    /// Sends a delivery to a target at `now`, in texts of its own or the usual ones. What it answers
    /// holds no secret.
    pub(super) async fn send(
        &self,
        target: &Target,
        texts: &MessageTemplates,
        delivery: &Delivery,
        now: TimestampMs,
    ) -> Sent {
        let sent = match target {
            Target::PagerDuty { url, routing_key } => {
                let request = pagerduty::request(url, routing_key, delivery, texts, now);
                self.exchange(request, pagerduty::classify, now).await
            }
            Target::Webhook { url, secrets } => {
                let request = webhook::request(url, secrets, delivery, texts, now);
                self.exchange(request, webhook::classify, now).await
            }
            Target::Slack { url } => {
                let request = slack::request(url.expose(), delivery, texts, now);
                self.exchange(request, slack::classify, now).await
            }
            Target::Alertmanager { url } => {
                let request = alertmanager::request(url, delivery, texts);
                self.exchange(request, alertmanager::classify, now).await
            }
            Target::Email(mailbox) => {
                email::send(mailbox, delivery, texts, now, self.allow_private).await
            }
        };
        Sent { verdict: redacted(sent.verdict, target), ..sent }
    }

    async fn exchange(
        &self,
        request: Request,
        classify: fn(&Answer) -> Verdict,
        now: TimestampMs,
    ) -> Sent {
        match http::exchange(&self.client, request, now).await {
            Ok(answer) => Sent { verdict: classify(&answer), status: Some(answer.status) },
            Err(reason) => {
                Sent { verdict: Verdict::Failed { after_ms: None, reason }, status: None }
            }
        }
    }
}

/// A receiver may repeat our secret in its answer; it must not get into logs and rows.
fn redacted(verdict: Verdict, target: &Target) -> Verdict {
    let clean = |reason: String| {
        let hide =
            |text: String, secret: &crate::rule::Secret| text.replace(secret.expose(), "***");
        target.secrets().into_iter().fold(reason, hide)
    };
    match verdict {
        Verdict::Delivered => Verdict::Delivered,
        Verdict::Throttled { after_ms, reason } => {
            Verdict::Throttled { after_ms, reason: clean(reason) }
        }
        Verdict::Failed { after_ms, reason } => Verdict::Failed { after_ms, reason: clean(reason) },
        Verdict::Refused { reason } => Verdict::Refused { reason: clean(reason) },
        Verdict::Gone { reason } => Verdict::Gone { reason: clean(reason) },
    }
}
