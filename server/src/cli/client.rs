//! An HTTP client of a running server.

use std::error::Error;
use std::time::Duration;

use reqwest::{Method, RequestBuilder, Response};
use serde::Deserialize;

use super::CommandError;
use crate::config::parse_base_url;

/// The variable with the key for a server that has keys.
const KEY_VARIABLE: &str = "PLIMSOLL_KEY";
/// How long a connection may take.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(10);
/// How long an answer may take, unless a request sets another time.
const ANSWER_TIMEOUT: Duration = Duration::from_secs(60);

/// A server.
#[derive(Debug)]
pub(super) struct Client {
    http: reqwest::Client,
    base: String,
}

/// An error of the server.
#[derive(Debug, Deserialize)]
struct Problem {
    detail: String,
}

impl Client {
    /// A client of the server at a URL.
    ///
    /// # Errors
    /// It is no URL of a server, or TLS is not available.
    pub(super) fn new(url: &str) -> Result<Self, CommandError> {
        // Only the first call installs it; a second one has no effect.
        let _ = rustls::crypto::ring::default_provider().install_default();
        let base = parse_base_url(url)?;
        let http =
            reqwest::Client::builder().connect_timeout(CONNECT_TIMEOUT).timeout(ANSWER_TIMEOUT);
        Ok(Self { http: http.build()?, base })
    }

    /// A request to be sent with [`Client::send`], with the key of this machine.
    pub(super) fn request(&self, method: Method, path: &str) -> RequestBuilder {
        with_key(self.http.request(method, format!("{}{path}", self.base)))
    }

    /// Sends a request. An answer without success is an error with the detail of the server.
    ///
    /// # Errors
    /// The server cannot be reached, or answers with an error.
    pub(super) async fn send(&self, request: RequestBuilder) -> Result<Response, CommandError> {
        let answer = request.send().await.map_err(|error| unreachable_url(&self.base, &error))?;
        let status = answer.status();
        if status.is_success() {
            return Ok(answer);
        }
        let detail = answer
            .json()
            .await
            .map_or_else(|_| "without a reason".to_owned(), |problem: Problem| problem.detail);
        Err(format!("{} answered {status}: {detail}", self.base).into())
    }
}

/// A request with the key that [`KEY_VARIABLE`] has, if it has one.
pub(super) fn with_key(request: RequestBuilder) -> RequestBuilder {
    match std::env::var(KEY_VARIABLE) {
        Ok(key) if !key.trim().is_empty() => request.bearer_auth(key.trim()),
        _ => request,
    }
}

/// Why a request got no answer, by the innermost cause, which is the system's.
pub(super) fn unreachable_url(url: &str, error: &reqwest::Error) -> CommandError {
    let mut cause: &dyn Error = error;
    while let Some(inner) = cause.source() {
        cause = inner;
    }
    let verb = if error.is_timeout() { "no answer from" } else { "cannot reach" };
    format!("{verb} {url}: {cause}; is it the address of a running server?").into()
}

#[cfg(test)]
mod tests;
