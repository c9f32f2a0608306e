//! `GET /partners/{partner}`: a partner for people: its health in words, open alerts, streams.

use axum::extract::{Path, State};
use axum::http::HeaderMap;
use axum::response::Response;
use plimsoll_alerting::SANDBOX;
use plimsoll_storage::{Label, Matcher};

use super::{link, text};
use crate::app::App;
use crate::error::ApiError;
use crate::http::call::Call;
use crate::http::params::Params;
use crate::http::params::declare::Query;
use crate::http::params::kind::Time;
use crate::http::params::labels::LABELS;
use crate::http::partners::{OTHER_LABELS, PARTNER, health_of, one_value};
use crate::http::reply::markdown::rendered;
use crate::wire::query::partner::HealthBody;

/// Links of notifications name when the trouble began.
const FROM: Query<Time> =
    Query::new("from", Time, "2026-11-20T19:00:00Z", "Where its diagrams begin.");

pub(crate) fn calls() -> Vec<Call> {
    vec![
        Call::get("/partners/{partner}", page)
            .about("A partner, as a page", "Markdown, or HTML for browsers.")
            .takes(&[&PARTNER, &OTHER_LABELS, &FROM])
            .answers_text("text/markdown")
            .errors(&[crate::error::ErrorCode::Busy]),
    ]
}

async fn page(
    State(app): State<App>,
    Path(partner): Path<String>,
    mut params: Params,
    headers: HeaderMap,
) -> Result<Response, ApiError> {
    params.reject(&LABELS[0], "is part of the path")?;
    params.read(&FROM)?;
    let mut labels = params.labels_in_production()?;
    params.end()?;
    let in_sandbox = labels.only(Label::Environment) == Some(SANDBOX);
    labels.push(Label::Partner, Matcher::In(one_value(&partner)));
    let (health, contacts) = app
        .ask(move |app, _| {
            let rules = app.rules.get();
            let known = rules.partners.iter().find(|known| known.name == partner);
            let contacts = known.map(|known| known.contacts.clone()).unwrap_or_default();
            Ok((health_of(app, partner, labels)?, contacts))
        })
        .await?;
    let page = markdown(&health, &contacts, in_sandbox);
    Ok(rendered(&headers, &health.partner, &page))
}

fn markdown(health: &HealthBody, contacts: &[String], in_sandbox: bool) -> String {
    let name = text(&health.partner);
    let drill = if in_sandbox { " (drill)" } else { "" };
    let mut page = format!("# {name}{drill}: {}\n\n{}.\n\n", health.status, text(&health.reason));
    page += "## Open alerts\n\n";
    if health.alerts.is_empty() {
        page += "None.\n";
    }
    for alert in &health.alerts {
        let (severity, since) = (alert.severity, &alert.pending_at);
        let address = format!("/alerts/{}", alert.id);
        page += &format!("- {}: {severity}, since {since}\n", link(&alert.symptom, &address));
    }
    page += "\n## Streams\n\n| stream | last event | in 5 min | errors | p95 | in 1 h | errors | p95 |\n";
    page += "|---|---|---|---|---|---|---|---|\n";
    for stream in &health.streams {
        let last = stream.last_at.as_deref().unwrap_or("never");
        page += &format!("| {} | {last} |", text(&stream.stream));
        for window in &stream.windows {
            let unknown = || "-".to_owned();
            let p95 = window.p95.as_ref().map_or_else(unknown, |p95| format!("{:.0} ms", p95.ms));
            let errors = window.errors.ratio.value;
            let errors = errors.map_or_else(unknown, |share| format!("{:.1} %", share * 100.0));
            page += &format!(" {} | {errors} | {p95} |", window.count);
        }
        page += "\n";
    }
    if !contacts.is_empty() {
        let contacts: Vec<String> = contacts.iter().map(|contact| text(contact)).collect();
        page += &format!("\n## Contacts\n\n{}\n", contacts.join(", "));
    }
    let encoded = plimsoll_alerting::url_encoded(&health.partner);
    let json = format!("/api/v1/partners/{encoded}/health");
    page += &format!("\n{} | {}\n", link("As JSON", &json), link("Noise of alerting", "/noise"));
    page
}
