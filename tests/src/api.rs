//! A small JSON client for one server.

use std::time::{Duration, Instant};

use reqwest::{Client, RequestBuilder, header};
use serde_json::Value;

/// Longer than any answer may take.
const TIMEOUT: Duration = Duration::from_secs(60);

/// A client of one server.
#[derive(Debug, Clone)]
pub struct Api {
    base: String,
    http: Client,
}

/// An answer of the server.
#[derive(Debug, Clone)]
pub struct Answer {
    /// The status code.
    pub status: u16,
    /// The media type, without parameters.
    pub content_type: String,
    /// `Retry-After` in seconds, if it was sent.
    pub retry_after_s: Option<u64>,
    /// The body, or null where it is no JSON.
    pub body: Value,
    /// The body as text.
    pub text: String,
    /// From the request to the last byte of the answer.
    pub took: Duration,
}

impl Api {
    /// A client of the server at `base`, for example `http://127.0.0.1:8585`.
    ///
    /// # Panics
    /// The HTTP client cannot be set up.
    #[must_use]
    pub fn new(base: &str) -> Self {
        // The client asks for a provider even where it uses no TLS; a second call is harmless.
        let _ = rustls::crypto::ring::default_provider().install_default();
        let http = Client::builder().timeout(TIMEOUT).no_proxy().build();
        Self { base: base.to_owned(), http: http.expect("a plain HTTP client") }
    }

    /// Starts a request of any kind.
    ///
    /// # Panics
    /// The method is no method name.
    pub fn request(&self, method: &str, path: &str) -> RequestBuilder {
        let method = method.parse().expect("a method name");
        self.http.request(method, format!("{}{path}", self.base))
    }

    /// Requests `path`, which includes the query string, and expects 200.
    ///
    /// # Panics
    /// The server gives no answer, or another status.
    pub async fn get(&self, path: &str) -> Value {
        let answer = self.try_get(path).await;
        assert_eq!(answer.status, 200, "GET {path}: {}", answer.text);
        answer.body
    }

    /// Requests `path` and accepts any status.
    ///
    /// # Panics
    /// The server gives no answer.
    pub async fn try_get(&self, path: &str) -> Answer {
        send(self.request("GET", path)).await.expect("an answer")
    }

    /// Pushes a JSON body and expects that all of it is accepted.
    ///
    /// # Panics
    /// The server gives no answer, another status than 200, or rejects an item.
    pub async fn push(&self, body: &Value) -> Answer {
        let answer = self.try_push(body).await;
        assert_eq!(answer.status, 200, "{}", answer.text);
        let rejected = answer.body["rejected"].as_array().map_or(0, Vec::len);
        assert_eq!(rejected, 0, "{}", answer.text);
        answer
    }

    /// Pushes a JSON body and accepts any answer.
    ///
    /// # Panics
    /// The server gives no answer.
    pub async fn try_push(&self, body: &Value) -> Answer {
        let request = self.request("POST", "/api/v1/push").json(body);
        send(request).await.expect("an answer")
    }

    /// Pushes a JSON body under an idempotency key; a lost connection is an error.
    ///
    /// # Errors
    /// There was no answer, for example because the server was killed.
    pub async fn push_once(&self, key: &str, body: &Value) -> reqwest::Result<Answer> {
        let request = self.request("POST", "/api/v1/push").header("idempotency-key", key);
        send(request.json(body)).await
    }

    /// Pushes bytes with headers of the caller's choice.
    ///
    /// # Panics
    /// The server gives no answer.
    pub async fn push_bytes(
        &self,
        headers: &[(&str, &str)],
        body: impl Into<reqwest::Body>,
    ) -> Answer {
        let mut request = self.request("POST", "/api/v1/push").body(body);
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        send(request).await.expect("an answer")
    }
}

/// Sends a request and reads its answer to the end.
///
/// # Errors
/// The connection fails before the answer is complete.
pub async fn send(request: RequestBuilder) -> reqwest::Result<Answer> {
    let start = Instant::now();
    let response = request.send().await?;
    let status = response.status().as_u16();
    let header = |name| response.headers().get(name)?.to_str().ok();
    let media_type = header(header::CONTENT_TYPE).unwrap_or_default();
    let content_type = media_type.split(';').next().unwrap_or_default().trim().to_owned();
    let retry_after_s = header(header::RETRY_AFTER).and_then(|seconds| seconds.parse().ok());
    let text = response.text().await?;
    let took = start.elapsed();
    let body = serde_json::from_str(&text).unwrap_or(Value::Null);
    Ok(Answer { status, content_type, retry_after_s, body, text, took })
}
