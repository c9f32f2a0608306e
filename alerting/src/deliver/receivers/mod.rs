//! How each kind of receiver is sent to, one file a kind: it builds the request and reads the answer. The
//! settings of a kind are in `rule/targets/`.

mod alertmanager;
mod chat;
mod email;
mod opsgenie;
mod pagerduty;
mod parts;
mod slack;
mod webhook;

use plimsoll_storage::TimestampMs;

use super::exchange::http::{Answer, Request};
use super::exchange::outcome::AttemptOutcome;
use crate::records::delivery::Delivery;
use crate::rule::{EmailTarget, MessageTemplates, Target};

pub(super) use self::email::{Mail, send as send_mail};

/// A kind of receiver that is sent to over HTTP.
pub(super) trait HttpReceiver: Sync {
    /// The request for a delivery that is sent at `now`.
    fn request(
        &self,
        delivery: &Delivery,
        templates: &MessageTemplates,
        now: TimestampMs,
    ) -> Request;

    /// What is requested once the first request was accepted.
    fn follow_ups(&self, _: &Delivery, _: &MessageTemplates, _: TimestampMs) -> Vec<Request> {
        Vec::new()
    }

    /// The request that repeats open alerts, each by its last delivery. `None` when the receiver keeps
    /// alerts until they are resolved; see [`Target::takes_repeats`].
    fn repetition(
        &self,
        _open: &[Delivery],
        _templates: &MessageTemplates,
        _now: TimestampMs,
    ) -> Option<Request> {
        None
    }

    /// A request as a reply to a message that was sent before.
    fn reply(&self, request: Request, _: &Delivery, _message_id: &str) -> Request {
        request
    }

    /// The id of the message that was sent, where later ones can be replies to it.
    fn message_id(&self, _: &Answer) -> Option<String> {
        None
    }

    /// The outcome that an answer means.
    fn outcome(&self, answer: &Answer) -> AttemptOutcome {
        AttemptOutcome::of(answer)
    }
}

/// How a receiver is sent to.
pub(super) enum Channel<'a> {
    Http(&'a dyn HttpReceiver),
    Mail(&'a EmailTarget),
}

/// The channel of a target: the one place that lists the kinds.
pub(super) fn channel(target: &Target) -> Channel<'_> {
    match target {
        Target::PagerDuty(target) => Channel::Http(target),
        Target::Webhook(target) => Channel::Http(target),
        Target::Slack(target) => Channel::Http(target),
        Target::Alertmanager(target) => Channel::Http(target),
        Target::Email(target) => Channel::Mail(target),
        Target::SlackBot(target) => Channel::Http(target),
        Target::Teams(target) => Channel::Http(target),
        Target::Opsgenie(target) => Channel::Http(target),
        Target::GoogleChat(target) => Channel::Http(target),
        Target::Discord(target) => Channel::Http(target),
        Target::Mattermost(target) => Channel::Http(target),
        Target::Telegram(target) => Channel::Http(target),
    }
}

#[cfg(test)]
mod tests;
