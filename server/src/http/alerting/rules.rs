//! `GET /api/v1/rules`.

use axum::Json;
use axum::extract::{Path, State};
use plimsoll_alerting::{AlertFilter, Rule, alerts};

use crate::app::App;
use crate::error::ApiError;
use crate::wire::alerting::alert::{RuleBody, RulesBody};
use crate::wire::push::truncated;

pub(crate) async fn list(State(app): State<App>) -> Result<Json<RulesBody>, ApiError> {
    let rules = tokio::task::block_in_place(|| {
        app.rules
            .get()
            .rules
            .iter()
            .map(|rule| with_open_alerts(&app, rule))
            .collect::<Result<_, _>>()
    })?;
    Ok(Json(RulesBody { rules, rules_error: app.rules.error() }))
}

pub(crate) async fn one(
    State(app): State<App>,
    Path(name): Path<String>,
) -> Result<Json<RuleBody>, ApiError> {
    let rules = app.rules.get();
    let rule = rules.rule(&name);
    let rule = rule.ok_or_else(|| ApiError::not_found(format!("rule {:?}", truncated(&name))))?;
    Ok(Json(tokio::task::block_in_place(|| with_open_alerts(&app, rule))?))
}

fn with_open_alerts(app: &App, rule: &Rule) -> Result<RuleBody, ApiError> {
    let filter =
        AlertFilter { open: Some(true), rule: Some(rule.name.clone()), ..AlertFilter::default() };
    let open = alerts::list(&app.store, &filter, usize::MAX)?;
    Ok(RuleBody::new(rule, open.len()))
}
