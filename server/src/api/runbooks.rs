//! `GET /runbooks`: the pages that tell what to do about an alert, as Markdown or, for browsers, as
//! HTML.

use std::fmt::Write;

use axum::{
    extract::{Path, State},
    http::{HeaderMap, header},
    response::{Html, IntoResponse, Response},
};
use plimsoll_alerting::runbook::RUNBOOKS;

use crate::{app::App, error::ApiError, wire::push::truncated};

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

fn rendered(headers: &HeaderMap, title: &str, markdown: &str) -> Response {
    let accepts = headers.get(header::ACCEPT).and_then(|value| value.to_str().ok());
    if accepts.is_some_and(|types| types.contains("text/html")) {
        return Html(html(title, markdown)).into_response();
    }
    let content_type = "text/markdown; charset=utf-8";
    ([(header::CONTENT_TYPE, content_type)], markdown.to_owned()).into_response()
}

/// The pages are our own or the operator's: what is in them needs no cleaning.
fn html(title: &str, markdown: &str) -> String {
    let mut body = String::new();
    pulldown_cmark::html::push_html(&mut body, pulldown_cmark::Parser::new(markdown));
    format!(
        "<!doctype html>\n<html lang=\"en\"><meta charset=\"utf-8\">\
         <meta name=\"viewport\" content=\"width=device-width\"><title>{title}</title>\
         <style>body{{max-width:50rem;margin:2rem auto;padding:0 1rem;font:16px/1.5 sans-serif}}\
         pre{{overflow-x:auto;padding:.5rem;background:#f3f3f3}}</style>\n<body>{body}</body></html>\n"
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_page_becomes_html_with_its_calls_in_blocks() {
        for page in RUNBOOKS {
            let page = html(page.title(), page.text);
            for part in ["<h1>", "<h2>Triage</h2>", "<pre><code>", "<li>", "</html>"] {
                assert!(page.contains(part), "{part} in {page}");
            }
        }
    }
}
