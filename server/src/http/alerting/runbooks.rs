//! `GET /runbooks`: instructions for each alert.

use std::fmt::Write;

use axum::extract::{Path, State};
use axum::http::{HeaderMap, header};
use axum::response::Response;
use plimsoll_alerting::{Alert, Content, PRODUCTION, RUNBOOKS, alerts, describe, url_encoded};
use plimsoll_storage::Label;

use crate::app::App;
use crate::error::ApiError;
use crate::http::call::Call;
use crate::http::pages::text;
use crate::http::params::Params;
use crate::http::params::declare::{InPath, Query};
use crate::http::params::kind::Text;
use crate::http::reply::markdown::rendered;
use crate::wire::excerpt;

/// The server that commands of runbooks name.
pub(crate) const DEFAULT_SERVER: &str = "127.0.0.1:8585";
const NAME: InPath = InPath { name: "name", example: "partner-5xx", about: "The page's name." };
const ALERT: Query<Text> =
    Query::new("alert", Text, "01HZX", "The id of the alert that it is for.");

pub(crate) fn calls() -> Vec<Call> {
    vec![
        Call::get("/runbooks", list)
            .about("The runbooks: what to do about each alert", "Markdown, or HTML for browsers.")
            .answers_text("text/markdown"),
        Call::get("/runbooks/{name}", one)
            .about(
                "One runbook",
                "With `alert`, its commands name this server, the partner and the environment of the alert, \
                 and what is known of the case comes first. Markdown, or HTML for browsers.",
            )
            .takes(&[&NAME, &ALERT])
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
    mut params: Params,
) -> Result<Response, ApiError> {
    let id = params.read(&ALERT)?;
    params.end()?;
    let rules = app.rules.get();
    let text = rules
        .runbook_text(&name)
        .ok_or_else(|| ApiError::not_found(format!("runbook {:?}", excerpt(&name))))?
        .to_owned();
    let known = id.filter(|id| matches!(alerts::get(&app.store, id), Ok(Some(_))));
    // The runbook is needed also when its alert is no longer on record.
    let Some(id) = known else { return Ok(rendered(&headers, title(&text), &text)) };
    let host = host_of(&headers);
    let filled = app.ask(move |app, _| filled(app, &text, &id, host.as_deref())).await?;
    Ok(rendered(&headers, title(&filled), &filled))
}

/// The host that a request was sent to, when it is a name or an address.
pub(crate) fn host_of(headers: &HeaderMap) -> Option<String> {
    let host = headers.get(header::HOST).and_then(|value| value.to_str().ok())?;
    (!host.contains(|c: char| !is_part_of_host(c))).then(|| host.to_owned())
}

const fn is_part_of_host(letter: char) -> bool {
    letter.is_ascii_alphanumeric() || matches!(letter, '.' | '-' | ':' | '[' | ']')
}

/// The runbook for an alert: its commands are ready to be copied, and the case comes first.
fn filled(app: &App, text: &str, id: &str, host: Option<&str>) -> Result<String, ApiError> {
    let found = alerts::get(&app.store, id)?;
    let alert = found.ok_or_else(|| ApiError::not_found(format!("alert {:?}", excerpt(id))))?;
    let at = alert.resolved_at.unwrap_or_else(|| app.now());
    let content = describe(&app.store, &app.rules.get(), &alert, at);
    let case = case(&alert, &content);
    let server = host.unwrap_or(DEFAULT_SERVER);
    let value = |label, default: &str| {
        let value = alert.labels.get(label).filter(|value| !value.is_empty());
        url_encoded(value.unwrap_or(default))
    };
    let (partner, environment) =
        (value(Label::Partner, "PARTNER"), value(Label::Environment, PRODUCTION));
    let mut out = String::new();
    for (number, line) in text.lines().enumerate() {
        if line.trim_start().starts_with("API=") {
            let set = format!("    API=http://{server}/api/v1; P={partner}; E={environment}");
            out += &set;
        } else {
            out += line;
        }
        out.push('\n');
        if number == 0 {
            out += &case;
        }
    }
    Ok(out)
}

/// What is known of the case.
fn case(alert: &Alert, content: &Content) -> String {
    let mut lines = vec![format!("**{}**", text(&content.headline))];
    lines.extend(content.place.iter().map(|line| text(line)));
    lines.extend(content.steps.first().map(|step| {
        let line = step.lines().next().unwrap_or_default();
        format!("First: {}", text(line))
    }));
    lines.extend(content.contacts.iter().map(|line| format!("Contact {}", text(line))));
    let list: String = lines.iter().map(|line| format!("- {line}\n")).collect();
    format!("\n## This case\n\n{list}- [The alert](/alerts/{})\n", alert.id)
}

/// The first line, without its heading mark.
fn title(text: &str) -> &str {
    text.lines().next().unwrap_or_default().trim_start_matches("# ")
}
