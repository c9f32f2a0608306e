//! Mattermost in the rules file.

use reqwest::Url;

use super::webhook_of_chat;
use crate::rule::targets::address::{Service, path_parts};
use crate::rule::types::RateLimit;

/// Letters and digits of a webhook's key.
const KEY_LEN: usize = 26;

const SERVICE: Service = Service {
    remedy: "the webhook's address, https://mattermost.example/hooks/…, as a secret",
    // A server of one's own.
    allows_http: true,
    check: is_webhook,
};

webhook_of_chat! {
    /// An incoming webhook of Mattermost.
    MattermostTarget, RawMattermost, Mattermost,
    service: SERVICE,
    // The default of a server that limits its clients.
    rate: RateLimit { calls: 10, per_ms: 1_000 },
    takes_updates: false,
}

fn is_webhook(url: &Url) -> Result<(), &'static str> {
    let is_key = |key: &str| {
        key.len() == KEY_LEN && key.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit())
    };
    match path_parts(url)[..] {
        [.., "hooks", key] if is_key(key) => Ok(()),
        [.., "hooks", _] => Err("the key behind /hooks/ has 26 small letters and digits"),
        _ => Err("it is not the path of an incoming webhook"),
    }
}
