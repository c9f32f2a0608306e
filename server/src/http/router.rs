//! The router: every call at its path, and the middleware around all of them.

use axum::Router;
use axum::extract::Request;
use axum::middleware::{self, Next};
use axum::response::Response;

use super::authorize::{Gate, authorize};
use super::params::Params;
use super::{answers, browser, calls, trace};
use crate::app::App;
use crate::error::{ApiError, ErrorCode};

/// A router for all calls of [`calls::all`].
pub(crate) fn router(app: App) -> Router {
    calls::all()
        .into_iter()
        .fold(Router::new(), |router, call| {
            let is_narrowed = call.is_narrowed();
            let has_no_parameters = !call.parameters.iter().any(|one| one.is_in_query);
            let handler = if has_no_parameters && call.path.starts_with("/api/") {
                call.handler.layer(middleware::from_fn(reject_parameters))
            } else {
                call.handler
            };
            let gate = Gate {
                app: app.clone(),
                access: call.access,
                is_narrowed,
                is_page: call.tag == "pages",
            };
            let handler = handler.layer(middleware::from_fn_with_state(gate, authorize));
            router.route(call.path, handler)
        })
        .fallback(|| async { ApiError::not_found("such path") })
        .method_not_allowed_fallback(|| async {
            ApiError::new(ErrorCode::MethodNotAllowed, "this path does not take that method")
        })
        .layer(middleware::from_fn(reject_bad_escapes))
        .layer(middleware::from_fn_with_state(app.clone(), browser::guard))
        .layer(middleware::from_fn_with_state(app.clone(), answers::bound))
        .layer(middleware::from_fn_with_state(app.clone(), trace::trace))
        .with_state(app)
}

/// A path with escapes that stand for no UTF-8 text names nothing.
async fn reject_bad_escapes(request: Request, next: Next) -> Result<Response, ApiError> {
    if !is_text(request.uri().path()) {
        return Err(ApiError::not_found("such path: its escapes such as %ff are no UTF-8 text"));
    }
    Ok(next.run(request).await)
}

/// Whether a path is text when its escapes are replaced.
fn is_text(path: &str) -> bool {
    let mut bytes = Vec::with_capacity(path.len());
    let mut rest = path.as_bytes();
    while let [first, tail @ ..] = rest {
        let digit = |byte: &u8| char::from(*byte).to_digit(16).and_then(|it| u8::try_from(it).ok());
        let escaped = match (first, tail) {
            (b'%', [high, low, ..]) => digit(high).zip(digit(low)),
            _ => None,
        };
        bytes.push(escaped.map_or(*first, |(high, low)| high << 4 | low));
        rest = tail.get(if escaped.is_some() { 2 } else { 0 }..).unwrap_or_default();
    }
    std::str::from_utf8(&bytes).is_ok()
}

/// For calls without query parameters: an unknown parameter is an error there as well.
async fn reject_parameters(request: Request, next: Next) -> Result<Response, ApiError> {
    Params::new(request.uri().query())?.end()?;
    Ok(next.run(request).await)
}

#[cfg(test)]
mod tests;
