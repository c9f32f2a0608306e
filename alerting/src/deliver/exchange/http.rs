//! One HTTP exchange with a receiver: bounded in time and size, no redirects, no proxy.

use std::time::Duration;

use plimsoll_storage::TimestampMs;
use reqwest::header::{CONTENT_TYPE, RETRY_AFTER};
use reqwest::{Client, Method, redirect};

use super::guard::PublicOnly;
use crate::error::{Error, Result};
use crate::limits::SEND_TIMEOUT_MS;

/// Connecting to a receiver, in milliseconds: a part of [`SEND_TIMEOUT_MS`].
const CONNECT_TIMEOUT_MS: u64 = 5_000;
const _: () = assert!(CONNECT_TIMEOUT_MS < SEND_TIMEOUT_MS);
/// Bytes of an answer that are read. Slack repeats the message in it, with six bytes for many a character.
const ANSWER_BYTES_MAX: usize = 256 << 10;

/// A request to a receiver. Holds secrets, so it has no `Debug`.
pub(in crate::deliver) struct Request {
    pub(in crate::deliver) method: Method,
    pub(in crate::deliver) url: String,
    pub(in crate::deliver) headers: Vec<(&'static str, String)>,
    /// JSON.
    pub(in crate::deliver) body: String,
}

impl Request {
    pub(in crate::deliver) const fn post(url: String, body: String) -> Self {
        Self { method: Method::POST, url, headers: Vec::new(), body }
    }

    pub(in crate::deliver) fn put(self) -> Self {
        Self { method: Method::PUT, ..self }
    }
}

/// The answer of a receiver.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in crate::deliver) struct Answer {
    pub(in crate::deliver) status: u16,
    /// How long the receiver asks to wait, in ms.
    pub(in crate::deliver) retry_after_ms: Option<i64>,
    /// The start of the body.
    pub(in crate::deliver) body: String,
}

/// A message body as JSON.
pub(in crate::deliver) fn json(body: &impl serde::Serialize) -> String {
    // Strings, numbers and string-keyed maps always serialize.
    serde_json::to_string(body).unwrap_or_default()
}

/// The HTTP client for all receivers.
pub(in crate::deliver) fn client(allow_private: bool) -> Result<Client> {
    // Fails only when a provider is installed already, which works as well.
    let _already_installed = rustls::crypto::ring::default_provider().install_default();
    let builder = Client::builder()
        .redirect(redirect::Policy::none())
        // A proxy would resolve names without the guard.
        .no_proxy()
        .connect_timeout(Duration::from_millis(CONNECT_TIMEOUT_MS))
        .timeout(Duration::from_millis(SEND_TIMEOUT_MS))
        .user_agent(concat!("plimsoll/", env!("CARGO_PKG_VERSION")));
    let builder = if allow_private { builder } else { builder.dns_resolver(PublicOnly) };
    builder.build().map_err(|error| Error::HttpClient(error.without_url().to_string()))
}

/// Sends a request. The error text does not contain the address, which may hold a secret.
pub(in crate::deliver) async fn exchange(
    client: &Client,
    request: Request,
    now: TimestampMs,
) -> Result<Answer, String> {
    let mut builder =
        client.request(request.method, &request.url).header(CONTENT_TYPE, "application/json");
    for (name, value) in request.headers {
        builder = builder.header(name, value);
    }
    let mut response = builder.body(request.body).send().await.map_err(describe)?;
    let retry_after = response.headers().get(RETRY_AFTER).and_then(|value| value.to_str().ok());
    let retry_after_ms = retry_after.and_then(|text| retry_after_ms(text, now));
    let mut body = Vec::new();
    while body.len() < ANSWER_BYTES_MAX {
        // The status decides: an incomplete body does not change the outcome.
        let Ok(Some(chunk)) = response.chunk().await else { break };
        body.extend_from_slice(&chunk);
    }
    body.truncate(ANSWER_BYTES_MAX);
    Ok(Answer {
        status: response.status().as_u16(),
        retry_after_ms,
        body: String::from_utf8_lossy(&body).into_owned(),
    })
}

/// The whole chain of causes: the outermost alone only says that sending failed.
pub(in crate::deliver) fn describe(error: reqwest::Error) -> String {
    use std::error::Error as _;
    let error = error.without_url();
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(inner) = cause {
        text.push_str(": ");
        text.push_str(&inner.to_string());
        cause = inner.source();
    }
    text
}

/// Reads `Retry-After`, which is seconds or a date, as ms from now.
fn retry_after_ms(text: &str, now: TimestampMs) -> Option<i64> {
    if let Ok(seconds) = text.trim().parse::<u32>() {
        return Some(i64::from(seconds) * 1_000);
    }
    let date = jiff::fmt::rfc2822::parse(text.trim()).ok()?;
    Some((date.timestamp().as_millisecond() - now.0).max(0))
}

#[cfg(test)]
mod tests;
