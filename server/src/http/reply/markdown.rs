//! Pages for people: as Markdown or, for browsers, as HTML.

use axum::http::{HeaderMap, header};
use axum::response::{Html, IntoResponse, Response};

/// The page as Markdown or, if `Accept` names `text/html`, as HTML.
pub(crate) fn rendered(headers: &HeaderMap, title: &str, markdown: &str) -> Response {
    let accepts = headers.get(header::ACCEPT).and_then(|value| value.to_str().ok());
    if accepts.is_some_and(|types| types.contains("text/html")) {
        return Html(html(title, markdown)).into_response();
    }
    let content_type = "text/markdown; charset=utf-8";
    ([(header::CONTENT_TYPE, content_type)], markdown.to_owned()).into_response()
}

/// The pages are part of the program or written by the operator. What comes from outside is escaped where it
/// is put into a page: see [`text`](crate::http::pages::text).
fn html(title: &str, markdown: &str) -> String {
    let title = title.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;");
    let mut body = String::new();
    let parser = pulldown_cmark::Parser::new_ext(markdown, pulldown_cmark::Options::ENABLE_TABLES);
    pulldown_cmark::html::push_html(&mut body, parser);
    format!(
        "<!doctype html>\n<html lang=\"en\"><meta charset=\"utf-8\">\
         <meta name=\"viewport\" content=\"width=device-width\"><title>{title}</title>\
         <style>body{{max-width:50rem;margin:2rem auto;padding:0 1rem;font:16px/1.5 sans-serif}}\
         pre{{overflow-x:auto;padding:.5rem;background:#f3f3f3}}table{{border-collapse:collapse}}\
         td,th{{padding:.2rem .8rem;border-bottom:1px solid #ddd;\
         text-align:left;vertical-align:top}}</style>\n<body>{body}</body></html>\n"
    )
}

#[cfg(test)]
mod tests;
