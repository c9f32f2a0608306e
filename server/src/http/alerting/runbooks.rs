//! `GET /runbooks`: the pages that tell what to do about an alert.

use std::fmt::Write;

use axum::extract::{Path, State};
use axum::http::HeaderMap;
use axum::response::Response;
use plimsoll_alerting::RUNBOOKS;

use crate::app::App;
use crate::error::ApiError;
use crate::http::reply::markdown::rendered;
use crate::wire::push::truncated;

/// Every page with its title.
pub(crate) async fn list(State(app): State<App>, headers: HeaderMap) -> Response {
    let mut text = String::from("# Runbooks\n\n");
    for page in RUNBOOKS {
        // Writing to a string has no way to fail.
        let _ = writeln!(text, "- [{}](/runbooks/{}): {}", page.name, page.name, page.title());
    }
    for (name, own) in &app.rules.get().runbooks {
        let _ = writeln!(text, "- [{name}](/runbooks/{name}): {}", title(own));
    }
    rendered(&headers, "Runbooks", &text)
}

/// One page.
pub(crate) async fn one(
    State(app): State<App>,
    headers: HeaderMap,
    Path(name): Path<String>,
) -> Result<Response, ApiError> {
    let rules = app.rules.get();
    let text = rules
        .runbook_text(&name)
        .ok_or_else(|| ApiError::not_found(format!("runbook {:?}", truncated(&name))))?;
    Ok(rendered(&headers, title(text), text))
}

/// The first line, without its mark.
fn title(text: &str) -> &str {
    text.lines().next().unwrap_or_default().trim_start_matches("# ")
}
