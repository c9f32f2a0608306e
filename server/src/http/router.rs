//! The router: every call at its path, and the middleware around all of them.

use axum::Router;
use axum::extract::Request;
use axum::middleware::{self, Next};
use axum::response::Response;

use super::params::Params;
use super::{answers, calls, trace};
use crate::app::App;
use crate::error::{ApiError, ErrorCode};

/// A router for all calls of [`calls::all`].
pub(crate) fn router(app: App) -> Router {
    calls::all()
        .into_iter()
        .fold(Router::new(), |router, call| {
            let has_no_parameters = !call.parameters.iter().any(|one| one.is_in_query);
            let handler = if has_no_parameters && call.path.starts_with("/api/") {
                call.handler.layer(middleware::from_fn(reject_parameters))
            } else {
                call.handler
            };
            router.route(call.path, handler)
        })
        .fallback(|| async { ApiError::not_found("such path") })
        .method_not_allowed_fallback(|| async {
            ApiError::new(ErrorCode::MethodNotAllowed, "this path does not take that method")
        })
        .layer(middleware::from_fn_with_state(app.clone(), answers::bound))
        .layer(middleware::from_fn_with_state(app.clone(), trace::trace))
        .with_state(app)
}

/// For calls without query parameters: an unknown parameter is an error there as well.
async fn reject_parameters(request: Request, next: Next) -> Result<Response, ApiError> {
    Params::new(request.uri().query())?.end()?;
    Ok(next.run(request).await)
}
