//! `GET /alerts/{id}`: an alert for people: where, since when, how bad, what to do, who was notified.

use std::fmt::Write as _;

use axum::Extension;
use axum::extract::{Path, State};
use axum::http::HeaderMap;
use axum::response::Response;
use plimsoll_alerting::{
    Acknowledgement, Alert, Content, Delivery, DeliveryFilter, Muting, acknowledgement, alerts,
    describe, ledger, muting,
};
use plimsoll_storage::TimestampMs;

use super::{fact, facts, link, rule_address, text};
use crate::access::{Caller, Scope};
use crate::app::App;
use crate::error::ApiError;
use crate::http::alerting::runbooks::{DEFAULT_SERVER, host_of};
use crate::http::call::Call;
use crate::http::params::declare::InPath;
use crate::http::reply::markdown::rendered;
use crate::wire::{excerpt, time};

const ID: InPath = InPath { name: "id", example: "01HZX", about: "The alert's id." };
/// Deliveries that the page lists.
const DELIVERIES_MAX: usize = 50;

pub(crate) fn calls() -> Vec<Call> {
    vec![
        Call::get("/alerts/{id}", page)
            .about("An alert, as a page", "Markdown, or HTML for browsers.")
            .takes(&[&ID])
            .answers_text("text/markdown"),
    ]
}

async fn page(
    State(app): State<App>,
    Extension(caller): Extension<Caller>,
    headers: HeaderMap,
    Path(id): Path<String>,
) -> Result<Response, ApiError> {
    let (host, with_ids) = (host_of(&headers), caller.may(Scope::Ids));
    let text = app.ask(move |app, _| markdown(app, &id, host.as_deref(), with_ids)).await?;
    Ok(rendered(&headers, "Alert", &text))
}

fn markdown(app: &App, id: &str, host: Option<&str>, with_ids: bool) -> Result<String, ApiError> {
    let found = alerts::get(&app.store, id)?;
    let alert = found.ok_or_else(|| ApiError::not_found(format!("alert {:?}", excerpt(id))))?;
    let at = alert.resolved_at.unwrap_or_else(|| app.now());
    let mut content = describe(&app.store, &app.rules.get(), &alert, at);
    if !with_ids {
        content.exemplars.clear();
    }
    let filter = DeliveryFilter { alert: Some(id.to_owned()), ..DeliveryFilter::default() };
    let deliveries = ledger::list(&app.store, &filter, DELIVERIES_MAX)?.newest;
    let acknowledged = acknowledgement::get(&app.store, id)?;
    let muting = muting(&app.store, &app.rules.get(), &alert, at)?;
    Ok([
        format!("# {}\n", text(&content.headline)),
        table(&alert, &content, acknowledged.as_ref()),
        steps(&content, host),
        notified(&deliveries, &alert, &muting),
        links(&alert, &content),
    ]
    .join("\n"))
}

/// The facts, each with its name.
fn table(alert: &Alert, content: &Content, acknowledged: Option<&Acknowledgement>) -> String {
    let severity = alert.severity.as_str();
    let state = match alert.resolved_at {
        None => format!("firing, {severity}"),
        Some(at) => format!("resolved at {}, {severity}", time::format(at)),
    };
    let since = format!(
        "{}; fired at {}",
        time::format(TimestampMs(content.onset_ms)),
        time::format(alert.fired_at)
    );
    let acknowledged = acknowledged
        .map_or_else(String::new, |it| format!("by {} at {}", it.author, time::format(it.at)));
    let muted = alert.notify.muted_by.map_or("", |by| by.in_words());
    let trend = format!("{} {}", content.trend.spark, content.trend.text);
    let rule = format!("{}, owned by {}", alert.rule, alert.owner);
    let rows = [
        fact("State", &state),
        fact("Since", &since),
        fact("How bad", &content.how_bad),
        fact("Ended", &content.ended),
        facts("Where", &content.place),
        fact("Trend", trend.trim()),
        facts("Examples", &content.exemplars),
        facts("Contacts", &content.contacts),
        fact("Muted", muted),
        fact("Acknowledged", &acknowledged),
        fact("Rule", &rule),
    ];
    let rows: Vec<String> = rows.into_iter().flatten().collect();
    format!("| | |\n|---|---|\n{}\n", rows.join("\n"))
}

/// The first steps with their commands, which name the server that the page was requested from.
fn steps(content: &Content, host: Option<&str>) -> String {
    let mut out = String::new();
    for (position, step) in content.steps.iter().enumerate() {
        let mut was_command = false;
        for (line_number, line) in step.lines().enumerate() {
            let command = line.strip_prefix("    ");
            let item = command.is_none() && line.starts_with("- ");
            out += match (line_number, command) {
                (0, _) => "",
                (_, Some(_)) if was_command => "       ",
                (_, Some(_)) => "\n       ",
                (_, None) if item => "   - ",
                (_, None) => "\n   ",
            };
            if line_number == 0 {
                let _ = write!(out, "{}. ", position + 1);
            }
            out += &match (command, host) {
                (Some(command), Some(host)) => command.replace(DEFAULT_SERVER, host),
                (Some(command), None) => command.to_owned(),
                (None, _) => text(line.strip_prefix("- ").unwrap_or(line)),
            };
            out.push('\n');
            was_command = command.is_some();
        }
    }
    if out.is_empty() { out } else { format!("## Do first\n\n{out}\n") }
}

fn notified(deliveries: &[Delivery], alert: &Alert, muting: &Muting) -> String {
    if deliveries.is_empty() {
        return format!("## Notified\n\n{}", unnotified(alert, muting));
    }
    let row = |it: &Delivery| {
        let settled = it.settled_at.map(time::format).unwrap_or_default();
        let (receiver, error) = (text(&it.receiver), text(it.last_error().unwrap_or_default()));
        format!(
            "| {receiver} | {} | {} | {} | {settled} | {} | {error} |\n",
            it.action.as_str(),
            time::format(it.at),
            it.state.as_str(),
            it.attempts
        )
    };
    let rows: String = deliveries.iter().map(row).collect();
    format!(
        "## Notified\n\n| receiver | action | decided | state | settled | attempts | last error \
         |\n|---|---|---|---|---|---|---|\n{rows}"
    )
}

/// Why nobody was notified of an alert, with links to the alerts that were.
fn unnotified(alert: &Alert, muting: &Muting) -> String {
    let reason = alert.notify.muted_by.map(|by| format!(": {}", by.in_words())).unwrap_or_default();
    let lines = muting.lines.iter().map(|line| format!("- {}\n", text(line)));
    let address = |other: &Alert| format!("/alerts/{}", other.id);
    let others = muting.alerts.iter().map(|other| {
        let title = format!("{} of {}", other.rule, other.labels.title());
        format!("- {}\n", link(&title, &address(other)))
    });
    let list: String = lines.chain(others).collect();
    format!("Nobody was notified under this alert{}.\n\n{list}", text(&reason))
}

fn links(alert: &Alert, content: &Content) -> String {
    let at = time::format(alert.fired_at);
    let why = rule_address(&alert.rule, alert.labels.iter(), &at);
    let links = [
        Some(link("Partner", &content.links.dashboard)),
        Some(link("Why it fired", &why)),
        content.links.runbook.as_deref().map(|address| link("Runbook", address)),
        Some(link("As JSON", &format!("/api/v1/alerts/{}", alert.id))),
    ];
    let links: Vec<String> = links.into_iter().flatten().collect();
    format!("\n{}\n", links.join(" | "))
}
