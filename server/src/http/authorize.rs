//! Whether a request has a key that allows it.
//!
//! A key comes as `Authorization: Bearer`, as `X-Api-Key`, or as the password of Basic (RFC 7617), which
//! Prometheus, Grafana, curl and browsers have. What a call takes is said where it is declared.

use axum::extract::{FromRequestParts as _, RawPathParams, Request, State};
use axum::http::request::Parts;
use axum::http::{HeaderMap, HeaderName, HeaderValue, header};
use axum::middleware::Next;
use axum::response::{IntoResponse as _, Response};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use super::call::Access;
use crate::access::{Caller, Denied};
use crate::app::App;
use crate::error::{ApiError, ErrorCode};
use crate::wire::excerpt;

const API_KEY: HeaderName = HeaderName::from_static("x-api-key");

/// What a call takes.
#[derive(Debug, Clone)]
pub(super) struct Gate {
    pub(super) app: App,
    pub(super) access: Access,
    /// Whether answers are limited to the partners of a key.
    pub(super) is_narrowed: bool,
    /// Whether it is for people with a browser.
    pub(super) is_page: bool,
}

/// The middleware: lets requests pass that may, with their [`Caller`].
pub(super) async fn authorize(State(gate): State<Gate>, request: Request, next: Next) -> Response {
    let (mut parts, body) = request.into_parts();
    match caller(&gate, &mut parts).await {
        Ok(caller) => {
            parts.extensions.insert(caller);
            next.run(Request::from_parts(parts, body)).await
        }
        Err(error) => refused(error, gate.is_page),
    }
}

async fn caller(gate: &Gate, parts: &mut Parts) -> Result<Caller, ApiError> {
    let Gate { app, access, is_narrowed, .. } = gate;
    let scope = match access {
        Access::Public => return Ok(Caller::Anyone),
        Access::Takes(_) if !app.keys.are_required() => return Ok(Caller::Anyone),
        Access::Takes(scope) => *scope,
    };
    let text = key_of(&parts.headers).ok_or_else(|| {
        let detail =
            "send a key as `Authorization: Bearer pls_…`, `X-Api-Key`, or the password of Basic";
        ApiError::new(ErrorCode::KeyMissing, detail)
    })?;
    let key = app.keys.find(&text, app.now()).map_err(denied)?;
    let caller = Caller::Key(key);
    if !caller.may(scope) {
        let detail = format!("key {:?} lacks the scope `{}`", caller.name(), scope.as_str());
        return Err(ApiError::new(ErrorCode::ScopeMissing, detail));
    }
    if let Some(partners) = caller.partners() {
        let path = RawPathParams::from_request_parts(parts, &()).await;
        let named = path.iter().flat_map(RawPathParams::iter);
        let mut named = named.filter(|(name, _)| *name == "partner").map(|(_, value)| value);
        let foreign = named.find(|partner| !partners.contains(*partner));
        if let Some(partner) = foreign {
            let detail =
                format!("key {:?} is not for partner {:?}", caller.name(), excerpt(partner));
            return Err(ApiError::new(ErrorCode::PartnerNotAllowed, detail));
        }
        if !is_narrowed {
            let detail = format!(
                "key {:?} is for some partners only, and this call is about all of them",
                caller.name()
            );
            return Err(ApiError::new(ErrorCode::PartnerNotAllowed, detail));
        }
    }
    Ok(caller)
}

fn denied(why: Denied) -> ApiError {
    ApiError::new(ErrorCode::KeyDenied, why.to_string())
}

/// The key of a request.
fn key_of(headers: &HeaderMap) -> Option<String> {
    if let Some(key) = headers.get(API_KEY) {
        return key.to_str().ok().map(|key| key.trim().to_owned());
    }
    let (scheme, value) = headers.get(header::AUTHORIZATION)?.to_str().ok()?.split_once(' ')?;
    let value = value.trim();
    if scheme.eq_ignore_ascii_case("bearer") {
        return Some(value.to_owned());
    }
    if !scheme.eq_ignore_ascii_case("basic") {
        return None;
    }
    let decoded = String::from_utf8(STANDARD.decode(value).ok()?).ok()?;
    decoded.split_once(':').map(|(_, password)| password.to_owned())
}

fn refused(error: ApiError, is_page: bool) -> Response {
    let mut response = error.into_response();
    if response.status() == axum::http::StatusCode::UNAUTHORIZED {
        let headers = response.headers_mut();
        let bearer = HeaderValue::from_static("Bearer realm=\"plimsoll\"");
        headers.insert(header::WWW_AUTHENTICATE, bearer);
        if is_page {
            // Browsers ask for user and password then.
            let basic = HeaderValue::from_static("Basic realm=\"plimsoll\", charset=\"UTF-8\"");
            headers.append(header::WWW_AUTHENTICATE, basic);
        }
    }
    response
}

#[cfg(test)]
mod tests;
