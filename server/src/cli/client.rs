//! An HTTP client of a running server.

use reqwest::{Method, RequestBuilder, Response};
use serde::Deserialize;

use super::CommandError;

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
    /// TLS is not available.
    pub(super) fn new(url: &str) -> Result<Self, CommandError> {
        // Only the first call installs it; a second one has no effect.
        let _ = rustls::crypto::ring::default_provider().install_default();
        // No timeout: only the caller knows how long a request may take.
        let http = reqwest::Client::builder().build()?;
        Ok(Self { http, base: url.trim_end_matches('/').to_owned() })
    }

    /// A request to be sent with [`Client::send`].
    pub(super) fn request(&self, method: Method, path: &str) -> RequestBuilder {
        self.http.request(method, format!("{}{path}", self.base))
    }

    /// Sends a request. An answer without success is an error with the detail of the server.
    ///
    /// # Errors
    /// The server cannot be reached, or answers with an error.
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
            .map_or_else(|_| "without a reason".to_owned(), |problem: Problem| problem.detail);
        Err(format!("{} answered {status}: {detail}", self.base).into())
    }
}
