//! `/livez`, `/readyz`, `/metrics` and `GET /api/v1/health`: what the server can do.

use axum::Json;
use axum::extract::State;
use axum::http::header;
use axum::response::{IntoResponse, Response};

use crate::app::App;
use crate::error::{ApiError, ErrorCode};
use crate::http::call::Call;
use crate::wire::health::HealthBody;

pub(crate) fn calls() -> Vec<Call> {
    vec![
        Call::get("/livez", livez)
            .public()
            .about("The process runs", "It answers 503 only when a restart would help.")
            .errors(&[ErrorCode::Busy]),
        Call::get("/readyz", readyz)
            .public()
            .about(
                "It accepts pushes, evaluates rules, delivers notifications and answers queries",
                "Otherwise it answers 503 with the reasons. A line of the answer that begins with `warning:` \
                 names what limits it or will soon.",
            )
            .errors(&[ErrorCode::Busy]),
        Call::get("/metrics", metrics)
            .about("Metrics of the server itself", "")
            .answers_text("application/openmetrics-text")
            .errors(&[ErrorCode::Busy]),
        Call::get("/api/v1/health", health)
            .about(
                "What the server can do now",
                "It answers 200 also when something fails: `/readyz` is for probes.",
            )
            .answers::<HealthBody>(),
    ]
}

async fn livez(State(app): State<App>) -> Result<&'static str, ApiError> {
    let health = app.health();
    if health.needs_restart { Err(ApiError::busy(health.to_string())) } else { Ok("ok\n") }
}

async fn readyz(State(app): State<App>) -> Result<String, ApiError> {
    let health = app.health();
    if !health.is_ready() {
        return Err(ApiError::busy(health.to_string()));
    }
    let warnings = health.problems.iter().map(|problem| format!("warning: {}\n", problem.reason));
    Ok(std::iter::once("ok\n".to_owned()).chain(warnings).collect())
}

async fn health(State(app): State<App>) -> Json<HealthBody> {
    Json(HealthBody::new(&app.health()))
}

async fn metrics(State(app): State<App>) -> Result<Response, ApiError> {
    app.metrics.rules_file_rejected.set(app.rules.error().is_some().into());
    let (stats, receivers) = (app.store.stats(), app.control().receivers());
    let text = app.metrics.encode(stats, &receivers, app.disk_free_bytes(), app.now());
    let text =
        text.map_err(|error| ApiError::busy(format!("metrics cannot be written: {error}")))?;
    let content_type = "application/openmetrics-text; version=1.0.0; charset=utf-8";
    Ok(([(header::CONTENT_TYPE, content_type)], text).into_response())
}
