//! What pages of other sites may not do: ask this server under a foreign name (DNS rebinding), and change
//! something by a browser of somebody who may (cross-site request forgery).
//!
//! Browsers send `Origin` and `Sec-Fetch-Site` (Fetch Metadata, W3C) with requests that change something, and
//! a page cannot set them. Without asking first, a page of another site can send bodies of three simple types
//! only (Fetch standard, CORS-safelisted request headers), and none of them is JSON.

use axum::extract::{Request, State};
use axum::http::{HeaderMap, HeaderName, HeaderValue, Method, header};
use axum::middleware::Next;
use axum::response::Response;

use crate::access::Hosts;
use crate::app::App;
use crate::error::{ApiError, ErrorCode};
use crate::wire::excerpt;

const SEC_FETCH_SITE: HeaderName = HeaderName::from_static("sec-fetch-site");
/// Types of bodies that a page of any site can send.
const SIMPLE_TYPES: [&str; 3] =
    ["application/x-www-form-urlencoded", "multipart/form-data", "text/plain"];

/// The middleware.
pub(super) async fn guard(
    State(app): State<App>,
    request: Request,
    next: Next,
) -> Result<Response, ApiError> {
    let authority = request.uri().authority().map(|authority| authority.as_str());
    check(&app.hosts, request.method(), authority, request.headers())?;
    Ok(next.run(request).await)
}

/// Whether a request may be answered. `authority` is that of a request target with a host, as HTTP/2 has it.
fn check(
    hosts: &Hosts,
    method: &Method,
    authority: Option<&str>,
    headers: &HeaderMap,
) -> Result<(), ApiError> {
    // A value that is no text is none of ours.
    let text = |value: &HeaderValue| value.to_str().unwrap_or("?").to_owned();
    let named = headers.get_all(header::HOST).iter().map(text);
    let mut named: Vec<String> = authority.map(str::to_owned).into_iter().chain(named).collect();
    if let Some(foreign) = named.iter().find(|host| !hosts.accept(host)) {
        let detail = format!("{:?} is no name of this server", excerpt(foreign));
        return Err(ApiError::new(ErrorCode::ForeignHost, detail));
    }
    if method.is_safe() {
        return Ok(());
    }
    let host = named.pop().unwrap_or_default();
    let origin = headers.get(header::ORIGIN).map(text);
    let site = headers.get(SEC_FETCH_SITE).map(text);
    let is_own = match (&origin, site.as_deref()) {
        (Some(origin), _) => hosts.is_own_origin(origin, &host),
        (None, Some(site)) => matches!(site, "same-origin" | "none"),
        (None, None) => return check_type(headers),
    };
    if is_own {
        return Ok(());
    }
    let page = origin.map_or_else(|| "another site".to_owned(), |origin| excerpt(&origin));
    Err(ApiError::new(ErrorCode::CrossSite, format!("a page of {page} sent it")))
}

/// Without a word of where it is from, a request may be that of a form in an old browser.
fn check_type(headers: &HeaderMap) -> Result<(), ApiError> {
    let media_type = headers.get(header::CONTENT_TYPE).and_then(|value| value.to_str().ok());
    let essence = media_type.and_then(|it| it.split(';').next()).unwrap_or_default();
    let essence = essence.trim().to_ascii_lowercase();
    if !SIMPLE_TYPES.contains(&essence.as_str()) {
        return Ok(());
    }
    let remedy = match essence.as_str() {
        "application/x-www-form-urlencoded" => "; `curl -d` sends it, use `curl --json`",
        "multipart/form-data" => "; `curl -F` sends it, use `curl --json @FILE`",
        _ => "",
    };
    let detail =
        format!("must be application/json or application/x-ndjson, not {essence:?}{remedy}");
    Err(ApiError::header(ErrorCode::UnsupportedMediaType, "content-type", detail))
}

#[cfg(test)]
mod tests;
