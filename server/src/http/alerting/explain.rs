//! `GET /api/v1/rules/{name}/explain`: why a rule did or did not fire.

use axum::Json;
use axum::extract::{Path, RawQuery, State};
use axum::http::{HeaderMap, header};
use axum::response::{IntoResponse, Response};
use plimsoll_alerting::explain::EXPLAIN_SPAN_MS_MAX;
use plimsoll_alerting::explain::{ExplainRequest, explain as judged_around};
use plimsoll_storage::Label;

use crate::app::App;
use crate::error::ApiError;
use crate::http::params::Params;
use crate::wire::alerting::explain::ExplanationBody;
use crate::wire::push::truncated;

/// How much is told unless `span` says otherwise, in ms.
const SPAN_DEFAULT_MS: i64 = 20 * 60_000;

pub(crate) async fn explain(
    State(app): State<App>,
    Path(name): Path<String>,
    RawQuery(query): RawQuery,
    headers: HeaderMap,
) -> Result<Response, ApiError> {
    let rules = app.rules.get();
    let rule = rules.rule(&name).cloned();
    let rule = rule.ok_or_else(|| ApiError::not_found(format!("rule {:?}", truncated(&name))))?;
    let mut params = Params::new(query.as_deref())?;
    let now = app.now();
    let at = params.time("at")?.unwrap_or(now).min(now);
    let span_ms = params.duration_ms("span")?.unwrap_or(SPAN_DEFAULT_MS);
    if span_ms > EXPLAIN_SPAN_MS_MAX {
        return Err(ApiError::parameter("span", "is longer than 24h; ask for less at once"));
    }
    let mut labels = Vec::new();
    for label in Label::ALL {
        labels.extend(params.one(label.as_str())?.map(|value| (label, value)));
    }
    params.end()?;
    let is_named = |label: &Label| labels.iter().any(|(named, _)| named == label);
    if let Some(first) = rule.by.first().filter(|_| !rule.by.iter().any(is_named)) {
        let detail = format!(
            "is missing: rule {} judges each {first} alone",
            rule.name,
            first = first.as_str()
        );
        return Err(ApiError::parameter(first.as_str(), detail));
    }
    let body = app
        .ask(move |app, budget| {
            let question = ExplainRequest { rule: &rule, labels, at, span_ms, now };
            let found = judged_around(&app.store, &rules, &question, budget)?;
            let found = found.ok_or_else(|| ApiError::not_found(nothing_judged(&question)))?;
            Ok(ExplanationBody::new(&rule, found))
        })
        .await?;
    let accepts = headers.get(header::ACCEPT).and_then(|value| value.to_str().ok());
    if accepts.is_some_and(|types| types.contains("text/plain")) {
        let content_type = [(header::CONTENT_TYPE, "text/plain; charset=utf-8")];
        return Ok((content_type, body.text()).into_response());
    }
    Ok(Json(body).into_response())
}

/// After "there is no".
fn nothing_judged(question: &ExplainRequest<'_>) -> String {
    let names = |by: &[Label]| by.iter().map(|label| label.as_str()).collect::<Vec<_>>().join("+");
    let by: Vec<String> = question.rule.groupings().map(names).collect();
    let labels = question.labels.iter();
    let asked: Vec<String> =
        labels.map(|(label, value)| format!("{}={:?}", label.as_str(), truncated(value))).collect();
    format!(
        "group with {} among those that rule {} judged up to then; it judges by {}",
        asked.join(", "),
        question.rule.name,
        by.join(", by ")
    )
}
