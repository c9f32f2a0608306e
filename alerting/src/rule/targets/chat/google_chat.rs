//! Google Chat in the rules file.

use reqwest::Url;

use super::webhook_of_chat;
use crate::rule::targets::address::{Service, parameter, path_parts};
use crate::rule::types::RateLimit;

const SERVICE: Service = Service {
    remedy: "the webhook's address, https://chat.googleapis.com/v1/spaces/…/messages?key=…&token=…, as a secret",
    allows_http: false,
    check: is_webhook,
};

webhook_of_chat! {
    /// An incoming webhook of Google Chat.
    GoogleChatTarget, RawGoogleChat, GoogleChat,
    service: SERVICE,
    // Google accepts one message a second in a space.
    rate: RateLimit { calls: 1, per_ms: 1_000 },
    // It is a reply in the thread of the alert.
    takes_updates: true,
}

fn is_webhook(url: &Url) -> Result<(), &'static str> {
    if url.host_str() != Some("chat.googleapis.com") {
        return Err("it is not the host of Google Chat");
    }
    if !matches!(path_parts(url)[..], ["v1", "spaces", _, "messages"]) {
        return Err("it is not the path of a webhook");
    }
    if parameter(url, "key").is_none() || parameter(url, "token").is_none() {
        return Err("it lacks `key` or `token`; copy the address whole");
    }
    Ok(())
}
