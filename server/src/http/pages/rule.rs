//! `GET /rules/{name}`: a rule for people, and why it did or did not fire around a time.

use axum::extract::{Path, State};
use axum::http::HeaderMap;
use axum::response::Response;
use plimsoll_alerting::Rule;

use super::{fact, link};
use crate::app::App;
use crate::error::ApiError;
use crate::http::alerting::explain::{self, AT, SPAN};
use crate::http::alerting::rules::NAME;
use crate::http::call::Call;
use crate::http::params::Params;
use crate::http::reply::markdown::rendered;
use crate::wire::excerpt;

pub(crate) fn calls() -> Vec<Call> {
    vec![
        Call::get("/rules/{name}", page)
            .about(
                "A rule, as a page",
                "With the labels of a group, why it did or did not fire around `at`. Markdown, or HTML for \
                 browsers.",
            )
            .takes(&[&NAME, &AT, &SPAN, &explain::group_labels()])
            .answers_text("text/markdown")
            .reads_cells(),
    ]
}

async fn page(
    State(app): State<App>,
    Path(name): Path<String>,
    params: Params,
    headers: HeaderMap,
) -> Result<Response, ApiError> {
    let rules = app.rules.get();
    let rule = rules.rule(&name).cloned();
    let rule = rule.ok_or_else(|| ApiError::not_found(format!("rule {:?}", excerpt(&name))))?;
    let mut page = format!("# {}\n\n{}\n", super::text(&rule.name), table(&rule));
    if params.is_empty() {
        page +=
            "Add the labels of a group, such as `?partner=dhl`, to see what the rule evaluated.\n";
    } else {
        let explained = explain::explained(&app, &rule, params).await?;
        // A code block of four spaces has no end that its text could contain.
        let lines: String = explained.text().lines().map(|line| format!("    {line}\n")).collect();
        page += &format!("## Why it did or did not fire\n\n{lines}");
    }
    Ok(rendered(&headers, &rule.name, &page))
}

fn table(rule: &Rule) -> String {
    let thresholds: Vec<String> = [("critical", rule.critical), ("warning", rule.warning)]
        .into_iter()
        .filter_map(|(name, threshold)| {
            let sign = if rule.fires_below() { '<' } else { '>' };
            let value = plimsoll_alerting::units::value(rule.signal.kind(), threshold?);
            Some(format!("{name} {sign} {value}"))
        })
        .collect();
    let runbook = match rule.runbook.as_str() {
        url if url.starts_with("http") => link(url, url),
        name => link(name, &format!("/runbooks/{}", plimsoll_alerting::url_encoded(name))),
    };
    let rows = [
        fact("Measures", &rule.signal.symptom()),
        fact("Thresholds", &thresholds.join(", ")),
        fact("Owner", &rule.owner),
        Some(format!("| Runbook | {runbook} |")),
        fact("Notifies", &rule.notify.join(", ")),
    ];
    let rows: Vec<String> = rows.into_iter().flatten().collect();
    format!("| | |\n|---|---|\n{}\n", rows.join("\n"))
}
