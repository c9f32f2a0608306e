//! A bot of Slack in the rules file: `slack` with a token.

use bincode::{Decode, Encode};
use reqwest::Url;
use serde_saphyr::Spanned;

use crate::rule::check::{Entry, Secrets};
use crate::rule::error::{Checked, RuleProblem};
use crate::rule::targets::address::{Service, is_of_host, service_url};
use crate::rule::targets::{Address, CheckedTarget, Target, TargetKind};
use crate::rule::types::{RateLimit, Secret, SecretSource};

/// Base address of Slack's API unless the file says otherwise.
const SLACK_URL: &str = "https://slack.com";
/// Hosts of Slack's API.
const HOSTS: [&str; 2] = ["slack.com", "slack-gov.com"];
/// How a token is wrong.
const NOT_A_TOKEN: &str =
    "a bot token of Slack, which begins with xoxb-; copy the Bot User OAuth Token of the app";
/// How a channel is wrong.
const NOT_A_CHANNEL: &str =
    "the ID of a channel, such as C0123456789; copy it from the details of the channel";
/// Fewest letters and digits of the ID of a channel.
const CHANNEL_LEN_MIN: usize = 9;

const SERVICE: Service = Service {
    remedy: "https://slack.com or https://slack-gov.com, or remove it; with a webhook's address leave `token` out",
    allows_http: false,
    check: is_base,
};

/// A channel that a bot of Slack writes to.
#[derive(Debug, Clone, Default, PartialEq, Eq, Encode, Decode)]
pub struct SlackBotTarget<S = Secret> {
    /// Base address of the API.
    pub url: String,
    /// The token of the bot.
    pub token: S,
    /// The ID of the channel.
    pub channel: String,
}

/// Checks the settings of `slack` with a token.
pub(super) fn check(
    entry: &Entry,
    secrets: &Secrets<'_>,
    token: &SecretSource,
    channel: Option<Spanned<String>>,
    url: Option<SecretSource>,
) -> Checked<CheckedTarget> {
    let token = secrets.resolve(entry, "token", token)?;
    let url = url.map(|source| secrets.resolve(entry, "url", &source)).transpose()?;
    let url = url.map_or_else(|| SLACK_URL.to_owned(), |url| url.expose().to_owned());
    service_url(&url, &SERVICE).map_err(|problem| entry.error("url", problem))?;
    let is_token = |text: &str| {
        let rest = text.strip_prefix("xoxb-").unwrap_or_default();
        !rest.is_empty() && rest.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-')
    };
    // A stand-in for Slack may have other tokens.
    if HOSTS.iter().any(|host| is_of_host(&url, host)) && !is_token(token.expose()) {
        return Err(entry.error("token", RuleProblem::NotA(NOT_A_TOKEN)));
    }
    let remedy = "the ID of the channel, such as C0123456789";
    let channel = channel.ok_or_else(|| entry.error("channel", RuleProblem::Missing(remedy)))?;
    if !is_channel(&channel.value) {
        let problem = RuleProblem::NotA(NOT_A_CHANNEL);
        return Err(entry.error_at(channel.referenced, "channel", problem));
    }
    let url = url.trim_end_matches('/').to_owned();
    Ok(Target::SlackBot(SlackBotTarget { url, token, channel: channel.value }).into())
}

fn is_base(url: &Url) -> Result<(), &'static str> {
    if !url.host_str().is_some_and(|host| HOSTS.contains(&host)) {
        return Err("it is not the host of Slack's API");
    }
    if url.path() != "/" || url.query().is_some() {
        return Err("it has a path");
    }
    Ok(())
}

fn is_channel(text: &str) -> bool {
    text.len() >= CHANNEL_LEN_MIN
        && text.starts_with(['C', 'D', 'G'])
        && text.bytes().all(|byte| byte.is_ascii_uppercase() || byte.is_ascii_digit())
}

impl<S> SlackBotTarget<S> {
    pub(in crate::rule::targets) fn map_secrets<T>(
        &self,
        replace: &mut dyn FnMut(&S) -> Option<T>,
    ) -> Option<SlackBotTarget<T>> {
        let (url, channel) = (self.url.clone(), self.channel.clone());
        Some(SlackBotTarget { url, token: replace(&self.token)?, channel })
    }
}

impl TargetKind for SlackBotTarget {
    fn address(&self) -> Address<'_> {
        Address::Url(&self.url)
    }

    /// Without the token: another bot of the same channel notifies the same people.
    fn identity(&self) -> Vec<String> {
        vec![self.url.clone(), self.channel.clone()]
    }

    /// Slack accepts about one message a second in a channel, with short bursts.
    fn rate(&self) -> RateLimit {
        RateLimit { calls: 10, per_ms: 10_000 }
    }
}
