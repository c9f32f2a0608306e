//! `/livez`, `/readyz` and `/metrics`.

use axum::extract::State;
use axum::http::header;
use axum::response::{IntoResponse, Response};

use crate::app::App;
use crate::error::{ApiError, ErrorCode};
use crate::http::call::Call;

pub(crate) fn calls() -> Vec<Call> {
    vec![
        Call::get("/livez", livez).about("The process runs", ""),
        Call::get("/readyz", readyz)
            .about("It accepts pushes and answers queries", "")
            .errors(&[ErrorCode::Busy]),
        Call::get("/metrics", metrics)
            .about("Metrics of the server itself", "")
            .answers_text("application/openmetrics-text")
            .errors(&[ErrorCode::Busy]),
    ]
}

async fn livez() -> &'static str {
    "ok\n"
}

async fn readyz(State(app): State<App>) -> Result<&'static str, ApiError> {
    match app.not_ready.read().as_ref() {
        None => Ok("ok\n"),
        Some(reason) => Err(ApiError::busy(reason.clone())),
    }
}

async fn metrics(State(app): State<App>) -> Result<Response, ApiError> {
    app.metrics.rules_file_rejected.set(app.rules.error().is_some().into());
    let text = app.metrics.encode(app.store.stats(), &app.control().receivers(), app.now());
    let text =
        text.map_err(|error| ApiError::busy(format!("metrics cannot be written: {error}")))?;
    let content_type = "application/openmetrics-text; version=1.0.0; charset=utf-8";
    Ok(([(header::CONTENT_TYPE, content_type)], text).into_response())
}
