//! `GET /api/v1/rules/{name}/explain`: why a rule did or did not fire.

use std::sync::Arc;

use axum::Json;
use axum::extract::{Path, State};
use axum::http::{HeaderMap, header};
use axum::response::{IntoResponse, Response};
use plimsoll_alerting::Rule;
use plimsoll_alerting::explain::{EXPLAIN_SPAN_MS_MAX, ExplainRequest, explain as explain_rule};
use plimsoll_storage::Label;

use super::rules::NAME;
use super::{ALERT_LABELS, alert_labels};
use crate::app::App;
use crate::error::ApiError;
use crate::http::call::Call;
use crate::http::params::Params;
use crate::http::params::declare::Query;
use crate::http::params::kind::{DurationMs, Text, Time};
use crate::wire::alerting::explain::ExplanationBody;
use crate::wire::excerpt;

pub(crate) const AT: Query<Time> =
    Query::new("at", Time, "2026-11-20T19:00:00Z", "The time it is about; now when left out.")
        .needs("partner=dhl");
pub(crate) const SPAN: Query<DurationMs> = Query::new(
    "span",
    DurationMs,
    "30m",
    "How much time to explain, half of it before `at`; 20m when left out, 24h at most.",
)
.needs("partner=dhl");
const SPAN_MS_DEFAULT: i64 = 20 * 60_000;

/// The labels of a group. Rules of the example evaluate each partner, so the other labels need it.
pub(crate) fn group_labels() -> [Query<Text>; Label::COUNT] {
    ALERT_LABELS.map(|label| match label.name {
        "partner" => label,
        _ => label.needs("partner=dhl"),
    })
}

pub(crate) fn calls() -> Vec<Call> {
    vec![
        Call::get("/api/v1/rules/{name}/explain", explain)
            .about(
                "Why a rule did or did not fire: its evaluations around a time",
                "Computed again from the stored data by the code that evaluates live. Labels that the rule \
                 does not group by are ignored. `Accept: text/plain` answers with sentences and a table.",
            )
            .takes(&[&NAME, &AT, &SPAN, &group_labels()])
            .answers_or_text::<ExplanationBody>()
            .reads_cells(),
    ]
}

async fn explain(
    State(app): State<App>,
    Path(name): Path<String>,
    params: Params,
    headers: HeaderMap,
) -> Result<Response, ApiError> {
    let rule = app.rules.get().rule(&name).cloned();
    let rule = rule.ok_or_else(|| ApiError::not_found(format!("rule {:?}", excerpt(&name))))?;
    let body = explained(&app, &rule, params).await?;
    let accepts = headers.get(header::ACCEPT).and_then(|value| value.to_str().ok());
    if accepts.is_some_and(|types| types.contains("text/plain")) {
        let content_type = [(header::CONTENT_TYPE, "text/plain; charset=utf-8")];
        return Ok((content_type, body.text()).into_response());
    }
    Ok(Json(body).into_response())
}

/// Explains a rule around the time, and for the group, that the parameters name.
pub(crate) async fn explained(
    app: &App,
    rule: &Rule,
    mut params: Params,
) -> Result<ExplanationBody, ApiError> {
    let now = app.now();
    let at = params.read(&AT)?.unwrap_or(now).min(now);
    let span_ms = params.read(&SPAN)?.unwrap_or(SPAN_MS_DEFAULT);
    if span_ms > EXPLAIN_SPAN_MS_MAX {
        return Err(ApiError::parameter(SPAN.name, "is longer than 24h; ask for less at once"));
    }
    let labels = alert_labels(&mut params)?;
    params.end()?;
    let is_named = |label: &Label| labels.iter().any(|(named, _)| named == label);
    if let Some(first) = rule.by.first().filter(|_| !rule.by.iter().any(is_named)) {
        let detail = format!(
            "is missing: rule {} evaluates each {first} alone",
            rule.name,
            first = first.as_str()
        );
        return Err(ApiError::parameter(first.as_str(), detail));
    }
    let rule = rule.clone();
    app.ask(move |app, budget| {
        let rules = app.rules.get();
        let request = ExplainRequest { rule: &rule, labels, at, span_ms, now };
        let found = explain_rule(&app.store, &rules, &request, budget)?;
        let found = found.ok_or_else(|| ApiError::not_found(no_such_group(&request)))?;
        let left_out = Arc::clone(&app.groups_left_out.read());
        Ok(ExplanationBody::new(&rule, found, &left_out))
    })
    .await
}

/// After "there is no".
fn no_such_group(request: &ExplainRequest<'_>) -> String {
    let names = |by: &[Label]| by.iter().map(|label| label.as_str()).collect::<Vec<_>>().join("+");
    let by: Vec<String> = request.rule.groupings().map(names).collect();
    let labels = request.labels.iter();
    let asked: Vec<String> =
        labels.map(|(label, value)| format!("{}={:?}", label.as_str(), excerpt(value))).collect();
    format!(
        "group with {} among those that rule {} evaluated up to then; it groups by {}",
        asked.join(", "),
        request.rule.name,
        by.join(", by ")
    )
}
