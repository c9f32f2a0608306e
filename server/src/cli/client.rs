//! Talking to a running server from the command line.

use reqwest::{Method, RequestBuilder, Response};
use serde::Deserialize;

use super::CommandError;

/// A server.
#[derive(Debug)]
pub(super) struct Client {
    http: reqwest::Client,
    base: String,
}

/// Why the server did not.
#[derive(Debug, Deserialize)]
struct Problem {
    detail: String,
}

impl Client {
    /// The server at a URL.
    ///
    /// # Errors
    /// There is no TLS.
    pub(super) fn new(url: &str) -> Result<Self, CommandError> {
        // Only the first call installs it; a second one has nothing to do.
        let _ = rustls::crypto::ring::default_provider().install_default();
        // No time limit: the caller knows how long it may take.
        let http = reqwest::Client::builder().build()?;
        Ok(Self { http, base: url.trim_end_matches('/').to_owned() })
    }

    /// A request to be sent with [`Client::send`].
    pub(super) fn request(&self, method: Method, path: &str) -> RequestBuilder {
        self.http.request(method, format!("{}{path}", self.base))
    }

    /// Sends a request; an answer that is no success is an error, in the server's words.
    ///
    /// # Errors
    /// The server cannot be reached or refuses.
    pub(super) async fn send(&self, request: RequestBuilder) -> Result<Response, CommandError> {
        let answer =
            request.send().await.map_err(|error| format!("cannot reach {}: {error}", self.base))?;
        let status = answer.status();
        if status.is_success() {
            return Ok(answer);
        }
        let detail = answer
            .json()
            .await
            .map_or_else(|_| "without saying why".to_owned(), |problem: Problem| problem.detail);
        Err(format!("{} answered {status}: {detail}", self.base).into())
    }
}
