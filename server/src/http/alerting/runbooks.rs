//! `GET /runbooks`: instructions for each alert.

use std::fmt::Write;

use axum::extract::{Path, State};
use axum::http::HeaderMap;
use axum::response::Response;
use plimsoll_alerting::RUNBOOKS;

use crate::app::App;
use crate::error::ApiError;
use crate::http::call::Call;
use crate::http::params::declare::InPath;
use crate::http::reply::markdown::rendered;
use crate::wire::excerpt;

const NAME: InPath = InPath { name: "name", example: "partner-5xx", about: "The page's name." };

pub(crate) fn calls() -> Vec<Call> {
    vec![
        Call::get("/runbooks", list)
            .about("The runbooks: what to do about each alert", "Markdown, or HTML for browsers.")
            .answers_text("text/markdown"),
        Call::get("/runbooks/{name}", one)
            .about("One runbook", "Markdown, or HTML for browsers.")
            .takes(&[&NAME])
            .answers_text("text/markdown"),
    ]
}

async fn list(State(app): State<App>, headers: HeaderMap) -> Response {
    let mut text = String::from("# Runbooks\n\n");
    for page in RUNBOOKS {
        // Writing to a string cannot fail.
        let _ = writeln!(text, "- [{}](/runbooks/{}): {}", page.name, page.name, page.title());
    }
    for (name, own) in &app.rules.get().runbooks {
        let _ = writeln!(text, "- [{name}](/runbooks/{name}): {}", title(own));
    }
    rendered(&headers, "Runbooks", &text)
}

async fn one(
    State(app): State<App>,
    headers: HeaderMap,
    Path(name): Path<String>,
) -> Result<Response, ApiError> {
    let rules = app.rules.get();
    let text = rules
        .runbook_text(&name)
        .ok_or_else(|| ApiError::not_found(format!("runbook {:?}", excerpt(&name))))?;
    Ok(rendered(&headers, title(text), text))
}

/// The first line, without its heading mark.
fn title(text: &str) -> &str {
    text.lines().next().unwrap_or_default().trim_start_matches("# ")
}
