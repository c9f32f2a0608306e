//! Slack in the rules file: the address of a webhook, or the token of a bot.

mod bot;

use bincode::{Decode, Encode};
use reqwest::Url;
use serde::Deserialize;
use serde_saphyr::Spanned;

pub use self::bot::SlackBotTarget;
use super::address::{Service, path_parts, service_url};
use super::{Address, CheckedTarget, Target, TargetKind};
use crate::rule::check::{Entry, Secrets};
use crate::rule::error::{Checked, RuleProblem};
use crate::rule::types::{RateLimit, Secret, SecretSource};

/// Hosts of Slack's incoming webhooks.
const HOSTS: [&str; 2] = ["hooks.slack.com", "hooks.slack-gov.com"];

const SERVICE: Service = Service {
    remedy: "https://hooks.slack.com/services/…; a `webhook` receiver takes other hosts",
    allows_http: false,
    check: is_webhook,
};

/// A Slack incoming webhook.
#[derive(Debug, Clone, Default, PartialEq, Eq, Encode, Decode)]
pub struct SlackTarget<S = Secret> {
    /// Full address; a secret, because whoever knows it can write to the channel.
    pub url: S,
}

/// The entry of the rules file.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct RawSlack {
    url: Option<SecretSource>,
    token: Option<SecretSource>,
    channel: Option<Spanned<String>>,
}

impl RawSlack {
    pub(super) fn check(self, entry: &Entry, secrets: &Secrets<'_>) -> Checked<CheckedTarget> {
        if let Some(token) = &self.token {
            return bot::check(entry, secrets, token, self.channel, self.url);
        }
        if let Some(channel) = self.channel {
            let problem = RuleProblem::NoEffect("without `token`: a webhook has its channel");
            return Err(entry.error_at(channel.referenced, "channel", problem));
        }
        let remedy = "the webhook's address, https://hooks.slack.com/services/…, as a secret, or `token` and `channel`";
        let source = self.url.ok_or_else(|| entry.error("url", RuleProblem::Missing(remedy)))?;
        let address = secrets.resolve(entry, "url", &source)?;
        let problem = service_url(address.expose(), &SERVICE);
        problem.map_err(|problem| entry.error("url", problem))?;
        Ok(Target::Slack(SlackTarget { url: address }).into())
    }
}

fn is_webhook(url: &Url) -> Result<(), &'static str> {
    if !url.host_str().is_some_and(|host| HOSTS.contains(&host)) {
        return Err("it is not a host of Slack");
    }
    match path_parts(url)[..] {
        ["services", _, _, _, ..] | ["workflows" | "triggers", _, ..] => Ok(()),
        ["services", _, ..] => {
            Err("its path lacks a part: a webhook has a workspace, an application and a token")
        }
        _ => Err("it is not the path of an incoming webhook"),
    }
}

impl<S> SlackTarget<S> {
    pub(super) fn map_secrets<T>(
        &self,
        replace: &mut dyn FnMut(&S) -> Option<T>,
    ) -> Option<SlackTarget<T>> {
        Some(SlackTarget { url: replace(&self.url)? })
    }
}

impl TargetKind for SlackTarget {
    fn address(&self) -> Address<'_> {
        Address::Url(self.url.expose())
    }

    fn identity(&self) -> Vec<String> {
        vec![self.url.expose().to_owned()]
    }

    /// Slack accepts about one call a second, with short bursts.
    fn rate(&self) -> RateLimit {
        RateLimit { calls: 10, per_ms: 10_000 }
    }

    fn takes_updates(&self) -> bool {
        false
    }
}

#[cfg(test)]
mod tests;
