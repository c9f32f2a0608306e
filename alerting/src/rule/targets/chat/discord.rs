//! Discord in the rules file.

use reqwest::Url;

use super::webhook_of_chat;
use crate::rule::targets::address::{Service, path_parts};
use crate::rule::types::RateLimit;

const HOSTS: [&str; 4] = ["discord.com", "discordapp.com", "ptb.discord.com", "canary.discord.com"];

const SERVICE: Service = Service {
    remedy: "the webhook's address, https://discord.com/api/webhooks/…/…, as a secret",
    allows_http: false,
    check: is_webhook,
};

webhook_of_chat! {
    /// A webhook of Discord.
    DiscordTarget, RawDiscord, Discord,
    service: SERVICE,
    // Discord accepts five messages in two seconds, and thirty in a minute.
    rate: RateLimit { calls: 5, per_ms: 10_000 },
    takes_updates: false,
}

fn is_webhook(url: &Url) -> Result<(), &'static str> {
    if !url.host_str().is_some_and(|host| HOSTS.contains(&host)) {
        return Err("it is not a host of Discord");
    }
    let is_version = |part: &str| part.strip_prefix('v').is_some_and(is_number);
    match path_parts(url)[..] {
        ["api", "webhooks", id, _] if is_number(id) => Ok(()),
        ["api", version, "webhooks", id, _] if is_version(version) && is_number(id) => Ok(()),
        [.., "slack" | "github"] => {
            Err("it is for messages of another program; remove the last part")
        }
        _ => Err("its path is not that of a webhook, with an id and a token"),
    }
}

fn is_number(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit())
}
