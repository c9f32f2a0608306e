//! `/livez`, `/readyz` and `/metrics`.

use axum::extract::State;
use axum::http::header;
use axum::response::{IntoResponse, Response};

use crate::app::App;
use crate::error::ApiError;

/// The process runs.
pub(crate) async fn livez() -> &'static str {
    "ok\n"
}

/// It takes pushes and answers questions.
pub(crate) async fn readyz(State(app): State<App>) -> Result<&'static str, ApiError> {
    match app.not_ready.read().as_ref() {
        None => Ok("ok\n"),
        Some(reason) => Err(ApiError::busy(reason.clone())),
    }
}

/// Own telemetry as Prometheus text.
pub(crate) async fn metrics(State(app): State<App>) -> Result<Response, ApiError> {
    let text = app.metrics.encode(app.store.stats(), &app.control().receivers(), app.now());
    let text =
        text.map_err(|error| ApiError::busy(format!("metrics cannot be written: {error}")))?;
    let content_type = "application/openmetrics-text; version=1.0.0; charset=utf-8";
    Ok(([(header::CONTENT_TYPE, content_type)], text).into_response())
}
