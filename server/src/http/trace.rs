//! One span, one log line and one measurement for every request, all under a correlation id.
//!
//! The id is that of `X-Correlation-Id` or of `traceparent` (W3C Trace Context), or a new one. Both headers
//! are sent back.

use std::hash::BuildHasher;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Instant;

use axum::extract::{MatchedPath, Request, State};
use axum::http::{HeaderMap, HeaderName, HeaderValue};
use axum::middleware::Next;
use axum::response::Response;
use tracing::Instrument;

use crate::app::App;

const TRACEPARENT: HeaderName = HeaderName::from_static("traceparent");
const CORRELATION_ID: HeaderName = HeaderName::from_static("x-correlation-id");
/// Longer correlation ids are ignored.
const ID_BYTES_MAX: usize = 128;

/// The middleware.
pub(crate) async fn trace(State(app): State<App>, request: Request, next: Next) -> Response {
    let started = Instant::now();
    let method = request.method().clone();
    let matched = request.extensions().get::<MatchedPath>();
    let route = matched.map_or("unmatched", MatchedPath::as_str).to_owned();
    let parent =
        request.headers().get(TRACEPARENT).filter(|value| trace_id(value).is_some()).cloned();
    let id = correlation_id(request.headers());
    let span =
        tracing::info_span!("request", correlation_id = %id, %method, path = %request.uri().path());
    let mut response = next.run(request).instrument(span.clone()).await;
    let seconds = started.elapsed().as_secs_f64();
    let status = response.status().as_u16();
    span.in_scope(|| tracing::debug!(status, ms = seconds * 1e3, "answered"));
    app.metrics.observe_request(method.as_str(), &route, status, seconds);
    let headers = response.headers_mut();
    if let Ok(id) = HeaderValue::from_str(&id) {
        headers.insert(CORRELATION_ID, id);
    }
    if let Some(parent) = parent {
        headers.insert(TRACEPARENT, parent);
    }
    response
}

fn correlation_id(headers: &HeaderMap) -> String {
    let given = headers.get(CORRELATION_ID).and_then(|value| value.to_str().ok());
    let given = given.filter(|id| !id.is_empty() && id.len() <= ID_BYTES_MAX);
    let traced = || headers.get(TRACEPARENT).and_then(trace_id);
    given.map(str::to_owned).or_else(traced).unwrap_or_else(new_id)
}

/// The trace id of a valid `traceparent`: `00-<32 hex>-<16 hex>-<2 hex>`, lower case, not all zero.
/// Of a later version the first four fields are read.
fn trace_id(value: &HeaderValue) -> Option<String> {
    let mut fields = value.to_str().ok()?.split('-');
    let (version, trace, parent, flags) =
        (fields.next()?, fields.next()?, fields.next()?, fields.next()?);
    let hex = |text: &str, length: usize| {
        text.len() == length && text.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'))
    };
    let not_zero = |text: &str| text.bytes().any(|byte| byte != b'0');
    let whole =
        hex(version, 2) && version != "ff" && hex(trace, 32) && hex(parent, 16) && hex(flags, 2);
    let exact = version != "00" || fields.next().is_none();
    (whole && exact && not_zero(trace) && not_zero(parent)).then(|| trace.to_owned())
}

/// An id that no other request of this or another process is likely to have.
fn new_id() -> String {
    static NUMBER: AtomicU64 = AtomicU64::new(0);
    let number = NUMBER.fetch_add(1, Ordering::Relaxed);
    // Every RandomState has its own random keys.
    let half = |salt: u64| std::hash::RandomState::new().hash_one((number, salt));
    format!("{:016x}{:016x}", half(0), half(1))
}

#[cfg(test)]
mod tests;
